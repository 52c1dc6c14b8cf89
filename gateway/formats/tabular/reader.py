"""Records of a table -> events: header, rows, shipments; every fault of the file's form is found here.

Not here: what a cell means (the mapping) and whether the shipment may go (the rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tabular.above_header import place_of_record, title_values
from gateway.formats.tabular.ending import cut_off
from gateway.formats.tabular.groups import MOST, REMEMBERED, Grouper, Shipment
from gateway.formats.tabular.header_reader import LOOKED_AT, HeaderReader
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.many_rows import ManyRows
from gateway.formats.tabular.rows import Columns, Part, Record, TableRoot, bring_together, place_of, rows_node
from gateway.formats.tabular.totals import Totals
from gateway.profile import Profile
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
    Unit,
)
from gateway.spreadsheets import LOST_DIGITS

_FAULTS = {
    "encoding": ("CSV-ENCODING", ""),
    "long": ("CSV-LINE-LONG", "The line is longer than 4 MiB: the file has no line ends, or it is no table."),
    "sheet": ("XLSX-DAMAGED", "The sheet cannot be read from this row on: the workbook is damaged."),
}
_SKIPPED = {
    "CSV-TOTAL-ROW": "A row of totals was skipped.",
    "CSV-TEXT-ROW": "A row that holds one text only was skipped; it is no shipment.",
    "CSV-HEADER-AGAIN": "The header stands here again; the row was skipped.",
}
_UNREAD = frozenset(("CSV-QUOTE", "CSV-FIELDS", "JSON-LINE"))
"""Faults after which the cells of a row cannot be told: what the mapping would say of them is noise."""


class TableReader(HeaderReader):
    """Reads the records of one table. kind: "csv", "xlsx" or "json"."""

    def __init__(self, profile: Profile, options: Options, kind: str, delimiter: str = ",") -> None:
        super().__init__(profile, options, kind, delimiter)
        self._grouper = Grouper()
        self._units = 0
        self._zeros: set[str] = set()  # numbers so far that a spreadsheet may have rounded
        self._empty: list[Record] = []
        self._empties = 0
        self._notes: list[Finding] = []
        self._totals: Totals | None = None  # what a row of totals is compared with
        self._early: list[Finding] = []  # what is said of the rows above the header
        self._nameless: list[int] = []  # columns without a name that held nothing so far
        self._unread = False  # a fault of the whole table was found: its rows are named, not judged

    def read(self, records: Iterator[Record], before: Iterable[Finding] = ()) -> Iterator[Event]:
        """Yield the events of a table with a header row or with columns by position. before: findings of the file."""
        interchange = Interchange("tabular", 0)
        group = Group(0)
        yield InterchangeBegin(interchange)
        yield GroupBegin(group)
        yield from before
        found, titles, head, peeked = self._find_header(records)
        if found is None:
            yield from self._no_header([*peeked, *islice(records, LOOKED_AT)])
            for _ in records:
                pass  # the file is read to its end all the same: its size and hash are those of the receipt
        else:
            values, self._early = title_values(self._options.title, titles)
            yield from self.table(found, values, chain(peeked, records), interchange, group, head)
        yield GroupEnd(group, "", 1)
        yield InterchangeEnd(interchange, "", 1)

    # --- rows -------------------------------------------------------------------------------------------------

    def table(
        self, header: Header, values: dict[str, str], records: Iterable[Record], interchange: Interchange, group: Group,
        head: Record | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Yield the events of one message; the table's columns are known. values: cells that every row gets."""
        begin, rows, findings = self._begin(header, values, interchange, group, head)
        message, root = begin.message, rows.root
        yield begin
        yield from findings
        record: Record | None = None
        for block in rows.blocks(records):
            complete: list[Shipment] = []
            for some in block:
                record = some[-1]
                if record.fault in _FAULTS:
                    yield from self._complete(complete, message, rows)
                    complete, self._unread = [], True
                    yield file_fault(record, self._encoding_words())
                complete += self._take(rows, record) if len(some) == 1 else self._take_many(rows, some)
            yield from self._complete(complete, message, rows)
        for shipment in self._grouper.end():
            yield from self._unit(shipment, message, rows)
        if record is not None and self._kind == "csv" and not rows.skip(record):
            yield from cut_off(record, root, 0, rows.width, fixed=bool(self._options.widths))
        yield from self._closing(message)
        yield MessageEnd(message, rows.count)

    def _complete(self, shipments: list[Shipment], message: Message, rows: ManyRows) -> Iterator[Event]:
        """Yield shipments that are complete, behind their findings."""
        nodes = [rows_node(s.rows, rows.root) if self._is_plain(s, rows) else None for s in shipments]
        if len(shipments) > 1:
            bring_together([node for node in nodes if node is not None])
        for shipment, node in zip(shipments, nodes, strict=True):
            if node is not None:
                self._units += 1
                yield Unit(message, self._units, node, f"row {node.position}")
            else:
                yield from self._unit(shipment, message, rows)

    def _is_plain(self, shipment: Shipment, rows: ManyRows) -> bool:
        """True when there is nothing to say of a shipment."""
        if shipment.plain or self._unread:
            return not self._unread
        said = shipment.findings or shipment.split or shipment.apart or shipment.begun_again or shipment.over
        if said or any(number.endswith("00") for number in shipment.key):
            return False
        return next(rows.conflicts(shipment.rows), None) is None

    def _begin(
        self, header: Header, values: dict[str, str], interchange: Interchange, group: Group, head: Record | None
    ) -> tuple[MessageBegin, ManyRows, list[Finding]]:
        """Return the message, what makes its rows, and what is wrong with its header."""
        width = len(header.names)
        self._nameless = header.nameless()
        added = {n: v for n, v in {**self._options.values, **values}.items() if not header.has(n)}
        for name in added:
            header.add(name)
        for name, column in self._split_names():
            if not header.has(name):
                header.add(name, header.names[header.index(column)] if header.has(column) else "")
        columns = Columns(growing=header.growing)
        root = TableRoot("TABLE", ["TABLE"], 0, 0, 1, 0, columns=columns, names=header.names, cells=[])
        kind = self._options.message_type or "rows"
        message = Message(self._kind, kind, "", "", 0, root, interchange, group, unit="ROWS", written=header.written)
        findings = [*self._early, *self._check_header(header, head, width)]
        severities = self._profile.severities
        self._unread = any(severities.get(f.rule, f.severity) is Severity.ERROR for f in findings)
        extra, currency = list(added.values()), self._profile.default_currency
        self._totals = Totals(header) if self._kind != "json" else None
        rows = ManyRows(header, root, self._options, width, extra, self._kind, self._delimiter, currency)
        return MessageBegin(message), rows, findings

    def _encoding_words(self) -> str:
        name = self._options.encoding or "UTF-8"
        return f"The line holds bytes that are not {name}; the file is not read in two character sets."

    def _take(self, rows: ManyRows, record: Record) -> list[Shipment]:
        """Take one record: skip it with a remark, or make it a row; return the shipments that are complete."""
        why = rows.skip(record)
        if not why:
            if self._nameless:
                self._look_at_nameless([record])
            findings, row, key = rows.row(record)
            if self._totals is not None:
                self._totals.take(key, row.elements)
            return self._grouper.add(key, row, findings)
        if why == "empty":
            self._skipped(record)
        elif len(self._notes) < 100:
            self._notes.append(_remark(why, record))
            if why == "CSV-TOTAL-ROW" and self._totals is not None:
                part = (Part(0, record),)
                self._notes += self._totals.compare(
                    rows.numbers(record), lambda name: place_of(part, rows.index(name), rows.root)
                )
        return []

    def _take_many(self, rows: ManyRows, records: list[Record]) -> list[Shipment]:
        """Take records that need no look; return the shipments that are complete."""
        if self._nameless:
            self._look_at_nameless(records)
        keys, nodes, alike = rows.many(records)
        if self._totals is not None:
            self._totals.take_many(keys, [row.elements for row in nodes])
        return self._grouper.add_many(keys, nodes, alike)

    def _look_at_nameless(self, records: list[Record]) -> None:
        """Tell of columns without a name that hold something, each once."""
        for record in records:
            for index in [i for i in self._nameless if i < len(record.cells) and record.cells[i].strip()]:
                self._nameless.remove(index)
                said = f"Column {index + 1} has no name and was not read; row {record.number} is the first that has something in it."
                self._notes.append(
                    Finding("CSV-EXTRA-COLUMN", Severity.WARNING, Scope.MESSAGE, said, place_of_record(record))
                )

    def _skipped(self, record: Record) -> None:
        """Count an empty row."""
        self._empties += 1
        self._empty = self._empty or [record]

    def _unit(self, shipment: Shipment, message: Message, rows: ManyRows) -> Iterator[Event]:
        """Yield a complete shipment behind its findings."""
        row = shipment.rows[0]
        if shipment.split:
            said = "The rows of one shipment stand far apart in the file, so that a part of it was read as a shipment of its own; the file was refused."
            yield Finding(
                "CSV-GROUP-SPLIT",
                Severity.ERROR,
                Scope.MESSAGE,
                said,
                rows.place(row),
                value=" ".join(shipment.key),
            )
        if shipment.apart:
            said = "The rows of the shipment do not stand together; they were put together."
            yield Finding("CSV-GROUP-APART", Severity.WARNING, Scope.SHIPMENT, said, rows.place(shipment.rows[-1]))
        elif shipment.begun_again:
            said = (
                "The shipment has several records of its own with one number; the goods below them were put together."
            )
            yield Finding("CSV-GROUP-APART", Severity.WARNING, Scope.SHIPMENT, said, rows.place(shipment.rows[-1]))
        if shipment.over:
            said = f"The shipment has more than {MOST:,} rows; the other {shipment.over:,} were not read."
            yield Finding("CSV-LIMIT", Severity.ERROR, Scope.SHIPMENT, said, rows.place(row))
        yield from shipment.findings
        yield from self._rounded(shipment, rows)
        if len(shipment.rows) > 1:
            yield from rows.conflicts(shipment.rows)
        self._units += 1
        role = (
            "unread"
            if self._unread or shipment.over or any(f.refuses and f.rule in _UNREAD for f in shipment.findings)
            else "shipment"
        )
        yield Unit(message, self._units, rows_node(shipment.rows, rows.root), f"row {row.position}", role)

    def _rounded(self, shipment: Shipment, rows: ManyRows) -> Iterator[Finding]:
        """Refuse what has a number whose last digits a spreadsheet may have lost, when the file names it more than once."""
        number = next((k for k in shipment.key if k.endswith("00") and LOST_DIGITS.fullmatch(k)), "")
        if not number:
            return
        if len(shipment.rows) > 1 or number in self._zeros:
            said = f'"{number}" has nothing but zeros behind 15 digits and stands in several rows: a spreadsheet lost the last digits, and different parcels may have this number now.'
            place = rows.place(shipment.rows[-1])
            yield Finding("ID-SCIENTIFIC", Severity.ERROR, Scope.SHIPMENT, said, place, value=number)
        elif len(self._zeros) < REMEMBERED:
            self._zeros.add(number)

    def _closing(self, message: Message) -> Iterator[Finding]:
        """Yield the remarks on rows that were skipped, and that a table held none."""
        if self._empties:
            first = self._empty[0]
            said = f"{self._empties} empty row{'s were' if self._empties > 1 else ' was'} skipped (the first is row {first.number})."
            yield Finding("CSV-EMPTY-ROWS", Severity.INFO, Scope.MESSAGE, said, place_of_record(first))
        yield from self._notes
        if not self._units:
            severity = Severity.INFO if self._options.accept_empty else Severity.ERROR
            yield Finding(
                "CSV-NO-ROWS", severity, Scope.MESSAGE, "The table has a header and no rows.", Position(line=1)
            )

    def _split_names(self) -> list[tuple[str, str]]:
        """Return (name, the column that it is taken out of)."""
        rules = self._options.split
        return [(name, rule["column"]) for rule in rules for name in re.compile(rule["pattern"]).groupindex]


def is_file_fault(record: Record) -> bool:
    """True when the record shows a fault of the whole file."""
    return record.fault in _FAULTS


def file_fault(record: Record, encoding: str) -> Finding:
    """Return the finding of a fault of the whole file."""
    rule, said = _FAULTS[record.fault]
    return Finding(rule, Severity.ERROR, Scope.MESSAGE, said or encoding, place_of_record(record))


def _remark(rule: str, record: Record) -> Finding:
    return Finding(rule, Severity.INFO, Scope.MESSAGE, _SKIPPED[rule], place_of_record(record))
