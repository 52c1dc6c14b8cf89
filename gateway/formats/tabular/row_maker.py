"""One record -> one row: cells counted, mended, split and filled down; what is wrong with them is said here."""

from __future__ import annotations

import re
from operator import itemgetter

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.halves import WHOLE
from gateway.formats.tabular.as_shown import as_shown
from gateway.formats.tabular.cells import Mender, Say
from gateway.formats.tabular.conflicts import Conflicts
from gateway.formats.tabular.ending import CUT_OFF, is_open
from gateway.formats.tabular.layout import KEYS, VALUES, Header, Options
from gateway.formats.tabular.no_goods import NoGoods
from gateway.formats.tabular.patterns import LONGEST_CELL, compiled
from gateway.formats.tabular.rows import ABSENT, Part, Record, Row, SheetRecord, TableRoot, place_of, row_node
from gateway.formats.tabular.vocabulary import Column, standard_places

_ONE = re.compile(r"0*1(?:[.,]0*)?")
_PERSONAL = frozenset(("name", "address", "city", "zip", "phone"))
_QUOTES = {
    "quote": "A quote is opened in this line and not closed as it should be; the line was not used.",
    "swallowed": "The line stands behind a quote that was not closed, so it may be part of a cell; it was not used.",
}


_OWNER = ("master_bill", "consignee_name", "consignee_address1", "consignee_city", "consignee_zip")
_NO_CELLS = frozenset((*_QUOTES, "encoding", "long", "sheet", "json"))
"""Faults of records that are never skipped as empty or as totals: they are named in the answers."""


class RowMaker:
    """Makes rows of the records of one table."""

    def __init__(
        self, header: Header, root: TableRoot, options: Options, width: int, extra: list[str], kind: str, delimiter: str, currency: str
    ) -> None:  # fmt: skip
        """width: cells that a record should have; extra: cells that every row gets behind them; kind: csv, xlsx, json.

        currency: of the partner's tables that name none.
        """
        self.root, self.count, self.width, self._currency = root, 0, width, currency
        self._header, self._extra = header, extra
        self._mender = Mender(header, options, delimiter, typed=kind != "csv", currency=currency)
        self._options, self._delimiter = options, delimiter
        self.keys, self._grouped = header.keys(), bool(options.group_by)
        self._numbers = [header.index(n) for n in KEYS if header.has(n) and header.index(n) not in self.keys]
        self._owner = [header.index(n) for n in _OWNER if header.has(n)]
        self._above: tuple[tuple[str, ...], list[str]] = ((), [])
        self._ragged = False  # a row lacked cells: the sender leaves empty ones out
        self._text, self._fixed, self._json = kind == "csv", bool(options.widths), kind == "json"
        self._fill = [header.index(n) for n in options.fill_down if header.has(n)]
        self._previous: list[str] = []
        rules = [rule for rule in options.split if header.has(rule["column"])]
        self._split = [(header.index(rule["column"]), compiled(rule["pattern"])) for rule in rules]
        goods = [header.index(n) for n in ("item_description", "consignee_name") if header.has(n)]
        self._goods = [i for i in (*goods, *(i for i, _ in self._split)) if i < width]
        self._no_goods = NoGoods(header, self.keys, self._goods, width)
        # a row of so many cells is surely one of goods when these two are filled
        self._least = width if self._goods else ABSENT
        self._first, self._last = (self._goods[0], self._goods[-1]) if self._goods else (0, 0)
        self._names = [name.strip() for name in header.names[:width]] if kind != "json" else []
        self._named = self._names[self._first] if self._names else ""
        places = standard_places()
        root.add_up = tuple(places[n] for n in options.add_up)
        conflicts = Conflicts(header, root, options, self._finding)
        self.conflicts, self.said_of_shipment = conflicts.of, conflicts.said
        self._arrange()

    def _arrange(self) -> None:
        """Tell where each cell goes among the elements of a row: standard columns first, each at its own place."""
        header, places = self._header, standard_places()
        self._full = full = len(header.names)
        cells = [full, *(min(header.index(name), full) for name in places)]
        cells += sorted(set(range(full)) - set(cells))
        self._pick = itemgetter(*cells)
        element = {cell: number for number, cell in reversed(list(enumerate(cells)))}
        known = self.root.columns.known
        known.update({name: element[cell] for name, cell in header.known.items()})
        for cell in range(full):
            known.setdefault(f"col{cell + 1}", element[cell])
        self.root.cells = [ABSENT if cell == full else cell for cell in cells]
        self.root.there = () if header.growing else tuple(i for i, cell in enumerate(cells) if cell != full)

    def place(self, row: Row) -> Position:
        """Return the place of a row."""
        return place_of(row.parts, ABSENT, self.root)

    def index(self, name: str) -> int:
        """Return the index of a column."""
        return self._header.index(name)

    def skip(self, record: Record) -> str:
        """Return why a record is no row of goods: "empty", "CSV-TOTAL-ROW" and the like; "" when it is one."""
        cells = record.cells
        if record.fault in _NO_CELLS:
            return ""
        size = len(cells)
        if size >= self._least and (first := cells[self._first]) and cells[self._last]:
            again = first == self._named and [c.strip() for c in cells[: self.width]] == self._names
            return "CSV-HEADER-AGAIN" if again else ""
        return self._no_goods.why(cells, self._above[0])

    def numbers(self, record: Record) -> list[str]:
        """Return the elements of a record that is no row, its numbers mended like those of one."""
        cells = [*record.cells[: self._full], *[""] * (self._full - len(record.cells))]
        self._mender.mend(cells, lambda rule, severity, cell, said: None, careful=True)
        return list(self._pick([*cells, ""]))

    def row(
        self, record: Record, cells: list[str] | None = None, parts: tuple[Part, ...] = ()
    ) -> tuple[list[Finding], Row, tuple[str, ...]]:
        """Return what is wrong with a record, its row, and the key of its shipment (() when its key cells are empty).

        cells, parts: when the row is made of several records.
        """
        self.count += 1
        findings: list[Finding] = []
        cells, parts = self._looked_at(record, cells, parts, findings)
        if self._fill:
            self._fill_down(cells)
        if self._header.unsure != ABSENT:
            self._of_one(cells, self._sayer(cells, parts, findings))
        key = (record.group,) if record.group else tuple(map(str.strip, map(cells.__getitem__, self.keys)))
        if not any(key):
            key = self._key_above(cells, findings, parts) or self._other_key(cells)
        self._above = (key, cells)
        cells.append("")
        return findings, row_node(self._pick(cells), record, parts), key

    def _looked_at(
        self, record: Record, cells: list[str] | None, parts: tuple[Part, ...], findings: list[Finding]
    ) -> tuple[list[str], tuple[Part, ...]]:
        """Return the cells of a row as wide as the table, with a look at each, and the records that they come from."""
        careful = not self._text or bool(parts) or self._mender.suspicious(record.text)
        cells = record.cells if cells is None else cells
        parts = parts or (Part(0, record),)
        if len(cells) != self.width:
            cells = self._fit(cells, parts, findings)
        if len(self._header.names) != self._full:
            self._arrange()
        if self._full > self.width:
            cells += self._extra
            cells += [""] * (self._full - len(cells))
        if record.fault or record.lines > 1:
            self._faults(parts, record, findings)
        say = self._sayer(cells, parts, findings)
        if isinstance(record, SheetRecord):
            as_shown(cells, record, self._header, self._currency, say)
        if self._split:
            self._take_apart(cells, parts, findings)
        self._mender.mend(cells, say, careful=careful or bool(self._split))
        return cells, parts

    def _sayer(self, cells: list[str], parts: tuple[Part, ...], findings: list[Finding]) -> Say:
        """Return what adds the finding of a cell of a row."""
        told = "CSV-ENCODING" if any(part.record.fault == "encoding" for part in parts) else ""

        def say(rule: str, severity: Severity, cell: int, said: str) -> None:
            if rule == told:
                return  # the whole line was told already
            findings.append(self._finding(rule, severity, parts, cell, said, cells[cell]))

        return say

    def _of_one(self, cells: list[str], say: Say) -> None:
        """Refuse an amount that is of the line or of one piece, where the row has several pieces and nothing else tells its value."""
        header = self._header
        pieces, others = header.index("quantity"), [header.index(name) for name in VALUES]
        amount = cells[header.unsure].strip()
        if not amount or pieces >= len(cells) or not (many := cells[pieces].strip()) or _ONE.fullmatch(many):
            return
        if any(i != header.unsure and i < len(cells) and cells[i].strip() for i in others):
            return
        name = header.names[header.unsure]
        said = f'"{name}" is the value of the whole line with some senders and of one piece with others, and the row has {many} pieces.'
        say("CSV-VALUE-UNSURE", Severity.ERROR, header.unsure, said)

    def _key_above(self, cells: list[str], findings: list[Finding], parts: tuple[Part, ...]) -> tuple[str, ...]:
        """Return the key of the row above for a row without key that has another number of it: exports fill once.

        Goods without any number that may belong to the shipment above refuse it, since it would go on without them.
        """
        key, above = self._above
        if not any(key):
            return ()
        told = self._both(cells, above, self._numbers)
        if any(cells[i].strip() for i in self._numbers):
            return key if told and all(here == there for here, there in told) else ()
        same = all(here == there for here, there in self._both(cells, above, self._owner))
        if not same or not any(cells[i].strip() for i in self._goods[:1]):
            return ()
        said = "The row has goods and no number of a shipment; it may belong to the shipment of the row above, which was not passed on without it."
        findings.append(self._finding("CSV-ROW-NUMBER", Severity.ERROR, parts, self.keys[0], said))
        return key

    def _other_key(self, cells: list[str]) -> tuple[str, ...]:
        """Return the key of a row whose key cells are empty: the first other number that it has; () without one.

        A table may have a column of house bills that only some of its shipments fill, or none.
        """
        if self._grouped:
            return ()
        return next(
            (("",) * place + (cells[i].strip(),) for place, i in enumerate(self._numbers, 1) if cells[i].strip()), ()
        )

    @staticmethod
    def _both(cells: list[str], above: list[str], columns: list[int]) -> list[tuple[str, str]]:
        """Return the values of columns that are filled in both rows."""
        pairs = [(cells[i].strip(), above[i].strip()) for i in columns]
        return [(here, there) for here, there in pairs if here and there]

    def _take_apart(self, cells: list[str], parts: tuple[Part, ...], findings: list[Finding]) -> None:
        """Take cells apart as the profile says; what has another form goes nowhere, and that is told."""
        for index, pattern in self._split:
            found = pattern.search(cells[index]) if len(cells[index]) <= LONGEST_CELL else None
            for name, value in found.groupdict().items() if found else ():
                if value:
                    cells[self._header.index(name)] = value.strip()
            if found is None and (text := cells[index].strip()):
                said = f"The cell has not the form that was agreed for it, so nothing was read of it: no {', '.join(pattern.groupindex)}.".replace(
                    "_", " "
                )
                place = place_of(parts, index, self.root)
                findings.append(
                    Finding("CSV-SPLIT", Severity.WARNING, Scope.SHIPMENT, said, place, value=text, personal=True)
                )

    def _fill_down(self, cells: list[str]) -> None:
        """Fill empty cells that mean the one above."""
        for index in self._fill:
            if not cells[index].strip() and self._previous:
                cells[index] = self._previous[index]
        self._previous = cells

    def _finding(
        self, rule: str, severity: Severity, parts: tuple[Part, ...], cell: int, said: str, value: str | None = None
    ) -> Finding:
        column = self._header.standard[cell] if cell < len(self._header.standard) else None
        personal = column is not None and column.kind in _PERSONAL
        place = place_of(parts, cell, self.root)
        fix = WHOLE if rule == "CSV-ENCODING" and self._json else ""
        return Finding(rule, severity, Scope.SHIPMENT, said, place, value=value, personal=personal, fix=fix)

    def _fit(self, cells: list[str], parts: tuple[Part, ...], findings: list[Finding]) -> list[str]:
        """Return a short or long row as wide as the header, and say so."""
        size, width = len(cells), self.width
        told = self._text and parts[-1].record.fault not in _QUOTES
        if size > width:
            if told and self._fixed:
                said = "Behind the last column of the layout the line has more text: it is not passed on."
                findings.append(self._finding("CSV-FIELDS", Severity.WARNING, parts, ABSENT, said))
            elif told and any(c.strip() for c in cells[width:]):
                said = f"The row has {size} cells, the header {width}: a delimiter inside a cell needs quotes around the cell."
                findings.append(self._finding("CSV-FIELDS", Severity.ERROR, parts, ABSENT, said))
            return cells[:width]
        if told:
            lost = self._header.standard[size:width]
            needed = self._needed(lost)
            cut = is_open(parts[-1].record) and not self._ragged
            self._ragged = True
            severity = Severity.ERROR if needed or cut else Severity.WARNING
            said = f"The row has {size} cells, the header {width}: the last {width - size} {'are' if width - size > 1 else 'is'} missing."
            said += CUT_OFF if cut else ""
            findings.append(self._finding("CSV-FIELDS", severity, parts, ABSENT, said))
        return cells + [""] * (width - size)

    def too_short(self, record: Record, kind: str, size: int, lost: range) -> Finding:
        """Return what is said of a line of a record type that lacks cells. lost: indexes of the cells of the row that are missing."""
        wanted, many = size + len(lost), len(lost) > 1
        said = f"The {kind} record has {size} cells, {wanted} are expected: the last {len(lost)} {'are' if many else 'is'} missing."
        severity = Severity.ERROR if self._needed(self._header.standard[lost.start : lost.stop]) else Severity.WARNING
        return self._finding("CSV-FIELDS", severity, (Part(0, record),), ABSENT, said)

    @staticmethod
    def _needed(lost: list[Column | None]) -> bool:
        """True when cells that a row lacks may not be missing: several, or one that is not an optional one of the shipment."""
        return len(lost) > 1 or any(c is None or c.need or c.level == "item" for c in lost)

    def _faults(self, parts: tuple[Part, ...], record: Record, findings: list[Finding]) -> None:
        if record.fault == "stray":
            said = "A quote stands inside a cell that is not quoted; it was read as text."
            findings.append(self._finding("CSV-QUOTE-STRAY", Severity.WARNING, parts, ABSENT, said))
        elif record.fault in _QUOTES:
            findings.append(self._finding("CSV-QUOTE", Severity.ERROR, parts, ABSENT, _QUOTES[record.fault]))
        elif record.fault == "json":
            findings.append(self._finding("JSON-LINE", Severity.ERROR, parts, ABSENT, record.text))
        if record.lines > 1:
            cell = next((i for i, c in enumerate(record.cells) if "\n" in c or "\r" in c), ABSENT)
            last = (record.line or 0) + record.lines - 1
            said = f"A cell holds a line break: the row stands on lines {record.line} to {last}."
            findings.append(self._finding("CSV-NEWLINE-IN-FIELD", Severity.WARNING, parts, cell, said))
