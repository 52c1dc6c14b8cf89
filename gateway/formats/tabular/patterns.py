"""Patterns that a partner file gives for cells and title rows: on texts of a bounded length only.

Python's expressions go back over a text as often as there are ways to part it, and every pattern takes the square over a
long cell. Those that take longer than that are refused when the partner file is read (gateway.pattern_cost).
"""

from __future__ import annotations

import re

from gateway.errors import ConfigError

LONGEST_CELL = 300
"""Characters of a cell that is taken apart: more than any address or amount."""
LONGEST_TITLE = 1000
"""Characters of the rows above a header that are looked at."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern. Raises ConfigError for one that cannot be read."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"options.tabular: the pattern {pattern!r} cannot be read: {error}.", "Mend it.") from None
