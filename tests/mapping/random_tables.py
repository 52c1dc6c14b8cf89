"""Tables made at random of the rows of a base table, and the plain interpretation of any table: row by row, without what is compiled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from gateway.errors import MappingError
from gateway.formats import format_module
from gateway.mapping import plans, shapes
from gateway.mapping.cells import Target
from gateway.mapping.compile import BINDINGS, Compiler
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet, unit_path
from gateway.mapping.program import CompiledProgram
from gateway.mapping.straight import Fill
from gateway.mapping.table import Row
from gateway.mapping.table_program import TableProgram

_QUICK = {
    "in_line",
    "in_line_helpers",
    "in_line_sometimes",
    "plain",
    "texts",
    "seats",
    "still",
    "by_columns",
    "several",
}
_WORDS = ("X", "US", "CN", "K", "L", "1", "2", "SH", "2I", "TE", "PCS", "USD", "A", "KGM", "13")
_TRANSFORMS = (
    "", "", "trim", "collapse", "upper", "lower", "digits", "alnum", "keep 3", "cut 5", "drop 2", "join space", "join nothing", "split space 1",
    "replace dash space", "prefix X", "lines 1", "lines 2", "lines_from 2", "first_last", "care_of", "const truck", "flag", "decimal", "decimal comma",
    "rounded 1", "implied 2", "integer", "count", "kg K", "kg", "money", "weight_unit empty", "date CCYYMMDD", "datetime CCYYMMDDHHmm UTC", "iso",
    "code mode_x12", "code mode_x12 keep", "code mode_x12 empty", "country names", "region", "state", "currency", "awb", "hts", "zip", "phone",
    "identifier", "shape digits", "only alnum 4", "bill", "trim | upper", "upper | keep 2", "digits | keep 4", "lines 1 | collapse", "collapse | code mode_x12 empty",
)  # fmt: skip


class _Plain:
    """A dialect that knows no quick ways."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect

    def __getattr__(self, name: str) -> Any:
        if name in _QUICK:
            raise AttributeError(name)
        return getattr(self._dialect, name)


@contextmanager
def plainly() -> Iterator[None]:
    """Fill each target by asking its rows one after the other."""

    def plain(targets: list[Target], dialect: Any = None) -> Fill:
        def fill(node: Any, root: Any, out: dict[str, Any], run: Any) -> None:
            for target in targets:
                target.careful(node, root, out, run)

        return fill

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "without_shapes", plain)
        patch.setattr(shapes, "by_closures", plain)
        patch.setattr(plans, "without_shapes", plain)
        yield


def program(mappings: MappingSet, facts: MappingFacts, rows: list[Row], *, plain: bool) -> CompiledProgram:
    """Compile rows; plain: for the plain interpretation. Raises MappingError."""
    dialect: Any = format_module(facts.format).DIALECT
    by_columns = getattr(dialect, "by_columns", False) and not plain
    dialect, path = _Plain(dialect) if plain else dialect, unit_path(rows)
    compiler = Compiler(dialect, mappings.codes, path[-1] if path else "")
    made = TableProgram if by_columns else CompiledProgram
    return made(facts.id, f"{plain}", path, compiler.blocks(rows), dialect, compiler.code_tables)


def changed(mappings: MappingSet, facts: MappingFacts, r: random.Random) -> list[Row]:
    """Return the rows of a base table with up to 25 changes: sources, conditions, transforms, defaults, order; rows are doubled and left out."""
    rows, fields = list(mappings.rows(facts)[0]), [x for x in mappings.rows(facts)[0] if x.target not in BINDINGS]
    for _ in range(r.randint(1, 25)):
        at = r.randrange(len(rows))
        row = rows[at]
        same = [x for x in fields if x.level == row.level] or fields
        if row.target in BINDINGS:
            if row.level not in ("message", "shipment"):
                rows[at] = msgspec.structs.replace(
                    row, when=_condition(same, r), required=r.choice(("", "yes", "warn"))
                )
        elif r.random() < 0.1:
            del rows[at]
        elif r.random() < 0.1:
            other = r.choice([n for n, x in enumerate(rows) if x.level == row.level and x.target not in BINDINGS])
            rows[at], rows[other] = rows[other], row
        else:
            _one_more(rows, at, _another(row, same, r), r)
        if not _fits(mappings, facts, rows[min(at, len(rows) - 1)]):
            rows[at] = row
    return rows


def _one_more(rows: list[Row], at: int, row: Row, r: random.Random) -> None:
    if r.random() < 0.4:
        rows.insert(at, row)
    else:
        rows[at] = row


def _another(row: Row, same: Sequence[Row], r: random.Random) -> Row:
    cells: dict[str, str] = {}
    if r.random() < 0.5:
        cells["source"] = _source(same, r)
    if r.random() < 0.5:
        cells["transform"] = r.choice(_TRANSFORMS)
    if r.random() < 0.4:
        cells["when"] = _condition(same, r) if r.random() < 0.7 else ""
    if r.random() < 0.3 and row.target != "(refuse)":
        cells["default"] = r.choice(("", "X", "1", "US", "air"))
    return msgspec.structs.replace(row, line=1000 + r.randrange(10**6), required=r.choice(("", row.required, "warn")), **cells)  # fmt: skip


def _source(same: Sequence[Row], r: random.Random) -> str:
    text = r.choice(same).source
    if r.random() < 0.15:
        text = text.split(";")[0].strip()
    if r.random() < 0.15:
        text += f"; {r.choice(same).source}"
    return text + (f"; .{r.randint(1, 6):02}" if r.random() < 0.1 else "")


def _condition(same: Sequence[Row], r: random.Random) -> str:
    tests = []
    for _ in range(r.choice((1, 1, 2))):
        path, known = _source(same, r).split(";")[0].strip(), r.choice(same).when
        told = r.choice((f"={'|'.join(r.sample(_WORDS, 2))}", f"!={r.choice(_WORDS)}", " present", " absent", " repeated", " differs"))  # fmt: skip
        tests.append(known if known and r.random() < 0.4 else path + told)
    return " and ".join(tests)


def _fits(mappings: MappingSet, facts: MappingFacts, row: Row) -> bool:
    try:
        Compiler(format_module(facts.format).DIALECT, mappings.codes, "").blocks([row])
    except MappingError:
        return False
    return True
