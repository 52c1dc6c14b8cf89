"""One record -> one row: cells counted, mended, split and filled down; what is wrong with them is said here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tabular.cells import Mender
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.rows import ABSENT, Part, Record, Row, TableRoot, place_of, row_node

_TOTAL = re.compile(r"\W*(?:grand\s+|sub)?-?(?:total|totals|sum|summe|gesamt|合计)\b\W*", re.I)
_PERSONAL = frozenset(("name", "address", "city", "zip", "phone"))
_QUOTES = {
    "quote": "A quote is opened in this line and not closed as it should be; the line was not used.",
    "swallowed": "The line stands behind a quote that was not closed, so it may be part of a cell; it was not used.",
}


class RowMaker:
    """Makes rows of the records of one table."""

    def __init__(
        self, header: Header, root: TableRoot, options: Options, width: int, extra: list[str], kind: str, delimiter: str
    ) -> None:
        """width: cells that a record should have; extra: cells that every row gets behind them; kind: csv, xlsx, json."""
        self.root, self.count = root, 0
        self._header, self._width, self._extra = header, width, extra
        self._options = options
        self._mender = Mender(header, self._options, delimiter)
        self._keys = header.keys()
        self._text = kind == "csv"
        self._full = len(header.names)
        self._fill = [header.index(n) for n in self._options.fill_down if header.has(n)]
        self._previous: list[str] = []
        shared = header.of_level("shipment")
        self._shared = [i for i in shared if kind != "json" or i == header.index("weight_unit")]
        self._split = [(header.index(r["column"]), re.compile(r["pattern"])) for r in self._options.split]
        goods = [header.index(n) for n in ("item_description", "consignee_name") if header.has(n)]
        self._goods = [i for i in (*goods, *(i for i, _ in self._split)) if i < width]

    def place(self, row: Row, index: int) -> Position:
        """Return the place of a cell of a row."""
        return place_of(row, index, self.root)

    def index(self, name: str) -> int:
        """Return the index of a column."""
        return self._header.index(name)

    def key(self, row: Row) -> tuple[str, ...]:
        """Return what makes the row part of a shipment; () when its key cells are empty."""
        cells = row.elements
        if len(self._keys) == 1:
            value = cells[self._keys[0]].strip()
            return (value,) if value else ()
        found = tuple([cells[i].strip() for i in self._keys])
        return found if any(found) else ()

    def skip(self, record: Record) -> str:
        """Return why a record is no row of goods: "empty", "CSV-TOTAL-ROW", "CSV-TEXT-ROW"; "" when it is one."""
        cells = record.cells
        if record.fault in ("quote", "swallowed", "encoding", "long", "sheet"):
            return ""
        size = len(cells)
        if self._goods and size >= self._width and all(cells[i] for i in self._goods):
            return ""
        filled = [c.strip() for c in cells if c.strip()]
        if not filled:
            return "empty"
        goods = any(i < size and cells[i].strip() for i in self._goods)
        if not goods and _TOTAL.fullmatch(filled[0]):
            return "CSV-TOTAL-ROW"
        return "CSV-TEXT-ROW" if len(filled) == 1 and self._width > 3 and cells[0].strip() and not goods else ""

    def row(
        self, record: Record, cells: list[str] | None = None, parts: tuple[Part, ...] = ()
    ) -> tuple[list[Finding], Row]:
        """Return the row of a record with what is wrong with it. cells, parts: when it is made of several records."""
        self.count += 1
        findings: list[Finding] = []
        cells = record.cells if cells is None else cells
        node = row_node(cells, record, parts)
        size = len(cells)
        if size != self._width:
            self._width_of(node, size, findings)
            cells = node.elements
        if self._extra or self._full > self._width:
            cells += self._extra
            cells += [""] * (self._full - len(cells))
        text = record.text
        careful = not self._text or '"' in text or bool(parts) or self._mender.suspicious(text)
        if record.fault or record.lines > 1:
            self._faults(node, record, findings)

        def say(rule: str, severity: Severity, index: int, said: str) -> None:
            kind = self._header.standard[index] if index < len(self._header.standard) else None
            personal = kind is not None and kind.kind in _PERSONAL
            findings.append(
                Finding(
                    rule, severity, Scope.SHIPMENT, said, self.place(node, index), value=cells[index], personal=personal
                )
            )

        self._mender.mend(cells, say, careful=careful)
        for index, pattern in self._split:
            found = pattern.search(cells[index]) if index < len(cells) else None
            for name, value in found.groupdict().items() if found else ():
                if value:
                    cells[self._header.index(name)] = value.strip()
        for index in self._fill:
            if not cells[index].strip() and index < len(self._previous):
                cells[index] = self._previous[index]
        if self._fill:
            self._previous = cells
        return findings, node

    def _width_of(self, node: Row, size: int, findings: list[Finding]) -> None:
        """Make a short or long row as wide as the header, and say so."""
        cells, width = node.elements, self._width
        if size > width:
            beyond = [c for c in cells[width:] if c.strip()]
            node.elements = cells[:width]
            if not beyond or node.record.fault in ("quote", "swallowed"):
                return
            said = (
                f"The row has {size} cells, the header {width}: a delimiter inside a cell needs quotes around the cell."
            )
            findings.append(Finding("CSV-FIELDS", Severity.ERROR, Scope.SHIPMENT, said, self.place(node, ABSENT)))
            return
        node.elements = cells + [""] * (width - size)
        if node.record.fault in ("quote", "swallowed") or node.record.path or not self._text:
            return
        lost = self._header.standard[size:width]
        needed = width - size > 1 or any(c is None or c.need or c.level == "item" for c in lost)
        severity = Severity.ERROR if needed else Severity.WARNING
        said = f"The row has {size} cells, the header {width}: the last {width - size} {'are' if width - size > 1 else 'is'} missing."
        findings.append(Finding("CSV-FIELDS", severity, Scope.SHIPMENT, said, self.place(node, ABSENT)))

    def _faults(self, node: Row, record: Record, findings: list[Finding]) -> None:
        place = self.place(node, ABSENT)
        if record.fault == "stray":
            said = "A quote stands inside a cell that is not quoted; it was read as text."
            findings.append(Finding("CSV-QUOTE-STRAY", Severity.WARNING, Scope.SHIPMENT, said, place))
        elif record.fault in _QUOTES:
            findings.append(Finding("CSV-QUOTE", Severity.ERROR, Scope.SHIPMENT, _QUOTES[record.fault], place))
        if record.lines > 1:
            index = next((i for i, c in enumerate(record.cells) if "\n" in c or "\r" in c), ABSENT)
            said = f"A cell holds a line break: the row stands on lines {record.line} to {(record.line or 0) + record.lines - 1}."
            findings.append(
                Finding("CSV-NEWLINE-IN-FIELD", Severity.WARNING, Scope.SHIPMENT, said, self.place(node, index))
            )

    def conflicts(self, rows: list[Row]) -> Iterator[Finding]:
        """Yield the columns of the shipment in which its rows say different things."""
        first = rows[0].elements
        for index in self._shared:
            values = [(r, r.elements[index].strip()) for r in rows if index < len(r.elements)]
            told = next((v for _, v in values if v), "")
            other = next((r for r, v in values if v and v != told), None)
            if other is not None and first is not other.elements:
                name = self.root.names[index]
                said = f'The rows of the shipment differ in column "{name}", which is one value for all of them.'
                column = self._header.standard[index]
                personal = column is not None and column.kind in _PERSONAL
                yield Finding(
                    "CSV-GROUP-CONFLICT",
                    Severity.ERROR,
                    Scope.SHIPMENT,
                    said,
                    self.place(other, index),
                    value=other.elements[index],
                    personal=personal,
                )
