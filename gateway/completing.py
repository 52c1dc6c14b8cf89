"""What no manifest carries, from the partner's own files: constants of partners/NAME.toml, rows of an enrichment CSV.

    [constants]                                  {"known_carrier_customer_flag": True, "security_scan": {"performed": True}}
    house_bill_number,total_value.amount
    GWH0000001,24.90                             "GWH0000001" -> {"total_value": {"amount": "24.90"}}

Both are looked at when they are loaded, with the fields and types of the canonical model (`fields_of`): a column that is
none, a value that cannot be one, or a join that never finds anything would else be seen in shipments only, or never.
Patterns and conditions are left to the schema.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO

from gateway.canonical.model import decimal_text, fields_of
from gateway.errors import ConfigError, did_you_mean
from gateway.history import bare_number
from gateway.mapping.table import not_csv
from gateway.mapping.transforms.codes import is_country

_FIELDS = "The fields of a shipment stand in gateway/canonical/schema.json; those of a part are written seller.name."
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_DELIMITERS = ",;\t"


_Field = tuple[tuple[str, ...], Callable[[str], Any]]


class _ValueError(ValueError):
    """A value is not what a field takes; the text says what it takes."""


# --- constants --------------------------------------------------------------------------------------------------------


def constants_of(file: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the constants of a partner file as values of a draft. Raises ConfigError."""
    return _part(file, "constants.", "shipment", given)


def _part(file: str, above: str, level: str, given: dict[str, Any]) -> dict[str, Any]:
    fields = fields_of(level)
    made = {}
    for name, value in given.items():
        if name not in fields:
            raise ConfigError(f"{file}: {above}{name} is no field of a {level}.", did_you_mean(name, fields, _FIELDS))
        made[name] = _constant(file, above + name, fields[name], value)
    return made


def _constant(file: str, name: str, tag: str, value: Any) -> Any:
    """Return one constant. Objects and lists of them are gone through."""
    kind, inner = _of(tag)
    if kind == "object":
        if not isinstance(value, dict):
            raise ConfigError(f"{file}: {name} has parts.", f"Write a section [{name}].")
        return _part(file, f"{name}.", inner, value)
    if kind == "list":
        if not isinstance(value, list) or not value:
            raise ConfigError(f"{file}: {name} is a list.", "Write at least one entry.")
        own = inner if inner.startswith("str") else f"object:{inner}"
        return [_constant(file, name, own, one) for one in value]
    try:
        return value_of(name, tag, value)
    except _ValueError as error:
        raise ConfigError(f"{file}: {name} is not what the field takes.", f"Write {error}.") from None


def _of(tag: str) -> tuple[str, str]:
    """Return the kind of a tag and what it is made of; money is an object."""
    kind, _, inner = tag.partition(":")
    return ("object", "money") if kind == "money" else (kind, inner)


def rates_of(file: str, given: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return the USD that a unit of each currency is worth. Raises ConfigError."""
    rates = {}
    for currency, rate in given.items():
        if not re.fullmatch("[A-Z]{3}", currency):
            raise ConfigError(f'{file}: fx_usd: "{currency}" is no currency.', "Write its three letters: CAD.")
        text = (
            "" if isinstance(rate, bool) else format(Decimal(str(rate)), "f") if isinstance(rate, float) else str(rate)
        )
        if not _NUMBER.fullmatch(text) or not Decimal(text):
            raise ConfigError(
                f"{file}: fx_usd.{currency} is no rate.", f'Write the USD for one {currency}: {currency} = "0.70".'
            )
        rates[currency] = Decimal(text)
    return rates


# --- single values ----------------------------------------------------------------------------------------------------


def value_of(name: str, tag: str, given: Any) -> Any:
    """Return a value of a draft. tag: see `fields_of`; given: a text, or a TOML value. Raises ValueError with what is taken."""
    kind, _, rest = tag.partition(":")
    made = _MAKERS[kind](name, rest, given.strip() if isinstance(given, str) else given)
    if made is None:
        raise _ValueError(_TAKES[kind].format(rest.replace("|", ", ")))
    return made


def _flag(_name: str, _rest: str, given: Any) -> bool | None:
    if isinstance(given, str):
        return {"true": True, "false": False}.get(given.lower())
    return given if isinstance(given, bool) else None


def _count(_name: str, _rest: str, given: Any) -> int | None:
    text = "" if isinstance(given, bool | float) else str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None


def _decimal(name: str, scale: str, given: Any) -> str | None:
    text = "" if isinstance(given, bool) else str(given)
    most = 2 if name.endswith("_usd") else 4
    return decimal_text(Decimal(text), int(scale), most) if _NUMBER.fullmatch(text) else None


def _day(_name: str, _rest: str, given: Any) -> str | None:
    try:
        day = given if isinstance(given, date) and not isinstance(given, datetime) else date.fromisoformat(str(given))
    except ValueError:
        return None
    return day.isoformat()


def _instant(_name: str, _rest: str, given: Any) -> str | None:
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).replace("Z", "+00:00"))
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else None
    except (ValueError, OverflowError):  # a day before the first one
        return None


def _word(_name: str, words: str, given: Any) -> str | None:
    return given if isinstance(given, str) and given in words.split("|") else None


def _country(_name: str, _rest: str, given: Any) -> str | None:
    return given if isinstance(given, str) and is_country(given) else None


def _text(_name: str, most: str, given: Any) -> str | None:
    return given if isinstance(given, str) and 0 < len(given) <= int(most) and given.isprintable() else None


_MAKERS: dict[str, Callable[[str, str, Any], Any]] = {
    "bool": _flag, "int": _count, "dec": _decimal, "date": _day, "ts": _instant, "enum": _word, "country": _country, "str": _text,
}  # fmt: skip
_TAKES = {
    "bool": "true or false", "int": "a whole number from 1", "dec": "a number like 12.50", "date": "a day like 2025-03-02",
    "ts": "a time with its zone, like 2025-03-02T10:00:00Z", "enum": "one of: {}", "country": "the two letters of a country (ISO 3166-1): US",
    "str": "1 to {} characters of one line",
}  # fmt: skip


# --- enrichment -------------------------------------------------------------------------------------------------------


def enrichment_of(file: str, path: Path, on: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Return the join of an enrichment CSV: shipment -> fields of its row, None without one. Raises ConfigError.

    file: the partner file that names it. on: the canonical field, or kind of reference, whose value is looked up; the other columns are fields
    of the shipment, dotted for parts (`security_scan.method`). Comma, semicolon or tab; UTF-8.
    """
    numbers = fields_of("reference")["type"].removeprefix("enum:").split("|")
    if _of(fields_of("shipment").get(on, ""))[0] != "str" and on not in numbers:
        fields = [name for name, tag in fields_of("shipment").items() if tag.startswith("str")] + numbers
        raise ConfigError(
            f'{file}: enrichment.on "{on}" is no text field of a shipment.', did_you_mean(on, fields, _FIELDS)
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            rows = dict(_Table(path.name, on).rows(source))
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


_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.I)


class _Table:
    """Reads one enrichment file. name: for what is told of it; on: the column of its key."""

    def __init__(self, name: str, on: str) -> None:
        self._name, self._on = name, on

    def rows(self, source: TextIO) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield key and draft of each row; the same row twice is none the worse."""
        columns, table = self._opened(source)
        key_at = columns.index(self._on)
        fields = [self._field(column) if n != key_at else None for n, column in enumerate(columns)]
        known: dict[str, tuple[list[str], int]] = {}
        began = table.line_num + 1
        try:
            for cells in table:
                if not any(cell.strip() for cell in cells):
                    continue
                key, line = cells[key_at].strip() if key_at < len(cells) else "", table.line_num
                if not key:
                    raise self._fault(line, f"{self._on} is empty.", "Every row needs one.")
                before, at = known.setdefault(key, (cells, line))
                if before != cells:
                    raise self._fault(
                        line, f"{self._on} stands in line {at} too, with other values.", "Keep one of the two."
                    )
                began = line + 1  # of the row that is read next
                yield self._key(key, line), self._draft(fields, cells, key_at, line)
        except csv.Error as error:
            said, _ = not_csv(str(error))
            raise self._fault(began, f"{said}.", "Mend that row, or save it as CSV again.") from None

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
            kind, inner = _of(tag)
            if kind in ("object", "list"):
                parts = ", ".join(f"{column}.{name}" for name in list(fields_of(inner))[:3]) if kind == "object" else ""
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
            for parent in parents:
                place = place.setdefault(parent, {})
            try:
                place[leaf] = make(cell)
            except _ValueError as error:
                name = ".".join((*parents, leaf))
                raise self._fault(line, f"{name} is not what the field takes.", f"Write {error}.") from None
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
        kind, inner = _of(found)
        tag, level = found, inner if kind == "object" else ""
    return tag


def _near_path(path: str) -> str:
    """Return what a column may have been meant to be."""
    first, dot, rest = path.partition(".")
    kind, inner = _of(fields_of("shipment").get(first, ""))
    if dot and kind == "object":
        parts = fields_of(inner)
        return did_you_mean(rest, parts, f"{first} has: {', '.join(parts)}.", f"{first}.")
    return did_you_mean(path, fields_of("shipment"), _FIELDS)
