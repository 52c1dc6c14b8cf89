"""Texts of answers that have room for so many characters only."""

from __future__ import annotations


def whole_words(text: str, width: int) -> str:
    """Return the words of a text that fit.

    >>> whole_words("NO HALF WORDS", 10), whole_words("UNDIVIDED", 5)
    ('NO HALF', 'UNDIV')
    """
    return text if len(text) <= width else text[: width + 1].rpartition(" ")[0] or text[:width]


def in_lines(text: str, width: int, most: int) -> list[str]:
    """Return the lines of a text that is parted between its words; what does not fit into so many lines is left out.

    >>> in_lines("NO HALF WORDS AT ALL", 10, 2)
    ['NO HALF', 'WORDS AT']
    """
    lines: list[str] = []
    while text and len(lines) < most:
        lines.append(whole_words(text, width))
        text = text[len(lines[-1]) :].lstrip()
    return lines
