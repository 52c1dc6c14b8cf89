"""Progress of long work on standard error: part done, shipments so far and per second, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from gateway.results import Counts

_BLOCK = 1 << 16
_QUIET_S = 2.0  # nothing is shown for work that ends sooner
_EVERY_S = 0.5


class Meter:
    """Counts one file while it is read; shows nothing unless `active` (a terminal).

    counts: handed to `translate`, which keeps it up to date.
    """

    def __init__(self, size: int, *, active: bool) -> None:
        self.counts = Counts()
        self._size, self._active, self._read = size, active, 0
        self._start = self._shown = time.monotonic()

    def blocks(self, source: BinaryIO) -> Iterator[bytes]:
        """Yield the file, counting."""
        while block := source.read(_BLOCK):
            self._read += len(block)
            yield block
            self._show()

    def line(self, elapsed: float) -> str:
        """Return what is shown after `elapsed` seconds."""
        part, counts = self._read / max(self._size, 1), self.counts
        left = elapsed * (1 - part) / max(part, 1e-9)
        return (
            f"{part:5.1%}  {counts.accepted} accepted, {counts.rejected + counts.duplicate} refused  "
            f"{counts.found / max(elapsed, 1e-9):,.0f} shipments/s  ETA {left:.0f} s"
        )

    def _show(self) -> None:
        now = time.monotonic()
        if not self._active or now - self._start < _QUIET_S or now - self._shown < _EVERY_S:
            return
        self._shown = now
        sys.stderr.write(f"\r{self.line(now - self._start)}   ")
        sys.stderr.flush()

    def done(self) -> None:
        """End the line."""
        if self._active and self._shown > self._start:
            sys.stderr.write("\n")
