"""What a table becomes: records as they are read, rows and shipments as mapping paths walk them.

Record   one record of the file: cells as text, where it stands, what the splitter says of it
Row      a Node of tag ROW: its elements are "", the standard columns in the order of columns.csv, then the others
Rows     a Node of tag ROWS: the rows of one shipment; its own elements are the first filled cell of each column
TableRoot  the Node of tag TABLE: column name -> index, for the whole message
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress, repeat
from operator import attrgetter, not_
from typing import Any

import msgspec

from gateway.findings import NOWHERE, Position
from gateway.formats.sums import is_plain, total
from gateway.formats.tabular.shown import Shown
from gateway.records import Node, Together

ABSENT = 1 << 30
"""Index of a column that the table does not have: beyond the end of every row."""


class Record(msgspec.Struct, eq=False, gc=False):
    """One record. number: 1-based in the file, as a spreadsheet counts rows; fault: "", "after", "stray", "open" ...
    text: the record as it stands, or what is wrong with it (fault "json").

    offset, length: bytes in the received file, None where the format has none (XLSX); path: JSON path of the record;
    group: what makes it part of a shipment, where not its cells tell (goods lines of one JSON object).
    """

    cells: list[str]
    number: int
    line: int | None = None
    offset: int | None = None
    length: int = 0
    text: str = ""
    fault: str = ""
    lines: int = 1
    path: str = ""
    group: str = ""


class SheetRecord(Record, eq=False, gc=False):
    """One row of a workbook. shown: cells for which Excel shows more than their number; dated: cells that are dates."""

    shown: dict[int, Shown] = {}
    dated: tuple[int, ...] = ()


def plain_name(text: str) -> str:
    """Return a column name for comparison: letters and digits only, in small letters.

    >>> plain_name("G.W.(KGS)"), plain_name("Tracking No.")
    ('gwkgs', 'trackingno')
    """
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


_plain = lru_cache(4096)(plain_name)  # of names that mappings write; those of a file may be long and many


class Columns(dict[str, int]):
    """Column name as a mapping writes it -> index in the elements of a row; ABSENT for what the table does not have."""

    def __init__(self, *, growing: bool = False) -> None:
        """growing: columns may still be added (JSON objects with new keys)."""
        super().__init__()
        self.known: dict[str, int] = {}  # plain name -> index
        self.growing = growing

    def __missing__(self, name: str) -> int:
        index = self.known.get(_plain(name), ABSENT)
        if index != ABSENT or not self.growing:
            self[name] = index
        return index


class TableRoot(Node, eq=False, kw_only=True):
    """The table. names: header names as received, by cell; cells: index of an element -> index of its cell.

    there: indexes of the elements that the table has columns for; () while columns may still be added.
    add_up: indexes of the elements that are added up over the rows of a shipment.
    """

    columns: Columns
    names: list[str]
    cells: list[int]
    there: tuple[int, ...] = ()
    add_up: tuple[int, ...] = ()

    def place(self, element: int | None = None, component: int | None = None, data_element: str = "") -> Position:
        """Return no place: the table as a whole stands nowhere in the sender's file."""
        return NOWHERE


class Part(msgspec.Struct, frozen=True, gc=False):
    """Cells `start` to the next part of a row come from this record."""

    start: int
    record: Record


class Row(Node, eq=False):
    """One row. parts: the records its cells come from, mostly one."""

    parts: tuple[Part, ...] = ()

    @property
    def record(self) -> Record:
        """The record that stands for the row: the last one (the goods line)."""
        return self.parts[-1].record


class Rows(Node, eq=False, kw_only=True):
    """The rows of one shipment. root: for identifiers when nothing could be mapped.

    together: the shipments that it was read with, when there are several; at: its number among them.
    """

    rows: list[Row]
    root: TableRoot
    together: Together | None = None
    at: int = 0


def row_node(elements: list[str], record: Record, parts: tuple[Part, ...]) -> Row:
    """Return the node of one row."""
    return Row("ROW", elements, record.offset or 0, record.length, record.line or 0, record.number, parts=parts)


_PLACES = attrgetter("offset", "length", "line", "number")


def row_nodes(elements: Iterable[Any], records: list[Record]) -> list[Row]:
    """Return the nodes of rows of delimited text, each of which is made of one record."""
    parts = zip(map(Part, repeat(0), records))
    places = zip(*map(_PLACES, records), strict=True)
    return list(map(Row, repeat("ROW"), elements, *places, repeat(None), repeat(None), repeat(None), parts))


def rows_node(rows: list[Row], root: TableRoot) -> Rows:
    """Return the node of one shipment."""
    first = rows[0]
    cells = first.elements
    if len(rows) > 1:
        cells = _filled(rows, root.there) if root.there else _of_all(rows)
        if root.add_up:
            cells = [*cells]
        for index in root.add_up:
            cells[index] = _sum([row.elements[index].strip() for row in rows if index < len(row.elements)])
    node = Rows("ROWS", cells, first.offset, first.length, first.line, first.position, rows=rows, root=root)
    node.children = {"ROW": list(rows)}
    return node


def bring_together(nodes: list[Rows]) -> None:
    """Tell shipments that were read together of each other."""
    rows: list[Sequence[str]] = [row.elements for node in nodes for row in node.rows]
    together = Together([node.elements for node in nodes], rows, [len(node.rows) for node in nodes])
    for number, node in enumerate(nodes):
        node.together, node.at = together, number


def _filled(rows: list[Row], there: tuple[int, ...]) -> list[str]:
    """Return the first filled cell of each column. there: the columns of the table."""
    cells = rows[0].elements
    if cells.count("") == len(cells) - len(there):
        return cells  # the first row has all of them
    cells = [*cells]
    for index in compress(there, map(not_, map(cells.__getitem__, there))):
        cells[index] = next(filter(None, [row.elements[index] for row in rows]), "")
    return cells


def _of_all(rows: list[Row]) -> list[str]:
    """Return the same of rows that may have more columns than the first one."""
    cells = [*rows[0].elements]
    for row in rows[1:]:
        cells += list(row.elements[len(cells) :])
        for index, cell in enumerate(row.elements):
            if cell and not cells[index]:
                cells[index] = cell
    return cells


def _sum(texts: list[str]) -> str:
    """Return the sum of the cells that hold anything; the first text that is no plain number instead, for the finding."""
    filled = [text for text in texts if text]
    wrong = next((text for text in filled if not is_plain(text)), "")
    return wrong or total(filled)


def place_of(parts: tuple[Part, ...], cell: int, root: TableRoot) -> Position:
    """Return the place of a cell of a row that is made of `parts`; cell ABSENT = the row."""
    part = parts[0]
    for one in parts:
        if one.start <= cell:
            part = one
    record = part.record
    name = root.names[cell] if cell < len(root.names) else ""
    if record.path:
        name = f"{record.path}.{name}" if name else record.path
    return Position(
        offset=record.offset, length=record.length or None, line=record.line, row=record.number, column=name
    )
