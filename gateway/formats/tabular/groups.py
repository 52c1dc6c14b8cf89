"""Rows -> shipments: rows of one key that stand together, or that come back within a window of WINDOW rows.

    row of a known key, open or in the window      joins its shipment (CSV-GROUP-APART when others stood between)
    the same row again, not next to its first      a shipment of its own: the history says S321-DUP
    shipment record again (record types), new goods  joins its shipment (CSV-GROUP-APART); with the same goods a shipment of its own
    row of a key that left the window before       CSV-GROUP-SPLIT: the message is refused, since a part of the shipment
                                                   went on already; the same content again is left to the history

Memory: WINDOW rows, and two numbers for each of the last REMEMBERED keys, twice that many at most. Older keys are left to
the history, which refuses the later part as S321-DUP.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress, count, islice, pairwise
from operator import ne

from gateway.findings import Finding
from gateway.formats.tabular.rows import Row

WINDOW = 500
"""Rows that wait for further rows of their shipment."""
REMEMBERED = 32_768
"""Keys of shipments that left the window: as many at least."""
MOST = 20_000
"""Rows of one shipment that are kept (some 60 MB); what has more is refused."""


@dataclass(slots=True)
class Shipment:
    """The rows of one shipment so far, with what was found in them."""

    key: tuple[str, ...]
    rows: list[Row]
    findings: list[Finding] = field(default_factory=list)
    apart: bool = False
    begun_again: bool = False  # by a second shipment record
    split: bool = False
    over: int = 0  # rows that were not kept
    agreed: bool = False  # its rows stood together and say the same of it

    def take(self, row: Row, findings: list[Finding]) -> int:
        """Take a further row; return how many are kept of it."""
        self.agreed = False
        if len(self.rows) >= MOST:
            self.over += 1
            return 0
        self.rows.append(row)
        self.findings += findings
        return 1

    @property
    def plain(self) -> bool:
        """True when there is nothing to say of the shipment: one row, or several that agree, no findings."""
        return (self.agreed or len(self.rows) == 1) and not self.findings and not self.split


class Departed:
    """The last keys that were noted, each with the number noted last: 16 bytes for a place, where a dict takes 170.

    Two tables of open addressing, half full at most: when the newer one holds `least` keys, the older one goes.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._old = _table(1)
        self._keys, self._numbers = _table(1024)
        self._count = 0

    def note(self, key: int, number: int) -> int:
        """Note a number for a key, both of 64 bits and not 0; return the one noted before, 0 when there is none."""
        place = _place(self._keys, key)
        if self._keys[place]:
            before = self._numbers[place]
        else:
            keys, numbers = self._old
            before = numbers[_place(keys, key)]
            if self._count >= min(self._least, len(self._keys) // 2):
                self._make_room()
                place = _place(self._keys, key)
            self._count += 1
            self._keys[place] = key
        self._numbers[place] = number
        return before

    def _make_room(self) -> None:
        keys, numbers = self._keys, self._numbers
        if self._count >= self._least:
            self._old, self._count = (keys, numbers), 0
            self._keys, self._numbers = _table(len(keys))
            return
        self._keys, self._numbers = _table(2 * len(keys))
        for key, number in zip(keys, numbers, strict=True):
            if key:
                place = _place(self._keys, key)
                self._keys[place], self._numbers[place] = key, number


def _table(places: int) -> tuple[array[int], array[int]]:
    """Return keys and numbers of an empty table. places: a power of 2."""
    return array("q", bytes(8 * places)), array("q", bytes(8 * places))


def _place(keys: array[int], key: int) -> int:
    """Return where a key stands in a table, or where it would."""
    last = len(keys) - 1
    place = key & last
    while (there := keys[place]) and there != key:
        place = place + 1 & last
    return place


class Grouper:
    """Collects the rows of one table."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, ...], Shipment] = {}
        # a plain dict would look for its first entry among all that left it before
        self._waiting: OrderedDict[int, Shipment] = OrderedDict()  # in the order of their first rows
        self._last: Shipment | None = None
        self._left = Departed(REMEMBERED)
        self._rows = 0
        self._next = 0

    def add(self, key: tuple[str, ...], row: Row, findings: list[Finding], *, begins: bool = False) -> list[Shipment]:
        """Take a row; return shipments that are complete. key: () for a row that is a shipment of its own.

        begins: the file says that a shipment begins with the row (record types).
        """
        last = self._last
        if last is not None and key and last.key == key and not (begins and _holds(last, row)):
            last.begun_again = last.begun_again or begins
            self._rows += last.take(row, findings)
            return []
        known = self._open.get(key) if key else None
        if known is not None and not _holds(known, row):
            self._rows += known.take(row, findings)
            known.apart = True
            self._last = known
        else:
            shipment = Shipment(key, [row], findings)
            if key and known is None:
                self._open[key] = shipment
            self._rows += 1
            return self._begin(shipment)
        return self._complete()

    def _begin(self, shipment: Shipment) -> list[Shipment]:
        self._waiting[self._next] = self._last = shipment
        self._next += 1
        return self._complete()

    def _complete(self) -> list[Shipment]:
        """Return the shipments that have waited long enough."""
        complete: list[Shipment] = []
        while self._rows > WINDOW and len(self._waiting) > 1:
            complete.append(self._leave())
        return complete

    def add_many(self, keys: list[tuple[str, ...]], rows: list[Row], alike: list[bool]) -> list[Shipment]:
        """Take rows of which nothing was found, as `add` takes one; return shipments that are complete.

        alike: of each row whether it says the same of its shipment as the row before.
        """
        complete: list[Shipment] = []
        begins = [0, *compress(count(1), map(ne, keys, islice(keys, 1, None))), len(keys)]
        for first, end in pairwise(begins):
            key, last = keys[first], self._last
            if key in self._open or (last is not None and last.key == key):
                for row in rows[first:end]:
                    complete += self.add(key, row, [])
                continue
            shipment = self._open[key] = Shipment(key, rows[first:end], agreed=all(alike[first + 1 : end]))
            self._rows += 1
            complete += self._begin(shipment)  # as if its other rows came behind
            self._rows += end - first - 1
        return complete

    def end(self) -> Iterator[Shipment]:
        """Yield the shipments that still wait."""
        while self._waiting:
            yield self._leave()

    def _leave(self) -> Shipment:
        _, shipment = self._waiting.popitem(last=False)
        self._rows -= len(shipment.rows)
        if shipment is self._last:
            self._last = None
        if shipment.key:
            if self._open.get(shipment.key) is shipment:
                del self._open[shipment.key]
            content = hash(tuple([tuple(row.elements) for row in shipment.rows])) or 1
            shipment.split = self._left.note(hash(shipment.key) or 1, content) not in (0, content)
        return shipment


def _holds(shipment: Shipment, row: Row) -> bool:
    return any(row.elements == r.elements for r in shipment.rows)
