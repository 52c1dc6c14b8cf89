"""What the bytes of an XML file are before the parser sees them: character set, blanks and marks around, places of tags."""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from gateway.findings import Finding, Position, Scope, Severity, count_of
from gateway.formats.xml.tags import StartTags

ALLOWED = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "us-ascii", "ascii": "us-ascii", "utf-16": "utf-16",
    "iso-8859-1": "iso-8859-1", "latin1": "iso-8859-1", "iso-8859-15": "iso-8859-15", "latin9": "iso-8859-15", "windows-1252": "windows-1252", "cp1252": "windows-1252",
}  # fmt: skip
"""Declared name -> character set that is read; UTF-7, EBCDIC and the like hide what a parser would see."""

_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_MANY = re.compile(rb"<(?![!?])(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*'){4096}")  # a tag with hundreds of attributes
_WHOLE = re.compile(
    rb"<(?:[!?]|(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>)"
)  # a tag that has its end, a comment, a declaration
_CONTINUED = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that begin no character
_LONG, _LONGEST = 4096, 65_536
_READ = (
    160  # chunks that are kept where the parser does not go on: behind a bare & it looks for a ; to the end of the file
)
_NOISE = b"\0\x1a\r\n\t "


class Source:
    """The chunks of one file on their way to the parser.

    encoding: what the parser is told; base, factor: where its bytes stand in the received file; findings: remarks and faults found on the way; broken: a fault ended reading;
    lines: line ends seen; tags: where the elements start; in_pieces: whoever feeds the parser feeds these too, piece by piece; at: line and column behind what the parser was given, from 1.
    """

    def __init__(self, chunks: Iterable[bytes], scale: tuple[int, int]) -> None:
        self._chunks = iter(chunks)
        self.base, self.factor = scale
        self.findings: list[Finding] = []
        self.broken = False
        self.encoding = "utf-8"
        self.lines = 0
        self.tags = StartTags(wide=self.factor == 2)
        self.in_pieces = False
        self._size = 0  # of what was read, in the units of offsets
        self.at = (1, 1)
        self._read: deque[tuple[int, int, int, bytes]] = deque()  # offset, lines, start of its first line, bytes
        self._line = 0  # where the line starts that is open
        self._head = b""
        self._tag = b""  # the tag that is open at the end of what was read
        for chunk in self._chunks:
            self._head += chunk
            if len(self._head) >= 1024:
                break
        self._start()

    def _start(self) -> None:
        lead = len(self._head) - len(self._head.lstrip(b"\r\n\t "))
        if lead and self._head[lead : lead + 5] == b"<?xml":
            self._say("FILE-LEADING-NOISE", Severity.WARNING, f"{count_of(lead, 'blank')} before the XML declaration: skipped.", 0)  # fmt: skip
        self.lines += self._head.count(b"\n", 0, lead)
        self._line = self._head.rfind(b"\n", 0, lead) + 1
        self.tags.feed(self._head[:lead])
        self._size += lead
        self._head = self._head[lead:]
        declared = _DECLARED.match(self._head)
        name = declared[1].decode().lower() if declared else "utf-8"
        if self.factor == 2 or (name.startswith("utf-16") and b"\0" not in self._head[:64]):
            return  # transcoded before
        known = ALLOWED.get(name)
        if known is None:
            said = f'The declared character set "{name}" is not allowed; UTF-8, UTF-16, ISO-8859-1 and -15, Windows-1252 and US-ASCII are.'
            self._say("XML-ENCODING", Severity.ERROR, said, lead)
            self.broken = True
            return
        self.encoding = known
        self.in_pieces = known in ("utf-8", "us-ascii") and self.lines == 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes for the parser; NUL, Ctrl-Z and blanks behind the document are held back."""
        check = self._checker()
        held, first, skipped = b"", True, self.lines
        while not self.broken:
            chunk = self._head if first else next(self._chunks, None)
            first, self._head = False, b""
            if chunk is None:
                break
            if not check(chunk) or not self._tags(chunk):
                break
            self._note(chunk)
            data = held + chunk
            if skipped:  # the parser counts the lines that were skipped, and allows blanks there
                data = (
                    data.replace(b"<?xml", b"<?xml" + b"\n" * skipped, 1)
                    if data.startswith(b"<?xml")
                    else b"\n" * skipped + data
                )
                skipped = 0
            body = data.rstrip(_NOISE)
            held = data[len(body) :]
            if body:
                self.at = _behind(body, self.at)
                yield body
        marks = held.strip(b"\r\n\t ")
        if marks:
            self._say("FILE-TRAILING-NOISE", Severity.WARNING, f"{count_of(len(held), 'byte')} behind the document (NUL or Ctrl-Z): skipped.", self._size - len(held))  # fmt: skip

    def _note(self, chunk: bytes) -> None:
        """Count what was read."""
        offset = self._size
        if len(self._read) < _READ:
            self._read.append((offset, self.lines, self._line, chunk))
        if last := chunk.rfind(b"\n") + 1:
            self._line = offset + self.tags.length(chunk[:last])
        self.lines += chunk.count(b"\n")
        self._size += self.tags.length(chunk)
        if not self.in_pieces:
            self.tags.feed(chunk)

    def went_on(self) -> None:
        """Let go what the parser is through with."""
        while len(self._read) > 2:
            self._read.popleft()

    def start_of(self, line: int) -> int | None:
        """Return where a line starts in the received file; None for one that is not among what is kept."""
        for offset, before, opened, chunk in reversed(self._read):
            if line == before + 1:
                return self.received(opened)
            if before + 1 < line <= before + 1 + chunk.count(b"\n"):
                at = 0
                for _ in range(line - before - 1):
                    at = chunk.index(b"\n", at) + 1
                return self.received(offset + self.tags.length(chunk[:at]))
        return None

    def _tags(self, chunk: bytes) -> bool:
        """Refuse a tag with very many attributes: libxml2 compares each with every other, minutes for a megabyte of them."""
        data = self._tag + chunk if self._tag else chunk
        self._tag = b""
        last = data[data.rfind(b"<") :]
        if b">" not in last or not _WHOLE.match(last):
            self._tag = last if last[:1] == b"<" and last[1:2] not in (b"!", b"?") else b""
        if len(self._tag) <= _LONGEST and (not _sparse(data) or not _MANY.search(data)):
            return True
        self._say("XML-LIMIT", Severity.ERROR, "An element has more attributes than any message needs.", self._size)
        self.broken = True
        return False

    def _checker(self) -> Callable[[bytes], bool]:
        """Return a function that looks at each chunk: do the bytes fit the character set?"""
        if self.encoding in ("utf-8", "us-ascii"):
            decoder = codecs.getincrementaldecoder(self.encoding)("strict")
            return lambda chunk: self._strict(decoder, chunk)
        return self._mojibake

    def _strict(self, decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            at = self._size - pending + error.start
            byte = error.object[error.start]
            fits = " Windows-1252 would fit." if byte not in b"\x81\x8d\x8f\x90\x9d" else ""
            said = f"Byte {byte:02X} is not {self.encoding.upper()}, which the file says it is.{fits}"
            line = self.lines + 1 + chunk[: max(error.start - pending, 0)].count(b"\n")
            self.findings.append(_finding("XML-ENCODING", Severity.ERROR, said, self.received(at), line))
            self.broken = True
            return False
        return True

    def _mojibake(self, chunk: bytes) -> bool:
        if not chunk.isascii() and not any(f.rule == "XML-MOJIBAKE" for f in self.findings):
            try:
                chunk.decode("utf-8")
            except UnicodeDecodeError:
                return True
            said = f"The file says {self.encoding}, but its bytes are UTF-8; names may be read wrongly."
            self._say("XML-MOJIBAKE", Severity.WARNING, said, self._size)
        return True

    def received(self, offset: int) -> int:
        """Return the offset in the received file of an offset in the text."""
        return self.base + self.factor * offset

    @property
    def end(self) -> int:
        """Return the offset in the received file behind what was read."""
        return self.received(self._size)

    def _say(self, rule: str, severity: Severity, said: str, offset: int) -> None:
        self.findings.append(_finding(rule, severity, said, self.received(offset), self.lines + 1))


def _sparse(data: bytes) -> bool:
    """True when more than some thousand bytes stand anywhere without a <."""
    at, end = 0, len(data)
    while end - at > _LONG:
        at = data.rfind(b"<", at, at + _LONG + 1) + 1
        if not at:
            return True
    return False


def _behind(text: bytes, at: tuple[int, int]) -> tuple[int, int]:
    """Return line and column behind a text that begins at a line and column; characters are counted, at most."""
    tail = text[text.rfind(b"\n") + 1 :]
    count = len(tail if tail.isascii() else tail.translate(None, _CONTINUED))
    lines = text.count(b"\n")
    return at[0] + lines, count + (1 if lines else at[1])


def _finding(rule: str, severity: Severity, said: str, offset: int, line: int) -> Finding:
    return Finding(rule, severity, Scope.INTERCHANGE, said, Position(offset=offset, line=line))
