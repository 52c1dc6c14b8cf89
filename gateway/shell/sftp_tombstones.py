"""Names whose file was taken and that still answer for a while, with the size the client sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice


@dataclass(frozen=True, slots=True)
class Tombstone:
    """size in bytes, mtime in seconds since 1970; until: on the caller's clock."""

    size: int
    mtime: float
    until: float


class Tombstones:
    """The taken names of one account. Not thread safe: the account's lock is held around it."""

    def __init__(self, grace_s: float, clock: Callable[[], float]) -> None:
        self._grace, self._clock = grace_s, clock
        self._stones: dict[str, Tombstone] = {}

    def add(self, name: str, size: int, mtime: float) -> None:
        """Note a taken name, and forget the oldest whose time is over."""
        for old in list(islice(self._stones, 8)):  # the oldest stand first; a few at each turn keep up
            self.get(old)
        self._stones.pop(name, None)
        self._stones[name] = Tombstone(size, mtime, self._clock() + self._grace)

    def get(self, name: str) -> Tombstone | None:
        """Return the stone of a name, if its time is not over."""
        stone = self._stones.get(name)
        if stone and stone.until <= self._clock():
            del self._stones[name]
            return None
        return stone

    def all(self) -> Mapping[str, Tombstone]:
        """Return all that still answer."""
        return {name: stone for name in list(self._stones) if (stone := self.get(name))}

    def rename(self, old: str, new: str) -> None:
        """The client gave a taken file another name."""
        self._stones[new] = self._stones.pop(old)

    def touch(self, name: str, mtime: float) -> None:
        """Remember the time the client set."""
        self._stones[name] = replace(self._stones[name], mtime=mtime)
