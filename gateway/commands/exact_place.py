"""The very bytes of a value, where a finding names only the start tag (XML) or the record (tables): for `mapping trace`.

The readers keep no offsets of texts and cells, because nobody needs them while a file flows; here the file is looked
at a second time, with expat for XML and cell by cell for delimited tables.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from gateway.findings import Position
from gateway.formats.tabular.layout import detect_delimiter, options_of
from gateway.profile import Profile

Range = tuple[int, int]
Places = Callable[[Position, Any], Range | None]
"""(position, root of the message) -> (offset, length) of the value in the received file; None = the position's own."""


def exact_places(data: bytes, message_format: str, profile: Profile) -> Places:
    """Return what finds the bytes of a value in a file of this format folder."""
    if message_format in ("cargo_xml", "postal", "wco_xml", "own"):
        return _Elements(data, encoding_of(data, profile)).place
    if message_format == "tabular" and not data.startswith(b"PK") and data.lstrip()[:1] not in (b"{", b"["):
        return _Cells(data, profile).place
    return lambda position, root: None


def encoding_of(data: bytes, profile: Profile) -> str:
    """Return a character set to show raw bytes in: of the mark at the start, the partner's, UTF-8, else Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or data[1:2] == b"\0":
        return "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    named = profile.encoding or str(options_of(profile.options).encoding)
    if named:
        return named
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# --- XML ----------------------------------------------------------------------------------------------------------


_DEEPEST = 256  # elements in one another of which places are told; no document that is read has as many


class _Elements:
    """Byte ranges of all elements of a document: start tag and text."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self._data = data
        self._gt = ">".encode(encoding) if encoding.startswith("utf-16") else b">"
        self._found: dict[
            str, tuple[int, int, int]
        ] = {}  # full path -> (start of the tag, of the text, end of the text)
        self._open: list[tuple[str, int, dict[str, int]]] = []
        parser = self._parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError):
            return  # what was read until then can be shown

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        up, _, counts = self._open[-1] if self._open else ("", 0, {})
        counts[local] = counts.get(local, 0) + 1
        path = f"{up}/{local}[{counts[local]}]" if len(self._open) < _DEEPEST else ""  # each is as long as it lies deep
        self._open.append((path, self._parser.CurrentByteIndex, {}))

    def _end(self, _name: str) -> None:
        path, start, counts = self._open.pop()
        end = self._parser.CurrentByteIndex
        text = self._data.find(self._gt, start) + len(self._gt)
        if not counts:  # an element of elements has no text of its own
            self._found[path] = (start, min(text, end) if end > start else start, end)
        else:
            self._found[path] = (start, start, start)

    def place(self, position: Position, _root: Any) -> Range | None:
        """Return the range of an element's text or of an attribute's value."""
        path, _, attribute = position.xpath.partition("/@")
        whole = "".join(f"/{s}" if s.endswith("]") else f"/{s}[1]" for s in path.split("/")[1:])
        found = self._found.get(whole)
        if found is None:
            return None
        start, text, end = found
        if attribute:
            pattern = rb"[\s:]" + re.escape(attribute.encode()) + rb"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
            named = re.compile(pattern).search(self._data, start, self._data.find(b">", start) + 1)
            if named is None:
                return None
            group = 1 if named[1] is not None else 2
            return named.start(group), len(named[group])
        raw = self._data[text:end]
        if not raw:
            return None
        blanks = b" \t\r\n" + (
            b"\0" if len(self._gt) > 1 else b""
        )  # whole characters: the text itself is none of these
        left = len(raw) - len(raw.lstrip(blanks))
        left -= left % len(self._gt)
        right = len(raw.rstrip(blanks))
        right += -right % len(self._gt)
        return text + left, right - left


# --- delimited tables ---------------------------------------------------------------------------------------------


class _Cells:
    """Cells of records; character sets of one byte, UTF-8 and UTF-16."""

    def __init__(self, data: bytes, profile: Profile) -> None:
        encoding = encoding_of(data, profile)
        self._encoding = encoding if encoding.startswith("utf-16") else "latin-1"
        self._data = data
        options = options_of(profile.options)
        lines = [line for line in data[: 1 << 16].decode(self._encoding, "replace").splitlines()[:20] if line.strip()]
        self._delimiter = options.delimiter or detect_delimiter(lines) or ","
        self._fixed = options.widths

    def place(self, position: Position, root: Any) -> Range | None:
        """Return the range of one cell, without its quotes."""
        names = list(getattr(root, "names", ()))
        number = re.fullmatch(r"col (\d+)", position.column)
        if number is None and position.column not in names:
            return None
        if position.offset is None or not position.length or self._fixed:
            return None
        index = int(number[1]) - 1 if number else names.index(position.column)
        width = 2 if self._encoding != "latin-1" else 1
        text = self._data[position.offset : position.offset + position.length].decode(self._encoding, "replace")
        found = _cell(text, index, self._delimiter)
        return (position.offset + found[0] * width, (found[1] - found[0]) * width) if found else None


def _cell(text: str, index: int, delimiter: str) -> tuple[int, int] | None:
    """Return start and end of a cell in a record, blanks and quotes around it left out."""
    at = 0
    for number in range(index + 1):
        quoted = text.startswith('"', at)
        end = at
        if quoted:
            end = text.find('"', at + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return None
        stop = text.find(delimiter, end)
        stop = len(text) if stop < 0 else stop
        if number == index:
            start, last = (at + 1, end) if quoted else (at, stop)
            inner = text[start:last]
            return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
        if stop == len(text):
            return None
        at = stop + 1
    return None
