"""XLSX workbooks -> records, with openpyxl in read-only mode behind checks of the archive.

A workbook is a zip of XML parts. Before openpyxl sees it, every part is unpacked once, piece by piece, and measured:
no part above MAX_PART, all together at most MAX_UNPACKED and RATIO times the archive (above FREE), no DTD (entities),
no UTF-16 part that would hide one. The archive is held in memory: at most MAX_ARCHIVE bytes.

A number cell is a double: whole numbers above 15 digits have lost digits and come out in scientific notation.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tabular.layout import Options
from gateway.formats.tabular.reader import TableReader
from gateway.formats.tabular.rows import Record, SheetRecord
from gateway.formats.tabular.shown import Shown, formats_of
from gateway.formats.tabular.shown import shown as shown_of
from gateway.profile import Profile
from gateway.records import Event, Group, GroupBegin, GroupEnd, Interchange, InterchangeBegin, InterchangeEnd
from gateway.zips import DAMAGED, LARGEST_DIRECTORY, directory_size, is_plain

MAX_ARCHIVE = 67_108_864
MAX_PART = 536_870_912
MAX_STRINGS = 134_217_728
MAX_UNPACKED = 1_073_741_824
RATIO, FREE = 100, 4_194_304
MAX_PARTS = 2000
MAX_COLUMNS = 1024
MAX_ROW = 4_194_304  # bytes of XML between two row ends: the reader holds a row at a time
BLANK_ROWS = 1000  # of a run that are passed on; one cell in the last row of a sheet makes a million
_EXACT = 1e15  # whole numbers from here on have lost digits
_DATES = (dt.date, dt.time, dt.timedelta)
_MERGED = re.compile(rb'<mergeCell [^>]{0,40}ref="([A-Z]{1,3}([0-9]+):[A-Z]{1,3}([0-9]+))"')
_HIDDEN = re.compile(rb'<row [^>]{0,200}hidden="(?:1|true)"')
_NUMBER = re.compile(rb' r="([0-9]+)"')
_FORMULA = re.compile(rb"<f[ >/](?:(?!</c>).){0,2000}?</c>", re.S)


class Seen:
    """What the parts of a workbook hold that its cells do not tell."""

    def __init__(self) -> None:
        self.formulas = 0  # cells without a stored value
        self.merged: dict[str, dict[str, None]] = {}  # part -> areas of several rows, as A2:A3
        self.hidden: dict[str, set[str]] = {}  # part -> numbers of hidden rows

    def look(self, part: str, text: bytes) -> None:
        """Note merged cells and hidden rows in a piece of a sheet; pieces may overlap."""
        if b"<mergeCell " in text:
            areas = (m for m in _MERGED.finditer(text) if m[2] != m[3])
            self.merged.setdefault(part, {}).update((m[1].decode(), None) for m in areas)
        if b' hidden="' in text:
            rows = (_NUMBER.search(m[0]) for m in _HIDDEN.finditer(text))
            self.hidden.setdefault(part, set()).update(n[1].decode() for n in rows if n)


class Refused(Exception):  # noqa: N818  a verdict on data
    """The workbook is not read; args: rule, sentence."""


def read_xlsx(chunks: Iterable[bytes], profile: Profile, options: Options) -> Iterator[Event]:
    """Yield the events of a workbook's sheet: the one the profile names, else the first that is visible."""
    try:
        data = _whole(chunks)
        seen = inspect(data)
        book = _open(data)
        name, others = _sheet(book, options.sheet)
    except Refused as refused:
        rule, said = refused.args
        interchange, group = Interchange("tabular", 0), Group(0)
        yield InterchangeBegin(interchange)
        yield GroupBegin(group)
        yield Finding(rule, Severity.ERROR, Scope.INTERCHANGE, said, Position(offset=0))
        yield GroupEnd(group, "", 0)
        yield InterchangeEnd(interchange, "", 0)
        return
    findings = []
    if others:
        said = f'Only sheet "{name}" was read; {others} other sheet{"s hold" if others > 1 else " holds"} data or may do so.'
        findings.append(Finding("XLSX-SHEETS", Severity.WARNING, Scope.INTERCHANGE, said))
    if seen.formulas:
        many = f"{seen.formulas} formula cells have" if seen.formulas > 1 else "A formula cell has"
        said = f"{many} no stored value and {'were' if seen.formulas > 1 else 'was'} read as empty."
        findings.append(Finding("XLSX-FORMULA", Severity.WARNING, Scope.INTERCHANGE, said))
    findings += _hints(seen, str(getattr(book[name], "_worksheet_path", "")).lstrip("/"))
    yield from TableReader(profile, options, "xlsx").read(_records(book[name], formats_of(book)), findings)


def sheet_rows(data: bytes) -> Iterator[list[str]]:
    """Yield the rows of the sheet that the gateway reads of a workbook, as texts. Raises Refused."""
    inspect(data)
    book = _open(data)
    for record in _records(book[_sheet(book, "")[0]]):
        if record.fault:
            raise Refused("XLSX-DAMAGED", "The sheet is damaged.")
        yield record.cells


def _hints(seen: Seen, part: str) -> Iterator[Finding]:
    """Yield what the sheet that is read shows otherwise than it is read."""
    merged, hidden = seen.merged.get(part), seen.hidden.get(part)
    if merged:
        said = f"Cells {next(iter(merged))} are merged{f', and {len(merged) - 1} other areas' if len(merged) > 1 else ''}; only the first row of an area has the value."
        yield Finding("XLSX-MERGED", Severity.WARNING, Scope.INTERCHANGE, said)
    if hidden:
        said = f"{len(hidden)} hidden row{'s were' if len(hidden) > 1 else ' was'} read like the others (the first is row {min(hidden, key=int)})."
        yield Finding("XLSX-HIDDEN", Severity.WARNING, Scope.INTERCHANGE, said)


def _whole(chunks: Iterable[bytes]) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_ARCHIVE:
            raise Refused("XLSX-LIMIT", f"The workbook is larger than {MAX_ARCHIVE >> 20} MiB; send it as CSV.")
    return bytes(data)


def inspect(data: bytes) -> Seen:
    """Check the archive; return what its sheets hold besides cells. Raises Refused."""
    seen = Seen()
    try:
        if directory_size(io.BytesIO(data)) > LARGEST_DIRECTORY:
            raise Refused("XLSX-LIMIT", f"The workbook has more than {MAX_PARTS} parts.")
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
        if len(parts) > MAX_PARTS:
            raise Refused("XLSX-LIMIT", f"The workbook has {len(parts)} parts; {MAX_PARTS} is the limit.")
        names = [p.filename for p in parts]
        if len(set(names)) != len(names):
            raise Refused("XLSX-DAMAGED", "The workbook holds two parts of the same name.")
        if not any(n.startswith("xl/") for n in names):
            raise Refused("XLSX-DAMAGED", "The archive is no XLSX workbook.")
        if any(n.lower().endswith("vbaproject.bin") for n in names):
            raise Refused("XLSX-MACRO", "The workbook holds macros; send it as XLSX without macros, or as CSV.")
        total = 0
        for part in parts:
            if part.flag_bits & 1:
                raise Refused("XLSX-DAMAGED", "The workbook is protected by a password.")
            if not is_plain(part):
                raise Refused("XLSX-DAMAGED", "A part of the workbook is packed as no spreadsheet program does it.")
            total += _measure(archive, part, total, len(data), seen)
    except (*DAMAGED, OSError):
        raise Refused("XLSX-DAMAGED", "The workbook cannot be unpacked: it is cut off or damaged.") from None
    return seen


def _measure(archive: zipfile.ZipFile, part: zipfile.ZipInfo, before: int, packed: int, found: Seen) -> int:
    """Unpack one part piece by piece; return its bytes."""
    most = MAX_STRINGS if part.filename.endswith("sharedStrings.xml") else MAX_PART
    xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    sheet = part.filename.startswith("xl/worksheets/") and xml
    size, tail, row = 0, b"", 0
    with archive.open(part) as stream:
        while piece := stream.read(262_144):
            size += len(piece)
            whole = before + size
            if size > most or whole > MAX_UNPACKED or (whole > FREE and whole > RATIO * packed):
                raise Refused(
                    "XLSX-LIMIT", "The workbook unpacks to far more than its size: it is refused as a zip bomb."
                )
            if not xml:
                continue
            if size == len(piece) and piece[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"):
                raise Refused("XLSX-DTD", "A part of the workbook is in UTF-16; UTF-8 is expected.")
            seen = tail + piece
            if sheet:
                row = _open_row(seen, row + len(piece))
                found.look(part.filename, seen)
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise Refused(
                    "XLSX-DTD", "A part of the workbook declares a DTD or entities, which no spreadsheet writes."
                )
            if sheet and b"<f" in seen:
                end = seen.rfind(b"</c>") + 4
                if end >= 4:
                    found.formulas += sum(not re.search(rb"<v>[^<]", m) for m in _FORMULA.findall(seen[:end]))
                    seen = seen[end:]
            tail = seen[-4096:]
    return size


def _open_row(seen: bytes, open_bytes: int) -> int:
    """Return how many bytes stand behind the last row end. seen: what was read last. Raises Refused."""
    end = max(seen.rfind(b"</row>"), seen.rfind(b"<row"))
    left = len(seen) - end if end >= 0 else open_bytes
    if left > MAX_ROW:
        raise Refused("XLSX-LIMIT", f"A row of the workbook has more than {MAX_ROW >> 20} MiB.")
    return left


def _open(data: bytes) -> Any:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception:
        raise Refused("XLSX-DAMAGED", "The workbook cannot be read: a part of it is damaged.") from None


def _sheet(book: Any, wanted: str) -> tuple[str, int]:
    """Return (name of the sheet to read, how many other visible sheets there are)."""
    visible = [s.title for s in book.worksheets if s.sheet_state == "visible"]
    if wanted and wanted not in book.sheetnames:
        raise Refused("XLSX-SHEETS", f'The workbook has no sheet "{wanted}".')
    if not visible and not wanted:
        raise Refused("XLSX-SHEETS", "The workbook has no visible sheet.")
    name = wanted or visible[0]
    others = [
        t
        for t in visible
        if t != name
        and any(any(c is not None for c in row) for row in book[t].iter_rows(max_row=5, max_col=50, values_only=True))
    ]
    return name, 0 if wanted else len(others)


def _records(sheet: Any, formats: Mapping[int, str] = MappingProxyType({})) -> Iterator[Record]:
    """Yield the rows of a sheet as text; a damaged row ends the sheet with a record of fault "sheet".

    formats: style -> number format of the styles that show more than a number; without any, cells need no style.
    """
    sheet.reset_dimensions()
    number = blank = 0
    rows = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=not formats)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except Exception:
            yield Record([""], number + 1, fault="sheet")
            return
        number += 1
        row = [cell.value for cell in cells] if formats else list(cells)
        while row and row[-1] is None:
            row.pop()
        blank = 0 if row else blank + 1
        if blank > BLANK_ROWS:
            continue
        shown = _shown(cells, row, formats) if formats else {}
        dated = tuple(n for n, value in enumerate(row) if isinstance(value, _DATES))
        texts = [_text(value) for value in row] or [""]
        while len(texts) > 1 and not texts[-1]:
            texts.pop()
        yield SheetRecord(texts, number, shown=shown, dated=dated) if shown or dated else Record(texts, number)


def _shown(cells: Sequence[Any], row: list[Any], formats: Mapping[int, str]) -> dict[int, Shown]:
    """Return the cells of which Excel shows more than their number."""
    found = {}
    for n, value in enumerate(row):
        if type(value) in (int, float) and abs(value) < _EXACT and (code := formats.get(cells[n]._style_id)):
            seen = shown_of(code, value)
            if seen is not None:
                found[n] = seen
    return found


def _text(value: Any) -> str:
    """Return the text of a cell value; what a double cannot hold exactly comes out in scientific notation.

    >>> _text(97201.0), _text(123456789012345678), _text(dt.datetime(2025, 3, 2)), _text(0.00002), _text(0.1 + 0.2)
    ('97201', '1.23456789012346E+17', '2025-03-02', '0.00002', '0.3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return str(value)
        if value == int(value):
            whole = str(int(value))
            return whole if len(whole.lstrip("-")) <= 15 else f"{float(value):.14E}"
        text = format(value, ".15g")
        return format(Decimal(text), "f") if 1e-9 < abs(value) < 1e15 else text  # 0.00002 has lost nothing
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
