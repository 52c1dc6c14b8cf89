"""Rows as an Excel workbook: numbers are numbers, everything else is text, so that no zero is lost and no formula runs."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from gateway.errors import ConfigError
from gateway.outputs.fill import Filled
from gateway.outputs.layout import Layout

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")

MOST_ROWS = 1_048_576
"""Rows of a sheet, the header among them."""


class WorkbookOut:
    """One sheet, written row by row; `save` puts it into a file."""

    def __init__(self, layout: Layout) -> None:
        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet(layout.id[:31])
        self._rows = 1
        self._sheet.freeze_panes = "A2"
        for number, field in enumerate(layout.fields, 1):
            self._sheet.column_dimensions[get_column_letter(number)].width = max(12, len(field.target) + 2)
        header = [self._cell(field.target, number=False) for field in layout.fields]
        for cell in header:
            cell.font = Font(bold=True)
        self._sheet.append(header)

    def add(self, cells: list[Filled]) -> None:
        """Append a row. Raises ConfigError when the sheet is full."""
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise ConfigError("A sheet takes no more rows.", "Write .csv, or fewer files at a time.")
        self._sheet.append([self._cell(c.text, number=c.field.number) if c.text else None for c in cells])

    def save(self, path: Path) -> None:
        """Write the workbook."""
        self._book.save(path)

    def drop(self) -> None:
        """End without a file; openpyxl removes what it had written on the side."""
        self._sheet.close()

    def _cell(self, text: str, *, number: bool) -> Any:
        value = "".join(c if c.isprintable() else " " for c in text)
        if number and _PLAIN.fullmatch(value):
            cell = WriteOnlyCell(self._sheet)
            cell.value = Decimal(value)
            decimals = len(value.partition(".")[2])
            cell.number_format = f"0.{'0' * decimals}" if decimals else "0"
            return cell
        cell = WriteOnlyCell(self._sheet, value)
        cell.data_type, cell.number_format = "s", "@"
        return cell
