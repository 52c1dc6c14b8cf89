"""EDIFACT bytes -> UNB headers, segments and the gaps between them; sans-IO, constant memory.

    chunks --> Header(UNA UNB) Node(UNH) Node ... Node(UNZ)  Header ...     with Findings for every byte that is neither

Not here: service characters (service.py), what the envelope means (envelope.py), which segment may stand where
(structure/). Elements stay text with their release characters; components are split when a mapping asks for them.
Allowed gaps (no finding): blank, CR, LF, TAB, NUL and 0x1A between segments and around interchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.delimited import UNSCALED, Scale, Window, split_released
from gateway.formats.edifact.charset import Charset, charset_of, open_escape
from gateway.formats.edifact.lines import LineBreaks
from gateway.formats.edifact.service import GAP, HEADER_BYTES, START, Header, read_header
from gateway.formats.noise import EDIFACT_DATA, Skipped
from gateway.records import Node

MAX_SEGMENT = 65_536
"""Longest segment read, in bytes: five free texts of 512 are below 6,000; more is damage or an attack."""

_SEEK = 65_536  # bytes of leading noise that are searched at a time
_OVERLAP = 64  # longer than any match of service.START
_BOM = "\xef\xbb\xbf"


Token = Header | Node | Finding
Taker = Callable[..., tuple[int, int, int]]
"""See structure.matcher.Matcher.take."""


class Tokenizer(Window):
    """Splits a file into interchanges and segments. Feed it once with `tokens`.

    forced: character set of the text when it was transcoded ("" = as UNB declares); unox: codec for UNOX.
    keep_breaks: line breaks inside segments stay data (partner option `wrap = "keep"`).
    """

    def __init__(self, scale: Scale = UNSCALED, *, forced: str = "", unox: str = "", keep_breaks: bool = False) -> None:
        super().__init__(scale)
        self._forced = forced
        self._unox = unox
        self._keep_breaks = keep_breaks
        self._line_start = 0  # offset of the line that the last UNB stands on
        self._breaks = LineBreaks("", 0)
        self._charset = Charset("UNOA", "ascii")
        self._seen: set[str] = set()  # once-per-interchange warnings given
        self._cut = False  # the last interchange was not read to its end: what follows is its rest, and told
        self.taker: Taker | None = None  # of the open message: takes segments in good order, which are not yielded then

    def tokens(self, chunks: Iterable[bytes]) -> Iterator[Token]:
        """Yield headers, segments and findings in file order. Never raises on data."""
        source = iter(chunks)
        interchanges = 0
        while True:
            header = yield from self._seek(source, interchanges)
            if header is None:
                return
            interchanges, self._cut = interchanges + 1, False
            self._seen.clear()
            records = header.separators.segment not in "\r\n"
            self._breaks = LineBreaks(header.separators.element, self._line_start, records=records)
            self._charset = charset_of(header.component(1, 1), self._forced, self._unox, header.component(1, 4))
            yield header
            if header.separators.segment:
                yield from self._segments(source, header)

    # --- between interchanges ---------------------------------------------------------------------------------

    def _seek(self, source: Iterator[bytes], before: int) -> Generator[Token, None, Header | None]:
        """Skip to the next UNA or UNB, reporting what is skipped; return its Header, None at the end of the file."""
        skipped = Skipped(GAP, EDIFACT_DATA)
        if before == 0 and self._fill(source, 3) and self._buffer.startswith(_BOM):
            yield self._finding(
                "ENC-BOM-SKIPPED",
                "A byte order mark (EF BB BF) before the data was skipped.",
                self._here(0, 3),
                Scope.FILE,
            )
            self._drop(3)
        while True:
            more = self._fill(source, _SEEK if before == 0 or skipped else HEADER_BYTES)
            found = START.search(self._buffer)
            skip = found.start() if found else max(0, len(self._buffer) - (_OVERLAP if more else 0))
            offset, line = self._offset, self._line
            skipped.add(self._drop(skip), offset, line)
            if found or not more:
                break
        if not found and before == 0:
            yield skipped.whole_file("EDIFACT-NO-ENVELOPE", "UNB", at=self._at)
        elif skipped and not self._cut:
            where = "after UNZ" if before else "before the first UNA or UNB"
            yield skipped.finding(where, leading=before == 0, at=self._at)
        if not found:
            return None
        self._fill(source, HEADER_BYTES)
        header, used = read_header(self._buffer[:HEADER_BYTES], self._at(self._offset), self._line)
        self._line_start = self._offset + max(self._buffer.rfind(end, 0, used) for end in "\r\n") + 1
        self._drop(used)
        return header

    # --- segments ---------------------------------------------------------------------------------------------

    def _segments(self, source: Iterator[bytes], header: Header) -> Iterator[Token]:  # noqa: PLR0912, PLR0915  the hot loop
        """Yield the segments up to and including UNZ (or up to a new UNB, or the end of the file)."""
        separators = header.separators
        terminator, element, release, component = (
            separators.segment,
            separators.element,
            separators.release,
            separators.component,
        )
        base, factor, escapes = self._scale.base, self._scale.factor, self._charset.escapes
        splits_lines = terminator not in "\r\n"
        releasing = (release, "\n", "\r") if release and splits_lines else (release,) if release else ()
        quick = splits_lines and not escapes
        breaks = self._breaks
        while True:
            plain = self._buffer.isascii()
            parts = self._buffer.split(terminator)
            tail = parts.pop()
            held = ""
            number = -1
            while True:
                number += 1
                if quick and not held and self.taker is not None:
                    number = self._take(parts, number)
                if number >= len(parts):
                    break
                part = parts[number]
                raw = held + terminator + part if held else part
                if (raw[-1:] in releasing and breaks.ends_released(raw, self._offset, release)) or (
                    escapes and open_escape(raw)
                ):
                    held = raw
                    continue
                held = ""
                if len(raw) > MAX_SEGMENT:
                    self._buffer = terminator.join([raw, *parts[number + 1 :], tail])
                    yield from self._too_long()
                    return
                text = raw.lstrip(GAP)
                lead = len(raw) - len(text)
                if lead:
                    self._line += raw.count("\n", 0, lead)
                    if not breaks.settled:
                        breaks.gap(raw, self._offset, lead)
                start = self._offset + lead
                service = text[:2] == "UN"
                if service and text[2:3] in "AB":
                    fresh = START.match(terminator.join([text, *parts[number + 1 :], tail]))
                    if fresh:
                        self._buffer = terminator.join([text, *parts[number + 1 :], tail])
                        self._offset = start
                        return
                if splits_lines and ("\n" in text or "\r" in text):
                    yield from self._broken(text, start, header)
                elif not text:
                    yield from self._once(
                        "EDIFACT-SEG-EMPTY",
                        "An empty segment (two terminators in a row) was skipped.",
                        self._here(start, 0),
                    )
                else:
                    size = len(text)
                    if not (plain or text.isascii()) or (escapes and not self._charset.plain(text)):
                        text = yield from self._decode(text, start)
                    if release and release in text:
                        elements = split_released(text, element, release)
                    else:
                        elements = text.split(element)
                    tag = elements[0]
                    if len(tag) > 3 and component in tag:
                        tag = elements[0] = tag.partition(component)[0]  # explicit nesting, syntax 1 to 3
                    yield Node(tag, elements, base + factor * start, factor * size, self._line, 0)
                self._offset += len(raw) + 1
                if not splits_lines:
                    self._line += terminator == "\n"
                if service and text[:3] == "UNZ":
                    self._buffer = terminator.join([*parts[number + 1 :], tail])
                    return
            self._buffer = held + terminator + tail if held else tail
            if len(self._buffer) > MAX_SEGMENT:
                yield from self._too_long()
                return
            chunk = next(source, None)
            if chunk is None:
                yield from self._unterminated(header)
                return
            self._buffer += chunk.decode("latin-1")

    def _take(self, parts: list[str], number: int) -> int:
        """Let the open message have the segments from parts[number] on; return the first that it does not take."""
        assert self.taker is not None
        base, factor = self._scale.base, self._scale.factor
        at = base + factor * self._offset
        number, at, self._line = self.taker(parts, number, at, factor, self._line, gaps=self._breaks.settled)
        self._offset = (at - base) // factor
        return number

    def _broken(self, text: str, start: int, header: Header) -> Iterator[Token]:
        """A segment with line breaks in it: wrapped records, a break in free text, or a lost terminator."""
        separators = header.separators
        for piece in self._breaks.mend(text, start, separators.release, keep=self._keep_breaks):
            here = self._here(start + piece.start, piece.length)
            for rule, message in piece.remarks:
                yield from self._once(rule, message, here)
            if piece.lost_terminator:
                yield Finding(
                    "EDIFACT-SEG-UNTERMINATED", Severity.ERROR, Scope.MESSAGE,
                    f"Segment {piece.text[:3]} is not terminated: another segment starts on the next line.", here,
                    ack={"CONTRL": "22", "UCS": "0"},
                )  # fmt: skip
            mended = piece.text
            if not self._charset.plain(mended):
                mended = yield from self._decode(mended, start + piece.start)
            elements = split_released(mended, separators.element, separators.release)
            elements[0] = elements[0].partition(separators.component)[0]
            yield Node(elements[0], elements, here.offset or 0, self._scale.factor * piece.length, self._line, 0)
            self._line += piece.breaks

    def _decode(self, text: str, start: int) -> Generator[Token, None, str]:
        """Bytes above 127, or escape sequences: as declared where that fits, else with a warning, said once."""
        raw = text.encode("latin-1")
        decoded, problem = self._charset.decode(raw, utf8_before="ENC-MISMATCH" in self._seen)
        declared = self._charset.declared or "no character set"
        here = self._here(start, len(raw))
        if problem == "utf-8":
            yield from self._once(
                "ENC-MISMATCH",
                f"{declared}/UTF-8: UNB declares {declared}, but the bytes are UTF-8; they were read as UTF-8.",
                here,
            )
        elif problem == "cp1252":
            yield from self._once(
                "ENC-CP1252-ASSUMED",
                f"UNB declares {declared}, but the bytes are Windows-1252; they were read as such.",
                here,
            )
        elif problem == "invalid":
            yield from self._once("ENC-INVALID", f"Bytes are not valid in {declared}; letters may be wrong.", here)
        return decoded

    def _too_long(self) -> Iterator[Finding]:
        """A segment above the limit: skip on to what looks like the next interchange."""
        here, self._cut = self._here(self._offset, MAX_SEGMENT), True
        yield Finding(
            "EDIFACT-SEG-TOO-LONG", Severity.ERROR, Scope.INTERCHANGE,
            f"A segment is longer than {MAX_SEGMENT} bytes; the rest of the interchange was not read.", here,
            ack={"CONTRL": "16", "UCI": "UNB"},
        )  # fmt: skip

    def _unterminated(self, header: Header) -> Iterator[Token]:
        """The end of the file before UNZ and its terminator."""
        text = self._buffer.strip(GAP)
        self._drop(self._buffer.find(text) if text else 0)
        here = self._here(self._offset, len(text))
        elements = split_released(text, header.separators.element, header.separators.release)
        if elements[0] == "UNZ" and len(elements) >= 3:
            yield self._finding(
                "EDIFACT-END-UNTERMINATED", "The last segment (UNZ) has no terminator.", here, Scope.INTERCHANGE
            )
            yield Node("UNZ", elements, self._at(self._offset), self._scale.factor * len(text), self._line, 0)
        elif text:
            yield Finding(
                "EDIFACT-TRUNCATED", Severity.ERROR, Scope.INTERCHANGE,
                f'The file ends in the middle of a segment ("{elements[0][:3]}..."): the rest is missing.', here,
                ack={"CONTRL": "13", "UCI": "UNZ"},
            )  # fmt: skip
        self._drop(len(self._buffer))

    # --- findings ---------------------------------------------------------------------------------------------

    def _here(self, offset: int, length: int) -> Position:
        return Position(offset=self._at(offset), length=length, line=self._line)

    def _once(self, rule: str, message: str, position: Position) -> Iterator[Finding]:
        if rule not in self._seen:
            self._seen.add(rule)
            yield self._finding(rule, message, position, Scope.INTERCHANGE)

    def _finding(self, rule: str, message: str, position: Position, scope: Scope) -> Finding:
        return Finding(rule, Severity.WARNING, scope, message, position)
