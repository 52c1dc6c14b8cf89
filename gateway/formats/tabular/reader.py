"""Records of a table -> events: header, rows, shipments; every fault of the file's form is found here.

Not here: what a cell means (the mapping) and whether the shipment may go (the rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.formats.tabular.cells import Mender
from gateway.formats.tabular.groups import Grouper, Shipment
from gateway.formats.tabular.layout import Header, Options, looks_like_header
from gateway.formats.tabular.rows import ABSENT, Part, Record, Row, TableRoot, place_of, row_node, rows_node
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

LOOKED_AT = 20
"""Records in which a header is looked for, to say where it is."""

_TOTAL = re.compile(r"\W*(?:grand\s+|sub)?-?(?:total|totals|sum|summe|gesamt|合计)\b\W*", re.I)
_FAULTS = {
    "quote": ("CSV-QUOTE", "A quote is opened in this line and not closed as it should be; the line was not used."),
    "swallowed": ("CSV-QUOTE", "The line stands behind a quote that was not closed, so it may be part of a cell; it was not used."),
    "encoding": ("CSV-ENCODING", ""),
    "long": ("CSV-LINE-LONG", "The line is longer than 4 MiB: the file has no line ends, or it is no table."),
}  # fmt: skip
_UNREAD = frozenset(("CSV-QUOTE", "CSV-FIELDS"))
"""Faults after which the cells of a row cannot be told: what the mapping would say of them is noise."""
_PERSONAL = frozenset(("name", "address", "city", "zip", "phone"))


class TableReader:
    """Reads the records of one table. kind: "csv", "xlsx" or "json"."""

    def __init__(self, profile: Profile, options: Options, kind: str, delimiter: str = ",") -> None:
        self._profile, self._options, self._kind, self._delimiter = profile, options, kind, delimiter
        self._grouper = Grouper()
        self._units = 0
        self._empty: list[Record] = []
        self._empties = 0
        self._notes: list[Finding] = []
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
            yield from self._no_header(peeked)
            for _ in records:
                pass
        else:
            yield from self.table(found, self._title_values(titles), chain(peeked, records), interchange, group, head)
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
        place = Position(line=1)
        if peeked:
            record = peeked[0]
            place = Position(offset=record.offset, length=record.length, line=record.line, row=record.number)
        said = "The first row is no header with column names that are known. If the table has title rows, the profile names the row (header_row); if it has no header, it lists the columns."
        yield Finding("CSV-HEADER", Severity.ERROR, Scope.INTERCHANGE, said, place)

    def _title_values(self, titles: list[Record]) -> dict[str, str]:
        """Return what the title pattern of the profile finds in the title rows."""
        if not self._options.title:
            return {}
        text = "\n".join(" ".join(c for c in t.cells if c) for t in titles)
        values: dict[str, str] = {}
        for found in re.finditer(self._options.title, text):
            values |= {k: v for k, v in found.groupdict().items() if v}
        return values

    def _check_header(self, header: Header, record: Record | None, width: int) -> Iterator[Finding]:
        place = Position(line=1, row=1)
        if record is not None:
            place = Position(offset=record.offset, length=record.length, line=record.line, row=record.number)
        own = set(header.names)
        for name, first, second in header.twice:
            severity = Severity.ERROR if header.standard[second] is not None or header.names[first] in own else Severity.WARNING
            said = f'Columns {first + 1} and {second + 1} are both "{name}"' if header.names[first] == name else f'Columns {first + 1} "{header.names[first]}" and {second + 1} "{name}" mean the same'
            yield Finding("CSV-DUP-HEADER", severity, Scope.MESSAGE, said + "; which of the two counts is not certain.", _column(place, name), value=name)
        for name, fatal in header.missing(currency=bool(self._profile.default_currency)):
            severity = Severity.ERROR if fatal else Severity.WARNING
            default = "" if fatal else f" {self._profile.default_currency} was taken, as the profile says."
            yield Finding("CSV-MISSING-COLUMN", severity, Scope.MESSAGE, f"The table has no column {name}.{default}", _column(place, name), value=name)
        for name in header.strangers(width) if record is not None else ():
            said = f'Column "{name}" is not known and was not read.'
            yield Finding("CSV-EXTRA-COLUMN", Severity.WARNING, Scope.MESSAGE, said, _column(place, name), value=name)

    # --- rows -------------------------------------------------------------------------------------------------

    def table(
        self, header: Header, values: dict[str, str], records: Iterable[Record], interchange: Interchange, group: Group,
        head: Record | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Yield the events of one message; the table's columns are known. values: cells that every row gets."""
        width = len(header.names)
        added = {n: v for n, v in {**self._options.values, **values}.items() if not header.has(n)}
        extra = list(added.values())
        for name in (*added, *self._split_names(header)):
            if not header.has(name):
                header.add(name)
        root = TableRoot("TABLE", ["TABLE"], 0, 0, 1, 0, columns=header.columns, names=header.names)
        kind = self._options.message_type or "rows"
        message = Message(self._kind, kind, "", "", 0, root, interchange, group, unit="ROWS")
        yield MessageBegin(message)
        for finding in self._check_header(header, head, width):
            severity = self._profile.severities.get(finding.rule, finding.severity)
            self._unread = self._unread or severity is Severity.ERROR
            yield finding
        rows = _Rows(self, header, root, width, extra)
        for record in records:
            if record.fault == "encoding" or record.fault == "long":
                self._unread = True
                yield _of_file(record, self._encoding_words())
            yield from self._take(rows, record, message)
        for shipment in self._grouper.end():
            yield from self._unit(shipment, message, rows)
        yield from self._closing(message)
        yield MessageEnd(message, rows.count)

    def _encoding_words(self) -> str:
        name = self._options.encoding or "UTF-8"
        return f"The line holds bytes that are not {name}; the file is not read in two character sets."

    def _take(self, rows: _Rows, record: Record, message: Message) -> Iterator[Event]:
        """Take one record: skip it with a remark, or make it a row of a shipment."""
        why = rows.skip(record)
        if why:
            if why == "empty":
                self._empties += 1
                self._empty = self._empty or [record]
            elif len(self._notes) < 100:
                self._notes.append(_remark(why, record))
            return
        findings, row = rows.row(record)
        key = rows.key(row)
        for shipment in self._grouper.add(key, row, findings):
            yield from self._unit(shipment, message, rows)

    def _unit(self, shipment: Shipment, message: Message, rows: _Rows) -> Iterator[Event]:
        """Yield a complete shipment behind its findings."""
        row = shipment.rows[0]
        if shipment.split:
            said = "The rows of one shipment stand far apart in the file, so that a part of it was read as a shipment of its own; the file was refused."
            yield Finding("CSV-GROUP-SPLIT", Severity.ERROR, Scope.MESSAGE, said, rows.place(row, ABSENT), value=" ".join(shipment.key))
        if shipment.apart:
            said = "The rows of the shipment do not stand together; they were put together."
            yield Finding("CSV-GROUP-APART", Severity.WARNING, Scope.SHIPMENT, said, rows.place(shipment.rows[-1], ABSENT))
        yield from shipment.findings
        if len(shipment.rows) > 1:
            yield from rows.conflicts(shipment.rows)
        self._units += 1
        role = "unread" if self._unread or any(f.refuses and f.rule in _UNREAD for f in shipment.findings) else "shipment"
        yield Unit(message, self._units, rows_node(shipment.rows, rows.root), f"row {row.position}", role)

    def _closing(self, message: Message) -> Iterator[Finding]:
        """Yield the remarks on rows that were skipped, and that a table held none."""
        if self._empties:
            first = self._empty[0]
            said = f"{self._empties} empty row{'s were' if self._empties > 1 else ' was'} skipped (the first is row {first.number})."
            yield Finding("CSV-EMPTY-ROWS", Severity.INFO, Scope.MESSAGE, said, _place(first))
        yield from self._notes
        if not self._units:
            severity = Severity.INFO if self._options.accept_empty else Severity.ERROR
            yield Finding("CSV-NO-ROWS", severity, Scope.MESSAGE, "The table has a header and no rows.", Position(line=1))

    def _split_names(self, header: Header) -> list[str]:
        names: list[str] = []
        for rule in self._options.split:
            names += re.compile(rule["pattern"]).groupindex
        return names


class _Rows:
    """Makes rows of the records of one table."""

    def __init__(self, reader: TableReader, header: Header, root: TableRoot, width: int, extra: list[str]) -> None:
        self.root, self.count = root, 0
        self._header, self._width, self._extra = header, width, extra
        self._options = reader._options
        self._mender = Mender(header, self._options, reader._delimiter)
        self._keys = header.keys()
        self._text = reader._kind == "csv"
        self._full = len(header.names)
        self._fill = [header.index(n) for n in self._options.fill_down if header.has(n)]
        self._previous: list[str] = []
        self._shared = header.of_level("shipment")
        self._split = [(header.index(r["column"]), re.compile(r["pattern"])) for r in self._options.split]
        goods = [header.index(n) for n in ("item_description", "consignee_name") if header.has(n)]
        self._goods = [i for i in (*goods, *(i for i, _ in self._split)) if i < width]

    def place(self, row: Row, index: int) -> Position:
        """Return the place of a cell of a row."""
        return place_of(row, index, self.root)

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
        if record.fault and record.fault != "stray":
            return ""
        size = len(cells)
        if self._goods and size >= self._width and all([cells[i] for i in self._goods]):
            return ""
        filled = [c.strip() for c in cells if c.strip()]
        if not filled:
            return "empty"
        goods = any(i < size and cells[i].strip() for i in self._goods)
        if not goods and _TOTAL.fullmatch(filled[0]):
            return "CSV-TOTAL-ROW"
        return "CSV-TEXT-ROW" if len(filled) == 1 and self._width > 3 and cells[0].strip() and not goods else ""

    def row(self, record: Record, cells: list[str] | None = None, parts: tuple[Part, ...] = ()) -> tuple[list[Finding], Row]:
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
            findings.append(Finding(rule, severity, Scope.SHIPMENT, said, self.place(node, index), value=cells[index], personal=personal))

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
            said = f"The row has {size} cells, the header {width}: a delimiter inside a cell needs quotes around the cell."
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
        elif record.fault in ("quote", "swallowed"):
            rule, said = _FAULTS[record.fault]
            findings.append(Finding(rule, Severity.ERROR, Scope.SHIPMENT, said, place))
        if record.lines > 1:
            index = next((i for i, c in enumerate(record.cells) if "\n" in c or "\r" in c), ABSENT)
            said = f"A cell holds a line break: the row stands on lines {record.line} to {(record.line or 0) + record.lines - 1}."
            findings.append(Finding("CSV-NEWLINE-IN-FIELD", Severity.WARNING, Scope.SHIPMENT, said, self.place(node, index)))

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
                yield Finding("CSV-GROUP-CONFLICT", Severity.ERROR, Scope.SHIPMENT, said, self.place(other, index), value=other.elements[index], personal=personal)


def _place(record: Record) -> Position:
    return Position(offset=record.offset, length=record.length or None, line=record.line, row=record.number)


def _column(place: Position, name: str) -> Position:
    return Position(offset=place.offset, length=place.length, line=place.line, row=place.row, column=name) if place is not NOWHERE else place


def _of_file(record: Record, encoding: str) -> Finding:
    rule, said = _FAULTS[record.fault]
    return Finding(rule, Severity.ERROR, Scope.MESSAGE, said or encoding, _place(record))


def _remark(rule: str, record: Record) -> Finding:
    said = "A row of totals was skipped." if rule == "CSV-TOTAL-ROW" else "A row that holds one text only was skipped; it is no shipment."
    return Finding(rule, Severity.INFO, Scope.MESSAGE, said, _place(record))
