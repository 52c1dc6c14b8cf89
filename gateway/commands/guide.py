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
from gateway.commands.guide_table import tables_chapter
from gateway.commands.mapping_tools import MADE, examples_of
from gateway.errors import ConfigError
from gateway.findings import Severity
from gateway.formats import format_module
from gateway.mapping.compile import ACTIONS, BINDINGS
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import parse_when
from gateway.mapping.sources import setting_holds
from gateway.mapping.table import Row
from gateway.profile import Profile
from gateway.site import Partner, Site

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#1a1a1a}
h1{font-size:1.9em;margin-bottom:.2em} h2{margin-top:2.2em;border-bottom:2px solid #345;padding-bottom:.15em} h3{margin-top:1.6em}
table{border-collapse:collapse;width:100%;margin:.8em 0;font-size:.92em} td,th{border:1px solid #bbb;padding:.35em .6em;text-align:left;vertical-align:top}
th{background:#e8edf2} code,pre{font-family:ui-monospace,monospace} pre{background:#f4f6f8;border:1px solid #ccc;padding:.8em;overflow-x:auto;font-size:.85em}
.must{font-weight:bold} .note{color:#555} nav a{margin-right:1.2em} @media print{body{max-width:none} h2{page-break-before:always} nav{display:none}}
"""
_FAMILY = {
    "x12": ("X12-",), "edifact": ("EDIFACT-",), "cargo_xml": ("CARGO-XML-", "XML-"), "cargo_imp": ("CARGO-IMP-", "FHL-"),
    "postal": ("ITMATT-", "XML-"), "wco_xml": ("XML-",), "own": ("XML-", "JSON-"), "tabular": ("CSV-", "XLSX-", "JSON-", "ENC-", "NUM-", "ID-"),
}  # fmt: skip
_COMMON = ("S321-", "Q-", "PORT-", "DUP-", "FX-", "FILE-")
_ANSWERS = {
    "TA1": "whether the interchange envelope (ISA to IEA) could be read",
    "997": "whether the syntax of your sets is right; groups below version 005010",
    "999": "whether the syntax of your sets is right; groups from version 005010 on",
    "824": "which shipments were refused, with the reason",
    "355": "the same for a customs manifest: each refused bill with its error number",
    "CONTRL": "whether the syntax of your interchange and messages is right",
    "APERAK": "which shipments were refused, with the reason",
    "CUSRES": "which shipments customs data was refused for",
    "XFNM": "Processed or Rejected, with every error and warning",
    "FMA": "the message was taken",
    "FNA": "the message or some of its shipments were refused, with the reason",
    "CUSRSP": "accepted, partly or refused, item by item",
}
_FOR_ALL = (
    ("NAME.receipt.json", "for every file, whatever it is: that it arrived, what it was, how many shipments were accepted"),
    ("NAME.rejects.csv", "for a clerk: each refused shipment, what is wrong, where, how to mend it; opens in Excel"),
    ("NAME.report.json", "the same for a program, with all remarks"),
)  # fmt: skip
_TA1 = {
    "requested": "when ISA14 is 1, or the envelope is wrong", "always": "always", "fault": "when the envelope is wrong",
}  # fmt: skip
_LETTERS = {"R": "required", "G": "at least one {group} element"}
_OURS = frozenset(name.partition(".")[0] for name in MADE)
_MOST_CODES = 60


def guide_page(site: Site, partner: str, only: Iterable[str] = ()) -> str:
    """Return the page. only: mapping ids; default: those the partner has rows for, else all. Raises ConfigError."""
    known = site.partners.get(partner)
    if known is None:
        raise ConfigError(f"There is no partner {partner}.", f"Known: {', '.join(site.partners)}.")
    mappings: MappingSet = known.profile.tables
    chosen = _chosen(mappings, list(only))
    tables = tables_chapter(known.profile)
    body = [
        _sending(site, known),
        tables,
        _asked(known.profile, mappings, chosen),
        *(_message(mappings, facts, known.profile) for facts in chosen),
    ]
    body += [_answers(known.profile, chosen), _rules(known.profile, mappings, chosen)]
    links = [
        ("sending", "How to send"),
        *((("tables", "Your tables"),) if tables else ()),
        ("asked", "What is asked"),
        *((f.id, _title(f)) for f in chosen),
        ("answers", "What comes back"),
        ("rules", "Rules"),
    ]
    nav = "".join(f'<a href="#{name}">{_e(title)}</a>' for name, title in links)
    title = f"Sending Section 321 data: guide for {partner}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{_e(title)}</h1><nav>{nav}</nav>{''.join(body)}</body></html>\n"
    )


def _chosen(mappings: MappingSet, only: list[str]) -> list[MappingFacts]:
    ids = [f.id for f in mappings.facts]
    for name in only:
        if name not in ids:
            raise ConfigError(f"There is no mapping {name}.", f"Known: {', '.join(ids)}.")
    own = {f.id for f in mappings.facts if any((o / f"{f.id}.csv").exists() for o in mappings.overrides)}
    wanted = set(only) or own or set(ids)
    return [f for f in mappings.facts if f.id in wanted]


# --- chapters -----------------------------------------------------------------------------------------------------


def _sending(site: Site, partner: Partner) -> str:
    p, settings = partner.profile, site.settings
    facts = [
        ("Server", f"SFTP, port {settings.sftp_port}; the host name comes with your account"),
        ("Account", p.account), ("Log-in", "SSH key only; send us your public key (ed25519 or RSA of 3072 bits or more)"),
        ("Your files", "put into /in, any name; a name that ends in .tmp, .part or .filepart is not taken until it is renamed"),
        ("Answers", "appear in /ack; what was refused is told in /reject. Fetch and delete them as you like"),
        ("Senders", ", ".join(f"{s.qualifier}:{s.id}".lstrip(":") for s in p.senders)),
        ("Receivers", ", ".join(f"{s.qualifier}:{s.id}".lstrip(":") for s in p.receivers)),
        ("Control numbers", "each interchange needs its own; a number that comes again with other content is refused"),
        ("Test messages", "are checked and answered, and never reach the receiver" if p.allow_test else "are refused"),
    ]  # fmt: skip
    rows = "".join(f"<tr><th>{_e(name)}</th><td>{_e(text)}</td></tr>" for name, text in facts)
    return f'<h2 id="sending">How to send</h2><table>{rows}</table>'


def _asked(profile: Profile, mappings: MappingSet, chosen: list[MappingFacts]) -> str:
    """The elements that the law or the programme asks of this filer, and where they are read."""
    filers = dict.fromkeys((profile.filer_type, *profile.filer_type_by_mode.values()))
    places: dict[str, list[str]] = {}
    for row in (r for facts in chosen for r in mappings.rows(facts)[0]):
        if row.source and row.target not in ACTIONS and _applies(row, profile):
            places.setdefault(_target(row), []).append(row.source)
    lines = []
    for asked in requirements():
        words = _asked_of(asked, list(filers))
        target = ".".join(p for p in asked.path if p != "*")
        if words:
            found = [s for t, own in places.items() if t == target or t.startswith(f"{target}.") for s in own]
            where = "<br>".join(f"<code>{_e(s)}</code>" for s in list(dict.fromkeys(found))[:4])
            modes = f" ({', '.join(asked.modes)})" if asked.modes else ""
            named = _e(asked.element or "of this gateway")
            lines.append((_e(words_of(target)), _e(words + modes), where or _nowhere(asked.path[0], profile), named))
    return f'<h2 id="asked">What is asked of each shipment</h2>{_table(("element", "asked", "where", "data element"), lines)}'


def _asked_of(asked: Requirement, filers: list[str]) -> str:
    """Return "required" or "one of its group", and of whom when not of all of the partner's filer types; "" for no one."""
    of = {f: _LETTERS[asked.letters[f]].format(group=asked.group) for f in filers if asked.letters[f] in _LETTERS}
    if len(of) == len(filers) and len(set(of.values())) == 1:
        return of[filers[0]]
    return "; ".join(f"{word} of {ROLE_WORDS[f]}" for f, word in of.items())


def _nowhere(field: str, profile: Profile) -> str:
    """What stands for the place of an element that no row reads."""
    ours = field in profile.constants or field in _OURS
    return "filled in by us" if ours else "not carried by these messages: tell us"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; head and cells are HTML already."""
    lines = ["".join(f"<th>{c}</th>" for c in head), *("".join(f"<td>{c}</td>" for c in row) for row in rows)]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _message(mappings: MappingSet, facts: MappingFacts, profile: Profile) -> str:
    rows, version = mappings.rows(facts)
    catalogue: Catalogue = profile.catalogue.worded(facts.format)
    parts = [f'<h2 id="{facts.id}">{_e(_title(facts))}</h2><p class="note">Mapping {_e(facts.id)}, version {version}.'
             f"{_e(_versions(facts))}</p>"]  # fmt: skip
    rows = [row for row in rows if _applies(row, profile)]
    for level, own in _by_level(rows):
        parts.append(f"<h3>{_e(_level_words(level))}</h3>{_fields(own, catalogue)}")
    tables = dict.fromkeys(name for row in rows for name in re.findall(r"\bcode (\w+)", row.transform))
    parts += [_codes(mappings, facts, name) for name in tables]
    example = next(iter(examples_of(facts.folder)), None)
    if example is not None:
        parts.append(f"<h3>A file that is accepted</h3><pre>{_e(_text(example))}</pre>")
    return "".join(parts)


def _fields(rows: list[Row], catalogue: Catalogue) -> str:
    lines = []
    for row in rows:
        name = "one for each" if row.target == "(each)" else words_of(_target(row))
        need = {"yes": '<span class="must">required</span>', "warn": "expected"}.get(row.required, "")
        if row.target == "(refuse)":
            name, need = ("told as a remark" if row.required == "warn" else "not accepted"), ""
        tests = [t for t in re.split(r"\s+and\s+", row.when) if t and not t.startswith("profile.")]
        when = f"when {' and '.join(tests)}" if tests else ""
        rule = f'<a href="#{row.rule}">{row.rule}</a>' if row.rule and catalogue.get(row.rule) else ""
        place, sample = f"<code>{_e(row.source or row.default)}</code>", f"<code>{_e(_sample(row))}</code>"
        lines.append((_e(name), place, need, _e(when), sample, rule))
    return _table(("what", "where in your message", "", "condition", "such as", "if missing or wrong"), lines)


def _codes(mappings: MappingSet, facts: MappingFacts, name: str) -> str:
    table = mappings.codes[name]
    pairs = list(table.entries.items()) + [(code, rows[-1][2]) for code, rows in table.dated.items()]
    shown = _table(("you write", "we report"), ((f"<code>{_e(c)}</code>", _e(v)) for c, v in pairs[:_MOST_CODES]))
    more = f'<p class="note">and {len(pairs) - _MOST_CODES} more</p>' if len(pairs) > _MOST_CODES else ""
    return f'<h3 id="{facts.id}-{_e(name)}">Codes: {_e(name.replace("_", " "))}</h3>{shown}{more}'


def _answers(profile: Profile, chosen: list[MappingFacts]) -> str:
    acks, wanted = profile.acks, []
    for folder in dict.fromkeys(f.format for f in chosen):
        wanted += [kind for kind in format_module(folder).ACKS if _gets(kind, profile)]
    lines = [(kind, _ANSWERS.get(kind, "")) for kind in dict.fromkeys(wanted)] + list(_FOR_ALL)
    if profile.join_hours:
        lines.append(("NAME.late.*", f"when house data did not come within {profile.join_hours:g} hours"))
    note = f"TA1: {_TA1[acks.ta1]}." if "TA1" in wanted else ""
    shown = _table(("file", "says"), ((f"<code>{_e(name)}</code>", _e(text)) for name, text in lines))
    return f'<h2 id="answers">What comes back</h2>{shown}<p class="note">{_e(note)}</p>'


def _gets(kind: str, profile: Profile) -> bool:
    acks = profile.acks
    if kind == "TA1":
        return acks.ta1 != "never"
    if kind in ("997", "999"):
        return acks.functional in ("auto", kind)
    if kind in ("824", "355"):
        return kind in acks.application.split("+")
    if kind == "CUSRES":
        return acks.application == "cusres"
    if kind == "APERAK":
        return bool({"824", "355", "aperak"} & set(acks.application.split("+")))
    return acks.functional != "none"


def _rules(profile: Profile, mappings: MappingSet, chosen: list[MappingFacts]) -> str:
    formats = dict.fromkeys(f.format for f in chosen)
    catalogue: Catalogue = profile.catalogue.worded(next(iter(formats))) if len(formats) == 1 else profile.catalogue
    named = {row.rule for facts in chosen for row in mappings.rows(facts)[0]}
    prefixes = _COMMON + tuple(p for f in formats for p in _FAMILY.get(f, ()))
    rows = []
    for rule in sorted(catalogue, key=lambda r: r.rule):
        severity = profile.severities.get(rule.rule, Severity(rule.severity))
        if severity is not Severity.OFF and (rule.rule in named or rule.rule.startswith(prefixes)):
            rows.append(_rule(rule, severity))
    head = "".join(f"<th>{c}</th>" for c in ("rule", "", "means, and why", "how to mend it", "answered as"))
    intro = (
        "<p>An <b>error</b> refuses what the rule names; a warning is delivered with a remark. "
        "The exemption of 19 U.S.C. 1321(a)(2)(C) is suspended for every origin since 2025-08-29; the data is asked for nevertheless.</p>"
    )
    return f'<h2 id="rules">Rules</h2>{intro}<table><tr>{head}</tr>{"".join(rows)}</table>'


def _rule(rule: Rule, severity: Severity) -> str:
    weight = f"error: refuses the {rule.scope}" if severity is Severity.ERROR else str(severity)
    mend = _e(rule.fix) + (f"<br><code>{_e(rule.example)}</code>" if rule.example else "")
    cells = (f"<b>{rule.rule}</b><br>{_e(rule.title)}", _e(weight), f"{_e(rule.means)} {_e(rule.why)} <i>({_e(rule.citation)})</i>", mend, _e(rule.codes()))  # fmt: skip
    return f'<tr id="{rule.rule}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


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
