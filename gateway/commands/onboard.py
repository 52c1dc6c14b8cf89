"""`gateway onboard SAMPLE... --partner NAME --to DIR`: from sample files to a drafted partner with open questions.

    DIR/gateway.toml               made when it is not there
    DIR/partners/NAME.toml         the draft: envelope ids, layout of tables, what must still be answered
    DIR/partners/NAME/onboard.csv  each field: where it stands, confidence, why, masked sample
    DIR/partners/NAME/onboard.md   the same as a page, with the questions and what `gateway check` says of the samples
    DIR/documents.csv, mappings/   for XML that nobody reads yet: its row and a drafted mapping folder (onboard_document.py)

Nothing live is touched: an existing partner file is never overwritten.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.check import Checker
from gateway.commands.demo import GATEWAY_TOML
from gateway.commands.named_files import check_file
from gateway.commands.onboard_document import DocumentDraft, document_draft, is_unknown, write_document
from gateway.commands.onboard_draft import Draft, Guess
from gateway.commands.onboard_message import Covers, add_fields, message_draft
from gateway.commands.onboard_table import table_draft
from gateway.errors import ConfigError
from gateway.formats import sniffers
from gateway.formats.detect import HEAD, detect
from gateway.own_documents import load_documents
from gateway.partner import base_tables
from gateway.profile import Profile
from gateway.shell.names import stored_name
from gateway.site import base_site, load_site

_CODE = 15  # characters of an originator_code at most
_WIDE = 40  # characters of a line of fixed widths
_TABLES = {"xlsx": "xlsx", "json": "json"}
_SAID_ONCE = ("known_carrier_customer_flag", "security_scan")
_CONSTANTS = "No message carries it: say it once in [constants] of the partner file, when it is true of every shipment."
_PROGRAM = (
    "How does this traffic enter (entry type 11, 01 or 13, postal entry, ACAS)? Say it as program in the partner file: entry_11 (also for 01), entry_13, "
    "postal_imdw or acas. The default claims the Section 321 exemption, which is suspended since 2025-08-29: every shipment of today is refused "
    "(S321-REGIME). docs/partners.md, Programs, says what is checked then."
)
_HEAD = ("field", "where", "confidence", "why", "sample")


def onboard(samples: list[Path], partner: str, folder: Path, moment: datetime | None) -> dict[str, Any]:
    """Write the draft and return what was found: facts, guesses, questions, result of each sample, files written.

    Raises ConfigError when a sample is missing or not known, or the partner exists already.
    """
    if stored_name(partner) != partner or not partner.isidentifier():
        raise ConfigError(f"{partner!r} cannot be a partner's name.", "Use letters, digits and _ only, a letter first.")
    toml = folder / "partners" / f"{partner}.toml"
    if toml.exists():
        raise ConfigError(f"{toml} is there already.", "Remove it first, or name another partner.")
    if (folder / "gateway.toml").exists():
        load_site(folder)  # what is broken there is told before anything is written
    profile = _profile(folder)
    document = _unknown_document(samples, partner, profile)
    covers: Covers = {}
    draft = document.draft if document else _merged([_draft(path, covers, profile) for path in samples])
    add_fields(covers, draft)
    own = folder / "partners" / partner
    own.mkdir(parents=True, exist_ok=True)
    (folder / "keys").mkdir(exist_ok=True)
    written = [toml, own / "onboard.csv", own / "onboard.md", *(write_document(folder, document) if document else ())]
    if not (folder / "gateway.toml").exists():
        (folder / "gateway.toml").write_text(
            GATEWAY_TOML.replace("person_secret_file", "# person_secret_file"), "utf-8"
        )
        written.insert(0, folder / "gateway.toml")
    toml.write_text(_toml(partner, draft), "utf-8")
    site = load_site(folder).only(partner)
    site.check_tables()
    checker = Checker(site, moment)
    results = [checker.file(path) for path in samples]
    draft.questions = [_PROGRAM, *draft.questions, *_refusals(results)]
    (own / "onboard.csv").write_text(_guesses(draft.guesses), "utf-8-sig", newline="")
    (own / "onboard.md").write_text(_page(partner, draft, results), "utf-8")
    return {
        "partner": partner, "format": draft.format, "facts": [list(f) for f in draft.facts],
        "fields": [_shown(g) for g in draft.guesses], "questions": draft.questions,
        "samples": [{"file": r["file"], "verdict": r["verdict"], **r["shipments"]} for r in results],
        "written": [str(path) for path in written],
    }  # fmt: skip


def _profile(folder: Path) -> Profile:
    """Return any profile, that reads the documents of the site's own too."""
    own = load_documents(folder, base_tables())
    profile = next(iter(base_site().partners.values())).profile
    return replace(profile, documents=own.documents, tables=own.tables, programs=own.tables.program)


def _unknown_document(samples: list[Path], partner: str, profile: Profile) -> DocumentDraft | None:
    """Return the draft of a document that nobody reads yet; None when the samples are something else."""
    for path in samples:
        check_file(path)
    if not all(is_unknown(path.read_bytes(), profile.documents) for path in samples):
        return None
    return document_draft(samples, partner, profile)


def _draft(path: Path, covers: Covers, profile: Profile) -> Draft:
    data = path.read_bytes()
    seen = detect(data[:HEAD], path.name, sniffers(profile.documents))
    if seen.hold is not None and not (seen.format or _looks_like_table(data)):
        raise ConfigError(f"{path.name} cannot be read: {seen.hold.message}", _advice(data))
    if seen.format and seen.format != "tabular":
        return message_draft(path, data, seen, profile, covers)
    kind = "xlsx" if data.startswith(b"PK") else "json" if data.lstrip()[:1] in (b"{", b"[") else "csv"
    return table_draft(data, kind)


def _advice(data: bytes) -> str:
    """Return what to do with a sample of no format: lines of one length are a table of fixed widths."""
    lines = data[:HEAD].decode("latin-1").splitlines()[:20]
    if len(lines) > 1 and len({len(line) for line in lines[:-1]}) == 1 and len(lines[0]) >= _WIDE:
        return (
            "Its lines are of one length. For a table of fixed widths write partners/NAME.toml by hand (docs/partners.md), with [options] "
            'format = "tabular" and columns and widths under [options.tabular] (docs/formats/tabular.md).'
        )
    return "Ask the sender which format it is."


def _looks_like_table(data: bytes) -> bool:
    """True for text of several lines with the same delimiter: a table whose column names nobody knows yet."""
    lines = data[:HEAD].decode("latin-1").splitlines()[:20]
    return len(lines) > 1 and any(min(line.count(d) for line in lines[:-1] or lines) > 1 for d in ",;\t|")


def _merged(drafts: list[Draft]) -> Draft:
    """Return one draft of several samples; the first one that says something wins."""
    whole = drafts[0]
    for other in drafts[1:]:
        if other.format != whole.format:
            raise ConfigError(
                f"The samples are of two formats, {whole.format} and {other.format}.", "Onboard one format at a time."
            )
        whole.facts += [f for f in other.facts if f not in whole.facts]
        known = {(g.field, g.source) for g in whole.guesses}
        whole.guesses += [g for g in other.guesses if (g.field, g.source) not in known]
        whole.questions += [q for q in other.questions if q not in whole.questions]
        whole.senders += [s for s in other.senders if s not in whole.senders]
        whole.receivers += [r for r in other.receivers if r not in whole.receivers]
        whole.maybe = other.maybe | whole.maybe
        whole.hints += [hint for hint in other.hints if hint not in whole.hints]
        whole.aside = [name for name in whole.aside if name in other.aside]
        for key, value in other.tabular.items():
            mine = whole.tabular.setdefault(key, value)
            if isinstance(mine, dict) and isinstance(value, dict):
                whole.tabular[key] = value | mine
    return whole


def _refusals(results: list[dict[str, Any]]) -> list[str]:
    """What still refuses the samples, each rule at each place once, as questions; the first finding stands for all."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    refused: defaultdict[tuple[str, str], set[tuple[str, Any]]] = defaultdict(set)
    for result in results:
        for f in (f for f in result["findings"] if f["severity"] == "error"):
            place = f["field"] or "-".join(str(part).zfill(2) for part in (f["segment"], f["element"]) if part)
            first.setdefault((f["rule"], place), f)
            one = {(result["file"], f["shipment"])} if f["shipment"] else _all_of(result)
            refused[f["rule"], place] |= one
    return [
        f"{rule}{f' ({place})' if place else ''} refuses {len(shipments)} of the samples' shipments: {_what(first[rule, place])}"
        for (rule, place), shipments in sorted(refused.items(), key=lambda told: -len(told[1]))[:15]
    ]


def _all_of(result: dict[str, Any]) -> set[tuple[str, Any]]:
    """Return all shipments of a file: a fault of the whole message refuses them together."""
    return {(result["file"], number) for number in range(result["shipments"]["found"])}


def _what(finding: dict[str, Any]) -> str:
    if finding["field"] in _SAID_ONCE:
        return _CONSTANTS
    said = f"{finding['message']} {finding['fix']}"
    habit = finding["rule"].startswith(("X12-", "EDIFACT-")) and not finding["shipment"]
    let = f' If it is a habit that does no harm: [severities] {finding["rule"]} = "warning" in the partner file.'
    return said + let if habit else said


# --- what is written ----------------------------------------------------------------------------------------------


def _toml(partner: str, draft: Draft) -> str:
    lines = [
        "# Drafted by gateway onboard; docs/partners.md explains every key. Answer the questions of onboard.md, then remove this line.",
        f'partner = "{partner}"', f'account = "{partner}"                  # SSH user; put its public key into keys/{partner}.pub',
        f'originator_code = "{partner.replace("_", "").upper()[:_CODE]}"          # the code that the receiver knows you by: ask',
        'filer_type = "carrier"               # or freight_forwarder, online_marketplace, customs_broker, other',
        '# program = "entry_11"               # how the traffic enters: without it all of today is refused (S321-REGIME)',
        f"senders = {_ids(draft.senders, partner.upper())}", f"receivers = {_ids(draft.receivers, 'S321GATEWAY')}",
    ]  # fmt: skip
    if draft.receivers:
        lines.append(f"own_id = {_ids(draft.receivers[:1], '')[1:-1]}")
    lines += [
        "", "# What no message carries and a carrier must say of every shipment; remove the # when it is true for all of them:",
        "# [constants]", "# known_carrier_customer_flag = true", "# [constants.security_scan]", "# performed = true",
        '# result = "clear"', '# method = "xry"',
    ]  # fmt: skip
    if draft.tabular or draft.maybe or draft.hints:
        lines += [
            "",
            "[options.tabular]",
            *(f"{key} = {_value(v)}" for key, v in draft.tabular.items() if not isinstance(v, dict)),
        ]
        lines += [f"# {hint}" for hint in draft.hints]
        if draft.aside:
            lines.append(f"# extra_columns = {_value(draft.aside)}   # when none of them is needed")
        confidence = {g.field: g.confidence for g in draft.guesses}
        for key in ("rename", "values"):
            if key in draft.tabular or (key == "rename" and draft.maybe):
                lines += ["", f"[options.tabular.{key}]"]
                for name, meant in draft.tabular.get(key, {}).items():
                    sure = confidence.get(meant if key == "rename" else name, 0)
                    lines.append(f"{json.dumps(name, ensure_ascii=False)} = {_value(meant)}   # confidence {sure:.2f}")
                for name, meant in (draft.maybe if key == "rename" else {}).items():
                    lines.append(
                        f"# {_value(name)} = {_value(meant)}   # confidence {confidence.get(meant, 0):.2f}: a guess"
                    )
    return "\n".join(lines) + "\n"


def _ids(pairs: list[tuple[str, str]], otherwise: str) -> str:
    entries = [
        f"{{ id = {_value(name)}" + (f", qualifier = {_value(qualifier)}" if qualifier else "") + " }"
        for qualifier, name in pairs or [("", otherwise)]
    ]
    return f"[{', '.join(entries)}]"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        tables = (", ".join(f"{key} = {_value(one)}" for key, one in table.items()) for table in value)
        return "[\n" + "".join(f"    {{ {table} }},\n" for table in tables) + "]"
    return json.dumps(value, ensure_ascii=False)


def _guesses(guesses: list[Guess]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    writer.writerows(_shown(g).values() for g in guesses)
    return text.getvalue()


def _shown(guess: Guess) -> dict[str, Any]:
    return {
        "field": guess.field,
        "where": guess.source,
        "confidence": guess.confidence,
        "why": guess.why,
        "sample": guess.sample,
    }


def _page(partner: str, draft: Draft, results: list[dict[str, Any]]) -> str:
    lines = [
        f"# {partner}: what the samples tell",
        "",
        *(f"- {name}: {value}" for name, value in draft.facts),
        "",
        "## With this draft",
        "",
    ]
    for r in results:
        counts = r["shipments"]
        lines.append(f"- {r['file']}: {r['verdict']}, {counts['accepted']} of {counts['found']} shipments accepted")
    lines += [
        "",
        "## Open questions",
        "",
        *(f"{n}. {q}" for n, q in enumerate(draft.questions, 1)),
        "",
        "## Fields",
        "",
    ]
    lines += ["| field | where | confidence | why | sample |", "|---|---|---|---|---|"]
    for g in draft.guesses:
        cells = (g.field, g.source, f"{g.confidence:.2f}", g.why, g.sample)
        lines.append("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |")
    return "\n".join(lines) + "\n"
