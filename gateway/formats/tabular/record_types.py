"""Files whose lines have types: HDR, SHP, ITM, TRL. The cells of a line and of those above it make one row.

HDR,20250301,999-12345675      SHP,GWH0006001,...      ITM,1,COTTON SOCKS,...      -> one row: HDR + SHP + ITM
TRL,2,3,68.98                  counts are checked: shipments, items, sum of a column
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from gateway.findings import Finding, Scope, Severity
from gateway.formats.sums import is_plain
from gateway.formats.tabular.above_header import place_of_record
from gateway.formats.tabular.ending import cut_off
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.no_goods import filled_in
from gateway.formats.tabular.reader import TableReader, file_fault, is_file_fault
from gateway.formats.tabular.row_maker import RowMaker
from gateway.formats.tabular.rows import Part, Record
from gateway.records import (
    Event,
    Group,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    MessageEnd,
)


class RecordTypeReader(TableReader):
    """Reads one file of typed lines; see layout.py for the options."""

    def read(self, records: Iterator[Record], before: Iterable[Finding] = ()) -> Iterator[Event]:
        """Yield the events of the file."""
        options, interchange, group = self._options, Interchange("tabular", 0), Group(0)
        yield InterchangeBegin(interchange)
        yield GroupBegin(group)
        yield from before
        names = [name for kind in options.record_order for name in options.records[kind]]
        begin, rows, findings = self._begin(Header(names, options), {}, interchange, group, None)
        yield begin
        yield from findings
        lines = _Lines(options, rows.index(str(options.trailer.get("of", ""))), rows.keys)
        record: Record | None = None
        for record in records:
            if is_file_fault(record):
                self._unread = True
                yield file_fault(record, self._encoding_words())
            if not filled_in(record.cells):
                self._skipped(record)
                continue
            yield from lines.take(record)
            if not lines.complete:
                continue
            cells, parts = lines.row()
            found, row, key = rows.row(record, cells, parts)
            found += lines.short(rows)
            for shipment in self._grouper.add(key, row, found, begins=lines.begins):
                yield from self._unit(shipment, begin.message, rows)
        for shipment in self._grouper.end():
            yield from self._unit(shipment, begin.message, rows)
        yield from lines.end()
        if record is not None and lines.complete and not options.trailer:  # a trailer tells more
            *above, own = [len(options.records[kind]) for kind in options.record_order]
            yield from cut_off(record, rows.root, sum(above) - 1, own + 1)  # its first cell is its type
        yield from self._closing(begin.message)
        yield MessageEnd(begin.message, rows.count)
        yield GroupEnd(group, "", 1)
        yield InterchangeEnd(interchange, "", 1)


class _Lines:
    """The open lines of each type, and what was counted so far."""

    def __init__(self, options: Options, summed: int, keys: Iterable[int]) -> None:
        """summed: index of the column that the trailer adds up; keys: those of what names a shipment."""
        self._options, self._summed = options, summed
        self._order = options.record_order
        self._above: dict[str, Record] = {}
        self._counts: Counter[str] = Counter()
        self._total = Decimal(0)
        self._ended = False
        self._bare: Record | None = None  # a line of the last type but one that has no line below it yet
        self._told: set[tuple[int, int]] = set()  # lines whose missing cells were told, of which line of a shipment
        self.complete = False
        self._owner = _type_of(options, keys)
        self._begun = 0  # number of the shipment record of the row before
        self.begins = False  # the row is the first below its shipment record

    def take(self, record: Record) -> Iterator[Finding]:
        """Take a line; afterwards `complete` tells whether it ends a row. Yields what is wrong with its place."""
        self.complete = False
        kind, order = record.cells[0].strip(), self._order
        self._counts[kind] += 1
        if self._ended:
            yield _fault("CSV-RECORD-ORDER", f'A record "{kind[:10]}" stands behind the trailer.', record)
        elif kind == self._options.trailer.get("type"):
            yield from self._trailer(record)
            self._ended = True
        elif kind not in order:
            yield _fault(
                "CSV-RECORD-TYPE", f'"{kind[:10]}" is no record type of this layout ({", ".join(order)}).', record
            )
        else:
            depth = order.index(kind)
            if any(k not in self._above for k in order[:depth]):
                said = f"A {kind} record stands before the {order[depth - 1]} record that it belongs to."
                yield _fault("CSV-RECORD-ORDER", said, record)
                return
            if kind != order[-1]:
                yield from self._childless()
            self._bare = record if len(order) > 1 and kind == order[-2] else None
            self._above = {k: self._above[k] for k in order[:depth]} | {kind: record}
            yield from self._length(record, len(self._options.records[kind]))
            self.complete = kind == order[-1]

    def row(self) -> tuple[list[str], tuple[Part, ...]]:
        """Return the cells of the open lines behind each other, and which record each comes from."""
        cells: list[str] = []
        parts: list[Part] = []
        for kind in self._order:
            width = len(self._options.records[kind])
            own = self._above[kind].cells[1 : width + 1]
            parts.append(Part(len(cells), self._above[kind]))
            cells += own + [""] * (width - len(own))
        if self._owner:
            number = self._above[self._owner].number
            self.begins, self._begun = number != self._begun, number
        self._total += _number(cells[self._summed]) if self._summed < len(cells) else 0
        return cells, tuple(parts)

    def short(self, rows: RowMaker) -> list[Finding]:
        """Return the open lines that lack cells: each is told once of each shipment that it is part of."""
        found, start = [], 0
        owner = self._above[self._order[max(len(self._order) - 2, 0)]].number
        self._told = {key for key in self._told if key[1] == owner}
        for kind in self._order:
            width, record = len(self._options.records[kind]), self._above[kind]
            size = len(record.cells) - 1
            if size < width and (record.number, owner) not in self._told:
                self._told.add((record.number, owner))
                found.append(rows.too_short(record, kind, size, range(start + size, start + width)))
            start += width
        return found

    def end(self) -> Iterator[Finding]:
        """Yield what is missing at the end of the file."""
        yield from self._childless()
        if self._options.trailer and not self._ended:
            said = f"The trailer ({self._options.trailer.get('type')}) is missing: the file may be cut off."
            yield Finding("CSV-TRAILER", Severity.ERROR, Scope.MESSAGE, said)

    def _childless(self) -> Iterator[Finding]:
        if self._bare is not None:
            said = f"The {self._order[-2]} record has no {self._order[-1]} record below it: a shipment without goods."
            yield _fault("CSV-RECORD-ORDER", said, self._bare)
        self._bare = None

    def _length(self, record: Record, wanted: int) -> Iterator[Finding]:
        if any(c.strip() for c in record.cells[wanted + 1 :]):
            said = f"The {record.cells[0]} record has {len(record.cells) - 1} cells, {wanted} are expected: a delimiter inside a cell needs quotes."
            yield _fault("CSV-FIELDS", said, record)

    def _trailer(self, record: Record) -> Iterator[Finding]:
        """Compare the trailer's counts with what was read."""
        trailer = self._options.trailer
        for name, place in trailer.items():
            told = record.cells[place].strip() if isinstance(place, int) and place < len(record.cells) else ""
            if name in self._options.records:
                words, counted = f"{name} records", Decimal(self._counts[name])
            elif name == "sum":
                words, counted = f"as the sum of {trailer.get('of')}", self._total
            else:
                continue
            if not told or _number(told) != counted:
                said = f'The trailer says "{told}" {words}, {counted} were read: a line is missing or doubled.'
                yield _fault("CSV-TRAILER", said, record)


def _type_of(options: Options, keys: Iterable[int]) -> str:
    """Return the record type that names a shipment, "" when each row does."""
    last, found, start = max(keys, default=0), "", 0
    for kind in options.record_order[:-1]:
        found = kind if start <= last < start + len(options.records[kind]) else found
        start += len(options.records[kind])
    return found


def _fault(rule: str, said: str, record: Record) -> Finding:
    return Finding(rule, Severity.ERROR, Scope.MESSAGE, said, place_of_record(record))


def _number(text: str) -> Decimal:
    return Decimal(text.strip()) if is_plain(text.strip()) else Decimal(0)
