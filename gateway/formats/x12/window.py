"""The window on an X12 file: it knows where the line of what comes next begins, too."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.delimited import Scale, Window


class LineWindow(Window):
    """See Window. _line_start: the offset just after the last line break that was consumed."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(scale)
        self._line_start = 0

    def _advance(self, text: str) -> None:
        """See Window."""
        if "\n" in text:
            self._line_start = self._offset + text.rfind("\n") + 1
        super()._advance(text)

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
