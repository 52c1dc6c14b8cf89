"""Rows as CSV: UTF-8 without BOM, comma, CRLF, quotes where needed, and no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io

from gateway.findings import Finding, Scope, Severity
from gateway.formats.plain.rejects_csv import safe_cell
from gateway.outputs.fill import Filled
from gateway.outputs.layout import Layout


def head(layout: Layout) -> bytes:
    """Return the header line."""
    return _line([field.target for field in layout.fields])


def row(cells: list[Filled], shipment: str) -> tuple[bytes, list[Finding]]:
    """Return one line, and a finding for each cell that had to be made safe."""
    texts, findings = [], []
    for cell in cells:
        text = safe_cell(cell.text)
        texts.append(text)
        if text != cell.text:
            findings.append(_guarded(cell, shipment))
    return _line(texts), findings


def _guarded(cell: Filled, shipment: str) -> Finding:
    said = "The cell would be taken for a formula, so it begins with an apostrophe; the value is without it."
    return Finding(
        "OUT-GUARDED", Severity.WARNING, Scope.SHIPMENT, said, target=cell.field.target, shipment=shipment,
        pointer=f"/items/{cell.number}" if cell.number >= 0 else "", fix="Write .xlsx, or take the apostrophe off where the file is read by a program.",
        row=cell.field.row, personal=cell.field.personal,
    )  # fmt: skip


def _line(texts: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(texts)
    return text.getvalue().encode("utf-8")
