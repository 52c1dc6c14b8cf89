"""Wakes a thread that waits for file descriptors: from other threads and from signal handlers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from multiprocessing.connection import wait


class Wake:
    """A pipe to oneself. `set` is remembered until the next `wait`."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """End the present or the next `wait`."""
        with contextlib.suppress(OSError):  # full: it is set already; closed: nobody waits
            os.write(self._write, b"x")

    def wait(self, handles: Iterable[int], seconds: float) -> None:
        """Wait until `set`, until one of the descriptors can be read, or so many seconds."""
        wait([self._read, *handles], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 1 << 16)

    def close(self) -> None:
        """Close the pipe."""
        for descriptor in (self._read, self._write):
            os.close(descriptor)
