"""How mapping paths read a table; the Dialect that the mapping compiler is handed.

house_bill              the cell of that column; names are compared without blanks, punctuation and case
Tracking No             a header as the partner writes it: "/", "." and brackets (Weight [kg]) are left out or kept, both fit
shipper.address.city    a key of a JSON object below another one
weight/@sum             the sum of a column over the rows of the shipment
col 7                   the 7th column
ROWS, ROW               the rows of a shipment together (first filled cell of each column), each row (goods line)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from gateway.dialect import Finder, Getter, Locator, Path
from gateway.findings import Position
from gateway.formats.sums import is_plain
from gateway.formats.tabular.rows import ABSENT, Row, Rows, TableRoot, place_of, plain_name
from gateway.formats.tabular.vocabulary import standard_places, vocabulary, written

_NOT_DIGITS = re.compile("[0-9]")
_NODES = ("ROWS", "ROW", "TABLE")


def column_of(path: Path) -> str:
    """Return the column name that a path asks for, "" for a path to rows. Brackets are part of a name here: Weight [kg]."""
    name = "/".join(" ".join((step.name, step.qualifier, *step.values)).strip() for step in path.steps)
    if path.leaf and not path.leaf.startswith("@"):
        name = f"{name}.{path.leaf}"
    return "" if name in _NODES else name


class TabularDialect:
    """See gateway.dialect.Dialect."""

    name = "tabular"
    by_columns = True  # a table says which columns its rows have: gateway.mapping.straight makes a function for these

    def finder(self, path: Path, at: str) -> Finder:
        """Return the rows; for a column the node itself when the cell is filled (the table: when it has the column)."""
        name = column_of(path)
        if not name:
            return _itself if self.rows_of(path, at) == "unit" else _rows

        def filled(node: Any, root: TableRoot) -> list[Any]:
            index = root.columns[name]
            if node is root:
                return [node] if index != ABSENT else []
            cells = node.elements
            return [node] if index < len(cells) and cells[index].strip() else []

        return filled

    def rows_of(self, path: Path, at: str) -> str:
        """Return what a path leads to: "unit", the rows of a shipment together, "rows", each of them, "" for a column."""
        if column_of(path):
            return ""
        return "unit" if not path.steps or path.steps[0].name in (at, "ROWS") else "rows"

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the cell, "" when the table has no such column; `@sum`: of all rows."""
        if path.leaf == "@sum":
            return _sum(column_of(path))
        return self.leaf(column_of(path))

    def leaf(self, leaf: str) -> Getter:
        """Return the text of a column of the node that is handed in."""

        def read(node: Any, root: TableRoot) -> str:
            index = root.columns[leaf]
            cells = node.elements
            return cells[index] if index < len(cells) else ""

        return read

    def several(self, path: Path, leaves: list[str]) -> Callable[[Any, Any, Any], list[str]] | None:
        """Return what reads a column and further ones of the same row: these are "" where the first is not filled."""
        name = column_of(path)
        if not name or path.leaf == "@sum":
            return None

        def read(node: Any, root: TableRoot, _: Any) -> list[str]:
            columns, cells = root.columns, node.elements
            index, size = columns[name], len(cells)
            if index >= size or not (text := cells[index]).strip():
                return [cells[index] if index < size else "", *[""] * len(leaves)]
            texts = [text]
            for leaf in leaves:
                index = columns[leaf]
                texts.append(cells[index] if index < size else "")
            return texts

        return read

    def locator(self, path: Path, at: str) -> Locator:
        """Return row, column, line and bytes of the record that holds the cell."""
        name = column_of(path)

        def locate(node: Any, root: TableRoot) -> Position | None:
            index = root.columns[name] if name else ABSENT
            cell = root.cells[index] if index < len(root.cells) else ABSENT
            if isinstance(node, Rows):
                filled = (r for r in node.rows if index < len(r.elements) and r.elements[index])
                node = next(filled, node.rows[0])
            return place_of(node.parts, cell, root) if isinstance(node, Row) else None

        return locate

    def plain(self, path: Path, at: str) -> int:
        """Return the index of a standard column: read in line (see mapping.straight); 0 for every other path."""
        return standard_places().get(column_of(path), 0) if not path.leaf and not path.absolute else 0

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything: any table may have any column."""
        name = column_of(path)
        if plain_name(name) == "col0":
            return [f'"{path.text}": columns count from 1']
        return [] if not name or plain_name(name) else [f'"{path.text}" is no column name']

    def near(self, path: Path) -> str:
        """Return the name in use that a name is nearly, "" when it is one, or like none: a slip of the pen reads nothing."""
        name = column_of(path)
        plain, known = plain_name(name), vocabulary()[1]
        if not plain or path.leaf or plain in known:
            return ""
        letters = _NOT_DIGITS.sub("", plain)
        alike = [one for one in get_close_matches(plain, known, 3, 0.9) if _NOT_DIGITS.sub("", one) != letters]
        return written(alike[0]) if alike else ""  # shipper_address4 is no slip of shipper_address2


def _itself(node: Any, root: Any) -> list[Any]:
    return [node]


def _rows(node: Any, root: Any) -> list[Any]:
    found: list[Any] = node.children.get("ROW", []) if node.children else []
    return found


def _sum(name: str) -> Getter:
    """Return the sum of a column over the rows; the first text that is no plain number instead, for the finding."""

    def add(node: Any, root: TableRoot) -> str:
        index = root.columns[name]
        total: Decimal | None = None
        for row in node.rows if isinstance(node, Rows) else (node,):
            text = row.elements[index].strip() if index < len(row.elements) else ""
            if not text:
                continue
            if not is_plain(text):
                return text
            total = (total or Decimal(0)) + Decimal(text)
        return "" if total is None else format(total, "f")

    return add


DIALECT = TabularDialect()
