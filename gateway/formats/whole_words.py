"""Texts of answers that have room for so many characters only."""

from __future__ import annotations


def whole_words(text: str, width: int) -> str:
    """Return the words of a text that fit.

    >>> whole_words("NO HALF WORDS", 10), whole_words("UNDIVIDED", 5)
    ('NO HALF', 'UNDIV')
    """
    return text if len(text) <= width else text[: width + 1].rpartition(" ")[0] or text[:width]
