"""Where the start tags of an XML file are: their n-th is the n-th element that the parser, which tells no bytes, opens."""

from __future__ import annotations

import re
from collections import deque
from itertools import accumulate, islice, pairwise

_START = re.compile(rb"<[^/!?]")
_OTHER = re.compile(rb"<(?:!--|!\[CDATA\[|\?)")  # in these a < starts no element
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_CONTINUED = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that begin no character
_PAIRS = bytes(range(0xF0, 0xF8))  # that begin a character of two units
_LONGEST = max(map(len, _ENDS)) - 1


class StartTags:
    """Offsets in the text of the start tags that were fed and not yet taken from `found`, in the order of the file.

    UTF-8 or a character set of one byte. wide: the file was UTF-16 and is fed as UTF-8; offsets are in 16-bit units.
    """

    def __init__(self, *, wide: bool = False) -> None:
        self.found: deque[int] = deque()
        self._wide = wide
        self._rest = b""  # begins what is looked at next
        self._before = 0  # in the text, where it stands
        self._end = b""  # of the comment, CDATA or instruction that is open

    @property
    def size(self) -> int:
        """How long the text is that was fed, in the units of the offsets."""
        return self._before + self.length(self._rest)

    def length(self, text: bytes) -> int:
        """Return how long a piece of the text is, in the units of the offsets."""
        return _units(text) if self._wide else len(text)

    @property
    def inside(self) -> bool:
        """True when what was fed ends in a comment, CDATA or an instruction, or where it cannot be told."""
        return bool(self._end or self._rest)

    def skip(self, lead: int, size: int) -> int:
        """Take a piece of which only the first element counts, `lead` bytes behind its begin, and return where that is.

        What was fed before must not be `inside` of anything.
        """
        start = self._before + lead
        self.found.append(start)
        self._before += size
        return start

    def feed(self, data: bytes) -> None:
        """Take the next bytes, split anywhere."""
        data = self._rest + data if self._rest else data
        at = 0
        while True:
            if self._end:
                end = data.find(self._end, at)
                if end < 0:
                    return self._keep(data, max(at, len(data) - len(self._end) + 1))
                at, self._end = end + len(self._end), b""
            other = _OTHER.search(data, at)
            if other is None:
                cut = data.rfind(b"<", max(at, len(data) - _LONGEST))
                unsure = cut >= 0 and data[cut + 1 : cut + 2] in (b"", b"!")
                stop = cut if unsure else len(data)
                self._take(data, at, stop)
                return self._keep(data, stop)
            self._take(data, at, other.start())
            at, self._end = other.end(), _ENDS[other[0]]

    def _take(self, data: bytes, start: int, stop: int) -> None:
        found = list(map(re.Match.start, _START.finditer(data, start, stop)))
        if self._wide and not data.isascii():
            gaps = (_units(data[a:b]) for a, b in pairwise((0, *found)))
            self.found.extend(islice(accumulate(gaps, initial=self._before), 1, None))
        else:
            before = self._before
            self.found.extend([before + at for at in found] if before else found)

    def _keep(self, data: bytes, start: int) -> None:
        self._rest = data[start:]
        self._before += _units(data[:start]) if self._wide else start


def _units(text: bytes) -> int:
    """Return how many 16-bit units a text in UTF-8 has; a character that is cut counts where it begins."""
    return len(text.translate(None, _CONTINUED)) + len(text) - len(text.translate(None, _PAIRS))
