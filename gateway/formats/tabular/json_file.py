"""JSON manifests -> the same rows as a table: one row per goods line, column names are keys, dotted below objects.

    {"tripNumber": "T1", "shipments": [{"consignee": {"name": "A"}, "commodities": [{"description": "MUG"}]}]}
    -> tripNumber=T1, consignee.name=A, description=MUG         (keys of shipments and goods lines without prefix)

Not here: how the text is taken apart (json_objects.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tabular.ace_keys import NOT_KNOWN, ace_strangers
from gateway.formats.tabular.json_flat import flatten, is_list, listed
from gateway.formats.tabular.json_levels import Levels
from gateway.formats.tabular.json_objects import JsonFault, Lines, fault
from gateway.formats.tabular.json_objects import objects as objects_of
from gateway.formats.tabular.layout import KEYS, Header, Options
from gateway.formats.tabular.reader import TableReader
from gateway.formats.tabular.rows import ABSENT, Record, plain_name
from gateway.formats.tabular.vocabulary import key_meaning, vocabulary
from gateway.profile import Profile
from gateway.records import Event, Group, GroupBegin, GroupEnd, Interchange, InterchangeBegin, InterchangeEnd

SHIPMENTS = frozenset(
    ("shipments", "parcels", "consignments", "houses", "housebills", "packages", "orders", "rows", "records")
)
"""Keys of arrays whose objects are shipments (ours, but for shipments of ACE trips)."""
ITEMS = frozenset(("items", "commodities", "lines", "goods", "products", "contents", "lineitems", "orderlines"))
"""Keys of arrays whose objects are goods lines."""
_TRIP = "ACE_TRIP"
_PEEKED = 1000  # records that the columns are told from; keys that come later are added


_KEYS = 10_000
"""Different keys of all objects of a document: each is a column that is kept."""


_Cells = list[tuple[int, str]]
"""Index of a cell and the name whose text goes there."""

_SHAPES = 64  # sets of keys whose cells are remembered

_OF_A_SHIPMENT = frozenset((*KEYS, "consignee_name"))


def read_json(chunks: Iterable[bytes], profile: Profile, options: Options, scale: tuple[int, int]) -> Iterator[Event]:
    """Yield the events of a JSON manifest."""
    interchange, group = Interchange("tabular", 0), Group(0)
    yield InterchangeBegin(interchange)
    yield GroupBegin(group)
    reader = _JsonReader(profile, options)
    yield from reader.events(objects_of(chunks, scale), interchange, group)
    yield GroupEnd(group, "", 1)
    yield InterchangeEnd(interchange, "", 1)


def json_rows(data: bytes, profile: Profile, most: int) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns that a JSON manifest has, as the reader knows them, and its first rows: for onboarding."""
    reader = _JsonReader(profile, Options())
    return reader.sample(objects_of((data,), (0, 1)), most)


class _JsonReader(TableReader):
    """Turns JSON objects into rows."""

    def __init__(self, profile: Profile, options: Options) -> None:
        super().__init__(profile, options, "json")
        self._header = Header([], options, growing=True)
        self._levels = Levels(self._header, options.group_by)
        self._places: dict[str, int] = {}
        self._plans: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[_Cells, _Cells]] = {}
        self._rows = self._objects = self._told = 0  # _told: columns of one meaning
        self._ours = True  # the keys of the open document are ours, not those of a shape that another mapping reads
        self._fault: Finding | None = None
        self._first: dict[str, Any] = {}
        self._new: list[int] = []  # cells of keys that came with this goods line
        self._met: dict[int, Position] = {}  # where the key of a cell came first

    def events(self, values: Lines, interchange: Interchange, group: Group) -> Iterator[Event]:
        """Yield the events between group header and trailer."""
        records = self._records(values)
        peeked = list(islice(records, _PEEKED))
        if not peeked:
            fault = self._fault or Finding(
                "JSON-SHAPE",
                Severity.ERROR,
                Scope.INTERCHANGE,
                "The document holds no object with shipments.",
                Position(line=1),
            )
            yield fault
            return
        if not self._options.message_type:
            kind = _kind(self._first)
            if kind:
                self._options = replace(self._options, message_type=kind)
        yield from self.table(self._header, {}, chain(peeked, records), interchange, group)

    def _check_header(self, header: Header, record: Record | None, width: int) -> Iterator[Finding]:
        told = self._options.message_type or not self._first  # no line could be read: no column is missing
        self._told = len(header.twice)
        yield from () if told else super()._check_header(header, record, width)

    def _closing(self, message: Any) -> Iterator[Finding]:
        yield from super()._closing(message)
        if not self._options.message_type:  # the keys of a partner's own shape are those of a mapping of its own
            yield from self._same(self._header, Position(line=1), self._told)
            yield from self._strangers(self._header, len(self._header.names), Position(line=1))
        elif self._options.message_type == _TRIP:
            yield from self._ace_strangers()
        if self._fault is not None:
            yield self._fault

    def _ace_strangers(self) -> Iterator[Finding]:
        """Yield the keys of an ACE trip that are not passed on, each once, with the place where it came first."""
        for index, name, why in ace_strangers(self._header):
            place = self._met.get(index)
            if place is None:
                continue  # a column of the partner's layout
            said, severity = f'Key "{name}" is known and was not passed on.', Severity.INFO
            if why == NOT_KNOWN:
                said, severity = (
                    f'Key "{name}" is not known and was not read, first at {place.column}.',
                    Severity.WARNING,
                )
            yield Finding("CSV-EXTRA-COLUMN", severity, Scope.MESSAGE, said, place, value=name)

    def sample(self, values: Lines, most: int) -> tuple[list[str], list[list[str]]]:
        """Return (names, rows) of the first records."""
        rows = [record.cells for record in islice(self._records(values), most)]
        return [name.rpartition("[].")[2] for name in self._header.names], rows

    def _records(self, values: Lines) -> Iterator[Record]:
        try:
            for value, place in values:
                if place.fault:
                    self._rows += 1
                    place.number = self._rows
                    yield place
                    continue
                self._first = self._first or value
                yield from self._shipments(value, place)
        except JsonFault as fault:
            self._fault = fault.finding

    def _shipments(self, value: dict[str, Any], place: Record) -> Iterator[Record]:
        """Yield a record for every goods line of a document, or of one shipment."""
        self._ours = self._options.message_type in ("", "rows") and not _kind(value)
        outer = next((k for k, v in value.items() if plain_name(k) in SHIPMENTS and is_list(v)), "")
        shared: dict[str, str] = {}
        flatten(value, "", shared, outer, self._options.lists)
        if not outer and self._holds_none(value, shared):
            return
        if not outer:
            yield from self._lines({}, value, place, "")
            return
        if _kind(value) and "operation" in shared:  # the shipments have one of their own
            shared["operation_of_trip"] = shared["operation"]
        shared = self._levels.of_document(shared, value[outer]) if self._ours else shared
        for number, one in enumerate(value[outer]):
            path = f"{outer}[{number}]"
            if isinstance(one, dict):
                yield from self._lines(shared, one, place, path)
            else:
                yield self._no_object(place, path, "")

    def _holds_none(self, value: dict[str, Any], shared: dict[str, str]) -> bool:
        """True for a document whose list of shipments is empty, and that is no shipment itself; it is told."""
        name = next((k for k, v in value.items() if plain_name(k) in SHIPMENTS and v in ([], None)), "")
        if not name or {key_meaning(key) for key in shared} & _OF_A_SHIPMENT:
            return False
        severity = Severity.INFO if self._options.accept_empty else Severity.ERROR
        said = f'"{name}" holds no shipment.'
        self._fault = self._fault or Finding("JSON-SHAPE", severity, Scope.MESSAGE, said, Position(line=1))
        return True

    def _no_object(self, place: Record, path: str, group: str) -> Record:
        """Return the record of a list entry that is no object."""
        self._rows += 1
        said = f"{path} is no object with names and values."
        return Record([], self._rows, place.line, place.offset, place.length, said, "json", 1, path, group)

    def _lines(self, shared: dict[str, str], one: dict[str, Any], place: Record, path: str) -> Iterator[Record]:
        inner = next((k for k, v in one.items() if plain_name(k) in ITEMS and (isinstance(v, dict) or is_list(v))), "")
        own: dict[str, str] = {}
        flatten(one, "", own, inner, self._options.lists)
        told = {key_meaning(name) for name in own}
        own |= {name: text for name, text in shared.items() if name not in own and key_meaning(name) not in told}
        self._objects += 1
        lines = listed(one[inner]) if inner else [{}]
        goods = [self._flat(line) for line in lines]
        apart = False
        if inner and self._ours:
            apart, own, goods = self._levels.of_shipment(own, goods)
        for number, line in enumerate(lines):
            if not isinstance(line, dict):
                yield self._no_object(place, f"{path or place.path}.{inner}[{number}]".lstrip("."), f"#{self._objects}")
                continue
            self._rows += 1
            cells = self._cells(own, goods[number], inner)
            if self._new:
                self._meet(place, path or place.path, number, one)
            group = f"#{self._objects}" if inner and not apart else ""
            yield Record(
                cells, self._rows, place.line, place.offset, place.length, "", "", 1, path or place.path, group
            )

    def _flat(self, line: Any) -> dict[str, str]:
        """Return the values of a goods line; none of an entry that is no object."""
        goods: dict[str, str] = {}
        if isinstance(line, dict):
            flatten(line, "", goods, "", self._options.lists)
        return goods

    def _meet(self, place: Record, path: str, number: int, one: dict[str, Any]) -> None:
        """Note where the keys that are new came first. path, number: of the shipment and its goods line; one: its object."""
        for index in self._new:
            name = self._header.names[index]
            within = "[]." in name or name.partition(".")[0].partition(" (")[0] in one
            full = f"{path}.{name}".lstrip(".") if within else name
            at = full.removesuffix(" (list of objects)").replace("[].", f"[{number}].", 1)
            self._met[index] = Position(offset=place.offset, length=place.length or None, line=place.line, row=self._rows, column=at)  # fmt: skip
        self._new.clear()

    def _cells(self, own: dict[str, str], goods: dict[str, str], inner: str) -> list[str]:
        """Return the cells of one goods line: its own values, and those of its shipment that it does not have itself.

        A column of the shipment (weight, consignee) is read from the shipment where both have it.
        """
        if len(own) + len(goods) > _KEYS:
            raise _too_many()
        shape = (inner, tuple(own), tuple(goods))
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._plan(*shape)
            if len(self._plans) < _SHAPES:
                self._plans[shape] = plan
        cells = [""] * len(self._header.names)
        for index, name in plan[0]:
            cells[index] = own[name]
        for index, name in plan[1]:
            cells[index] = goods[name]
        return cells

    def _plan(self, inner: str, own: tuple[str, ...], goods: tuple[str, ...]) -> tuple[_Cells, _Cells]:
        """Return which names of a shipment and of its goods line go into which cells; new names become columns."""
        columns = vocabulary()[0]
        of_shipment = {name: key_meaning(name) for name in own}
        there = set(of_shipment.values())
        taken: dict[str, str] = {}
        for name in goods:
            meaning = key_meaning(name)
            standard = columns.get(meaning)
            if standard is None or standard.level == "item" or meaning not in there:
                taken = {n: m for n, m in taken.items() if m != meaning} | {name: meaning}
        gone = set(taken.values())
        used: set[int] = set()
        kept = [
            (self._index(name, self._levels.written.get(name, name), used), name)
            for name, meaning in of_shipment.items()
            if meaning not in gone
        ]
        return kept, [(self._index(name, f"{inner}[].{name}", used), name) for name in taken]

    def _index(self, name: str, shown: str, used: set[int]) -> int:
        """Return the cell of a name: that of another name for the same column, which other objects have, or a new one.

        used: cells that the object fills already; two of its names that mean the same are two columns, and told.
        """
        index = self._places.get(name, -1)
        if index < 0:
            meant = self._header.means(name) if self._ours else ""
            index = self._header.index(meant) if meant in vocabulary()[0] else ABSENT
        if index == ABSENT or index in used:
            if len(self._header.names) >= _KEYS:
                raise _too_many()
            index = self._header.add(name)
            self._header.names[index] = shown
            self._new.append(index)
        self._places.setdefault(name, index)
        used.add(index)
        return index


def _too_many() -> JsonFault:
    said = f"The objects have more than {_KEYS:,} different keys: names of fields are expected there, not values."
    return JsonFault(fault("JSON-SHAPE", said, None))


def _kind(value: dict[str, Any]) -> str:
    """Return the message type that the document names itself ("data": "ACE_TRIP"), "" for plain rows."""
    kind = value.get("data")
    return _TRIP if kind in (_TRIP, "ACE_SHIPMENT") else ""
