"""The rows of a sample table, whatever it is written in, and which of them is the header."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from gateway.commands.onboard_draft import Draft
from gateway.errors import ConfigError
from gateway.formats.tabular.layout import NAMES, detect_delimiter, looks_like_header

ROWS = 500
"""Rows of the sample that are looked at."""


def rows_of(data: bytes, kind: str, draft: Draft) -> list[list[str]]:
    """Return the first rows of a table, header and title rows too; what a CSV is written in goes into the draft.

    kind: "xlsx", "json" or "csv".
    """
    return _workbook(data) if kind == "xlsx" else _records(data) if kind == "json" else _lines(data, draft)


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
    return list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), ROWS + 20))


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

    try:
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
        rows = list(islice(sheet.iter_rows(values_only=True), ROWS + 20))
    except Exception as error:  # a damaged part can break openpyxl in any way
        said = f"The workbook has no sheet with cells, or it is damaged ({type(error).__name__})."
        raise ConfigError(said, "Open it in a spreadsheet program and save it as .xlsx again.") from None
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def _records(data: bytes) -> list[list[str]]:
    """Return the flattened keys and values of a JSON document or of JSON lines as rows."""
    text = data.decode("utf-8-sig", "replace")
    try:
        found = json.loads(text)
        entries = found if isinstance(found, list) else [found]
    except ValueError:
        entries = [e for line in text.splitlines()[:ROWS] if line.strip() for e in _entry(line)]
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


def header_of(rows: list[list[str]]) -> int:
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
