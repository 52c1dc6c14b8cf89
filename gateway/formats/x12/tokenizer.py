"""X12 bytes -> interchange headers, segments and the gaps between them; sans-IO, constant memory.

    chunks --> Header(ISA) Node Node ... Node(IEA)  Header(ISA) ...      with Findings for every byte that is neither

Not here: what is said of damage (remarks.py), what the envelope means (envelope.py), which segment may stand where
(structure.py).

Separators are read from each ISA, never assumed: element separator = byte 4, the rest follows the 16th separator.
X12 has no release character. Allowed gaps (no finding): one line break after a terminator, white space around an
interchange. Everything else that is not a segment is a finding, with its bytes counted.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from functools import partial

from gateway.findings import Finding, Position
from gateway.formats.delimited import UNSCALED, Scale
from gateway.formats.noise import X12_DATA, Skipped
from gateway.formats.x12.even import even_end, run_of, with_letters
from gateway.formats.x12.isa import HEADER_BYTES, split_isa, standard_isa
from gateway.formats.x12.remarks import BLANKS, Remarks, fault
from gateway.formats.x12.tokens import Header, Run, Token
from gateway.formats.x12.window import LineWindow
from gateway.records import Node, Separators

MAX_SEGMENT = 262_144
"""Longest segment read, in bytes: the longest legal 309 segment is below 600; more is damage or an attack."""

_START = re.compile(rb"ISA([^A-Za-z0-9\r\n ])[ -~\x80-\xff\r\n]{2,4}\1")
_GLUED = r"(IEA{0}[0-9]+{0}[0-9]+)[\r\n]*ISA[^A-Za-z0-9 ]"  # two files written one behind the other
_AFTER = re.compile(r"\r?\n(?=[^\r\n])")
_SEEK_LIMIT = 65_536  # bytes of leading noise that are searched for an ISA
_RUN = 512  # segments handed on together: what a processor keeps at hand
_CUT_HEADER = 112  # a file that ends before this many bytes of its ISA was cut: 106 and the tag behind it


class Tokenizer(LineWindow):
    """Splits a file into interchanges and segments. Feed it once with `tokens`.

    lenient: line breaks inside segments are removed (wrapped records) or blanked with a warning; else they stay data.
    """

    def __init__(self, scale: Scale = UNSCALED, *, lenient: bool = True) -> None:
        super().__init__(scale)
        self._lenient = lenient
        self._wrap = 0  # width of wrapped records, 0 = not known
        self._remarks = Remarks()

    def tokens(self, chunks: Iterable[bytes]) -> Iterator[Token]:
        """Yield headers, segments and findings in file order. Never raises on data."""
        for token in self.runs(chunks):
            if isinstance(token, Run):
                yield from map(token.node, range(len(token.tags)))
            else:
                yield token

    def runs(self, chunks: Iterable[bytes]) -> Iterator[Token | Run]:
        """Yield the same with segments that need no closer look as runs, which are cheaper."""
        source = iter(chunks)
        interchanges = 0
        while True:
            self._remarks.said.clear()
            header = yield from self._seek(source, interchanges)
            if header is None:
                return
            interchanges += 1
            yield header
            if not header.separators.segment:
                return
            yield from self._segments(source, header.separators)

    # --- between interchanges ---------------------------------------------------------------------------------

    def _seek(self, source: Iterator[bytes], before: int) -> Generator[Token, None, Header | None]:
        """Skip to the next ISA, reporting what is skipped; the return value is its Header, None at the end of the file."""
        skipped = Skipped(BLANKS, X12_DATA)
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
        isa = split_isa(self._buffer[:HEADER_BYTES], lenient=self._lenient, column=offset - self._line_start)
        if isa is None:
            isa = standard_isa(self._buffer)
            if isa is None or not isa.separators.segment:
                return self._unreadable(source, offset, line, isa.elements if isa else ["ISA"])
        here = Position(offset=self._at(offset), length=isa.length, line=line, segment="ISA")
        if isa.wrap:
            self._wrap = isa.wrap
            self._remarks.said.add("X12-WRAPPED-LINES")
        faults = tuple(fault(rule, said, here) for rule, said in isa.faults)
        self._drop(isa.length)
        return Header(isa.elements, isa.separators, self._at(offset), line, isa.length, faults)

    def _unreadable(self, source: Iterator[bytes], offset: int, line: int, elements: list[str]) -> Header:
        """An ISA without 16 elements and a terminator: nothing after it can be split, to the end of the file.

        elements: those of an ISA that only its terminator is missing of: its sender can be answered.
        """
        element = self._buffer[3:4]
        truncated = len(self._buffer) < _CUT_HEADER
        sample = self._discard(source)
        here = Position(offset=self._at(offset), length=sample, line=line, segment="ISA")
        rule = "X12-TRUNCATED" if truncated else "X12-ISA-UNREADABLE"
        what = (
            "The file ends inside ISA."
            if truncated
            else "ISA cannot be read: 16 elements and a segment terminator before GS were not found."
        )
        found = fault(rule, what, here)
        return Header(elements, Separators(element, "", ""), self._at(offset), line, sample, (found,))

    # --- segments ---------------------------------------------------------------------------------------------

    def _segments(self, source: Iterator[bytes], separators: Separators) -> Iterator[Token | Run]:
        """Yield the segments up to and including IEA (or up to a new ISA, or the end of the file)."""
        terminator = separators.segment
        newline_ends = terminator in "\r\n"
        while True:
            if not newline_ends and (found := _AFTER.match(self._buffer)):
                self._drop(found.end())  # the line break after a terminator
            stop = self._even(separators)
            if stop:
                done = yield from self._even_segments(separators.element, stop)
            else:
                done = yield from self._uneven_segments(source, separators)
            if done:
                return
            if len(self._buffer) > MAX_SEGMENT and len(self._buffer.lstrip("\r\n")) > MAX_SEGMENT:
                yield from self._too_long(source)
                return
            chunk = next(source, None)
            if chunk is not None:
                self._buffer += chunk.decode("latin-1")
                continue
            # the last segment may lack the line break of the others
            done = yield from self._uneven_segments(source, separators)
            if not done:
                yield from self._unterminated(separators)
            return

    def _even(self, separators: Separators) -> str:
        """Return what ends every segment in the buffer, "" when one of them needs a closer look."""
        text = self._buffer
        if len(text) > MAX_SEGMENT and max(map(len, text.split(separators.segment))) > MAX_SEGMENT:
            return ""
        return even_end(text, separators)

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
                here = Position(offset=self._at(offset), length=len(raw), line=self._line)
                yield from self._remarks.around(raw, terminator, here)
                text = text.strip(BLANKS) if self._lenient else text
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
                coded = text.encode("latin-1")
                here = Position(offset=self._at(start), length=len(coded), line=self._line)
                text = yield from self._remarks.decode(coded, here, transcoded=self._scale.factor != 1)
            elements = text.split(element)
            tag = elements[0]
            if tag == "ISA" and len(elements) > 10:
                self._buffer = terminator.join([raw[lead:], *parts[number + 1 :], tail])
                self._offset = start
                yield fault(
                    "X12-TRUNCATED",
                    "A new ISA starts before the IEA of the interchange before it.",
                    Position(offset=self._at(start), line=line, segment="ISA"),
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

    def _even_segments(self, element: str, stop: str) -> Generator[Token | Run, None, bool]:
        """Yield the segments of an even buffer; True when IEA was among them. What is not terminated stays."""
        parts = self._buffer.split(stop)
        tail = parts.pop()
        offset, line, base, factor = self._offset, self._line, self._scale.base, self._scale.factor
        width, plain = len(stop), self._buffer.isascii()
        for at in range(0, len(parts), _RUN):
            texts = parts[at : at + _RUN]
            run, after = run_of(texts, element, base + factor * offset, line, width, factor)
            if plain:
                yield run
            else:
                yield from with_letters(run, texts, element, partial(self._remarks.decode, transcoded=factor != 1))
            count = len(run.tags)
            offset = (after - base) // factor
            line += count if width > 1 else 0
            if run.tags[-1] == "IEA":
                self._buffer = stop.join([*parts[at + count :], tail])
                self._settle(offset, line)
                return True
        self._buffer = tail
        self._settle(offset, line)
        return False

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
                yield from self._remarks.once(
                    "X12-WRAPPED-LINES",
                    f"Line breaks stand inside the segments (records of {width} characters); they were removed.",
                    here,
                )
            else:
                pieces.append(" " if self._lenient else found[0])
                yield from self._remarks.once(
                    "X12-BREAK-IN-DATA", "A line break stands inside an element; it was read as a blank.", here
                )
            if "\n" in found[0]:
                self._line += 1
            self._line_start = start + found.end()
            position = found.end()
        pieces.append(text[position:])
        return "".join(pieces)

    def _too_long(self, source: Iterator[bytes]) -> Iterator[Finding]:
        self._drop(len(self._buffer) - len(self._buffer.lstrip("\r\n")))
        start, line = self._offset, self._line
        size = self._discard(source)
        yield fault(
            "X12-SEG-TOO-LONG",
            f"A segment is longer than {MAX_SEGMENT} bytes; the {size} bytes from here on were not read.",
            Position(offset=self._at(start), length=size, line=line),
        )

    def _unterminated(self, separators: Separators) -> Iterator[Token]:
        """The end of the file before IEA and its terminator."""
        self._drop(len(self._buffer) - len(self._buffer.lstrip("\r\n")))
        raw = self._buffer
        text = raw.strip("\r\n\t \0\x1a")
        here = Position(offset=self._at(self._offset), length=len(raw.rstrip(BLANKS)), line=self._line)
        self._drop(raw.find(text) if text else len(raw))
        elements = text.split(separators.element)
        if elements[0] == "IEA" and len(elements) >= 3:
            yield from self._end_unterminated(text, separators.element, here.length or 0)
        else:
            inside = f"inside {elements[0][:3]}" if text else "before IEA"
            yield fault("X12-TRUNCATED", f"The file ends {inside}: the interchange is not complete.", here)
        self._drop(len(self._buffer))

    def _end_unterminated(self, text: str, element: str, size: int) -> Iterator[Token]:
        """An IEA without terminator, at the end of the file or right before the next ISA."""
        here = Position(offset=self._at(self._offset), length=size, line=self._line)
        yield fault("X12-SEG-UNTERMINATED", "The last segment (IEA) has no terminator.", here)
        yield Node("IEA", text.split(element), self._at(self._offset), self._scale.factor * len(text), self._line, 0)
        self._drop(len(text))
