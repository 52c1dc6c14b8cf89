"""Patterns that a partner file gives for cells and title rows: what they may cost on a text that its sender chose.

Python's expressions go back over a text as often as there are ways to part it: `(\\w+ ?)+,` takes seconds over 24 letters and
years over 60, and every pattern takes the square over a long cell. So a pattern is tried when it is read, and is used on
texts of a bounded length only.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

from gateway.errors import ConfigError

LONGEST_CELL = 300
"""Characters of a cell that is taken apart: more than any address or amount."""
LONGEST_TITLE = 1000
"""Characters of the rows above a header that are looked at."""

_SECONDS = 0.25  # for one text
_LENGTHS = (
    *range(10, 61, 2),
    75,
    94,
    117,
    146,
    183,
    229,
    286,
    LONGEST_CELL,
)  # in small steps: one more may double the time
_PIECES = ("a", "A", "0", " ", "a ", "a, ", "A1", "1.", "-", ",")


@lru_cache(256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern. Raises ConfigError for one that cannot be read, or takes too long over a text that it does not fit."""
    try:
        made = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"options.tabular: the pattern {pattern!r} cannot be read: {error}.", "Mend it.") from None
    if piece := _chokes_on(made):
        raise ConfigError(
            f"options.tabular: the pattern {pattern!r} takes too long over a text such as {piece * 3!r} that it does not fit.",
            "Repeat no group that holds a repetition itself: [A-Za-z ]+ instead of ([A-Za-z]+ ?)+.",
        )
    return made


def _chokes_on(pattern: re.Pattern[str]) -> str:
    """Return the piece that makes a slow text, "" when there is none among ours and the pattern's own signs."""
    own = sorted({c for c in pattern.pattern if c.isprintable()})
    for piece in (*_PIECES, *own):
        for length in _LENGTHS:
            text = piece * (length // len(piece)) + "\0"
            begun = time.thread_time()
            pattern.search(text)
            if time.thread_time() - begun > _SECONDS:
                return piece
    return ""
