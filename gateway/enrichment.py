"""What no manifest carries, row by row: an enrichment CSV of the partner, joined by a number of the shipment.

    house_bill_number,total_value.amount,items.country_of_origin
    GWH0000001,24.90,CN          "GWH0000001" -> {"total_value": {"amount": "24.90"}, "items": [{"country_of_origin": "CN"}]}

    house_bill_number,items.line_number,items.hts_number
    GWH0000001,1,610910          "GWH0000001" -> {"items": [{"line_number": 1, "hts_number": "610910"}, {"line_number": 2, ...}]}
    GWH0000001,2,691200

The file is looked at when it is loaded, with the fields and types of the canonical model: a column that is none, a value
that cannot be one, or a join that never finds anything would else be seen in shipments only, or never. How a shipment
takes what is known of it: gateway.mapping.enrich.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO

from gateway.canonical.model import fields_of
from gateway.completing import FIELDS, FieldError, kind_of, value_of
from gateway.errors import ConfigError, did_you_mean
from gateway.history import bare_number
from gateway.mapping.table import not_csv

_DELIMITERS = ",;\t"
_LINES = "items"  # the one list whose parts have columns

_Field = tuple[tuple[str, ...], Callable[[str], Any]]


def enrichment_of(file: str, path: Path, on: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Return the join of an enrichment CSV: shipment -> fields of its row, None without one. Raises ConfigError.

    file: the partner file that names it. on: the canonical field, or kind of reference, whose value is looked up; the other columns are fields
    of the shipment, dotted for parts (`security_scan.method`) and goods lines (`items.hts_number`). Comma, semicolon or tab; UTF-8.
    """
    numbers = fields_of("reference")["type"].removeprefix("enum:").split("|")
    if kind_of(fields_of("shipment").get(on, ""))[0] != "str" and on not in numbers:
        fields = [name for name, tag in fields_of("shipment").items() if tag.startswith("str")] + numbers
        raise ConfigError(
            f'{file}: enrichment.on "{on}" is no text field of a shipment.', did_you_mean(on, fields, FIELDS)
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            rows = _Table(path.name, on).rows(source)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} is not in UTF-8.", 'Save it as "CSV UTF-8".') from None
    except OSError as error:
        said = f"{file}: enrichment file {path.name[:80]} cannot be read ({error.strerror})."
        raise ConfigError(said, "Give its path from the profile folder.") from None
    find = _finder(rows)
    return (lambda draft: find(_number(draft, on))) if on in numbers else lambda draft: find(str(draft.get(on, "")))


def _finder(rows: dict[str, dict[str, Any]]) -> Callable[[str], dict[str, Any] | None]:
    """Return what finds the row of a number as it is written, else by its bare form; rows that share one are no answer."""
    bare: dict[str, dict[str, Any] | None] = {}
    for key, row in rows.items():
        if (plain := bare_number(key)) != key:
            bare[plain] = None if plain in bare and bare[plain] != row else row

    def find(number: str) -> dict[str, Any] | None:
        row = rows.get(number)
        if row is not None or not number:
            return row
        plain = bare_number(number)
        return rows.get(plain) or bare.get(plain)

    return find


def _number(draft: dict[str, Any], kind: str) -> str:
    """Return the further number of a kind that a shipment has, "" for none."""
    return next((str(one["value"]) for one in draft.get("references", ()) if one["type"] == kind), "")


_LINES_APART = "Rows of one shipment differ in goods lines only: give each its own items.line_number."
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.I)


class _Table:
    """Reads one enrichment file. name: for what is told of it; on: the column of its key."""

    def __init__(self, name: str, on: str) -> None:
        self._name, self._on = name, on

    def rows(self, source: TextIO) -> dict[str, dict[str, Any]]:
        """Return what is known of each key; the same row twice is none the worse."""
        columns, table = self._opened(source)
        key_at = columns.index(self._on)
        fields = [self._field(column) if n != key_at else None for n, column in enumerate(columns)]
        found: dict[str, dict[str, Any]] = {}
        lines: dict[str, int] = {}
        began = table.line_num + 1
        try:
            for cells in table:
                if not any(cell.strip() for cell in cells):
                    continue
                key, line = cells[key_at].strip() if key_at < len(cells) else "", table.line_num
                if not key:
                    raise self._fault(line, f"{self._on} is empty.", "Every row needs one.")
                key, draft = self._key(key, line), self._draft(fields, cells, key_at, line)
                before = found.setdefault(key, draft)
                if before is not draft and not _is_joined(before, draft):
                    said = f"{self._on} stands in line {lines[key]} too, with other values."
                    raise self._fault(line, said, _LINES_APART if _LINES in draft else "Keep one of the two.")
                lines.setdefault(key, line)
                began = line + 1  # of the row that is read next
        except csv.Error as error:
            said, _ = not_csv(str(error))
            raise self._fault(began, f"{said}.", "Mend that row, or save it as CSV again.") from None
        return found

    def _key(self, key: str, line: int) -> str:
        """Return a key as shipments have it: an air waybill without its hyphen."""
        if _ROUNDED.fullmatch(key):
            said = f"{self._on} {key} is in scientific notation: no shipment has such a number."
            raise self._fault(line, said, "Format the column as text.")
        waybill = self._on == "master_bill_number" and re.fullmatch("[0-9]{3}[- ][0-9]{8}", key)
        return key.replace("-", "").replace(" ", "") if waybill else key

    def _opened(self, source: TextIO) -> tuple[list[str], Any]:
        """Return the columns and the rows below them."""
        first = source.readline()
        source.seek(0)
        for delimiter in _DELIMITERS:
            table = csv.reader(source, delimiter=delimiter, strict=True)  # open quotes would swallow the rows below
            try:
                columns = [cell.strip() for cell in next(table, [])]
            except csv.Error:  # it has another delimiter
                columns = []
            if self._on in columns:
                self._check(columns)
                return columns, table
            source.seek(0)
        found = ", ".join(cell.strip() for cell in first.split(",")[:8]) or "nothing"
        raise self._fault(
            1, f'no column is called "{self._on}" (found: {found[:120]}).', "The first line names the columns."
        )

    def _check(self, columns: list[str]) -> None:
        for number, column in enumerate(columns):
            if column in columns[:number] and column:
                raise self._fault(1, f"two columns are called {column}.", "Take one of them out.")
            tag = _tag(column) if column and column != self._on else "str"
            if tag is None:
                raise self._fault(1, f'column "{column[:70]}" is no field of a shipment.', _near_path(column))
            kind, inner = kind_of(tag)
            if kind in ("object", "list"):
                parts = (
                    ", ".join(f"{column}.{name}" for name in list(fields_of(inner))[:3])
                    if _has_columns(column, kind)
                    else ""
                )
                advice = f"Write a column for each part: {parts} ..." if parts else "A list cannot stand in a column."
                raise self._fault(1, f"column {column} has parts.", advice)

    def _field(self, column: str) -> _Field | None:
        """Return where a column's values go, and what makes them: many are the same in all rows."""
        tag = _tag(column) if column else None
        return (tuple(column.split(".")), lru_cache(1024)(partial(value_of, column, tag))) if tag else None

    def _draft(self, fields: list[_Field | None], cells: list[str], key_at: int, line: int) -> dict[str, Any]:
        draft: dict[str, Any] = {}
        for number, cell in enumerate(cells):
            if number == key_at or not cell.strip():
                continue
            field = fields[number] if number < len(fields) else None
            if field is None:
                raise self._fault(
                    line, f"cell {number + 1} stands under no column name.", "Name the column, or empty it."
                )
            (*parents, leaf), make = field
            place = draft
            if parents[:1] == [_LINES]:
                place, parents = draft.setdefault(_LINES, [{}])[0], parents[1:]
            for parent in parents:
                place = place.setdefault(parent, {})
            try:
                place[leaf] = make(cell)
            except FieldError as error:
                name = ".".join(field[0])
                raise self._fault(line, f"{name} is not what the field takes.", f"Write {error}.") from None
        if draft.get(_LINES, [{}])[0].keys() == {"line_number"}:
            del draft[_LINES]  # nothing is said of the line
        return draft

    def _fault(self, line: int, said: str, advice: str) -> ConfigError:
        return ConfigError(f"{self._name}, line {line}: {said}", advice)


def _tag(path: str) -> str | None:
    """Return the tag of a dotted field of the shipment, None when there is no such field."""
    level, tag = "shipment", ""
    for part in path.split("."):
        found = fields_of(level).get(part) if level else None
        if found is None:
            return None
        kind, inner = kind_of(found)
        tag, level = found, inner if _has_columns(part, kind) else ""
    return tag


def _has_columns(name: str, kind: str) -> bool:
    """True for a field whose parts have columns."""
    return kind == "object" or name == _LINES


def _is_joined(known: dict[str, Any], more: dict[str, Any]) -> bool:
    """Add another row of a key to what is known; False when it contradicts. Rows may differ in numbered goods lines."""
    if known == more:
        return True
    lines, (line,) = known.get(_LINES, []), more.get(_LINES, [{}])
    if line in lines:
        line = {}
    numbers = [one.get("line_number") for one in (*lines, line) if one]
    if {**known, _LINES: 0} != {**more, _LINES: 0} or not all(numbers) or len(set(numbers)) < len(numbers):
        return False
    if line:
        known[_LINES] = [*lines, line]
    return True


def _near_path(path: str) -> str:
    """Return what a column may have been meant to be."""
    first, dot, rest = path.partition(".")
    kind, inner = kind_of(fields_of("shipment").get(first, ""))
    if dot and _has_columns(first, kind):
        parts = fields_of(inner)
        return did_you_mean(rest, parts, f"{first} has: {', '.join(parts)}.", f"{first}.")
    return did_you_mean(path, fields_of("shipment"), FIELDS)
