"""The files of an output -> a Layout, and every fault in them.

map.csv       one row per target, in the order of the output; rows of one target are alternatives
map.toml      kind (table or xml), row (item or shipment), which shipments it takes: docs/outputs.md has every key
template.csv  the header line as the receiver wants it; the targets of a table must be just these, in this order
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from gateway.errors import MappingError
from gateway.formats.xml import Kind
from gateway.mapping.codes import CodeTables
from gateway.mapping.grammar import CellError, parse_when
from gateway.mapping.sources import condition
from gateway.mapping.table import Fault, read_cells, read_records
from gateway.outputs.elements import kind_of
from gateway.outputs.field import COLUMNS, FieldCompiler, Record, problem_of_source
from gateway.outputs.layout import Field, Layout, Refusal
from gateway.outputs.paths import DIALECT

_KEYS = ("id", "title", "version", "citation", "kind", "row", "when", "entry_type", "most_usd", "refuse", "xml")
_WORDS = {"kind": ("table", "xml"), "row": ("item", "shipment")}


def read_layout(
    name: str, table: bytes, facts: bytes, template: bytes | None, codes: CodeTables
) -> tuple[Layout | None, list[Fault]]:
    """Return a layout and all its faults; no layout when one of them is an error. name: of its folder."""
    faults: list[Fault] = []
    known = _facts(name, facts, faults)
    if faults:
        return None, faults
    xml = known.get("xml", {})
    kind = _kind(name, known, faults)
    items = tuple(s for s in str(xml.get("items", "")).split("/") if s)
    by_item = known.get("row", "item") == "item"
    compiler = FieldCompiler(f"{name}/map.csv", codes, kind, items, by_item=by_item)
    records = read_records(table, f"{name}/map.csv", COLUMNS, ("target", "source"), faults)
    fields = _fields(compiler, name, records, faults)
    if kind is None:
        faults += _against_template(name, fields, records, template)
    if any(f.severity == "error" for f in faults):
        return None, faults
    when = str(known.get("when", ""))
    return Layout(
        id=name, row="item" if by_item else "shipment", fields=tuple(fields), when=when,
        holds=condition(parse_when(when), DIALECT, ""), entry_type=str(known.get("entry_type", "")),
        most_usd=Decimal(str(known["most_usd"])) if "most_usd" in known else None,
        refusal=_refusal(known["refuse"]) if "refuse" in known else None,
        kind=kind, namespace=str(xml.get("namespace", "")), items=items,
    ), faults  # fmt: skip


def _fields(compiler: FieldCompiler, name: str, records: list[Record], faults: list[Fault]) -> list[Field]:
    fields: list[Field] = []
    seen: set[str] = set()
    for target, group in groupby(records, lambda record: record[1]["target"]):
        rows = list(group)
        try:
            if target in seen:
                said = f'"{target}" stands before, with other targets between'
                raise MappingError(f"{name}/map.csv", rows[0][0], "target", said, "put the rows of one target together")
            seen.add(target)
            fields.append(compiler.field(target, rows))
        except MappingError as error:
            said = error.message.partition(": ")[2]
            faults.append(Fault("MAP-ROW", error.file, error.line or 1, error.column, said, error.advice))
    return fields


# --- map.toml -------------------------------------------------------------------------------------------------------


def _facts(name: str, data: bytes, faults: list[Fault]) -> dict[str, Any]:
    """Return map.toml; what is wrong with it is a fault whose column is the key."""
    try:
        facts = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(Fault("MAP-ROW", f"{name}/map.toml", 1, "", str(error), "correct the TOML"))
        return {}
    for key, said, advice in _problems(facts):
        faults.append(Fault("MAP-ROW", f"{name}/map.toml", 1, key, said, advice))
    return facts


def _problems(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what is wrong, what to write)."""
    for key, value in facts.items():
        if key not in _KEYS:
            yield key, f'key "{key}" is not known', f"known: {', '.join(_KEYS)}"
        elif key in ("xml", "refuse") and not isinstance(value, dict):
            yield key, f"{key} is no table", f"write [{key}] and its keys below"
        elif key in _WORDS and value not in _WORDS[key]:
            yield key, f'"{value}" is not known', f"write {' or '.join(_WORDS[key])}"
    try:
        for test in parse_when(str(facts.get("when", ""))):
            said, advice = problem_of_source(test.source)
            if said:
                yield "when", said, advice
    except CellError as error:
        yield "when", str(error), error.advice
    try:
        Decimal(str(facts.get("most_usd", "0")))
    except InvalidOperation:
        yield "most_usd", f'"{facts["most_usd"]}" is not a number', 'write "2500"'


def _kind(name: str, facts: dict[str, Any], faults: list[Fault]) -> Kind | None:
    """Return the document of an XML output, None for a table."""
    if facts.get("kind", "table") == "table":
        return None
    xml = facts.get("xml", {})
    kind = kind_of(str(xml.get("package", "")), str(xml.get("document", "")))
    if kind is None or "namespace" not in xml:
        advice = 'write package = "cargo_xml", document = "XFZB" and the namespace of its elements'
        faults.append(Fault("MAP-ROW", f"{name}/map.toml", 1, "xml", "xml names no document that is known", advice))
    return kind


def _refusal(facts: dict[str, Any]) -> Refusal:
    chapters = tuple(map(str, facts.get("chapters", ())))
    return Refusal(str(facts.get("from", "")), chapters, bool(facts.get("pga", False)), str(facts.get("advice", "")))


# --- template.csv ---------------------------------------------------------------------------------------------------


def _against_template(name: str, fields: list[Field], records: list[Record], template: bytes | None) -> list[Fault]:
    """A table is written only when its columns are those of the receiver's template, in its order."""
    file = f"{name}/template.csv"
    if template is None:
        return [Fault("MAP-TEMPLATE", file, 1, "", "the template is missing", "put the receiver's header line there")]
    faults: list[Fault] = []
    rows = read_cells(template, file, faults)
    wanted = [c.strip() for c in rows[0][1]] if rows else []
    line_of = {cells["target"]: line for line, cells in reversed(records)}
    advice = "the targets must be those of the header line in template.csv, in its order"
    for line, target, said in _differences(wanted, [f.target for f in fields], line_of):
        faults.append(Fault("MAP-TEMPLATE", f"{name}/map.csv", line, "target", f'"{target}" {said}', advice))
    return faults


def _differences(wanted: list[str], have: list[str], line_of: dict[str, int]) -> Iterator[tuple[int, str, str]]:
    for target in wanted:
        if target not in line_of:
            yield 1, target, "of the template has no row"
    for target, line in line_of.items():
        if target not in wanted:
            yield line, target, "is no column of the template"
    if set(wanted) == set(have) and wanted != have:
        target = next((h for w, h in zip(wanted, have, strict=False) if w != h), "")
        yield line_of.get(target, 1), target, "stands elsewhere in the template"
