"""The part of a file that is in memory, and where it stands: what the tokenizer works on."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.x12.tokens import Scale


class Window:
    """Text read and not yet consumed, with its offset and line. The tokenizer is one, so that its loops need no way around.

    _buffer: latin-1 text, one character = one byte; _offset: of its first character; _line_start: the offset just
    after the last line break that was consumed.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._buffer = ""
        self._offset = 0
        self._line = 1
        self._line_start = 0

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
        breaks = text.count("\n")
        if breaks:
            self._line += breaks
            self._line_start = self._offset + text.rfind("\n") + 1
        self._offset += len(text)

    def _settle(self, offset: int, line: int) -> None:
        """Set offset and line after segments that end in a line break each, or that hold none."""
        if line != self._line:
            self._line_start = offset
        self._offset, self._line = offset, line

    def _discard(self, source: Iterator[bytes]) -> int:
        """Read the rest of the file and forget it; return its bytes."""
        size = len(self._buffer) + sum(len(chunk) for chunk in source)
        self._buffer = ""
        self._offset += size
        return size

    def _at(self, offset: int) -> int:
        """Return the offset in the received file."""
        return self._scale.base + self._scale.factor * offset
