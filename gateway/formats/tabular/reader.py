"""Records of a table -> events: header, rows, shipments; every fault of the file's form is found here.

Not here: what a cell means (the mapping) and whether the shipment may go (the rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.formats.tabular.above_header import parted, place_of_record, title_values
from gateway.formats.tabular.ending import cut_off
from gateway.formats.tabular.groups import MOST, REMEMBERED, Grouper, Shipment
from gateway.formats.tabular.layout import Header, Options, looks_like_header
from gateway.formats.tabular.row_maker import RowMaker
from gateway.formats.tabular.rows import Columns, Part, Record, TableRoot, place_of, rows_node
from gateway.formats.tabular.totals import Totals
from gateway.formats.tabular.vocabulary import other_names, vocabulary
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

_COLUMNS = 16_384  # of a header: as many as a spreadsheet has; what is said of each would fill the memory
LOOKED_AT = 20
"""Records in which a header is looked for, to say where it is."""

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


class TableReader:
    """Reads the records of one table. kind: "csv", "xlsx" or "json"."""

    def __init__(self, profile: Profile, options: Options, kind: str, delimiter: str = ",") -> None:
        self._profile, self._options, self._kind, self._delimiter = profile, options, kind, delimiter
        self._grouper = Grouper()
        self._units = 0
        self._zeros: set[str] = set()  # numbers so far that a spreadsheet may have rounded
        self._empty: list[Record] = []
        self._empties = 0
        self._notes: list[Finding] = []
        self._totals: Totals | None = None  # what a row of totals is compared with
        self._early: list[Finding] = []  # what is said of the rows above the header
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

    # --- header -----------------------------------------------------------------------------------------------

    def _find_header(
        self, records: Iterator[Record]
    ) -> tuple[Header | None, list[Record], Record | None, list[Record]]:
        """Return (header, title rows, header record, records read too far)."""
        options = self._options
        if options.columns:
            return Header(list(options.columns), options), [], None, []
        titles: list[Record] = []
        for record in records:
            if not titles and record.text.lower().startswith("sep="):
                continue
            if options.header_row and record.number < options.header_row:
                titles.append(record)
                continue
            if not options.header_row and not any(c.strip() for c in record.cells):
                continue
            if len(record.cells) > _COLUMNS:
                return None, titles, None, [record]
            if options.header_row or looks_like_header(record.cells) or self._renamed(record.cells):
                names = [c.strip() for c in record.cells]
                while names and not names[-1]:
                    names.pop()
                return Header(names, options), titles, record, []
            return None, titles, None, [record]
        return None, titles, None, []

    def _renamed(self, cells: list[str]) -> bool:
        header = Header([c.strip() for c in cells], self._options)
        return bool(self._options.rename) and header.fit() * 3 >= len(cells)

    def _no_header(self, peeked: list[Record]) -> Iterator[Event]:
        place = place_of_record(peeked[0]) if peeked else Position(line=1)
        if peeked and len(peeked[0].cells) > _COLUMNS:
            said = f"The first row has {len(peeked[0].cells)} columns; a table has {_COLUMNS} at most."
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, said, place)
            return
        said = "The first row is no header with column names that are known."
        if peeked and (told := parted(peeked[0].cells, self._kind, self._options, self._delimiter)):
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, told, place)
            return
        likely = next((r.number for r in peeked[1:] if looks_like_header(r.cells)), 0)
        if likely:
            said += f" Row {likely} looks like one: take the rows above it away, or let the profile name it (header_row = {likely})."
        else:
            said += " If it is one with other names, the profile says what they mean (rename, header_row = 1); if the table has no header, the profile lists its columns."
        yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, said, place)

    def _check_header(self, header: Header, record: Record | None, width: int) -> Iterator[Finding]:
        place = Position(line=1, row=1)
        if record is not None:
            place = Position(offset=record.offset, length=record.length, line=record.line, row=record.number)
        own = set(header.names)
        if record is not None and (told := parted(record.cells, self._kind, self._options, self._delimiter)):
            yield Finding("CSV-HEADER", Severity.ERROR, Scope.MESSAGE, told, place)
            return
        for name, first, second in header.twice:
            severity = (
                Severity.ERROR
                if header.standard[second] is not None or header.names[first] in own
                else Severity.WARNING
            )
            meant = header.standard[second]
            said = (
                f'Columns {first + 1} and {second + 1} are both "{name}"'
                if header.names[first] == name
                else f'Columns {first + 1} "{header.names[first]}" and {second + 1} "{name}" mean the same'
            )
            said += f" ({meant.name})" if meant is not None and meant.name != name else ""
            yield Finding(
                "CSV-DUP-HEADER",
                severity,
                Scope.MESSAGE,
                said + "; which of the two counts is not certain.",
                _column(place, name),
                value=name,
            )
        for name, fatal in header.missing(currency=bool(self._profile.default_currency)):
            severity = Severity.ERROR if fatal else Severity.WARNING
            yield Finding(
                "CSV-MISSING-COLUMN",
                severity,
                Scope.MESSAGE,
                _no_column(name, header.likely(name, width)) + ("" if fatal else self._instead(name)),
                _column(place, name),
                value=name,
            )
        if record is not None:
            yield from self._strangers(header, width, place)

    def _instead(self, name: str) -> str:
        """Return why a column may be missing."""
        default = self._profile.default_currency
        if name == "currency" and default:
            return f" {default} was taken, as the profile says."
        return " Only rows that cancel a shipment can do without it."

    def _strangers(self, header: Header, width: int, place: Position) -> Iterator[Finding]:
        """Yield the columns that are not passed on: those nobody knows, and those that no mapping of ours passes on."""
        for name, standard in header.strangers(width):
            said, severity = f'Column "{name}" is not known and was not read.', Severity.WARNING
            if standard:
                said, severity = f'Column "{name}" is known and was not passed on.', Severity.INFO
                other = vocabulary()[0][standard].passed
                said = said if other == "no" else said[:-1] + f" without column {other}."
            yield Finding("CSV-EXTRA-COLUMN", severity, Scope.MESSAGE, said, _column(place, name), value=name)

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
        for record in records:
            if record.fault in _FAULTS:
                self._unread = True
                yield file_fault(record, self._encoding_words())
            for shipment in self._take(rows, record):
                if shipment.plain and not self._unread:
                    self._units += 1
                    row = shipment.rows[0]
                    yield Unit(message, self._units, rows_node(shipment.rows, root), f"row {row.position}")
                else:
                    yield from self._unit(shipment, message, rows)
        for shipment in self._grouper.end():
            yield from self._unit(shipment, message, rows)
        if record is not None and self._kind == "csv" and not rows.skip(record):
            yield from cut_off(record, root, 0, rows.width, fixed=bool(self._options.widths))
        yield from self._closing(message)
        yield MessageEnd(message, rows.count)

    def _begin(
        self, header: Header, values: dict[str, str], interchange: Interchange, group: Group, head: Record | None
    ) -> tuple[MessageBegin, RowMaker, list[Finding]]:
        """Return the message, what makes its rows, and what is wrong with its header."""
        width = len(header.names)
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
        rows = RowMaker(header, root, self._options, width, extra, self._kind, self._delimiter, currency)
        return MessageBegin(message), rows, findings

    def _encoding_words(self) -> str:
        name = self._options.encoding or "UTF-8"
        return f"The line holds bytes that are not {name}; the file is not read in two character sets."

    def _take(self, rows: RowMaker, record: Record) -> list[Shipment]:
        """Take one record: skip it with a remark, or make it a row; return the shipments that are complete."""
        why = rows.skip(record)
        if not why:
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

    def _skipped(self, record: Record) -> None:
        """Count an empty row."""
        self._empties += 1
        self._empty = self._empty or [record]

    def _unit(self, shipment: Shipment, message: Message, rows: RowMaker) -> Iterator[Event]:
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

    def _rounded(self, shipment: Shipment, rows: RowMaker) -> Iterator[Finding]:
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


def _column(place: Position, name: str) -> Position:
    return (
        Position(offset=place.offset, length=place.length, line=place.line, row=place.row, column=name)
        if place is not NOWHERE
        else place
    )


def _no_column(name: str, likely: str) -> str:
    """Return that a column is missing, with other names it is known by, and the one of the table that may be meant."""
    others = ", ".join(f'"{o}"' for o in other_names(name)[:3])
    said = f"The table has no column {name}{f' (or {others})' if others else ''}."
    return said + (f' Perhaps it is column "{likely}", a name that is not known.' if likely else "")


def is_file_fault(record: Record) -> bool:
    """True when the record shows a fault of the whole file."""
    return record.fault in _FAULTS


def file_fault(record: Record, encoding: str) -> Finding:
    """Return the finding of a fault of the whole file."""
    rule, said = _FAULTS[record.fault]
    return Finding(rule, Severity.ERROR, Scope.MESSAGE, said or encoding, place_of_record(record))


def _remark(rule: str, record: Record) -> Finding:
    return Finding(rule, Severity.INFO, Scope.MESSAGE, _SKIPPED[rule], place_of_record(record))
