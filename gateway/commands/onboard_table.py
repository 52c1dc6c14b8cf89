"""What a sample table tells: character set, delimiter, header, and which column is meant by each name, with a confidence.

A name in use (columns.csv) is certain; another name is compared with those in use, and the cells below it with what the
column must hold. Nothing is guessed that would change a value: an ambiguous date order is a question.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from itertools import islice
from typing import Any

import pycountry

from gateway.formats.tabular.layout import (
    NAMES,
    Column,
    Header,
    detect_delimiter,
    looks_like_header,
    options_of,
    vocabulary,
)
from gateway.formats.tabular.rows import plain_name
from gateway.shipped import files, table_rows

_ROWS = 500
"""Rows of the sample that are looked at."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One field of the draft. source: column, element or setting; confidence: 0 to 1; why: in words; sample: masked."""

    field: str
    source: str
    confidence: float
    why: str
    sample: str = ""


@dataclass(slots=True)
class Draft:
    """What was found. facts: (name, value) for the report; tabular: keys of [options.tabular]; questions: for a person."""

    format: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    tabular: dict[str, Any] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    senders: list[tuple[str, str]] = field(default_factory=list)
    receivers: list[tuple[str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


def table_draft(data: bytes, kind: str) -> Draft:
    """Return the draft for a table. kind: "xlsx", "json" or "csv"."""
    draft = Draft({"xlsx": "xlsx", "json": "json"}.get(kind, "csv"))
    rows = _workbook(data) if kind == "xlsx" else _records(data) if kind == "json" else _lines(data, draft)
    at = _header(rows)
    names = [c.strip() for c in rows[at]] if rows else []
    body = [r for r in rows[at + 1 :] if sum(bool(c.strip()) for c in r) > 1][:_ROWS]
    draft.facts.append(("columns, rows looked at", f"{len(names)}, {len(body)}"))
    if at and kind != "json":
        draft.tabular["header_row"] = at + 1
        draft.questions.append(
            f"Row {at + 1} was taken for the header. Is it always there? The rows above are title rows."
        )
        _title(rows[:at], draft)
    elif names and kind != "json" and not looks_like_header(names):
        draft.tabular["header_row"] = 1  # with most names unknown the reader would not take it for a header
        draft.questions.append("Row 1 was taken for the header, though few of its names are known. Is it one?")
    cells = [[r[i].strip() for r in body if i < len(r) and r[i].strip()] for i in range(len(names))]
    _columns(names, cells, draft)
    _numbers(names, cells, draft)
    _needs(names, draft)
    return draft


# --- rows ---------------------------------------------------------------------------------------------------------


def _lines(data: bytes, draft: Draft) -> list[list[str]]:
    text, encoding, sure = _decode(data)
    draft.facts.append(("character set", encoding + ("" if sure else " (not certain)")))
    if encoding == "cp1252":
        draft.tabular["encoding"] = encoding
        draft.questions.append("The file is not UTF-8 and was read as Windows-1252. Is that what the sender writes?")
    delimiter = detect_delimiter(text.splitlines()[:50]) or ","
    draft.facts.append(("delimiter", NAMES[delimiter]))
    if delimiter != ",":
        draft.tabular["delimiter"] = NAMES[delimiter]
    return list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), _ROWS + 20))


def _decode(data: bytes) -> tuple[str, str, bool]:
    """Return (text, character set, certain?)."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace"), name.removesuffix("-sig"), True
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace"), "utf-16-le", True
    try:
        return data.decode("utf-8"), "utf-8", True
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252", False


def _workbook(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
    rows = islice(sheet.iter_rows(values_only=True), _ROWS + 20)
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def _records(data: bytes) -> list[list[str]]:
    """Return the flattened keys and values of a JSON document or of JSON lines as rows."""
    text = data.decode("utf-8-sig", "replace")
    try:
        found = json.loads(text)
        entries = found if isinstance(found, list) else [found]
    except ValueError:
        entries = [e for line in text.splitlines()[:_ROWS] if line.strip() for e in _entry(line)]
    flat = [dict(_flat(e, "")) for e in entries]
    names = list(dict.fromkeys(name for entry in flat for name in entry))
    return [names, *([entry.get(n, "") for n in names] for entry in flat)]


def _entry(line: str) -> list[Any]:
    """Return the object of a line of JSON lines; nothing for a damaged line, which its sender is told of when it is sent."""
    try:
        return [json.loads(line)]
    except (ValueError, RecursionError):
        return []


def _flat(value: Any, name: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value[:1]:
            yield from _flat(inner, name)
    else:
        yield name, "" if value is None else str(value)


def _header(rows: list[list[str]]) -> int:
    """Return the index of the header: the first row of known names, else the first full row without a number in it."""
    for index, row in enumerate(rows[:15]):
        if looks_like_header(row):
            return index
    width = max((sum(bool(c.strip()) for c in r) for r in rows[:50]), default=0)
    for index, row in enumerate(rows[:15]):
        filled = [c.strip() for c in row if c.strip()]
        if len(filled) * 10 >= width * 7 and not any(re.fullmatch(r"[\d.,\s-]+", c) for c in filled):
            return index
    return 0


def _title(rows: list[list[str]], draft: Draft) -> None:
    """Read the air waybill out of the title rows, when there is one."""
    if any(
        _SETS["master_bill"](found) for row in rows for cell in row for found in re.findall(r"\b\d{3}-\d{8}\b", cell)
    ):
        draft.tabular["title"] = r"(?P<master_bill>[0-9]{3}-[0-9]{8})"
        draft.guesses.append(
            Guess("master_bill", "title rows", 0.8, "a number of the form of an air waybill, check digit right")
        )


# --- columns ------------------------------------------------------------------------------------------------------


def _columns(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    columns, aliases = vocabulary()
    taken: dict[str, int] = {}
    for index, name in enumerate(names):
        meant = aliases.get(plain_name(name), "")
        if meant and meant not in taken:
            taken[meant] = index
            draft.guesses.append(Guess(meant, name, 0.98, "a name in use", _mask(cells[index])))
        elif meant:
            draft.questions.append(f'Columns "{names[taken[meant]]}" and "{name}" both mean {meant}: which one counts?')
    ways = []
    for index, name in enumerate(names):
        if name and index not in taken.values() and plain_name(name) not in aliases:
            ways += [(*_likeness(name, cells[index], c), index, c) for c in columns.values() if c.name not in taken]
    done: set[int] = set()
    for score, why, index, column in sorted(ways, key=lambda w: -w[0]):
        if score >= 0.55 and index not in done and column.name not in taken:
            done.add(index)
            taken[column.name] = index
            draft.tabular.setdefault("rename", {})[names[index]] = column.name
            draft.guesses.append(Guess(column.name, names[index], round(score, 2), why, _mask(cells[index])))
            if score < 0.75:
                draft.questions.append(f'Is "{names[index]}" really {column.name}? ({why})')
    for index, name in enumerate(names):
        if name and index not in taken.values() and plain_name(name) not in aliases:
            draft.questions.append(
                f'Column "{name}" ({_mask(cells[index]) or "empty"}) is read by nothing. Is it needed?'
            )


def _likeness(name: str, values: list[str], column: Column) -> tuple[float, str]:
    """Return (confidence, why) that a column of a table is the standard one."""
    words = max(_alike(name, alias) for alias in _names_in_use()[column.name])
    fit = _fit(column, values)
    if fit is None:
        return words * 0.8, f"name {words:.0%} alike"
    if fit < 0.5:
        return 0.0, ""
    if column.name in _TELLING and fit > 0.95:  # e-mail, URL, currency, air waybill: the cells say it
        return max(
            0.6 if words > 0.2 else 0.5, words * 0.6 + fit * 0.35
        ), f"name {words:.0%} alike, {fit:.0%} of the cells fit"
    return words * 0.65 + (fit * 0.3 if words >= 0.5 else 0), f"name {words:.0%} alike, {fit:.0%} of the cells fit"


def _alike(one: str, other: str) -> float:
    """Return how alike two names are, 0 to 1: as words in any order (recipient = consignee), or as letters."""
    first, second = _words(one), _words(other)
    shared = len(first & second) / len(first | second) if first | second else 0.0
    return max(shared, SequenceMatcher(None, plain_name(one), plain_name(other)).ratio() * 0.7)


def _words(name: str) -> frozenset[str]:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    words = (w for w in re.split(r"[\W_]+", split) if w and w not in ("of", "the", "full", "gross", "item"))
    return frozenset(_synonyms().get(w, w) for w in words)


@cache
def _synonyms() -> dict[str, str]:
    """Return word -> word of the standard columns (onboard_words.csv)."""
    text = files(__package__).joinpath("onboard_words.csv").read_text("utf-8")
    return {row["word"]: row["means"] for row in table_rows(text)}


@cache
def _names_in_use() -> dict[str, tuple[str, ...]]:
    """Return column -> its names in use as they are written, its own first."""
    text = files("gateway.formats.tabular").joinpath("columns.csv").read_text("utf-8")
    rows = table_rows(text)
    return {row["column"]: (row["column"], *filter(None, row["aliases"].split("|"))) for row in rows}


_COUNTRIES = {c.alpha_2 for c in pycountry.countries} | {c.alpha_3 for c in pycountry.countries}
_STATES = {s.code[3:] for s in pycountry.subdivisions if s.country_code == "US"}
_CURRENCIES = {c.alpha_3 for c in pycountry.currencies}
_UNITS = {"K", "KG", "KGS", "KGM", "G", "GR", "GRM", "L", "LB", "LBS", "LBR", "OZ", "ONZ"}
_MODES = {"AIR", "TRUCK", "OCEAN", "SEA", "RAIL", "MAIL", "POST", "10", "11", "20", "30", "40", "50"}
_SHAPES: dict[str, str] = {
    "date": r"\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*|\d{8}|\d{1,2}-[A-Za-z]{3}-\d{2,4}", "zip": r"[A-Z0-9][A-Z0-9 -]{2,9}",
    "phone": r"\+?[\d ()./-]{7,20}", "number": r"\d{1,6}([.,]0+)?", "weight": r"\d{1,5}([.,]\d{1,4})?", "money": r"-?[$€£]?\s?\d{1,3}([.,]?\d{3})?([.,]\d{1,2})?", "hts": r"\d{4}[.\d]{2,9}",
    "name": r"[^\d@]{4,}", "address": r"(?=.*\d)[^@]*[A-Za-z][^@]*|[^\d@]{6,}", "city": r"[^\d@]{3,}", "id": r"[A-Z0-9][A-Za-z0-9/-]{3,35}", "text": r".*[A-Za-z].*",
}  # fmt: skip
_SETS: dict[str, Callable[[str], bool]] = {
    "currency": lambda v: v.upper() in _CURRENCIES, "weight_unit": lambda v: v.upper() in _UNITS, "mode": lambda v: v.upper() in _MODES,
    "origin": lambda v: v.upper() in _COUNTRIES, "consignee_state": lambda v: v.upper() in _STATES,
    "consignee_email": lambda v: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", v)),
    "shipper_email": lambda v: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", v)),
    "product_url": lambda v: v.startswith(("http://", "https://")),
    "master_bill": lambda v: bool(re.fullmatch(r"\d{3}-?\d{8}", v)) and int(v.replace("-", "")[3:10]) % 7 == int(v[-1]),
    "arrival_port": lambda v: bool(re.fullmatch(r"\d{4}", v)), "foreign_port": lambda v: bool(re.fullmatch(r"\d{5}|[A-Z]{3}|[A-Z]{5}", v)),
    "carrier_code": lambda v: bool(re.fullmatch(r"[A-Z0-9]{2,4}", v)),
}  # fmt: skip
_SETS |= {f"{role}_country": _SETS["origin"] for role in ("shipper", "consignee", "seller")}
_TELLING = frozenset(("currency", "consignee_email", "product_url", "master_bill"))


def _fit(column: Column, values: list[str]) -> float | None:
    """Return the share of cells that the column could hold; None when there are none or nothing is asked."""
    if not values:
        return None
    test = _SETS.get(column.name)
    if test is None and column.kind in _SHAPES:
        pattern = re.compile(_SHAPES[column.kind])
        return sum(bool(pattern.fullmatch(v)) for v in values) / len(values)
    return sum(map(test, values)) / len(values) if test is not None else None


# --- how numbers and dates are written ----------------------------------------------------------------------------


def _numbers(names: list[str], cells: list[list[str]], draft: Draft) -> None:
    columns = vocabulary()[0]
    by_name = {g.source: columns[g.field].kind for g in draft.guesses if g.field in columns}
    amounts = [v for n, c in zip(names, cells, strict=True) if by_name.get(n) in ("money", "weight") for v in c]
    comma = any(re.search(r"\d,\d{1,3}$", v) and not re.search(r"\.\d{1,2}$", v) for v in amounts)
    point = any(re.search(r"\.\d{1,2}$", v) for v in amounts)
    if comma and not point:
        draft.tabular["decimal"] = "comma"
        draft.facts.append(("decimal mark", "comma"))
    elif comma and point:
        draft.questions.append("Amounts are written with a decimal comma and with a decimal point: which one is meant?")
    days = [v for n, c in zip(names, cells, strict=True) if by_name.get(n) == "date" for v in c]
    parts = [m for v in days if (m := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}", v))]
    first, second = any(int(m[1]) > 12 for m in parts), any(int(m[2]) > 12 for m in parts)
    if first != second:
        draft.tabular["date_order"] = "dmy" if first else "mdy"
        draft.facts.append(("dates", "day before month" if first else "month before day"))
    elif parts:
        draft.questions.append(
            f'Is {_mask([parts[0][0]], whole=True)} day/month or month/day? Write date_order = "dmy" or "mdy".'
        )


def _needs(names: list[str], draft: Draft) -> None:
    """Ask for what every table must have, and settle the mode where the numbers tell it."""
    header = Header(list(names), options_of({"tabular": draft.tabular}))
    for column, _ in header.missing(currency=False):
        draft.questions.append(_ASK.get(column, f"No column for {column} was found: which one is it?"))
    if not header.has("mode") and not header.has("seller_id"):
        air = next((g for g in draft.guesses if g.field == "master_bill"), None)
        if air is not None:
            draft.tabular.setdefault("values", {})["mode"] = "air"
            draft.guesses.append(Guess("mode", "air", 0.7, "the master bill is an air waybill"))
            draft.questions.append('Do all shipments come by air? Else change values = { mode = "air" }.')
        else:
            draft.questions.append(
                'By which mode do the shipments come? Write values = { mode = "truck" } under [options.tabular].'
            )


_ASK = {
    "house_bill": 'Which column has the number of the parcel? Write rename = { "Their name" = "tracking_number" } (or house_bill, order_number) under [options.tabular].',
    "currency": 'In which currency are the values? Write default_currency = "USD" in the partner file.',
    "weight_unit": 'In which unit is the weight? Write values = { weight_unit = "KG" } under [options.tabular].',
}


def _mask(values: list[str], *, whole: bool = False) -> str:
    """Return a sample that tells the form and no person: the first value, letters as A, digits as 9."""
    if not values:
        return ""
    return values[0] if whole else re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", values[0]))[:24]


__all__ = ["Draft", "Guess", "table_draft"]
