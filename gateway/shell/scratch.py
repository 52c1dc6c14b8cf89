"""What a drop claims before it is decided: a private temporary database, and a short memory of what was claimed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Hashable, Iterable
from contextlib import suppress
from typing import TypeVar

from gateway.shell.parts import SCRATCH

_What = TypeVar("_What", bound=Hashable)
_FEW = 16_384
_SMALL = 1000  # claims of a drop whose database is used again
_KEPT = 2
_CLEAR = ("DELETE FROM claims", "DELETE FROM interchanges", "DELETE FROM parts")
_SCRATCH = """
PRAGMA cache_size=-1024; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
CREATE TABLE claims (seq INTEGER PRIMARY KEY, key TEXT, content TEXT, place TEXT, person TEXT, day TEXT, value INTEGER,
    purpose TEXT, orders TEXT, old_person TEXT, old_day TEXT, old_value INTEGER, old_content TEXT);
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

    def add_all(self, many: Iterable[Hashable]) -> bool:
        """Remember; return whether any of them may have been there before. Of what comes twice in `many` this does not tell."""
        numbers = list(map(hash, many))
        if self._few is None:
            return self._mark(numbers)
        known = not self._few.isdisjoint(numbers)
        self._few.update(numbers)
        if len(self._few) > _FEW:
            few, self._few, self._bits = self._few, None, bytearray(1 << 20)
            self._mark(few)
        return known

    def among(self, many: Iterable[_What]) -> list[_What]:
        """Return those that may have been remembered."""
        few = self._few
        if few is not None:
            return [what for what in many if hash(what) in few]
        return [what for what in many if self._is_marked(hash(what))]

    def __contains__(self, what: Hashable) -> bool:
        return bool(self.among([what]))

    def _is_marked(self, number: int) -> bool:
        bits = self._bits
        return bool(
            bits[number >> 3 & 0xFFFFF] & 1 << (number & 7) and bits[number >> 32 & 0xFFFFF] & 1 << (number >> 29 & 7)
        )

    def _mark(self, numbers: Iterable[int]) -> bool:
        """Set two bits for each number; return whether both were set for one of them."""
        bits, known = self._bits, False
        for number in numbers:
            first, second = number >> 3 & 0xFFFFF, number >> 32 & 0xFFFFF
            one, other = 1 << (number & 7), 1 << (number >> 29 & 7)
            if bits[first] & one and bits[second] & other:
                known = True
            else:
                bits[first] |= one
                bits[second] |= other
        return known
