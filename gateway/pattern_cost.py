"""What a pattern of a partner file may cost on a text that its sender chose.

`(\\w+ ?)+,` takes seconds over 24 letters and years over 60. So each pattern is tried when the partner file is read, on texts
that it does not fit and that grow in small steps.
"""

from __future__ import annotations

import time
from functools import lru_cache

from gateway.errors import ConfigError
from gateway.formats.tabular.patterns import LONGEST_CELL, compiled

_SECONDS = 0.25  # for one text
_LENGTHS = (*range(10, 61, 2), 75, 94, 117, 146, 183, 229, 286, LONGEST_CELL)  # a letter more may double the time
_PIECES = ("a", "A", "0", " ", "a ", "a, ", "A1", "1.", "-", ",")


@lru_cache(256)
def check_cost(pattern: str) -> None:
    """Raise ConfigError for a pattern that takes too long over a text that it does not fit, or cannot be read."""
    made = compiled(pattern)
    own = sorted({character for character in pattern if character.isprintable()})
    for piece in (*_PIECES, *own):
        for length in _LENGTHS:
            text = piece * (length // len(piece)) + "\0"
            begun = time.thread_time()
            made.search(text)
            if time.thread_time() - begun > _SECONDS:
                raise ConfigError(
                    f"options.tabular: the pattern {pattern!r} takes too long over a text such as {piece * 3!r} that it does not fit.",
                    "Repeat no group that holds a repetition itself: [A-Za-z ]+ instead of ([A-Za-z]+ ?)+.",
                )
