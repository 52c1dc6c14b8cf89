"""The rows of a sample table, whatever it is written in, and which of them is the header."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

from gateway.commands.onboard_draft import Draft
from gateway.errors import ConfigError
from gateway.formats.tabular.json_file import json_rows
from gateway.formats.tabular.layout import NAMES, detect_delimiter, looks_like_header
from gateway.formats.tabular.vocabulary import meaning
from gateway.site import base_site

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
    from gateway.formats.tabular.xlsx_file import Refused, sheet_rows

    try:
        return list(islice(sheet_rows(data), ROWS + 20))
    except Refused as refused:
        said = f"The sample cannot be read: {refused.args[1]}"
        raise ConfigError(said, "Open it in a spreadsheet program and save it as .xlsx again.") from None


def _records(data: bytes) -> list[list[str]]:
    """Return keys and values of a JSON document or of JSON lines as rows, named as the reader names them."""
    names, rows = json_rows(data, next(iter(base_site().partners.values())).profile, ROWS)
    return [names, *(row + [""] * (len(names) - len(row)) for row in rows)]


def header_of(rows: list[list[str]]) -> int:
    """Return the index of the header: the row with most known names, else the first full row without a number in it."""
    heads = [index for index, row in enumerate(rows[:15]) if looks_like_header(row)]
    if heads:
        return max(heads, key=lambda index: sum(bool(meaning(c)) for c in rows[index] if c.strip()))
    width = max((sum(bool(c.strip()) for c in r) for r in rows[:50]), default=0)
    for index, row in enumerate(rows[:15]):
        filled = [c.strip() for c in row if c.strip()]
        if len(filled) * 10 >= width * 7 and not any(re.fullmatch(r"[\d.,\s-]+", c) for c in filled):
            return index
    return 0
