"""What comes often: for what is made once it pays, a plan of a shipment or a function for a kind of node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)


class Often(Generic[_K]):
    """Counts keys, at most so many of them: what comes new when they are all in use never counts as often.

    >>> often = Often[str](2, 100)
    >>> [often(key) for key in ("a", "b", "a", "a")]
    [False, False, True, False]
    """

    def __init__(self, times: int, most: int) -> None:
        self._times, self._most = times, most
        self._seen: Counter[_K] = Counter()

    def __call__(self, key: _K) -> bool:
        """Count a key in; True when it has come so many times. It is forgotten then."""
        seen = self._seen
        if key not in seen and len(seen) >= self._most:
            return False
        seen[key] += 1
        if seen[key] < self._times:
            return False
        del seen[key]
        return True

    def __len__(self) -> int:
        """Return how many keys are counted."""
        return len(self._seen)
