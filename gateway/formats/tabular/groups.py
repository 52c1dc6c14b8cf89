"""Rows -> shipments: rows of one key that stand together, or that come back within a window of WINDOW rows.

    row of a known key, open or in the window      joins its shipment (CSV-GROUP-APART when others stood between)
    the same row again, not next to its first      a shipment of its own: the history says S321-DUP
    row of a key that left the window before       CSV-GROUP-SPLIT: the message is refused, since a part of the shipment
                                                   went on already; the same content again is left to the history

Memory: WINDOW rows, and two numbers for each of the last REMEMBERED keys. Older keys are left to the history, which
refuses the later part as S321-DUP.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.findings import Finding
from gateway.formats.tabular.rows import Row

WINDOW = 500
"""Rows that wait for further rows of their shipment."""
REMEMBERED = 100_000
"""Keys of shipments that left the window."""
MOST = 20_000
"""Rows of one shipment that are kept (some 60 MB); what has more is refused."""


@dataclass(slots=True)
class Shipment:
    """The rows of one shipment so far, with what was found in them."""

    key: tuple[str, ...]
    rows: list[Row]
    findings: list[Finding] = field(default_factory=list)
    apart: bool = False
    split: bool = False
    over: int = 0  # rows that were not kept

    def take(self, row: Row, findings: list[Finding]) -> int:
        """Take a further row; return how many are kept of it."""
        if len(self.rows) >= MOST:
            self.over += 1
            return 0
        self.rows.append(row)
        self.findings += findings
        return 1

    @property
    def plain(self) -> bool:
        """True when there is nothing to say of the shipment: one row, no findings."""
        return len(self.rows) == 1 and not self.findings and not self.split


class Grouper:
    """Collects the rows of one table."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, ...], Shipment] = {}
        # a plain dict would look for its first entry among all that left it before
        self._waiting: OrderedDict[int, Shipment] = OrderedDict()  # in the order of their first rows
        self._last: Shipment | None = None
        self._left: OrderedDict[int, int] = OrderedDict()
        self._rows = 0
        self._next = 0

    def add(self, key: tuple[str, ...], row: Row, findings: list[Finding]) -> list[Shipment]:
        """Take a row; return shipments that are complete. key: () for a row that is a shipment of its own."""
        last = self._last
        if last is not None and key and last.key == key:
            self._rows += last.take(row, findings)
            return []
        known = self._open.get(key) if key else None
        if known is not None and not any(row.elements == r.elements for r in known.rows):
            self._rows += known.take(row, findings)
            known.apart = True
            self._last = known
        else:
            shipment = Shipment(key, [row], findings)
            if key and known is None:
                self._open[key] = shipment
            self._waiting[self._next] = shipment
            self._next += 1
            self._last = shipment
            self._rows += 1
        complete: list[Shipment] = []
        while self._rows > WINDOW and len(self._waiting) > 1:
            complete.append(self._leave())
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
            name = hash(shipment.key)
            content = hash(tuple([tuple(row.elements) for row in shipment.rows]))
            before = self._left.pop(name, None)
            shipment.split = before is not None and before != content
            self._left[name] = content
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return shipment
