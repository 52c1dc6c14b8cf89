"""Faults of a mapping that only show when rows are looked at together; each says what to write instead.

Hard faults (unknown level, target, transform, code table, path syntax) are MappingErrors of the compiler; here they are
collected instead of ending at the first, and softer ones are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

import msgspec

from gateway.dialect import Dialect, Path
from gateway.errors import MappingError
from gateway.mapping.compile import ACTIONS, BINDINGS, Compiler, why_refused
from gateway.mapping.doubts import doubts
from gateway.mapping.examples import run_examples
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import CellError, parse_source, parse_when
from gateway.mapping.idle import idle
from gateway.mapping.lost_paths import lost_paths
from gateway.mapping.overriding import WHOLE, effective_rows, mixed
from gateway.mapping.table import Fault, Row, Table
from gateway.mapping.unreachable import unreachable

_NUMBERS = ("shipment_id", "house_bill_number", "shipment_tracking_number")


def lint(mappings: MappingSet, facts: MappingFacts) -> list[Fault]:
    """Return all faults of one mapping with its overrides, in table order; rows that mean here what they mean in the base are its."""
    from gateway.formats import format_module

    own = mappings.own_rows(facts)
    all_tables = mappings.tables(facts)
    tables = [table for table in all_tables if own is None or table.file in own]
    faults: list[Fault] = [f for table in tables for f in table.faults]
    dialect = format_module(facts.format).DIALECT
    rows: list[Row] = []
    for table in tables:
        compiler = Compiler(dialect, mappings.codes, "")
        for row in table.rows:
            try:
                if row.source.lower() != "(none)":
                    compiler.blocks([row])
                    rows.append(row)
            except MappingError as error:
                faults.append(
                    Fault("MAP-ROW", row.file, row.line, error.column, error.message.partition(": ")[2], error.advice)
                )
    faults += idle(all_tables, own, facts.format)
    faults += _constants(rows)
    faults += _unknown_rules(rows)
    faults += unreachable(rows)
    faults += _without_example(rows)
    faults += _two_sources(rows)
    faults += _near_columns(rows, dialect)
    faults += doubts(rows, all_tables[0].rows, mappings.rows_of_format(facts), facts.format)
    faults += _mixed_blocks(all_tables, own)
    if not any(f.severity == "error" for f in faults):
        faults += _lost_paths(mappings, facts)
        faults += [_of_own_codes(fault, mappings, facts) for fault in run_examples(mappings, facts, own)]
    return faults


def _of_own_codes(fault: Fault, mappings: MappingSet, facts: MappingFacts) -> Fault:
    """Return the fault of an example; a warning where the row is the base table's and only the partner's code table makes it another."""
    if mappings.owns(facts, fault.file):
        return fault
    said = f"{fault.message}; the row is of the base table, its code table the partner's"
    advice = "nothing to do where the partner's codes are meant to be others; else correct its code table"
    return msgspec.structs.replace(fault, message=said, advice=advice, severity="warning")


def _constants(rows: list[Row]) -> Iterator[Fault]:
    """Yield defaults that every message with them would be refused for, and those of fields that tell shipments apart."""
    for row in rows:
        if not row.default or row.target in (*BINDINGS, *ACTIONS):
            continue
        if row.target in _NUMBERS and row.level in ("message", "shipment"):
            said = "all shipments would have this number, and count as one"
            yield Fault(
                "MAP-ROW",
                row.file,
                row.line,
                "default",
                said,
                "leave the cell empty: a shipment without its number is told",
            )
        elif said := why_refused(row.level, row.target, row.default):
            yield Fault("MAP-ROW", row.file, row.line, "default", said, "write a value that the target can hold")


def _unknown_rules(rows: list[Row]) -> Iterator[Fault]:
    """A finding of a rule that the catalogue does not have tells a sender neither why nor how to mend it."""
    from gateway.catalogue import load_catalogue

    catalogue = load_catalogue()
    for row in rows:
        if row.rule and catalogue.get(row.rule) is None:
            near = get_close_matches(row.rule, [rule.rule for rule in catalogue], 1, 0.8)
            advice = f"{f'did you mean {near[0]}? ' if near else ''}a blank cell is MAP-REQUIRED or MAP-VALUE"
            yield Fault("MAP-ROW", row.file, row.line, "rule", f'rule "{row.rule}" does not exist', advice)


def _lost_paths(mappings: MappingSet, facts: MappingFacts) -> list[Fault]:
    """Look at the paths of the table in force; not where a partner has maps of its own for its sets."""
    if any((folder / "maps").is_dir() for folder in mappings.overrides):
        return []
    from gateway.formats import format_module

    program = mappings.compiled(facts)
    tag = program.unit_path[-1] if program.unit_path else ""
    return lost_paths(program.blocks, format_module(facts.format).DIALECT, facts, tag)


def _near_columns(rows: list[Row], dialect: Dialect) -> Iterator[Fault]:
    """A column may have any name; one that is nearly that of a standard column is rather a slip of the pen."""
    near: Callable[[Path], str] | None = getattr(dialect, "near", None)
    if near is None:
        return
    for row in rows:
        sources = [("source", one) for one in parse_source(row.source)]
        sources += [("when", test.source) for test in parse_when(row.when)]
        for column, path in [(column, source.path) for column, source in sources if source.path is not None]:
            if found := near(path):
                yield Fault("MAP-COLUMN-NEAR", row.file, row.line, column, f'"{path.text}" is no standard column', f"did you mean {found}? Else nothing is wrong", "warning")  # fmt: skip


def _mixed_blocks(tables: list[Table], own: frozenset[str] | None) -> Iterator[Fault]:
    """Rows of one level that overrides put together though they are read in several kinds of nodes."""
    below = tables[0].rows
    for table in tables[1:]:
        for row, why in mixed(below, table.rows) if own is None or table.file in own else ():
            advice = f"write {row.level},{WHOLE},(none) and behind it all rows of the level, as gateway mapping import --over does"
            yield Fault("MAP-BLOCKS", row.file, row.line, "target", why, advice, "warning")
        below = effective_rows(below, table.rows)


def _without_example(rows: list[Row]) -> Iterator[Fault]:
    for row in rows:
        if not row.example and row.source and row.target not in (*BINDINGS, *ACTIONS):
            yield Fault("MAP-NO-EXAMPLE", row.file, row.line, "example", "the row has no example", "write for example 450; L => 204.117", "warning")  # fmt: skip


def _two_sources(rows: list[Row]) -> Iterator[Fault]:
    """Value and unit read by two paths may come from two different segments."""
    for row in rows:
        if row.transform.split(" ")[0] not in ("kg", "dtm") or ";" not in row.source:
            continue
        try:
            sources = parse_source(row.source)
        except CellError:
            continue
        unit = sources[1] if len(sources) > 1 else None
        if unit is None or unit.kind == "same":
            continue
        if unit.path is None or not (
            unit.path.absolute or unit.path.leaf.endswith(("@same", "@same_each"))
        ):  # those hold for all
            yield Fault("MAP-TWO-NODES", row.file, row.line, "source", "value and unit may come from two different segments", "write the second source as .NN (the same segment)", "warning")  # fmt: skip
