"""Bytes outside the interchanges of a file: padding and mail headers, or data whose header cannot be read.

skipped = Skipped("\\r\\n\\t ", X12_DATA);  skipped.add(text, offset, line) ...;  skipped.finding("after IEA", leading=False, at=...)
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.findings import Finding, Position, Scope, Severity, count_of

_LIKELY = r"(?P<s>[^\w\s\-./:,;])[A-Z0-9]{1,20}"  # separators of mail headers and of dates tell nothing
X12_DATA = re.compile(rf"(?:GS|ST|SE|GE|N1|M10|M11){_LIKELY}(?P=s)")
EDIFACT_DATA = re.compile(rf"(?:UNH|UNT|BGM|NAD|RFF){_LIKELY}[^\w\s]")
_OVERLAP = 32  # characters of the piece before that are looked at again
_SAMPLE = 40


class Skipped:
    """What was skipped in one place. blanks: characters that may stand there; data: how segments look."""

    def __init__(self, blanks: str, data: re.Pattern[str]) -> None:
        self._blanks, self._data = blanks, data
        self._first, self._end, self._line = -1, 0, 1
        self._sample = self._tail = ""
        self._lost = False

    def __bool__(self) -> bool:
        return self._first >= 0

    def add(self, text: str, offset: int, line: int) -> None:
        """Note a skipped piece that starts at this offset and line."""
        kept = text.strip(self._blanks)
        if not kept:
            return
        lead = text.index(kept)
        if self._first < 0:
            self._first, self._line = offset + lead, line + text.count("\n", 0, lead)
        if len(self._sample) < _SAMPLE:
            self._sample = (self._sample + (text if self._sample else kept))[:_SAMPLE]
        self._end = offset + lead + len(kept)
        self._lost = self._lost or self._data.search(self._tail + text) is not None
        self._tail = text[-_OVERLAP:]

    def finding(self, where: str, *, leading: bool, at: Callable[[int], int]) -> Finding:
        """Return what is to be told: a warning about noise, an error about segments. at: offset in the received file."""
        size, place, starts = self._place(at)
        if self._lost:
            said = f"What stands {where} ({count_of(size, 'byte')}) holds segments without a header that can be read; nothing of it was taken {starts}."
            return Finding("FILE-SEGMENTS-LOST", Severity.ERROR, Scope.INTERCHANGE, said, place)
        rule = "FILE-LEADING-NOISE" if leading else "FILE-TRAILING-NOISE"
        said = f"What stands {where} ({count_of(size, 'byte')}) is not part of an interchange and was skipped {starts}."
        return Finding(rule, Severity.WARNING, Scope.FILE, said, place)

    def whole_file(self, rule: str, header: str, *, at: Callable[[int], int]) -> Finding:
        """Return the finding of a file in which no interchange begins. header: "ISA" or "UNB"."""
        size, place, starts = self._place(at)
        said = f"No {header} that can be read stands in the {count_of(size, 'byte')} of the file {starts}: sender, receiver and separators are unknown."
        return Finding(rule, Severity.ERROR, Scope.FILE, said, place)

    def _place(self, at: Callable[[int], int]) -> tuple[int, Position, str]:
        first = max(self._first, 0)
        size = self._end - first
        shown = "".join(c if " " <= c <= "~" else "." for c in self._sample.rstrip(self._blanks))
        return size, Position(offset=at(first), length=size, line=self._line), f'(they start with "{shown}")'
