"""What X12 and EDIFACT have in common: the window on a file, and text with a release character.

    "MEN?'S ?+ BOYS+2"  split at +  ->  "MEN?'S ?+ BOYS", "2"      unrelease("MEN?'S ?+ BOYS") -> "MEN'S + BOYS"

Parts keep their release characters until the last split is done; X12 has none (release "") and pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def split_released(text: str, separator: str, release: str) -> list[str]:
    """Return the parts of `text` between unreleased separators, release characters still in place.

    A separator is released when an odd number of release characters stands before it.

    >>> split_released("A?+B??+C", "+", "?")
    ['A?+B??', 'C']
    """
    if not separator:
        return [text]
    parts = text.split(separator)
    if not release or release not in text:
        return parts
    whole: list[str] = []
    held = ""
    for part in parts:
        held = held + separator + part if held else part
        if ends_released(held, release):
            continue
        whole.append(held)
        held = ""
    if held:
        whole.append(held)
    return whole


def ends_released(text: str, release: str) -> bool:
    """True when the character after `text` would be released: an odd number of release characters at its end."""
    return text[-1:] == release and (len(text) - len(text.rstrip(release))) % 2 == 1


def unrelease(text: str, release: str) -> str:
    """Return the text as meant: each release character dropped, the character after it kept.

    >>> unrelease("WHY?? O?'NEIL", "?")
    "WHY? O'NEIL"
    """
    if not release or release not in text:
        return text
    out: list[str] = []
    characters = iter(text)
    for character in characters:
        out.append(next(characters, release) if character == release else character)
    return "".join(out)


def released(text: str, specials: str, release: str) -> str:
    """Return the text with a release character before each of `specials` (which hold the release character too)."""
    if not any(character in text for character in specials):
        return text
    return "".join(release + character if character in specials else character for character in text)


class Scale(msgspec.Struct, frozen=True):
    """Maps offsets of transcoded text back to the received file: received = base + factor * offset."""

    base: int = 0
    factor: int = 1


UNSCALED = Scale()


class Window:
    """Text read and not yet consumed, with its offset and line. A tokenizer is one, so that its loops need no way around.

    _buffer: latin-1 text, one character = one byte; _offset: of its first character.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._buffer = ""
        self._offset = 0
        self._line = 1

    def _fill(self, source: Iterator[bytes], want: int) -> bool:
        """Read until the buffer holds `want` characters; False at the end of the file."""
        while len(self._buffer) < want:
            chunk = next(source, None)
            if chunk is None:
                return False
            self._buffer += chunk.decode("latin-1")
        return True

    def _drop(self, count: int) -> str:
        """Consume characters, keeping offset and line right; return them."""
        gone, self._buffer = self._buffer[:count], self._buffer[count:]
        self._advance(gone)
        return gone

    def _advance(self, text: str) -> None:
        """Move offset and line behind `text`, which was consumed."""
        self._line += text.count("\n")
        self._offset += len(text)

    def _at(self, offset: int) -> int:
        """Return the offset in the received file."""
        return self._scale.base + self._scale.factor * offset
