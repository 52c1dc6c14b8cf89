"""What a drop claims before it is decided: a private temporary database, and a short memory of what was claimed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Hashable
from contextlib import suppress

from gateway.shell.parts import SCRATCH

_FEW = 4096
_SMALL = 1000  # claims of a drop whose database is used again
_KEPT = 2
_CLEAR = ("DELETE FROM claims", "DELETE FROM interchanges", "DELETE FROM parts")
_SCRATCH = """
PRAGMA cache_size=-1024; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
CREATE TABLE claims (seq INTEGER PRIMARY KEY, key TEXT, content TEXT, place TEXT, person TEXT, day TEXT, value INTEGER,
    purpose TEXT, old_person TEXT, old_day TEXT, old_value INTEGER, old_content TEXT, usd TEXT, orders TEXT);
CREATE TABLE interchanges (sender TEXT, receiver TEXT, control TEXT, place TEXT,
    PRIMARY KEY (sender, receiver, control));
"""
_idle: list[sqlite3.Connection] = []  # empty scratch databases for the next drops; making one takes half a millisecond
os.register_at_fork(after_in_child=_idle.clear)


def take_scratch() -> sqlite3.Connection:
    """Return an empty scratch database, in its one long transaction: no file until the cache overflows."""
    with suppress(IndexError):
        return _idle.pop()
    made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    made.executescript(_SCRATCH + SCRATCH)
    made.execute("BEGIN")
    return made


def give_back(scratch: sqlite3.Connection, *, used: int, indexed: bool) -> None:
    """Forget what a drop claimed. used: how many claims; indexed: it has indexes that the next one may not need."""
    if used > _SMALL or indexed or len(_idle) >= _KEPT:
        scratch.close()
        return
    for clear in _CLEAR:
        scratch.execute(clear)
    _idle.append(scratch)


class Touched:
    """What this drop claimed (a Bloom filter): never forgets one, may name one too many; 1 MiB whatever the size.

    What is few is kept as it is.
    """

    def __init__(self) -> None:
        self._few: set[int] | None = set()
        self._bits = bytearray()

    def add(self, what: Hashable) -> None:
        """Remember."""
        number = hash(what)
        if self._few is None:
            self._mark(number)
            return
        self._few.add(number)
        if len(self._few) > _FEW:
            self._bits = bytearray(1 << 20)
            for one in self._few:
                self._mark(one)
            self._few = None

    def __contains__(self, what: Hashable) -> bool:
        bits, number = self._bits, hash(what)
        if self._few is not None:
            return number in self._few
        return bool(
            bits[number >> 3 & 0xFFFFF] & 1 << (number & 7) and bits[number >> 32 & 0xFFFFF] & 1 << (number >> 29 & 7)
        )

    def _mark(self, number: int) -> None:
        bits = self._bits
        bits[number >> 3 & 0xFFFFF] |= 1 << (number & 7)
        bits[number >> 32 & 0xFFFFF] |= 1 << (number >> 29 & 7)
