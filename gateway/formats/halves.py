"""Halves of characters in JSON: `\\ud800` alone stands for nothing, and nothing can be written of it (RFC 8259, 8.2)."""

from __future__ import annotations

import re

_SOME = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_LOST = r"\ufffd"
IN_UTF_8 = "Write the JSON in UTF-8, as every JSON program does that is not told otherwise."
WHOLE = "Export the text anew in UTF-8, and cut no text in the middle of a character."
"""How a JSON text is mended that is not UTF-8, or holds half a character."""


def without_halves(text: str) -> str:
    """Return JSON text with the sign of a lost character (U+FFFD) in the place of each half, every place as before.

    >>> without_halves(r'"\\ud83d\\ude00 \\ud83d \\\\ud83d"')
    '"\\\\ud83d\\\\ude00 \\\\ufffd \\\\\\\\ud83d"'
    """
    if _SOME.search(text) is None:
        return text
    return _ESCAPE.sub(lambda found: _LOST if found[1] else found[0], text)
