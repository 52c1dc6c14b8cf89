"""Which claimed file is worked on next.

    partner a   r1 r4 r7     one line for each partner, in the order of arrival; one of a line is in work at most,
    partner b   r2           so that an amendment never overtakes its original
    partner c   r3 r5

Of the heads of the lines the smallest goes first; what has waited for a minute goes before, the oldest first, so that
no stream of small files keeps a large one waiting for ever.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from gateway.shell.claims import Claimed

_LONGEST_WAIT_S = 300.0
_PATIENCE_S = 60.0
Room = Callable[[int], bool]
"""Is there room for a file of so many bytes?"""


class Next(NamedTuple):
    """A file to begin. alone: nothing else is in work, and nothing may be begun until it is done."""

    claimed: Claimed
    alone: bool


class Queue:
    """Claimed files, thread safe. Those that wait come back later and later, up to five minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, Claimed] = {}
        self._since: dict[str, float] = {}  # receipt -> when it was first ready (monotonic)
        self._lines: dict[str, list[str]] = {}  # partner -> receipts that are ready; a heap, so the oldest is first
        self._later: list[tuple[float, str]] = []  # (not before, receipt); a heap
        self._tries: dict[str, int] = {}
        self._working: dict[str, Claimed] = {}
        self._stopped: set[str] = set()  # partners of whom nothing is begun
        self._lonely: set[str] = set()  # receipts that must be alone in work
        self._alone = ""  # the receipt that is

    def put(self, claimed: Claimed) -> None:
        """Add a file; one that is known stays as it is."""
        with self._lock:
            if claimed.receipt not in self._items:
                self._items[claimed.receipt] = claimed
                self._ready(claimed)

    def next(self, now: float, room: Room) -> Next | None:
        """Return the file to begin now and count it as in work; None when there is none that fits."""
        with self._lock:
            while self._later and self._later[0][0] <= now:
                self._ready(self._items[heapq.heappop(self._later)[1]])
            if self._alone:
                return None
            busy = self._stopped.union(claimed.partner for claimed in self._working.values())
            heads = [self._items[line[0]] for partner, line in self._lines.items() if line and partner not in busy]
            lonely = [head for head in heads if head.receipt in self._lonely]
            if lonely:
                return None if self._working else self._begin(lonely[0], alone=True)
            fitting = [head for head in heads if room(head.size)]
            return self._begin(min(fitting, key=lambda c: self._rank(c, now)), alone=False) if fitting else None

    def ready(self, now: float) -> bool:
        """True when a file could be begun if there were room."""
        with self._lock:
            busy = self._stopped.union(claimed.partner for claimed in self._working.values())
            come = any(due <= now for due, _ in self._later[:1])
            return come or any(line and partner not in busy for partner, line in self._lines.items())

    def done(self, claimed: Claimed) -> None:
        """Forget a file that is finished."""
        with self._lock:
            self._end(claimed)
            self._items.pop(claimed.receipt, None)
            self._since.pop(claimed.receipt, None)
            self._tries.pop(claimed.receipt, None)
            self._lonely.discard(claimed.receipt)

    def again(self, claimed: Claimed, now: float, *, at_once: bool = False, alone: bool = False) -> None:
        """Put a file back that is not finished. alone: the next time nothing else may be in work."""
        with self._lock:
            self._end(claimed)
            if alone:
                self._lonely.add(claimed.receipt)
            if at_once or alone:
                self._ready(claimed)
                return
            tries = self._tries.get(claimed.receipt, 0)
            self._tries[claimed.receipt] = tries + 1
            heapq.heappush(self._later, (now + min(_LONGEST_WAIT_S, 2.0**tries), claimed.receipt))

    def stop(self, partner: str) -> bool:
        """Begin no further file of a partner until `go`; True when none is in work."""
        with self._lock:
            self._stopped.add(partner)
            return not self._alone and all(claimed.partner != partner for claimed in self._working.values())

    def go(self, partner: str) -> None:
        """End what `stop` began."""
        with self._lock:
            self._stopped.discard(partner)

    def due(self) -> float:
        """Return when the next file that waits comes back (monotonic)."""
        with self._lock:
            return self._later[0][0] if self._later else float("inf")

    def line(self, partner: str) -> int:
        """Return how many files of a partner are ready and not begun."""
        with self._lock:
            return len(self._lines.get(partner, ()))

    def knows(self, receipt: str) -> bool:
        """True for a file that is queued, waits or is in work."""
        with self._lock:
            return receipt in self._items

    def working(self) -> list[str]:
        """Return the receipts in work."""
        with self._lock:
            return sorted(self._working)

    def sizes(self) -> tuple[int, int]:
        """Return how many files were not begun, and how many are to be tried again."""
        with self._lock:
            waiting = len(self._tries.keys() - self._working.keys())
            return len(self._items) - len(self._working) - waiting, waiting

    # --- inside, under the lock

    def _ready(self, claimed: Claimed) -> None:
        self._since.setdefault(claimed.receipt, time.monotonic())
        heapq.heappush(self._lines.setdefault(claimed.partner, []), claimed.receipt)

    def _rank(self, claimed: Claimed, now: float) -> tuple[int, int, str]:
        if now - self._since[claimed.receipt] >= _PATIENCE_S:
            return 0, 0, claimed.receipt
        return 1, claimed.size, claimed.receipt

    def _begin(self, claimed: Claimed, *, alone: bool) -> Next:
        heapq.heappop(self._lines[claimed.partner])
        self._working[claimed.receipt] = claimed
        self._alone = claimed.receipt if alone else ""
        return Next(claimed, alone)

    def _end(self, claimed: Claimed) -> None:
        self._working.pop(claimed.receipt, None)
        if self._alone == claimed.receipt:
            self._alone = ""
