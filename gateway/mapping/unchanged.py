"""Whole columns of texts that a transform leaves as they are, told by one look at all of them.

    CASEY EXAMPLE    PAT SAMPLE       trim and collapse leave them alone, `lines 2` makes nothing of them
    CASEY EXAMPLE    PAT  SAMPLE      collapse does not: each is looked at

What is told takes less than the transforms leave alone, never more, and costs what the length of the texts costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from gateway.mapping.line import Line
from gateway.mapping.transforms import find_transform

Fits = Callable[[Collection[str]], bool]
"""Texts of a column -> whether a transform leaves all of them as they are, or makes nothing of any of them."""

_NUMBERS = re.compile(r"(?:(?:[0-9]?[A-DF-Za-df-z][0-9A-Za-z-]*+|[0-9]{1,15}+|[0-9]{16,40}+(?<!00))?\|)*+")
"""Nothing like 1E+12, and no zeros behind 15 digits."""


def _words(texts: Collection[str]) -> bool:
    """True for texts of one line, without a blank too many."""
    joined = "|".join(("", *texts, ""))  # | parts lines, so no text may hold one
    return (
        joined.isascii() and joined.isprintable() and joined.count("|") == len(texts) + 1
        and "  " not in joined and " |" not in joined and "| " not in joined
    )  # fmt: skip


def _capitals(texts: Collection[str]) -> bool:
    return _words(texts) and all(text.upper() == text for text in texts)


def _numbers(texts: Collection[str]) -> bool:
    return _NUMBERS.fullmatch("|".join((*texts, ""))) is not None


_SAME: dict[str, Fits] = {
    "trim": _words, "collapse": _words, "squeeze": _words, "lines 1": _words, "upper": _capitals, "identifier": _numbers,
}  # fmt: skip
_NOTHING: dict[str, Fits] = dict.fromkeys(("lines 2", "lines 3", "lines_from 2", "lines_from 3"), _words)


def same_of(line: Line) -> Fits | None:
    """Return what tells of texts that the transforms of a row leave as they are; None when that is not known."""
    return _of(line, _SAME) if line.steps else _words


def nothing_of(line: Line) -> Fits | None:
    """Return what tells of texts of which the transforms of a row make nothing, which is no loss."""
    return _of(line, _NOTHING) if line.steps else None


def _of(line: Line, known: dict[str, Fits]) -> Fits | None:
    """Return what is known of the transform cell of a row; a package may have transforms of its own."""
    found = find_transform(line.steps[0][0].name)
    ours = found is not None and found.function.__module__.startswith("gateway.mapping.transforms.")
    return known.get(line.row.transform) if ours else None  # a cell of several transforms is not among them
