"""A mapping table's CSV text -> rows; what Excel did to it is found and said, never guessed away.

Accepted: UTF-8 with or without BOM, Windows-1252 (with a remark), comma, semicolon or tab (found from the header line),
any line ends, lines that start with "#", empty trailing columns and rows.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from gateway.spreadsheets import DAY, ERROR

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = ("level", "target", "source", "when", "transform", "default", "required", "rule", "message", "example")
"""Columns of a mapping table; every other column must start with "note"."""

_FOLD = str.maketrans(
    {"‘": "'", "’": "'", "–": "-", "—": "-", "\u2011": "-", "…": "..."}
    | dict.fromkeys("\xa0\u2007\u202f", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\xad", "")
)
"""What word processors and web pages put in the place of plain signs; what cannot be seen goes."""
_QUOTES = "“”„"
"""Typographic quotes: text of a cell, and no quotes of the CSV, for they begin a cell that no other ends."""
_AROUND = re.compile(rf"^\s*[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]\s*$")
_PLAIN_QUOTES = str.maketrans(dict.fromkeys(_QUOTES, '"'))
_SEPARATOR = re.compile(r"sep=([,;\t])\s*\r?\n")  # the first line of a CSV, by which Excel knows its separator
_WORKBOOK = b"PK\3\4"
_EXCEL_BIG = re.compile(r"\d(\.\d+)?E\+\d+", re.I)
_FORMULA = re.compile(r"""=\s*["(+A-Za-z-]""")
_ELEMENT_ALONE = re.compile(r"0?\.\d+")
_SUSPECT = frozenset("=#.0123456789")
"""What all of them start with: most cells do not."""
_WORDS = ("message", "example", "why", "mend", "note")
"""Columns of free text, or how their names start: what Excel makes of a number does not matter there."""


class Fault(msgspec.Struct, frozen=True):
    """One lint fault. code: MAP-...; line counts from 1 (the header); severity error or warning."""

    code: str
    file: str
    line: int
    column: str
    message: str
    advice: str = ""
    severity: str = "error"


class Row(msgspec.Struct, frozen=True):
    """One row: the cells by column name, blanks stripped."""

    file: str
    line: int
    level: str
    target: str
    source: str = ""
    when: str = ""
    transform: str = ""
    default: str = ""
    required: str = ""
    rule: str = ""
    message: str = ""
    example: str = ""

    @property
    def where(self) -> str:
        """`file:line`, as findings and traces name a row."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Table:
    """All rows of one file and the faults found while reading it."""

    file: str
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_table(data: bytes, file: str) -> Table:
    """Return the rows of a mapping table; never raises on data."""
    table = Table(file)
    for line, values in read_records(data, file, COLUMNS, ("level", "target", "source"), table.faults):
        table.rows.append(Row(file, line, *values.values()))
    return table


def read_records(
    data: bytes,
    file: str,
    columns: tuple[str, ...],
    needed: tuple[str, ...],
    faults: list[Fault],
    free: tuple[str, ...] = (),
) -> list[tuple[int, dict[str, str]]]:
    """Return (line, cells by column) of a table that coordinators edit; what is wrong with it goes to `faults`.

    columns: those the table may have, besides free ones that start with "note" or are named; needed: those it must have.
    """
    records: list[tuple[int, dict[str, str]]] = []
    header: list[str] = []
    blank = dict.fromkeys(columns, "")
    before = len(faults)
    for line, cells in read_cells(data, file, faults):
        if not header:
            header = [c.strip().lower() for c in cells]
            _check_header(header, file, line, columns, needed, faults, free)
            continue
        if len(cells) > len(header) and "".join(cells[len(header) :]).strip():
            said = f"the row has {len(cells)} cells, the header {len(header)}"
            faults.append(Fault("MAP-CELLS", file, line, "", said, "a comma in a cell needs quotes around the cell"))
        values = blank.copy()
        for column, cell in zip(header, cells, strict=False):
            if cell and (text := cell.strip()):
                if text[0] in _SUSPECT and not column.startswith(_WORDS):
                    _check_excel(faults, file, line, column, text)
                if column in blank:
                    values[column] = text
                elif not column:
                    said = f'"{text}" stands in a column without a name'
                    advice = "name the column (free ones start with note), or empty the cell"
                    faults.append(Fault("MAP-CELLS", file, line, "", said, advice))
        records.append((line, values))
    if not header and all(fault.code != "MAP-CSV" for fault in faults[before:]):
        faults.append(
            Fault("MAP-EMPTY", file, 1, "", "the table is empty", f"start it with the header {','.join(columns)}")
        )
    return records


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a table, and the name of its character set when that is not UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of Excel
        return data.decode("utf-16", "replace"), "UTF-16"
    if data[1:2] == b"\0" or data[:1] == b"\0":  # the same without its mark
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace"), "UTF-16"
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "Windows-1252"


def read_cells(data: bytes, file: str, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of a CSV as coordinators save it; comments and empty rows are left out."""
    if data.startswith(_WORKBOOK):
        faults.append(Fault("MAP-CSV", file, 1, "", *not_csv("", data)))
        return []
    text, read_as = decoded(data)
    if read_as:
        said = f"the file is not UTF-8; it was read as {read_as}"
        faults.append(Fault("MAP-ENCODING", file, 1, "", said, "save it as CSV UTF-8", "warning"))
    folded = text if text.isascii() else text.translate(_FOLD)
    quoted = any(quote in folded for quote in _QUOTES)
    if folded != text or quoted:
        faults.append(
            Fault(
                "MAP-TYPOGRAPHY",
                file,
                1,
                "",
                "typographic quotes, dashes or no-break spaces were read as plain ones, characters that cannot be seen left out",
                "switch off AutoCorrect while typing smart quotes",
                "warning",
            )
        )
    rows = []
    lines = reader_of(folded)
    began = lines.line_num + 1  # of the row that is read next
    try:
        for cells in map(_plain, lines) if quoted else lines:
            first = cells[0].lstrip() if cells else ""
            if (first[0] != "#" or ERROR.fullmatch(first.strip())) if first else "".join(cells).strip():
                rows.append((lines.line_num, cells))
            began = lines.line_num + 1
    except csv.Error as error:
        faults.append(Fault("MAP-CSV", file, began, "", *not_csv(str(error), data)))
    return rows


def _plain(cells: list[str]) -> list[str]:
    """Return cells with plain quotes; those around a whole cell go, as plain ones would have."""
    return [_AROUND.sub(r"\1", cell).translate(_PLAIN_QUOTES) for cell in cells]


def reader_of(text: str) -> Reader:
    """Return the rows of a CSV as coordinators save it, behind a first line `sep=;`; the header tells the delimiter.

    Strict: quotes that are not closed would make all rows below them a part of one cell.
    """
    hint = _SEPARATOR.match(text)
    header = next((line for line in text.splitlines() if line.strip() and not line.startswith(("#", "sep="))), "")
    delimiter = hint[1] if hint else max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if hint:
        next(reader, None)
    return reader


def not_csv(error: str, data: bytes = b"") -> tuple[str, str]:
    """Return what is wrong with a table that the csv module cannot read, and what to do. data: the table."""
    if data.startswith(_WORKBOOK):
        return (
            "the file is a workbook or archive, not CSV",
            "turn a workbook into CSV: gateway mapping import FILE.xlsx -o FILE.csv",
        )
    if "expected after" in error:
        said = "a quoted cell of this row has text behind its closing quote"
        return said, 'write quotes inside of a quoted cell twice (""); or close those of a cell before'
    if error == "unexpected end of data":
        said = "a cell of this row has quotes that nothing closes: all rows below would be part of it"
        return said, "close the quotes"
    return f"the file is not CSV: {error}", "save it as CSV UTF-8 again"


def _check_header(
    header: list[str],
    file: str,
    line: int,
    columns: tuple[str, ...],
    needed: tuple[str, ...],
    faults: list[Fault],
    free: tuple[str, ...],
) -> None:
    known = ", ".join(columns)
    for column in needed:
        if column not in header:
            said = f'column "{column}" is missing'
            faults.append(Fault("MAP-COLUMN", file, line, column, said, f"the columns are {known}"))
    for column in header:
        if column and column not in (*columns, *free) and not column.startswith("note"):
            said, advice = f'column "{column}" is not known', f"write one of {known}, or start its name with note"
            faults.append(Fault("MAP-COLUMN", file, line, column, said, advice))
        if column and header.count(column) > 1:
            faults.append(Fault("MAP-COLUMN", file, line, column, f'column "{column}" stands twice', "remove one"))


def _check_excel(faults: list[Fault], file: str, line: int, column: str, cell: str) -> None:
    if ERROR.fullmatch(cell):
        faults.append(
            Fault(
                "MAP-EXCEL",
                file,
                line,
                column,
                f'"{cell}": Excel took the cell for a formula',
                "format the column as text and type the value again",
            )
        )
    elif _FORMULA.match(cell):
        said = f'"{cell}" is a formula: nothing works it out here'
        advice = "format the column as text and type the value alone, without = and quotes"
        faults.append(Fault("MAP-EXCEL", file, line, column, said, advice))
    elif DAY.fullmatch(cell):
        faults.append(
            Fault(
                "MAP-EXCEL",
                file,
                line,
                column,
                f'"{cell}": Excel turned the cell into a date',
                "format the column as text; components are written REF.02-1",
            )
        )
    elif _EXCEL_BIG.fullmatch(cell):
        faults.append(
            Fault(
                "MAP-EXCEL",
                file,
                line,
                column,
                f'"{cell}": Excel rounded a long number',
                "format the column as text and type the number again",
            )
        )
    elif column == "source" and _ELEMENT_ALONE.fullmatch(cell):
        faults.append(
            Fault("MAP-EXCEL", file, line, column, f'"{cell}": a source needs its segment', "write N1.02, never .02")
        )
