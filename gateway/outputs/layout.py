"""A table on the way out, read and checked: what goes into which column or element, and what is said when nothing does.

map.csv       one row per target, in the order of the output; rows of one target are alternatives
map.toml      id, title, kind (table or xml), row (item or shipment), which shipments it takes, see docs/outputs.md
template.csv  the header line as the receiver wants it; the targets of a table must be just these, in this order

Not the reading of folders: that is folder.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from gateway.errors import MappingError
from gateway.formats.xml import Kind
from gateway.mapping.cells import Condition, Line, condition
from gateway.mapping.codes import CodeTables
from gateway.mapping.compile import Compiler
from gateway.mapping.grammar import CellError, Source, parse_source, parse_transform, parse_when
from gateway.mapping.table import Fault, Row, read_cells, read_records
from gateway.mapping.transforms import Unusable, registry
from gateway.outputs.elements import Goal, goal_of, kind_of, problem_of_goal
from gateway.outputs.paths import DIALECT, envelope_problem, is_of_item, is_personal, problem_of, steps_of
from gateway.records import Path

COLUMNS = ("target", "source", "when", "transform", "default", "required", "max_length", "why", "mend")
"""Columns of a table on the way out; every other column must start with "note"."""

_LENGTH = re.compile(r"([1-9][0-9]{0,4})( cut)?")
_FACTS = frozenset(
    ("id", "title", "version", "kind", "row", "when", "entry_type", "most_usd", "citation", "xml", "refuse")
)


@dataclass(frozen=True, slots=True)
class Field:
    """One target. longest: most characters, None = any; cut: longer values are cut (and told), else left out.

    why, mend: of the message when there is no value; settings: keys of [outputs] that are read; row: file:line.
    per_item: its rows read the goods line, so it may differ between the lines of a shipment.
    """

    target: str
    lines: tuple[Line, ...]
    required: str
    longest: int | None
    cut: bool
    why: str
    mend: str
    sources: tuple[str, ...]
    settings: tuple[str, ...]
    per_item: bool
    personal: bool
    number: bool
    row: str
    goal: Goal | None = None

    @property
    def static(self) -> bool:
        """True when nothing of a shipment is read: a value that is missing is missing everywhere."""
        return not self.sources


@dataclass(frozen=True, slots=True)
class Refusal:
    """Shipments that the output may not hold from a day on: tariff chapters, or goods under another agency."""

    start: str
    chapters: tuple[str, ...]
    pga: bool
    advice: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One output. holds: which shipments it takes (None = all); kind: of its XML document, None for a table."""

    id: str
    title: str
    row: str
    fields: tuple[Field, ...]
    when: str
    holds: Condition | None
    entry_type: str
    most_usd: Decimal | None
    citation: str
    refusal: Refusal | None
    kind: Kind | None = None
    namespace: str = ""
    items: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What is known while a layout is read."""

    name: str
    codes: CodeTables
    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    kind: Kind | None = None

    def fault(self, code: str, file: str, line: int, column: str, message: str, advice: str) -> None:
        self.faults.append(Fault(code, f"{self.name}/{file}", line, column, message, advice))


def read_layout(
    name: str, table: bytes, facts: bytes, template: bytes | None, codes: CodeTables
) -> tuple[Layout | None, list[Fault]]:
    """Return a layout and all its faults; no layout when one of them is an error. name: of its folder."""
    reading = _Reading(name, codes)
    _read_facts(reading, facts)
    records = read_records(table, f"{name}/map.csv", COLUMNS, ("target", "source"), reading.faults)
    items = tuple(s for s in str(reading.facts.get("xml", {}).get("items", "")).split("/") if s)
    fields: list[Field] = []
    for target, rows in groupby(records, lambda record: record[1]["target"]):
        alternatives = list(rows)
        if any(f.target == target for f in fields):
            line, column = alternatives[0][0], "target"
            said = f'"{target}" stands before, with other targets between'
            reading.fault("MAP-ROW", "map.csv", line, column, said, "put the rows of one target together")
            continue
        try:
            fields.append(_field(reading, target, alternatives, items))
        except MappingError as error:
            said = error.message.partition(": ")[2]
            reading.fault("MAP-ROW", "map.csv", error.line or 1, error.column, said, error.advice)
    if reading.kind is None:
        _check_template(reading, fields, records, template)
    if any(f.severity == "error" for f in reading.faults):
        return None, reading.faults
    return _layout(reading, tuple(fields), items), reading.faults


def _layout(reading: _Reading, fields: tuple[Field, ...], items: tuple[str, ...]) -> Layout:
    facts = reading.facts
    refuse = facts.get("refuse")
    return Layout(
        id=reading.name,
        title=str(facts.get("title", reading.name)),
        row=str(facts.get("row", "item")),
        fields=fields,
        when=str(facts.get("when", "")),
        holds=condition(parse_when(str(facts.get("when", ""))), DIALECT, ""),
        entry_type=str(facts.get("entry_type", "")),
        most_usd=Decimal(str(facts["most_usd"])) if "most_usd" in facts else None,
        citation=str(facts.get("citation", "")),
        refusal=Refusal(
            str(refuse.get("from", "")),
            tuple(map(str, refuse.get("chapters", ()))),
            bool(refuse.get("pga", False)),
            str(refuse.get("advice", "")),
        )
        if refuse
        else None,
        kind=reading.kind,
        namespace=str(facts.get("xml", {}).get("namespace", "")),
        items=items,
    )


def _read_facts(reading: _Reading, data: bytes) -> None:
    """Read map.toml; what is wrong with it is a fault."""

    def fault(key: str, said: str, advice: str) -> None:
        reading.fault("MAP-ROW", "map.toml", 1, key, said, advice)

    try:
        facts = reading.facts = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault("", str(error), "correct the TOML")
        return
    for key in facts:
        if key not in _FACTS:
            fault(key, f'key "{key}" is not known', f"known: {', '.join(sorted(_FACTS))}")
    for key, words in (("kind", ("table", "xml")), ("row", ("item", "shipment"))):
        if facts.get(key, words[0]) not in words:
            fault(key, f'"{facts[key]}" is not known', f"write {' or '.join(words)}")
    try:
        for test in parse_when(str(facts.get("when", ""))):
            said, advice = _problem(test.source)
            if said:
                fault("when", said, advice)
    except CellError as error:
        fault("when", str(error), error.advice)
    try:
        Decimal(str(facts.get("most_usd", "0")))
    except InvalidOperation:
        fault("most_usd", f'"{facts["most_usd"]}" is not a number', 'write "2500"')
    if facts.get("kind") == "xml":
        xml = facts.get("xml", {})
        reading.kind = kind_of(str(xml.get("package", "")), str(xml.get("document", "")))
        if reading.kind is None or "namespace" not in xml:
            fault("xml", "[xml] names no document that is known", 'write package = "cargo_xml", document = "XFZB" and the namespace')  # fmt: skip


def _field(reading: _Reading, target: str, rows: list[tuple[int, dict[str, str]]], items: tuple[str, ...]) -> Field:
    """Compile the rows of one target. Raises MappingError."""
    lines: list[Line] = []
    sources: list[Source] = []
    read: list[Path] = []
    compiler = Compiler(DIALECT, reading.codes, "")
    first = rows[0][0]

    def fail(line: int, column: str, said: str, advice: str = "") -> MappingError:
        return MappingError(f"{reading.name}/map.csv", line, column, said, advice)

    goal = None
    if reading.kind is not None:
        goal, said = goal_of(target)
        said = said or (problem_of_goal(goal, reading.kind) if goal else "")
        if said:
            raise fail(first, "target", said, "the elements stand in order.csv of the format")
    elif not target:
        raise fail(first, "target", "the column has no name", "write the header of the column")
    may_read_items = goal.begins_with(items) if goal else reading.facts.get("row", "item") == "item"
    for number, row in rows:
        columns = {c: row[c] for c in ("target", "source", "when", "transform", "default", "required")}
        compiled = Row(f"{reading.name}/map.csv", number, "shipment", **columns)
        parsed = compiler._parsed(compiled, "source", parse_source)
        tested = tuple(t.source for t in compiler._parsed(compiled, "when", parse_when))
        for column, source in (*(("source", s) for s in parsed), *(("when", s) for s in tested)):
            said, advice = _problem(source)
            if not said and source.path is not None and is_of_item(source.path) and not may_read_items:
                said, advice = "a goods line is read where there is none", "use a field of the shipment"
            if said:
                raise fail(number, column, said, advice)
        if row["source"] or row["default"]:
            lines.append(_tried(compiler._line(compiled, "", target), len(parsed)))
        elif not row["why"]:
            raise fail(number, "why", "the row has no source and does not say why", "write the reason and what to do")
        if row["required"] not in ("", "yes", "warn"):
            raise fail(number, "required", f'"{row["required"]}" is not known', "write yes, warn or nothing")
        if row["max_length"] and not _LENGTH.fullmatch(row["max_length"]):
            raise fail(number, "max_length", f'"{row["max_length"]}" is not a length', "write 35 or 35 cut")
        sources += parsed
        read += [s.path for s in (*parsed, *tested) if s.path is not None]
    length = _LENGTH.fullmatch(next((r["max_length"] for _, r in rows if r["max_length"]), ""))
    paths = [s.path for s in sources if s.path is not None]
    return Field(
        target=target,
        lines=tuple(lines),
        required=next((r["required"] for _, r in rows if r["required"]), ""),
        longest=int(length[1]) if length else None,
        cut=bool(length and length[2]),
        why=next((r["why"] for _, r in rows if r["why"]), ""),
        mend=next((r["mend"] for _, r in rows if r["mend"]), ""),
        sources=tuple(dict.fromkeys(p.text for p in paths)),
        settings=tuple(dict.fromkeys(s.name for s in sources if s.kind == "profile")),
        per_item=any(is_of_item(p) for p in read),
        personal=any(is_personal(steps_of(p)) for p in paths),
        number=bool(lines) and all(_makes_number(line.row.transform) for line in lines),
        row=f"{reading.name}/map.csv:{first}",
        goal=goal,
    )


def _tried(line: Line, values: int) -> Line:
    """Return the line when its transforms take their arguments. Raises MappingError."""
    try:
        if line.apply is not None:
            line.apply(["1"] * max(values, 1))
    except Unusable:
        pass
    except (ValueError, LookupError, ArithmeticError) as error:
        row = line.row
        said = f"an argument of the transform cannot be used: {error}"
        raise MappingError(row.file, row.line, "transform", said, "docs/mapping.md tells what each takes") from None
    return line


def _problem(source: Source) -> tuple[str, str]:
    """Return why no canonical message has a source, and what to write; "" when it has."""
    if source.kind == "same":
        return f'".{source.name}" is no field', "write every source in full"
    said = ""
    if source.kind == "envelope" and source.name != "written_at":
        said = envelope_problem(source.name)
    elif source.path is not None:
        said = problem_of(steps_of(source.path))
    return said, "the fields stand in the canonical schema; settings are written profile.NAME" if said else ""


def _makes_number(transform: str) -> bool:
    calls = parse_transform(transform)
    return bool(calls) and registry()[calls[-1].name].result in ("decimal", "integer")


def _check_template(
    reading: _Reading, fields: list[Field], records: list[tuple[int, dict[str, str]]], template: bytes | None
) -> None:
    """A table is written only when its columns are those of the receiver's template, in its order."""
    if template is None:
        reading.fault("MAP-TEMPLATE", "template.csv", 1, "", "the template is missing", "put the receiver's header line there")  # fmt: skip
        return
    rows = read_cells(template, f"{reading.name}/template.csv", reading.faults)
    wanted = [c.strip() for c in rows[0][1]] if rows else []
    line_of = {row["target"]: line for line, row in reversed(records)}
    for line, target, said in _differences(wanted, [f.target for f in fields], line_of):
        reading.fault("MAP-TEMPLATE", "map.csv", line, "target", f'"{target}" {said}', "the header line of template.csv and the targets must be the same, in one order")  # fmt: skip


def _differences(wanted: list[str], have: list[str], line_of: dict[str, int]) -> Iterator[tuple[int, str, str]]:
    for target in wanted:
        if target not in line_of:
            yield 1, target, "of the template has no row"
    for target, line in line_of.items():
        if target not in wanted:
            yield line, target, "is no column of the template"
    if set(wanted) == set(line_of) and wanted != have:
        target = next((h for w, h in zip(wanted, have, strict=False) if w != h), "")
        yield line_of.get(target, 1), target, "stands elsewhere in the template"
