"""Which claimed file is worked on next.

    partner a   r1 r4 r7     one line for each partner, in the order of arrival; one of a line is in work at most,
    partner b   r2           so that an amendment never overtakes its original
    partner c   r3 r5

Of the heads of the lines the smallest goes first; what has waited for a minute goes before, the oldest first, so that
no stream of small files keeps a large one waiting for ever.

A file that cannot be read in the work folder keeps its place too: nothing of its partner that came later is begun.

A file that waits (a locked ledger, a target that is away) keeps its place: while it is not decided nothing behind it is
begun; while it is not delivered, those behind it are decided only, and sent after it.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.shell.claims import Claimed
from gateway.shell.desk import Later, Result, Trouble

_LONGEST_WAIT_S = 300.0
_PATIENCE_S = 60.0
Room = Callable[[int], bool]
"""Is there room for a file of so many bytes?"""


class Next(NamedTuple):
    """A file to begin. alone: nothing else is in work, and nothing may be begun until it is done.

    behind: what an earlier file of the partner waits for with its deliveries.
    """

    claimed: Claimed
    alone: bool
    behind: Trouble | None = None


@dataclass(slots=True)
class _Line:
    """The files of a partner that are not in work, by receipt. Heaps, so the oldest is first."""

    ready: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)  # come back when an earlier one is through
    closing: set[str] = field(default_factory=set)  # wait, and nothing behind them is begun
    holding: dict[str, Trouble] = field(default_factory=dict)  # wait with deliveries, those of later ones come after

    def head(self) -> str:
        """Return the receipt that may be begun, "" when there is none."""
        first = self.ready[0] if self.ready else ""
        return "" if any(receipt < first for receipt in self.closing) else first

    def trouble(self, receipt: str) -> Trouble | None:
        """Return what an earlier file waits for with its deliveries."""
        return next((trouble for other, trouble in self.holding.items() if other < receipt), None)


class Queue:
    """Claimed files, thread safe. Those that wait come back later and later, up to five minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, Claimed] = {}
        self._since: dict[str, float] = {}  # receipt -> when it was first ready (monotonic)
        self._lines: dict[str, _Line] = {}  # by partner
        self._later: list[tuple[float, str]] = []  # (not before, receipt); a heap
        self._waits: set[str] = set()  # receipts that are neither ready nor in work
        self._tries: dict[str, int] = {}
        self._working: dict[str, Claimed] = {}
        self._stopped: set[str] = set()  # partners of whom nothing is begun
        self._lost: dict[str, str] = {}  # receipts that cannot be read -> partner whose later files wait, "" = all
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
                self._back(heapq.heappop(self._later)[1])
            if self._alone:
                return None
            heads = self._heads()
            lonely = [head for head in heads if head.receipt in self._lonely]
            if lonely:
                return None if self._working else self._begin(lonely[0], alone=True)
            fitting = [head for head in heads if room(head.size)]
            return self._begin(min(fitting, key=lambda c: self._rank(c, now)), alone=False) if fitting else None

    def ready(self, now: float) -> bool:
        """True when a file could be begun if there were room."""
        with self._lock:
            return any(due <= now for due, _ in self._later[:1]) or bool(self._heads())

    def done(self, claimed: Claimed) -> None:
        """Forget a file that is finished."""
        with self._lock:
            self._end(claimed)
            self._items.pop(claimed.receipt, None)
            self._since.pop(claimed.receipt, None)
            self._tries.pop(claimed.receipt, None)
            self._lonely.discard(claimed.receipt)
            self._wake(claimed.partner)

    def again(self, claimed: Claimed, result: Result, now: float, *, at_once: bool = False) -> None:
        """Put a file back that is not finished; the result says what later ones of the partner may do meanwhile.

        at_once: it is ready. Of one that must be alone, nothing else may be in work the next time.
        """
        with self._lock:
            self._end(claimed)
            if result.alone:
                self._lonely.add(claimed.receipt)
            if at_once or result.alone:
                self._ready(claimed)
                return
            self._waits.add(claimed.receipt)
            tries = self._tries.get(claimed.receipt, 0)
            self._tries[claimed.receipt] = tries + 1
            if self._keep_place(claimed, result):
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

    def lost(self, found: Mapping[str, str]) -> None:
        """Begin nothing that came later than one of these receipts of its partner ("" = of any), until the next call."""
        with self._lock:
            self._lost = dict(found)

    def due(self) -> float:
        """Return when the next file that waits comes back (monotonic)."""
        with self._lock:
            return self._later[0][0] if self._later else float("inf")

    def line(self, partner: str) -> int:
        """Return how many files of a partner are ready and not begun."""
        with self._lock:
            return len(self._lines[partner].ready) if partner in self._lines else 0

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

    def _line(self, partner: str) -> _Line:
        return self._lines.setdefault(partner, _Line())

    def _heads(self) -> list[Claimed]:
        """Return the files that may be begun, one of a partner at most."""
        busy = self._stopped.union(claimed.partner for claimed in self._working.values())
        heads = [line.head() for partner, line in self._lines.items() if line.ready and partner not in busy]
        return [self._items[head] for head in heads if head and not self._overtakes(self._items[head])]

    def _overtakes(self, claimed: Claimed) -> bool:
        """True when a file that cannot be read came before."""
        return any(r < claimed.receipt for r, partner in self._lost.items() if partner in ("", claimed.partner))

    def _ready(self, claimed: Claimed) -> None:
        self._since.setdefault(claimed.receipt, time.monotonic())
        heapq.heappush(self._line(claimed.partner).ready, claimed.receipt)

    def _keep_place(self, claimed: Claimed, result: Result) -> bool:
        """Note what a file that waits means for those behind it; True when it comes back after some time."""
        line, receipt = self._line(claimed.partner), claimed.receipt
        if result.behind:
            heapq.heappush(line.behind, receipt)
        if result.behind and result.trouble is not None:  # decided; the earlier one is in this queue
            return False
        if result.later is Later.DECIDE and result.trouble is not None:
            line.holding[receipt] = result.trouble
        elif result.later is not Later.GO:
            line.closing.add(receipt)
        else:
            self._wake(claimed.partner)
        return True

    def _wake(self, partner: str) -> None:
        """A file is through, or holds up nobody any more: the next one that waited for it comes back, and after it the next."""
        line = self._line(partner)
        behind = [] if line.holding else line.behind
        while behind and not self._back(heapq.heappop(behind)):
            continue  # it came back before

    def _back(self, receipt: str) -> bool:
        """Make a file that waits ready; False when it does not wait any more."""
        if receipt not in self._waits:
            return False
        claimed = self._items[receipt]
        line = self._line(claimed.partner)
        self._waits.discard(receipt)
        line.closing.discard(receipt)
        line.holding.pop(receipt, None)
        self._ready(claimed)
        return True

    def _rank(self, claimed: Claimed, now: float) -> tuple[int, int, str]:
        if now - self._since[claimed.receipt] >= _PATIENCE_S:
            return 0, 0, claimed.receipt
        return 1, claimed.size, claimed.receipt

    def _begin(self, claimed: Claimed, *, alone: bool) -> Next:
        line = self._lines[claimed.partner]
        heapq.heappop(line.ready)
        self._working[claimed.receipt] = claimed
        self._alone = claimed.receipt if alone else ""
        return Next(claimed, alone, line.trouble(claimed.receipt))

    def _end(self, claimed: Claimed) -> None:
        self._working.pop(claimed.receipt, None)
        if self._alone == claimed.receipt:
            self._alone = ""
