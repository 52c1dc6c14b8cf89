"""X12 bytes -> interchange headers, segments and the gaps between them; sans-IO, constant memory.

    chunks --> Header(ISA) Node Node ... Node(IEA)  Header(ISA) ...      with Findings for every byte that is neither

Not here: what the envelope means (envelope.py), which segment may stand where (structure.py).

Separators are read from each ISA, never assumed: element separator = byte 4, the rest follows the 16th separator.
X12 has no release character. Allowed gaps (no finding): one line break after a terminator, white space around an
interchange. Everything else that is not a segment is a finding, with its bytes counted.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator

import msgspec

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.noise import X12_DATA, Skipped
from gateway.formats.x12.isa import HEADER_BYTES, split_isa
from gateway.records import Node, Separators

MAX_SEGMENT = 262_144
"""Longest segment read, in bytes: the longest legal 309 segment is below 600; more is damage or an attack."""

_START = re.compile(rb"ISA([^A-Za-z0-9\r\n ])[ -~\x80-\xff\r\n]{2,4}\1")
_GLUED = r"(IEA{0}[0-9]+{0}[0-9]+)[\r\n]*ISA[^A-Za-z0-9 ]"  # two files written one behind the other
_BLANKS = "\r\n\t "
_SEEK_LIMIT = 65_536  # bytes of leading noise that are searched for an ISA
_CUT_HEADER = 112  # a file that ends before this many bytes of its ISA was cut: 106 and the tag behind it


class Header(msgspec.Struct, frozen=True):
    """One ISA segment. elements[0] = "ISA", elements[1..16] padded as received; faults: what is irregular about it."""

    elements: list[str]
    separators: Separators
    offset: int
    line: int
    length: int
    faults: tuple[Finding, ...] = ()


class Scale(msgspec.Struct, frozen=True):
    """Maps offsets of transcoded text back to the received file: received = base + factor * offset."""

    base: int = 0
    factor: int = 1


UNSCALED = Scale()

Token = Header | Node | Finding


class Tokenizer:
    """Splits a file into interchanges and segments. Feed it once with `tokens`.

    lenient: line breaks inside segments are removed (wrapped records) or blanked with a warning; else they stay data.
    """

    def __init__(self, scale: Scale = UNSCALED, *, lenient: bool = True) -> None:
        self._scale = scale
        self._lenient = lenient
        self._buffer = ""  # latin-1 text: one character = one byte
        self._offset = 0  # of the buffer's first character
        self._line = 1
        self._line_start = 0  # offset just after the last line break seen
        self._wrap = 0  # width of wrapped records, 0 = not known
        self._seen: set[str] = set()  # once-per-interchange warnings given

    def tokens(self, chunks: Iterable[bytes]) -> Iterator[Token]:
        """Yield headers, segments and findings in file order. Never raises on data."""
        source = iter(chunks)
        interchanges = 0
        while True:
            self._seen.clear()
            header = yield from self._seek(source, interchanges)
            if header is None:
                return
            interchanges += 1
            yield header
            if not header.separators.segment:
                return
            yield from self._segments(source, header.separators)

    # --- between interchanges ---------------------------------------------------------------------------------

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
        breaks = text.count("\n")
        if breaks:
            self._line += breaks
            self._line_start = self._offset + text.rfind("\n") + 1
        self._offset += len(text)

    def _seek(self, source: Iterator[bytes], before: int) -> Generator[Token, None, Header | None]:
        """Skip to the next ISA, reporting what is skipped; the return value is its Header, None at the end of the file."""
        skipped = Skipped(_BLANKS, X12_DATA)
        while True:
            more = self._fill(source, _SEEK_LIMIT if before == 0 else HEADER_BYTES)
            found = _START.search(self._buffer.encode("latin-1"))
            skip = found.start() if found else (len(self._buffer) - 8 if more else len(self._buffer))
            offset, line = self._offset, self._line
            skipped.add(self._drop(max(skip, 0)), offset, line)
            if found or not more:
                break
        if not found and before == 0:
            yield skipped.whole_file("X12-NO-ENVELOPE", "ISA", at=self._at)
        elif skipped:
            where = "after IEA" if before else "before the first ISA"
            yield skipped.finding(where, leading=before == 0, at=self._at)
        if not found:
            return None
        self._fill(source, HEADER_BYTES)
        return self._header(source)

    # --- the ISA ----------------------------------------------------------------------------------------------

    def _header(self, source: Iterator[bytes]) -> Header:
        """Read the ISA at the start of the buffer and consume it with its terminator."""
        offset, line = self._offset, self._line
        isa = split_isa(self._buffer[:HEADER_BYTES], lenient=self._lenient)
        if isa is None:
            return self._unreadable(source, offset, line, self._buffer[3:4])
        here = Position(offset=self._at(offset), length=isa.length, line=line, segment="ISA")
        if isa.wrap:
            self._wrap = isa.wrap
            self._seen.add("X12-WRAPPED-LINES")
        faults = tuple(self._finding(rule, said, here, Scope.INTERCHANGE) for rule, said in isa.faults)
        self._drop(isa.length)
        return Header(isa.elements, isa.separators, self._at(offset), line, isa.length, faults)

    def _unreadable(self, source: Iterator[bytes], offset: int, line: int, element: str) -> Header:
        """An ISA without 16 elements and a terminator: nothing after it can be split, to the end of the file."""
        truncated = len(self._buffer) < _CUT_HEADER
        sample = self._discard(source)
        here = Position(offset=self._at(offset), length=sample, line=line, segment="ISA")
        rule = "X12-TRUNCATED" if truncated else "X12-ISA-UNREADABLE"
        what = (
            "The file ends inside ISA."
            if truncated
            else "ISA cannot be read: 16 elements and a segment terminator before GS were not found."
        )
        fault = self._finding(rule, what, here, Scope.INTERCHANGE)
        return Header(["ISA"], Separators(element, "", ""), self._at(offset), line, sample, (fault,))

    def _discard(self, source: Iterator[bytes]) -> int:
        """Read the rest of the file and forget it; return its bytes."""
        size = len(self._buffer) + sum(len(chunk) for chunk in source)
        self._buffer = ""
        self._offset += size
        return size

    # --- segments ---------------------------------------------------------------------------------------------

    def _segments(self, source: Iterator[bytes], separators: Separators) -> Iterator[Token]:
        """Yield the segments up to and including IEA (or up to a new ISA, or the end of the file)."""
        terminator = separators.segment
        newline_ends = terminator in "\r\n"
        while True:
            if self._buffer[:1] == "\n" and not newline_ends and self._buffer[1:2] not in ("\r", "\n", ""):
                self._drop(1)  # the line break after a terminator
            width = self._even(separators)
            if width:
                done = yield from self._even_segments(separators.element, terminator + "\r\n"[2 - width + 1 :], width)
            else:
                done = yield from self._uneven_segments(source, separators)
            if done:
                return
            if len(self._buffer) > MAX_SEGMENT and len(self._buffer.lstrip("\r\n")) > MAX_SEGMENT:
                yield from self._too_long(source)
                return
            chunk = next(source, None)
            if chunk is None:
                yield from self._unterminated(separators)
                return
            self._buffer += chunk.decode("latin-1")

    def _uneven_segments(self, source: Iterator[bytes], separators: Separators) -> Generator[Token, None, bool]:
        """Yield the segments of the buffer one by one, with a look at everything around and inside them.

        True when the interchange ends here: at IEA, at a new ISA, or at a segment that is too long.
        """
        terminator, element = separators.segment, separators.element
        newline_ends = terminator in "\r\n"
        parts = self._buffer.split(terminator)
        tail = parts.pop()
        for number, raw in enumerate(parts):
            if len(raw) > MAX_SEGMENT and len(raw.lstrip("\r\n")) > MAX_SEGMENT:
                self._buffer = terminator.join([*parts[number:], tail])
                yield from self._too_long(source)
                return True
            offset = self._offset
            text = raw.lstrip("\r\n")
            lead = len(raw) - len(text)
            if lead > 2 or (lead == 2 and raw[0] == raw[1]) or not text or text[0] in " \t" or text[-1] == " ":
                yield from self._irregular(raw, separators)
                text = text.strip(_BLANKS) if self._lenient else text
                if not text.strip("\r\n"):
                    self._advance(raw + terminator)
                    continue
                lead = raw.index(text[0]) if text else lead
            if lead and "\n" in raw[:lead]:
                self._line += raw.count("\n", 0, lead)
                self._line_start = offset + raw.rfind("\n", 0, lead) + 1
            start, line = offset + lead, self._line
            glued = re.match(_GLUED.format(re.escape(element)), text) if text[:3] == "IEA" else None
            if glued:
                self._buffer = terminator.join([text, *parts[number + 1 :], tail])
                self._offset = start
                yield from self._end_unterminated(glued[1], element, len(glued[1]))
                return True
            if not newline_ends and ("\n" in text or "\r" in text):
                text = yield from self._broken(text, start)
            if not text.isascii():
                text = yield from self._decode(text, start)
            elements = text.split(element)
            tag = elements[0]
            if tag == "ISA" and len(elements) > 10:
                self._buffer = terminator.join([raw[lead:], *parts[number + 1 :], tail])
                self._offset = start
                yield self._finding(
                    "X12-TRUNCATED",
                    "A new ISA starts before the IEA of the interchange before it.",
                    Position(offset=self._at(start), line=line, segment="ISA"),
                    Scope.INTERCHANGE,
                )
                return True
            node = Node(tag, elements, self._at(start), self._scale.factor * (len(raw) - lead), line, 0)
            self._offset = offset + len(raw) + 1
            if terminator == "\n":
                self._line += 1
                self._line_start = self._offset
            yield node
            if tag == "IEA":
                self._buffer = terminator.join([*parts[number + 1 :], tail])
                return True
        self._buffer = tail
        return False

    def _even(self, separators: Separators) -> int:
        """Return the length of what ends every segment in the buffer (terminator, or terminator and line break).

        0 when anything in the buffer needs a closer look: blanks around segments, empty segments, line breaks inside,
        letters outside ASCII, a new ISA. The buffer starts with the first character of a segment then.
        """
        text, end = self._buffer, separators.segment
        if len(text) > MAX_SEGMENT and max(map(len, text.split(end))) > MAX_SEGMENT:
            return 0
        if end in "\r\n" or not text.isascii() or text[:1] in ("\r", "\n", " ", "\t", end, "") or "\r" in text:
            return 0
        breaks = text.count("\n")
        if breaks and breaks != text.count(end + "\n"):
            return 0
        if not breaks:
            stop = end
        elif text.count(end) - breaks in (0, 1) and (breaks == text.count(end) or text.endswith(end)):
            stop = end + "\n"
        else:
            return 0
        odd = (f"{stop} ", f"{stop}\t", f" {end}", stop + end, f"ISA{separators.element}")
        return 0 if any(o in text for o in odd) else len(stop)

    def _even_segments(self, element: str, stop: str, width: int) -> Generator[Token, None, bool]:
        """Yield the segments of an even buffer; True when IEA was among them. What is not terminated stays."""
        parts = self._buffer.split(stop)
        tail = parts.pop()
        offset, line, base, factor = self._offset, self._line, self._scale.base, self._scale.factor
        step = 1 if width == 2 else 0
        offset = base + factor * offset
        for number, text in enumerate(parts):
            elements = text.split(element)
            tag, size = elements[0], len(text)
            yield Node(tag, elements, offset, factor * size, line, 0)
            offset += factor * (size + width)
            line += step
            if tag == "IEA":
                offset = (offset - base) // factor
                self._buffer = stop.join([*parts[number + 1 :], tail])
                self._settle(offset, line)
                return True
        self._buffer = tail
        self._settle((offset - base) // factor, line)
        return False

    def _settle(self, offset: int, line: int) -> None:
        if line != self._line:
            self._line_start = offset
        self._offset, self._line = offset, line

    def _irregular(self, raw: str, separators: Separators) -> Iterator[Finding]:
        """Blanks and blank lines around a segment, or nothing at all between two terminators."""
        here = Position(offset=self._at(self._offset), length=len(raw), line=self._line)
        if not raw.strip("\r\n\t "):
            if separators.segment in "\r\n" or "X12-SEG-EMPTY" in self._seen:
                yield from self._once(
                    "X12-NOISE-BETWEEN-SEGMENTS", "Blank lines stand between the segments; they were skipped.", here
                )
            else:
                self._seen.add("X12-SEG-EMPTY")
                yield self._finding(
                    "X12-SEG-EMPTY", "An empty segment (two terminators in a row) was skipped.", here, Scope.INTERCHANGE
                )
        elif raw[-1] != " " or raw.lstrip("\r\n")[0] in " \t":
            yield from self._once(
                "X12-NOISE-BETWEEN-SEGMENTS", "Blanks or blank lines stand before a segment; they were skipped.", here
            )

    def _broken(self, text: str, start: int) -> Generator[Finding, None, str]:
        """Line breaks inside a segment: removed where records are wrapped at one width, blanked elsewhere."""
        pieces: list[str] = []
        position = 0
        for found in re.finditer(r"\r\n|\n|\r", text):
            width = start + found.start() - self._line_start
            self._wrap = self._wrap or (width if width >= 60 else 0)
            here = Position(offset=self._at(start + found.start()), length=len(found[0]), line=self._line)
            pieces.append(text[position : found.start()])
            if width == self._wrap:
                yield from self._once(
                    "X12-WRAPPED-LINES",
                    f"Line breaks stand inside the segments (records of {width} characters); they were removed.",
                    here,
                )
            else:
                pieces.append(" " if self._lenient else found[0])
                yield from self._once(
                    "X12-BREAK-IN-DATA", "A line break stands inside an element; it was read as a blank.", here
                )
            if "\n" in found[0]:
                self._line += 1
            self._line_start = start + found.end()
            position = found.end()
        pieces.append(text[position:])
        return "".join(pieces)

    def _decode(self, text: str, start: int) -> Generator[Finding, None, str]:
        """Bytes above 127: UTF-8 when they are valid UTF-8, else Windows-1252; always said once."""
        raw = text.encode("latin-1")
        here = Position(offset=self._at(start), length=len(raw), line=self._line)
        try:
            decoded = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield from self._once(
                "ENC-CP1252-ASSUMED",
                "The file holds bytes that are neither ASCII nor UTF-8; they were read as Windows-1252.",
                here,
            )
            return raw.decode("cp1252", "replace") if not _has_undefined(raw) else text
        if self._scale.factor == 1:
            yield from self._once(
                "ENC-UTF8-ASSUMED", "The file holds UTF-8 letters outside the X12 character set.", here
            )
        return decoded

    def _too_long(self, source: Iterator[bytes]) -> Iterator[Finding]:
        self._drop(len(self._buffer) - len(self._buffer.lstrip("\r\n")))
        start, line = self._offset, self._line
        size = self._discard(source)
        yield self._finding(
            "X12-SEG-TOO-LONG",
            f"A segment is longer than {MAX_SEGMENT} bytes; the {size} bytes from here on were not read.",
            Position(offset=self._at(start), length=size, line=line),
            Scope.INTERCHANGE,
        )

    def _unterminated(self, separators: Separators) -> Iterator[Token]:
        """The end of the file before IEA and its terminator."""
        self._drop(len(self._buffer) - len(self._buffer.lstrip("\r\n")))
        raw = self._buffer
        text = raw.strip("\r\n\t \0\x1a")
        here = Position(offset=self._at(self._offset), length=len(raw.rstrip(_BLANKS)), line=self._line)
        self._drop(raw.find(text) if text else len(raw))
        elements = text.split(separators.element)
        if elements[0] == "IEA" and len(elements) >= 3:
            yield from self._end_unterminated(text, separators.element, here.length or 0)
        else:
            inside = f"inside {elements[0][:3]}" if text else "before IEA"
            yield self._finding(
                "X12-TRUNCATED", f"The file ends {inside}: the interchange is not complete.", here, Scope.INTERCHANGE
            )
        self._drop(len(self._buffer))

    def _end_unterminated(self, text: str, element: str, size: int) -> Iterator[Token]:
        """An IEA without terminator, at the end of the file or right before the next ISA."""
        here = Position(offset=self._at(self._offset), length=size, line=self._line)
        yield self._finding(
            "X12-SEG-UNTERMINATED", "The last segment (IEA) has no terminator.", here, Scope.INTERCHANGE
        )
        yield Node("IEA", text.split(element), self._at(self._offset), self._scale.factor * len(text), self._line, 0)
        self._drop(len(text))

    def _once(self, rule: str, message: str, position: Position) -> Iterator[Finding]:
        if rule not in self._seen:
            self._seen.add(rule)
            yield self._finding(rule, message, position, Scope.INTERCHANGE)

    def _at(self, offset: int) -> int:
        return self._scale.base + self._scale.factor * offset

    def _finding(self, rule: str, message: str, position: Position, scope: Scope) -> Finding:
        note = _TA1.get(rule)
        severity = Severity.ERROR if note else Severity.WARNING
        return Finding(rule, severity, scope, message, position, ack={"TA104": "R", "TA105": note} if note else {})


_TA1 = {
    "X12-TRUNCATED": "023",
    "X12-ISA-UNREADABLE": "022",
    "X12-ISA16": "027",
    "X12-SEPARATORS": "026",
    "X12-SEG-TOO-LONG": "022",
}


def _has_undefined(raw: bytes) -> bool:
    """True when a byte is undefined in Windows-1252."""
    return any(byte in raw for byte in b"\x81\x8d\x8f\x90\x9d")
