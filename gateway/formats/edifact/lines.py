"""Line breaks inside segments: wrapped records, breaks in free text, lost terminators.

...NAD+CA+XX:1\r\n72:3'        records of 80 characters: the break is removed   EDIFACT-WRAPPED-LINES
FTX+AAA+++BLUE\r\nHAT'         anywhere else: read as a blank                   EDIFACT-BREAK-IN-DATA
CST+1+6109100012:122\r\nLOC+27+VN'   a segment starts: the terminator was lost  EDIFACT-SEG-UNTERMINATED
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.formats.delimited import ends_released
from gateway.formats.edifact.structure.tables import known_tags

_BREAK = re.compile(r"[\r\n]+")
_SHORTEST_RECORD, _LONGEST_RECORD = 60, 512  # ours: line lengths outside are no record lengths
_WRAPPED = (
    "EDIFACT-WRAPPED-LINES",
    "Line breaks stand inside the segments (records of {} characters); they were removed.",
)
_IN_DATA = ("EDIFACT-BREAK-IN-DATA", "A line break stands inside an element; it was read as a blank.")


@dataclass(slots=True)
class Piece:
    """One segment found in a broken text. start, length: within that text; breaks: line feeds in it."""

    start: int
    length: int
    text: str
    breaks: int
    remarks: tuple[tuple[str, str], ...] = ()
    lost_terminator: bool = False


class LineBreaks:
    """Remembers the record width of one interchange.

    line_start: offset of the line that UNB stands on; records: False where line breaks end segments.
    """

    def __init__(self, element: str, line_start: int, *, records: bool = True) -> None:
        self._element = element
        self._start = line_start
        self._width = 0 if records else -1  # of all lines so far; 0 = none yet, -1 = they differ
        self._wrapped = False
        self.settled = not records  # no wrapped records: the gaps need no more looking at

    def gap(self, raw: str, offset: int, lead: int) -> None:
        """Note the line break in the gap of `lead` characters before a segment."""
        at = _BREAK.search(raw, 0, lead)
        if at:
            self._line(offset + at.start(), offset + max(raw.rfind("\n", 0, lead), raw.rfind("\r", 0, lead)) + 1)

    def _line(self, end: int, following: int) -> int:
        """Note a line that ends at offset `end`; return its width."""
        width = end - self._start
        if not self._wrapped:
            self._width = width if self._width in (0, width) else -1
            self.settled = self._width < 0
        self._start = following
        return width

    def ends_released(self, text: str, start: int, release: str) -> bool:
        """True when what follows `text` is released, also where its release character and a record end together."""
        if "\n" in text or "\r" in text:
            text = self._without_wraps(text, start)
        return ends_released(text, release)

    def _without_wraps(self, text: str, start: int) -> str:
        """Return `text` without the breaks at the width of all lines so far; nothing is noted of them."""
        parts: list[str] = []
        position, line = 0, self._start
        for found in _BREAK.finditer(text):
            width = start + found.start() - line
            if self._width in (0, width) and self._is_record(width):
                parts.append(text[position : found.start()])
                position = found.end()
            line = start + found.end()
        return "".join([*parts, text[position:]])

    def mend(self, text: str, start: int, release: str, *, keep: bool = False) -> Iterator[Piece]:
        """Yield the segments in `text`, which holds line breaks and starts at offset `start`."""
        begin = 0
        parts: list[str] = []
        position = 0
        remarks: list[tuple[str, str]] = []
        for found in _BREAK.finditer(text):
            width = self._line(start + found.start(), start + found.end())
            wrap = self._is_wrap(width)
            parts.append(text[position : found.start()])
            position = found.end()
            if not wrap and self._starts_segment(text, position):
                yield self._piece(text, begin, found.start(), parts, remarks, lost=True)
                begin, parts, remarks = position, [], []
                continue
            if ends_released(parts[-1], release) and (keep or not wrap):
                parts.append(release)  # "?" before a break that is data is taken literally
            remarks.append(_remark(wrap, width))
            parts.append(found[0] if keep else "" if wrap else " ")
        parts.append(text[position:])
        yield self._piece(text, begin, len(text), parts, remarks, lost=False)

    def _piece(
        self, text: str, begin: int, end: int, parts: list[str], remarks: list[tuple[str, str]], *, lost: bool
    ) -> Piece:
        feeds = text.count("\n", begin, end) + (lost and "\n" in text[end : end + 2])
        return Piece(begin, end - begin, "".join(parts), feeds, tuple(dict.fromkeys(remarks)), lost)

    def _is_wrap(self, width: int) -> bool:
        """True when a break at this width is where records of one length end."""
        if not self._wrapped:
            self._wrapped = self._width == width and self._is_record(width)
        return self._wrapped and width == self._width

    def _is_record(self, width: int) -> bool:
        return _SHORTEST_RECORD <= width <= _LONGEST_RECORD

    def _starts_segment(self, text: str, position: int) -> bool:
        return text[position : position + 3] in known_tags() and text[position + 3 : position + 4] == self._element


def _remark(wrap: bool, width: int) -> tuple[str, str]:
    return (_WRAPPED[0], _WRAPPED[1].format(width)) if wrap else _IN_DATA
