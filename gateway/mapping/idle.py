"""Rows and cells that do nothing, and nobody is told when a file comes: an error, because something else was meant;
a warning (MAP-NOTHING) where the base table may have changed.

    (none) that takes out nothing, or what the next row puts back      a transform of a row that binds a party
    (each) of a party, (first) of goods lines                          envelope.ISA06 misspelled
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import msgspec

from gateway.canonical.model import PARTY_ROLES
from gateway.mapping.advice import level_meant
from gateway.mapping.compile import ACTIONS, BINDINGS, LEVELS, target_type
from gateway.mapping.grammar import CellError, parse_path, parse_source, parse_when
from gateway.mapping.overriding import WHOLE, effective_rows, is_none
from gateway.mapping.table import Fault, Row, Table

_ISA = (
    "ISA05 ISA06 ISA07 ISA08 ISA09 ISA10 ISA12 ISA13 GS01 GS02 GS03 GS04 GS05 GS06 GS08 ST01 ST02 HL several siblings"
)
_UNB = "UNB0001 UNB0002 UNB0004 UNB0007 UNB0010 UNB0017 UNB0019 UNB0020 UNB0035 UNG0038 UNG0040 UNG0044 UNG0048 UNH0062 UNH0065 UNH0052 UNH0054 UNH0051 UNH0057"
_XML = "id version sender receiver created purpose"
ENVELOPE = {"x12": _ISA, "edifact": _UNB, "cargo_xml": _XML, "wco_xml": _XML, "postal": _XML, "own": _XML}
"""Format folder -> the names that `envelope.NAME` reads there, besides received_on; tests hold it against the readers."""

_SEGMENTS = ("x12", "edifact", "cargo_imp")


def idle(tables: list[Table], own: frozenset[str] | None, message_format: str) -> Iterator[Fault]:
    """Yield the rows and cells of a mapping's tables that do nothing. own: names of the tables to look at, None = all."""
    below = tables[0].rows
    for number, table in enumerate(tables):
        if own is None or table.file in own:
            for row in table.rows:
                if is_none(row):
                    yield from _removal(row, table.rows, below if number else [])
                else:
                    yield from _unused_cells(row, message_format)
                    yield from _outdone(row, below if number else [])
                    yield from _no_unit(row)
                    yield from _envelope(row, message_format)
        below = effective_rows(below, table.rows) if number else below


def _fault(row: Row, column: str, said: str, advice: str) -> Fault:
    return Fault("MAP-ROW", row.file, row.line, column, said, advice)


# --- (none) -------------------------------------------------------------------------------------------------------


def _removal(row: Row, rows: list[Row], below: list[Row]) -> Iterator[Fault]:
    """Yield what is wrong with a row that takes out rows of the base table. rows: of its own table; below: the table that it changes."""
    if row.level not in LEVELS:
        yield _fault(row, "level", f'level "{row.level}" is not one of the model', level_meant(row.level, LEVELS))
        return
    check = row.target == "(refuse)"
    known = row.target in (WHOLE, *BINDINGS, *ACTIONS) or target_type(row.level, row.target) is not None
    there = [one for one in below if one.level == row.level]
    targets = sorted({one.target for one in there})
    if not known:
        yield _fault(
            row, "target", f'"{row.target}" is not a field of level {row.level}', _near(row.target, [*targets, WHOLE])
        )
        return
    for column in ("transform", "default", "required", "message", "example", *(() if check else ("when", "rule"))):
        if getattr(row, column):
            advice = "leave the cell empty, or write rows that replace those of the base table instead of (none)"
            yield _fault(
                row, column, "the row takes its target out of every shipment; this cell changes nothing", advice
            )
    mine = [one for one in rows if one.level == row.level and not is_none(one)]
    if row.target == WHOLE and row.level in ("message", "shipment") and not any(one.target in BINDINGS for one in mine):
        said = f"nothing says any more where level {row.level} is read"
        yield _fault(row, "target", said, "write its row (each) behind this row, and the rows of its fields")
    elif row.target != WHOLE and not check and any(one.target == row.target for one in mine):
        yield _fault(row, "source", "another row of this table fills the target that this one takes out", "remove one of them: rows of a partner replace all rows of the base table by themselves")  # fmt: skip
    elif row.target in BINDINGS and any(one.target not in BINDINGS for one in there):
        said = f"the row takes away where level {row.level} is read; the other rows of the level stay"
        yield _fault(row, "target", said, f"write {row.level},{WHOLE},(none) to take out the whole level")
    elif not _takes_any(row, there):
        said = "the row takes out nothing: the base table has no such row"
        names = ", ".join(targets[:12])
        advice = (
            "look for rule and condition in gateway mapping show"
            if check
            else f"level {row.level} has {names or 'no rows'}"
        )
        yield msgspec.structs.replace(_fault(row, "target", said, advice), code="MAP-NOTHING", severity="warning")


def _takes_any(row: Row, there: list[Row]) -> bool:
    if row.target == WHOLE:
        return bool(there)
    same = [one for one in there if one.target == row.target]
    named = row.target == "(refuse)"
    return any(not named or (row.rule in ("", one.rule) and row.when in ("", one.when)) for one in same)


def _near(word: str, known: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(word.lower(), known, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"write one of {', '.join(known[:14])}"


# --- cells that nothing reads -------------------------------------------------------------------------------------


def _unused_cells(row: Row, message_format: str) -> Iterator[Fault]:
    """Yield the filled cells of rows that bind or act, where nothing reads them."""
    if row.target in BINDINGS:
        yield from _binding(row, message_format)
    elif row.target in ACTIONS:
        yield from _action(row)
    elif row.target == WHOLE:
        yield _fault(row, "source", f"{WHOLE} takes out a level", f"write {row.level},{WHOLE},(none)")


def _action(row: Row) -> Iterator[Fault]:
    """Yield what is wrong with a row that refuses, or carries on a line."""
    if row.default:
        said = f"{row.target} has no value that a default could stand for"
        yield _fault(row, "default", said, "leave the cell empty")
    refuses = row.target == "(refuse)"
    if not row.when:
        said = "every shipment is refused" if refuses and row.required != "warn" else "the row holds for all of them"
        yield _fault(
            row, "when", f"{said}: the row has no condition", "write the condition under when, such as M11.01 absent"
        )
    if refuses and not row.message:
        yield _fault(
            row,
            "message",
            "the sender would not be told why",
            "write a sentence; {value} stands for what the source reads",
        )


def _outdone(row: Row, below: list[Row]) -> Iterator[Fault]:
    """Yield a row of a partner for all shipments where the base table reads the field of each: that one wins."""
    if row.level == "message" and row.target not in BINDINGS:
        levels = {one.level for one in below if one.target == row.target}
        if "shipment" in levels and "message" not in levels:
            said = "the row counts only for shipments that the base table's rows of level shipment find nothing for"
            fault = _fault(row, "level", said, "write level shipment, which replaces those rows")
            yield msgspec.structs.replace(fault, code="MAP-NOTHING", severity="warning")


def _no_unit(row: Row) -> Iterator[Fault]:
    """Yield a `kg` that never gets a unit: it would refuse each weight."""
    calls = [step.split() for step in row.transform.split("|")]
    for number, call in enumerate(calls):
        if call == ["kg"] and (number or (row.source and ";" not in row.source)):
            said = "kg needs the unit of the weight, and none is read"
            yield _fault(row, "transform", said, "name the unit as second source (M11.05; .06), or write kg K, kg L")


def _binding(row: Row, message_format: str) -> Iterator[Fault]:
    party = row.level in PARTY_ROLES
    if row.target == ("(each)" if party else "(first)"):
        right = "(first)" if party else "(each)"
        said = f"{row.target} binds nothing on level {row.level}"
        yield _fault(row, "target", said, f"write {right}: " + ("a shipment has one party of a role" if party else "every one that is found is read"))  # fmt: skip
    for column in ("transform", "default", "example"):
        if getattr(row, column):
            said = f"{row.target} says where the rows of the level are read; it has no value"
            yield _fault(row, column, said, "leave the cell empty, and write it in the row of the field")
    if row.required not in ("", "yes", "warn"):
        yield _fault(row, "required", f'"{row.required}" is not known', "write yes, warn or nothing")
    try:
        leaf = parse_path(row.source).leaf
    except CellError:
        return  # told where rows are compiled
    if leaf and message_format in _SEGMENTS:
        segment = row.source.strip().removesuffix(f".{leaf}")
        yield _fault(row, "source", f"{row.target} leads to segments, not to element {leaf}", f"write {segment}")


# --- envelope.NAME ------------------------------------------------------------------------------------------------


def _envelope(row: Row, message_format: str) -> Iterator[Fault]:
    """Yield the facts of the envelope that a row asks for and no message of the format has."""
    known = [*ENVELOPE.get(message_format, "").split(), "received_on"]
    try:
        asked = [("source", source) for source in parse_source(row.source)]
        asked += [("when", test.source) for test in parse_when(row.when)]
    except CellError:
        return  # told where rows are compiled
    for column, source in asked:
        if source.kind == "envelope" and source.name not in known:
            ends = [name for name in known if name.lower().endswith(source.name.lower())]
            close = ends or get_close_matches(source.name, known, 1, 0.5)
            advice = f"did you mean envelope.{close[0]}?" if close else f"known: {', '.join(known)}"
            yield _fault(row, column, f"envelope.{source.name} is nothing that messages of this format have", advice)
