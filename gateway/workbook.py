"""Mapping tables as Excel workbooks and back, without change: every cell is text, the header is locked.

export:  map.csv -> sheet "map" (the rows), sheet "how" (what the columns mean); code tables likewise
import:  sheet "map" -> the same CSV, byte for byte; cells that Excel turned into numbers or dates are refused
"""

from __future__ import annotations

import csv
import io
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gateway.canonical.model import PARTY_ROLES
from gateway.errors import ConfigError, MappingError
from gateway.mapping.codes import CodeTables
from gateway.mapping.table import Fault, decoded, read_cells, read_records, read_table, reader_of
from gateway.mapping.transforms import registry
from gateway.outputs.field import COLUMNS

SHEET = "map"
_WIDTHS = {
    "level": 22,
    "target": 34,
    "source": 44,
    "when": 34,
    "transform": 28,
    "message": 44,
    "example": 40,
    "note": 40,
}
_OTHER_KINDS = {
    ".ods": "Save it as .xlsx (Excel 2007-365): File, Save As.",
    ".xls": "Save it as .xlsx: File, Save As, Excel Workbook.",
    ".csv": "A CSV needs no import: put it in its place, and gateway mapping check looks at it.",
}
"""File names of other tables -> what to do."""
_SPARE_ROWS = 200  # below the table: drop-downs for rows that are added
_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((str,), "a formula"),
    ((bool,), "TRUE or FALSE"),
    ((int, float), "a number"),
    ((date, time, timedelta), "a date or time"),
)
_HOW = (
    ("level", "message, shipment, item, reference, or a party such as seller"),
    ("target", "field of the level, or (each), (first), (refuse), (continue)"),
    ("source", "path in the notation of the format; several joined by ;"),
    ("when", "PATH=A|B, PATH!=A, PATH present, PATH absent, joined by and"),
    ("transform", "steps joined by |, such as trim or code mode_x12"),
    ("required", "yes: the shipment is refused; warn: a remark"),
    ("example", "450; L => 204.117, several by line break"),
)


_HOW_CODES = (
    ("code", "what files have, such as 01; several parted by |"),
    ("value", "what the canonical model says instead"),
    ("from, to", "days such as 2025-03-04, where the value depends on the day; to is the first day after"),
    ("one_way", "yes: the code is read and never written"),
)


def export_table(data: bytes, mapping: str, target: Path) -> int:
    """Write a mapping table as a workbook; return its rows. data: the CSV as coordinators save it. Raises ConfigError when it is no such table."""
    faults: list[Fault] = []
    read = read_cells(data, mapping, faults)
    for fault in (one for one in faults if one.severity == "error"):
        raise ConfigError(
            f"{mapping}, line {fault.line}: {fault.message}.", f"{fault.advice[:1].upper()}{fault.advice[1:]}."
        )
    if not read or not (_is_of_codes(read[0][1]) or "target" in [cell.strip().lower() for cell in read[0][1]]):
        raise ConfigError(
            f"{mapping} is no mapping table: it has no column target.",
            "Name a mapping id or code table, or the CSV of a partner's rows or codes.",
        )
    rows = list(reader_of(decoded(data)[0]))
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = SHEET
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            _write(sheet.cell(number, column), text, header=number == 1)
    header = rows[0] if rows else []
    for column, name in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 14)
    sheet.freeze_panes = "C2"
    sheet.protection.sheet = True  # only the header is locked; no password
    sheet.protection.formatCells = sheet.protection.insertRows = sheet.protection.deleteRows = False
    _choices(sheet, header, len(rows))
    _how(book, mapping, codes=_is_of_codes(header))
    book.save(target)
    return max(len(rows) - 1, 0)


def _write(cell: Cell | MergedCell, text: str, *, header: bool) -> None:
    assert isinstance(cell, Cell)
    cell.value = text or None
    cell.data_type = "s" if text else "n"
    cell.number_format = "@"
    cell.protection = Protection(locked=header)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if header:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDDDDD")


def _choices(sheet: Worksheet, header: list[str], rows: int) -> None:
    """Offer the words of level and required; other texts stay allowed where the language has more."""
    levels = ["message", "shipment", "item", "reference", *PARTY_ROLES]
    for name, words in (("level", levels), ("required", ["yes", "warn"])):
        if name not in header:
            continue
        letter = get_column_letter(header.index(name) + 1)
        listed = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True, showErrorMessage=False)
        listed.add(f"{letter}2:{letter}{rows + _SPARE_ROWS}")
        sheet.add_data_validation(listed)
    for number in range(rows + 1, rows + _SPARE_ROWS + 1):
        for column in range(1, len(header) + 1):
            spare = sheet.cell(number, column)
            spare.number_format, spare.protection = "@", Protection(locked=False)


def _is_of_codes(header: list[str]) -> bool:
    """True for a code table."""
    names = {name.strip().lower() for name in header}
    return {"code", "value"} <= names and "level" not in names


def of_codes(data: bytes) -> bool:
    """True for the CSV of a code table."""
    return _is_of_codes(next(csv.reader(io.StringIO(data.decode("utf-8"), newline="")), []))


def _how(book: Workbook, mapping: str, *, codes: bool) -> None:
    sheet = book.create_sheet("how")
    sheet.append(["code table" if codes else "mapping", mapping])
    for row in _HOW_CODES if codes else _HOW:
        sheet.append(row)
    if not codes:
        sheet.append(["transforms", " ".join(sorted(registry()))])
    sheet.append(["back", f"gateway mapping import FILE.xlsx -o {'codes/TABLE' if codes else 'map'}.csv"])
    sheet.column_dimensions["B"].width = 100


def import_table(source: Path) -> bytes:
    """Return the CSV of a workbook. Raises MappingError for cells that are no text any more and for a broken table."""
    if not source.is_file():
        raise ConfigError(f"{source} is not there.", "gateway mapping export ID -o FILE.xlsx writes a workbook.")
    if mend := _OTHER_KINDS.get(source.suffix.lower()):
        raise ConfigError(f"{source.name} is no workbook of Excel.", mend)
    rows = [
        [_text(value, source.name, number, column) for column, value in enumerate(cells, 1)]
        for number, cells in enumerate(_cells(source), 1)
    ]
    while rows and not any(rows[-1]):
        rows.pop()
    width = len(_stripped(rows[0])) if rows else 0
    _check_beside(rows, width, source.name)
    rows = [_stripped(row) if row[:1] and row[0].startswith("#") else (row + [""] * width)[:width] for row in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode()
    for fault in _faults(data, source.name, rows[0] if rows else []):
        if fault.severity == "error":
            row = _row_of(fault.line, rows)
            raise MappingError(fault.file, row, fault.column, fault.message, fault.advice)
    return data


def _check_beside(rows: list[list[str]], width: int, file: str) -> None:
    """Raise MappingError for a cell that stands in no column of the table: it would be lost."""
    for number, row in enumerate(rows, 1):
        column = next((n for n, cell in enumerate(row[width:], width + 1) if cell), 0)
        if column and not row[0].startswith("#"):
            said = f"cell {get_column_letter(column)}{number} stands in a column without a name"
            raise MappingError(file, number, "", said, "name the column (free ones start with note), or empty the cell")


def _check_merged(sheet: Worksheet, file: str) -> None:
    """Raise MappingError for merged cells: all but the first have lost what stood in them."""
    for place in sheet.merged_cells.ranges:
        said = f"cells {place.coord} are merged: only the first of them has a text"
        raise MappingError(file, place.min_row, "", said, "take the cells apart again (Unmerge), and fill each of them")


def _cells(source: Path) -> list[tuple[Any, ...]]:
    """Return the rows of the mapping sheet. Raises ConfigError when there is none."""
    try:
        book = load_workbook(source, data_only=False)
        sheet = book[SHEET] if SHEET in book.sheetnames else None
        rows = list(sheet.iter_rows(values_only=True)) if sheet is not None else None
        book.close()
        if sheet is not None:
            _check_merged(sheet, source.name)
    except MappingError:
        raise
    except OSError as error:
        raise ConfigError(
            f"{source.name} cannot be read ({error.strerror or error}).", "Close it in Excel, and try again."
        ) from None
    except Exception as error:  # a damaged part can break openpyxl in any way
        raise ConfigError(
            f"{source.name} is not a workbook, or it is damaged ({type(error).__name__}).", "Save it as .xlsx."
        ) from None
    if rows is None:
        there = ", ".join(book.sheetnames)
        raise ConfigError(f'{source.name} has no sheet "{SHEET}", but {there}.', f'Name the sheet with the rows "{SHEET}" again, as gateway mapping export did.')  # fmt: skip
    return rows


def _row_of(line: int, rows: list[list[str]]) -> int:
    """Return the row of a workbook that ends on a line of its CSV: cells with line breaks take several lines there."""
    last = 0
    for number, row in enumerate(rows, 1):
        last += 1 + sum(cell.count("\n") for cell in row)
        if last >= line:
            return number
    return len(rows)


def _faults(data: bytes, file: str, header: list[str]) -> list[Fault]:
    """Return the faults of a mapping table, of a code table, or of a table on the way out (the one with lengths)."""
    if _is_of_codes(header):
        return [msgspec.structs.replace(fault, file=file) for fault in CodeTables({file: data}).faults]
    if "max_length" not in header:
        return read_table(data, file).faults
    faults: list[Fault] = []
    read_records(data, file, COLUMNS, ("target", "source"), faults)
    return faults


def _text(value: object, file: str, row: int, column: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and not value.startswith("="):
        return value.replace("_x000D_", "").replace("\r\n", "\n")
    where = f"{get_column_letter(column)}{row}"
    kind = next((words for types, words in _KINDS if isinstance(value, types)), "something else")
    said = f"cell {where} holds {kind}, not a text"
    raise MappingError(file, row, "", said, "format the column as text and type the value again")


def _stripped(row: list[str]) -> list[str]:
    row = list(row)
    while row and not row[-1]:
        row.pop()
    return row
