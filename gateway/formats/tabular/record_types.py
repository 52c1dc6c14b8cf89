"""Files whose lines have types: HDR, SHP, ITM, TRL. The cells of a line and of those above it make one row.

    HDR,20250301,999-12345675      SHP,GWH0006001,...      ITM,1,COTTON SOCKS,...      -> one row: HDR + SHP + ITM
    TRL,2,3,68.98                  counts are checked: shipments, items, sum of a column
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from gateway.findings import Finding, Scope, Severity
from gateway.formats.tabular.layout import Header
from gateway.formats.tabular.reader import TableReader, _place, _Rows
from gateway.formats.tabular.rows import Part, Record, TableRoot
from gateway.records import (
    Event,
    Group,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    Message,
    MessageBegin,
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
        order = options.record_order
        names = [name for kind in order for name in options.records[kind]]
        starts = {kind: sum(len(options.records[k]) for k in order[:i]) for i, kind in enumerate(order)}
        header = Header(names, options)
        width = len(names)
        added = {n: v for n, v in options.values.items() if not header.has(n)}
        for name in added:
            header.add(name)
        root = TableRoot("TABLE", ["TABLE"], 0, 0, 1, 0, columns=header.columns, names=header.names)
        message = Message("csv", options.message_type or "rows", "", "", 0, root, interchange, group, unit="ROWS")
        yield MessageBegin(message)
        yield from self._check_header(header, None, width)
        rows = _Rows(self, header, root, width, list(added.values()))
        above: dict[str, Record] = {}
        counts: Counter[str] = Counter()
        total, ended = Decimal(0), False
        bare: Record | None = None  # a record of the last but one type that has no goods lines yet
        for record in records:
            if record.fault in ("encoding", "long"):
                yield Finding("CSV-ENCODING" if record.fault == "encoding" else "CSV-LINE-LONG", Severity.ERROR, Scope.MESSAGE, self._encoding_words(), _place(record))
            kind = record.cells[0].strip() if record.cells else ""
            if not any(c.strip() for c in record.cells):
                self._empties += 1
                self._empty = self._empty or [record]
                continue
            counts[kind] += 1
            if ended:
                yield Finding("CSV-RECORD-ORDER", Severity.ERROR, Scope.MESSAGE, f"A {kind or 'line'} record stands behind the trailer.", _place(record))
            elif kind == options.trailer.get("type"):
                yield from self._trailer(record, counts, total)
                ended = True
            elif kind not in starts:
                yield Finding("CSV-RECORD-TYPE", Severity.ERROR, Scope.MESSAGE, f'"{kind[:10]}" is no record type of this layout ({", ".join(order)}).', _place(record))
            elif any(k not in above for k in order[: order.index(kind)]):
                yield Finding("CSV-RECORD-ORDER", Severity.ERROR, Scope.MESSAGE, f"A {kind} record stands before the {order[order.index(kind) - 1]} record that it belongs to.", _place(record))
            else:
                if bare is not None and kind != order[-1]:
                    yield _childless(bare, order)
                bare = record if len(order) > 1 and kind == order[-2] else None
                above = {k: above[k] for k in order[: order.index(kind)]} | {kind: record}
                yield from self._length(record, len(options.records[kind]))
                if kind != order[-1]:
                    continue
                cells: list[str] = []
                for k in order:
                    own = above[k].cells[1 : len(options.records[k]) + 1]
                    cells += own + [""] * (len(options.records[k]) - len(own))
                total += _number(cells, header.index(str(options.trailer.get("of", ""))))
                parts = tuple(Part(starts[k], above[k], 1) for k in order)
                findings, row = rows.row(record, cells, parts)
                for shipment in self._grouper.add(rows.key(row), row, findings):
                    yield from self._unit(shipment, message, rows)
        if bare is not None:
            yield _childless(bare, order)
        for shipment in self._grouper.end():
            yield from self._unit(shipment, message, rows)
        if options.trailer and not ended:
            said = f"The trailer ({options.trailer.get('type')}) is missing: the file may be cut off."
            yield Finding("CSV-TRAILER", Severity.ERROR, Scope.MESSAGE, said)
        yield from self._closing(message)
        yield MessageEnd(message, rows.count)
        yield GroupEnd(group, "", 1)
        yield InterchangeEnd(interchange, "", 1)

    def _length(self, record: Record, wanted: int) -> Iterator[Finding]:
        if len(record.cells) - 1 > wanted and any(c.strip() for c in record.cells[wanted + 1 :]):
            said = f"The {record.cells[0]} record has {len(record.cells) - 1} cells, {wanted} are expected: a delimiter inside a cell needs quotes."
            yield Finding("CSV-FIELDS", Severity.ERROR, Scope.MESSAGE, said, _place(record))

    def _trailer(self, record: Record, counts: Counter[str], total: Decimal) -> Iterator[Finding]:
        """Compare the trailer's counts with what was read."""
        trailer = self._options.trailer
        wanted: list[tuple[str, str, Decimal]] = []
        for name, cell in trailer.items():
            if name in self._options.records:
                wanted.append((f"{name} records", _cell(record, cell), Decimal(counts[name])))
            elif name == "sum":
                wanted.append((f"as the sum of {trailer.get('of')}", _cell(record, cell), total))
        for words, told, counted in wanted:
            if _number([told], 0) != counted:
                said = f'The trailer says "{told}" {words}, {counted} were read: a line is missing or doubled.'
                yield Finding("CSV-TRAILER", Severity.ERROR, Scope.MESSAGE, said, _place(record), value=told)


def _childless(record: Record, order: tuple[str, ...]) -> Finding:
    said = f"The {order[-2]} record has no {order[-1]} record below it: a shipment without goods."
    return Finding("CSV-RECORD-ORDER", Severity.ERROR, Scope.MESSAGE, said, _place(record))


def _cell(record: Record, index: int) -> str:
    return record.cells[index].strip() if 0 <= index < len(record.cells) else ""


def _number(cells: list[str], index: int) -> Decimal:
    try:
        return Decimal(cells[index].strip()) if index < len(cells) else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
