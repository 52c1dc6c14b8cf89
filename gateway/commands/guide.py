"""`gateway guide PARTNER`: one self-contained page for the carrier, made from the tables that are in force.

How to send, what to write where, which codes, a valid sample, what comes back, and every rule with its mend. Nothing in it
is written by hand twice: rows, code tables, catalogue and acknowledgment policy are those the gateway works with.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.canonical.model import PARTY_ROLES
from gateway.canonical.requirements import ROLE_WORDS, Requirement, requirements
from gateway.canonical.wording import words_of
from gateway.catalogue import Catalogue, Rule
from gateway.commands.guide_sending import answers_chapter, sending_chapter, wide_table
from gateway.commands.guide_table import filled_in, tables_chapter
from gateway.commands.mapping_tools import sample_of
from gateway.commands.pages import html_page
from gateway.errors import ConfigError
from gateway.findings import Severity
from gateway.mapping.compile import ACTIONS, BINDINGS
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import parse_when
from gateway.mapping.sources import setting_holds
from gateway.mapping.table import Row
from gateway.mapping.unfilled import MADE
from gateway.profile import Profile
from gateway.rules.programs import DE_MINIMIS, INFORMAL
from gateway.site import Site

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#1a1a1a}
h1{font-size:1.9em;margin-bottom:.2em} h2{margin-top:2.2em;border-bottom:2px solid #345;padding-bottom:.15em} h3{margin-top:1.6em}
table{border-collapse:collapse;width:100%;margin:.8em 0;font-size:.92em} td,th{border:1px solid #bbb;padding:.35em .6em;text-align:left;vertical-align:top}
th{background:#e8edf2} code,pre{font-family:ui-monospace,monospace} pre{background:#f4f6f8;border:1px solid #ccc;padding:.8em;overflow-x:auto;font-size:.85em}
.wide{overflow-x:auto} .must{font-weight:bold} .note{color:#555} nav a{margin-right:1.2em;display:inline-block}
@media print{body{max-width:none;margin:0;font-size:10pt} h2,h3{break-after:avoid} tr{break-inside:avoid} nav{display:none} .wide{overflow:visible}
pre{white-space:pre-wrap;overflow-wrap:anywhere} code{overflow-wrap:anywhere}}
"""
_FAMILY = {
    "x12": ("X12-",), "edifact": ("EDIFACT-",), "cargo_xml": ("CARGO-XML-", "XML-"), "cargo_imp": ("CARGO-IMP-", "FHL-"),
    "postal": ("ITMATT-", "XML-"), "wco_xml": ("XML-",), "own": ("XML-", "JSON-"), "tabular": ("CSV-", "XLSX-", "JSON-", "ENC-", "NUM-", "ID-"),
}  # fmt: skip
_COMMON = ("S321-", "Q-", "PORT-", "DUP-", "FX-", "FILE-")
_LETTERS = {"R": "required", "G": "at least one {group} element"}
_ROWS = "your rows"
_OF_EXEMPTION = ("S321-REGIME", "S321-AGG-800", "S321-VAL-800")
_OURS = frozenset(name.partition(".")[0] for name in MADE)
_MOST_CODES = 60


def mappings_of(site: Site, partner: str, only: Iterable[str] = ()) -> list[MappingFacts]:
    """Return the mappings of a guide: those that are named, else those the partner has rows for, else all. Raises ConfigError."""
    known = site.partners.get(partner)
    if known is None:
        raise ConfigError(f"There is no partner {partner}.", f"Known: {', '.join(site.partners)}.")
    return _chosen(known.profile.tables, list(only))


def guide_page(site: Site, partner: str, only: Iterable[str] = ()) -> str:
    """Return the page. only: mapping ids; default: as `mappings_of` has it. Raises ConfigError."""
    chosen = mappings_of(site, partner, only)
    known = site.partners[partner]
    mappings: MappingSet = known.profile.tables
    tables = tables_chapter(known.profile)
    body = [
        sending_chapter(site, known, chosen),
        tables,
        _asked(known.profile, mappings, chosen),
        *(_message(mappings, facts, known.profile) for facts in chosen),
    ]
    body += [answers_chapter(site, known.profile, chosen), _rules(known.profile, mappings, chosen)]
    links = [
        ("sending", "How to send"),
        *((("tables", "Your tables"),) if tables else ()),
        ("asked", "What is asked"),
        *((f.id, _title(f)) for f in chosen),
        ("answers", "What comes back"),
        ("rules", "Rules"),
    ]
    nav = "".join(f'<a href="#{name}">{_e(title)}</a>' for name, title in links)
    what = "Section 321" if known.profile.program in DE_MINIMIS else "shipment"
    title = f"Sending {what} data: guide for {partner}"
    return html_page(title, _STYLE, f"<h1>{_e(title)}</h1><nav>{nav}</nav>{''.join(body)}")


def _chosen(mappings: MappingSet, only: list[str]) -> list[MappingFacts]:
    ids = [f.id for f in mappings.facts]
    for name in only:
        if name not in ids:
            raise ConfigError(f"There is no mapping {name}.", f"Known: {', '.join(ids)}.")
    own = {f.id for f in mappings.facts if any((o / f"{f.id}.csv").exists() for o in mappings.overrides)}
    wanted = set(only) or own or set(ids)
    return [f for f in mappings.facts if f.id in wanted]


# --- chapters -----------------------------------------------------------------------------------------------------


def _asked(profile: Profile, mappings: MappingSet, chosen: list[MappingFacts]) -> str:
    """The elements that the law or the programme asks of this filer, and where they are read."""
    filers = dict.fromkeys((profile.filer_type, *profile.filer_type_by_mode.values()))
    places: dict[str, list[str]] = {}
    given: set[str] = set()
    for facts in chosen:
        fixed = filled_in(profile) if facts.format == "tabular" else ()
        for row in mappings.rows(facts)[0]:
            if row.source in fixed:
                given.add(_target(row))
            elif row.source and row.target not in ACTIONS and _applies(row, profile) and _place(row, facts) != _ROWS:
                places.setdefault(_target(row), []).append(_place(row, facts))
    lines = []
    for asked in requirements():
        words = _asked_of(asked, list(filers))
        target = ".".join(p for p in asked.path if p != "*")
        if words:
            found = [s for t, own in places.items() if t == target or t.startswith(f"{target}.") for s in own]
            where = "<br>".join(f"<code>{_e(s)}</code>" for s in list(dict.fromkeys(found))[:4])
            modes = f" ({', '.join(asked.modes)})" if asked.modes else ""
            named = _e(asked.element or "of this gateway")
            lines.append(
                (
                    _e(words_of(target)),
                    _e(words + modes),
                    where or _nowhere(asked.path[0], profile, given=target in given),
                    named,
                )
            )
    return f'<h2 id="asked">What is asked of each shipment</h2>{wide_table(("element", "asked", "where", "data element"), lines)}'


def _asked_of(asked: Requirement, filers: list[str]) -> str:
    """Return "required" or "one of its group", and of whom when not of all of the partner's filer types; "" for no one."""
    of = {f: _LETTERS[asked.letters[f]].format(group=asked.group) for f in filers if asked.letters[f] in _LETTERS}
    if len(of) == len(filers) and len(set(of.values())) == 1:
        return of[filers[0]]
    return "; ".join(f"{word} of {ROLE_WORDS[f]}" for f, word in of.items())


def _nowhere(field: str, profile: Profile, *, given: bool) -> str:
    """What stands for the place of an element that no row reads. given: the partner's layout says its value."""
    ours = given or field in profile.constants or field in _OURS
    return "filled in by us" if ours else "not carried by these messages: tell us"


def _message(mappings: MappingSet, facts: MappingFacts, profile: Profile) -> str:
    rows, version = mappings.rows(facts)
    catalogue: Catalogue = profile.catalogue.worded(facts.format)
    parts = [f'<h2 id="{facts.id}">{_e(_title(facts))}</h2><p class="note">Mapping {_e(facts.id)}, version {version}.'
             f"{_e(_versions(facts))}</p>"]  # fmt: skip
    rows = [row for row in rows if _applies(row, profile)]
    for level, own in _by_level(rows):
        parts.append(f"<h3>{_e(_level_words(level))}</h3>{_fields(own, catalogue, facts)}")
    tables = dict.fromkeys(name for row in rows for name in re.findall(r"\bcode (\w+)", row.transform))
    parts += [_codes(mappings, facts, name) for name in tables]
    example = sample_of(facts.folder)
    if example is not None:
        note = "Senders, dates, names and numbers are invented; what is asked of you besides stands above."
        parts.append(f'<h3>A sample file</h3><p class="note">{note}</p><pre>{_e(_text(example))}</pre>')
    return "".join(parts)


def _fields(rows: list[Row], catalogue: Catalogue, facts: MappingFacts) -> str:
    lines = []
    for row in rows:
        name = "one for each" if row.target == "(each)" else words_of(_target(row))
        need = {"yes": '<span class="must">required</span>', "warn": "expected"}.get(row.required, "")
        if row.target == "(refuse)":
            name, need = ("told as a remark" if row.required == "warn" else "not accepted"), ""
        tests = [t for t in re.split(r"\s+and\s+", row.when) if t and not t.startswith("profile.")]
        when = f"when {' and '.join(tests)}" if tests else ""
        rule = f'<a href="#{row.rule}">{row.rule}</a>' if row.rule and catalogue.get(row.rule) else ""
        place = f"<code>{_e(_place(row, facts))}</code>" if row.source else f"else <code>{_e(row.default)}</code>"
        sample = f"<code>{_e(_sample(row))}</code>"
        lines.append((_e(name), place, need, _e(when), sample, rule))
    return wide_table(("what", "where in your message", "", "condition", "such as", "if missing or wrong"), lines)


def _codes(mappings: MappingSet, facts: MappingFacts, name: str) -> str:
    table = mappings.codes[name]
    pairs = list(table.entries.items()) + [(code, rows[-1][2]) for code, rows in table.dated.items()]
    shown = wide_table(("you write", "we report"), [(f"<code>{_e(c)}</code>", _e(v)) for c, v in pairs[:_MOST_CODES]])
    more = f'<p class="note">and {len(pairs) - _MOST_CODES} more</p>' if len(pairs) > _MOST_CODES else ""
    return f'<h3 id="{facts.id}-{_e(name)}">Codes: {_e(name.replace("_", " "))}</h3>{shown}{more}'


def _rules(profile: Profile, mappings: MappingSet, chosen: list[MappingFacts]) -> str:
    formats = dict.fromkeys(f.format for f in chosen)
    catalogue: Catalogue = profile.catalogue.worded(next(iter(formats))) if len(formats) == 1 else profile.catalogue
    named = {row.rule for facts in chosen for row in mappings.rows(facts)[0]}
    prefixes = _COMMON + tuple(p for f in formats for p in _FAMILY.get(f, ()))
    rows = []
    for rule in sorted(catalogue, key=lambda r: r.rule):
        severity = _severity(rule, profile)
        if severity is not Severity.OFF and (rule.rule in named or rule.rule.startswith(prefixes)):
            rows.append(_rule(rule, severity))
    head = "".join(f"<th>{c}</th>" for c in ("rule", "", "means, and why", "how to mend it", "answered as"))
    intro = f"<p>An <b>error</b> refuses what the rule names; a warning is delivered with a remark. {_law(profile)}</p>"
    return f'<h2 id="rules">Rules</h2>{intro}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _rule(rule: Rule, severity: Severity) -> str:
    weight = f"error: refuses the {rule.scope}" if severity is Severity.ERROR else str(severity)
    mend = _e(rule.fix) + (f"<br><code>{_e(rule.example)}</code>" if rule.example else "")
    cells = (f"<b>{rule.rule}</b><br>{_e(rule.title)}", _e(weight), f"{_e(rule.means)} {_e(rule.why)} <i>({_e(rule.citation)})</i>", mend, _e(rule.codes()))  # fmt: skip
    return f'<tr id="{rule.rule}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _severity(rule: Rule, profile: Profile) -> Severity:
    """Return how a rule weighs for shipments of today under the partner's program: what limits the exemption does not bind who claims none."""
    severity = profile.severities.get(rule.rule, Severity(rule.severity))
    if profile.program not in DE_MINIMIS and rule.rule in _OF_EXEMPTION:
        return Severity.OFF if rule.rule != "S321-VAL-800" else Severity.INFO
    if rule.rule == "S321-VAL-2500" and profile.program not in INFORMAL:
        return Severity.OFF
    return severity


def _law(profile: Profile) -> str:
    """Return what the law of today means for the partner's goods."""
    law = "the exemption of 19 U.S.C. 1321(a)(2)(C), which is suspended for every origin since 2025-08-29"
    if profile.program not in DE_MINIMIS:
        return f"Your goods do not claim {law}."
    weight = profile.severities.get("S321-REGIME", Severity.ERROR)
    then = {
        Severity.ERROR: "what arrives since then is refused (S321-REGIME)",
        Severity.OFF: "the data is asked for nevertheless",
    }
    return f"Your goods claim {law}: {then.get(weight, 'what arrives since then gets a remark (S321-REGIME)')}."


# --- words --------------------------------------------------------------------------------------------------------


def _by_level(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    levels = dict.fromkeys(row.level for row in rows)
    for level in levels:
        own = [r for r in rows if r.level == level and (r.source or r.default) and r.target != "(continue)"]
        if level == "message":
            own = [r for r in own if r.target not in BINDINGS]
        if own:
            yield level, own


def _applies(row: Row, profile: Profile) -> bool:
    """False for a row whose condition on the partner's settings never holds."""
    return all(setting_holds(test, profile) for test in parse_when(row.when) if test.source.kind == "profile")


def _sample(row: Row) -> str:
    """Return the values of the first good example, without the settings of its condition."""
    left = next((e for e in row.example.splitlines() if "=> !" not in e), "").partition("=>")[0]
    return "; ".join(p.strip() for p in left.split(";") if "=" not in p or p.partition("=")[0].strip() not in row.when)


def _place(row: Row, facts: MappingFacts) -> str:
    """Return where a value stands; of a table the columns alone."""
    if facts.format != "tabular":
        return row.source
    return _ROWS if row.source in ("ROWS", "ROW") else "; ".join(s.strip().lstrip(".") for s in row.source.split(";"))


def _target(row: Row) -> str:
    if row.target == "(first)":
        return row.level
    level = {"item": "items.", "reference": "references."}.get(row.level, "")
    level = f"{row.level}." if row.level in PARTY_ROLES else level
    return level + row.target.lstrip("_")


def _level_words(level: str) -> str:
    known = {"message": "Once for all shipments", "shipment": "For each shipment", "item": "For each goods line", "reference": "Further references"}  # fmt: skip
    return known.get(level) or words_of(level).capitalize()


def _title(facts: MappingFacts) -> str:
    return f"{facts.message_type} ({facts.id.replace('_', ' ')})"


def _versions(facts: MappingFacts) -> str:
    return f" Versions: {', '.join(v + ('x' if len(v) < 6 else '') for v in facts.versions)}." if facts.versions else ""


def _text(path: Path) -> str:
    text = path.read_bytes().decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c in "\r\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _e(text: str) -> str:
    return html.escape(text)
