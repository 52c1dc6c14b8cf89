"""Bytes -> messages of lines: Cargo-IMP texts with or without Type B addresses, several in one file.

QK GWYXXXX          priority and addresses   } Type B envelope, left out
.HKGFFXX 010815     origin and time          }
FHL/4               identifier line: a message starts here
MBI/999-...         lines of the message

SITATEX writes the same envelope in sections, name and content on lines of their own, and may say there which message it is:
=HEADER RCV,2025/03/01 10:15   =PRIORITY QK   =DESTINATION TYPE B STX,GWYXXXX   =ORIGIN HKGFFXX   =MSGID 010815   =SMI FHL   =TEXT
(the layout of files that public programs write and read; SITA's own description was not seen)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

IDENTIFIER = re.compile(
    r"(FWB|FHL|FFM|FNA|FMA|FSU|FSA|FBL|FRI|FRC|FRX|FXI|FXC|FXX|FSN|FSI|FSC|FSQ|FER|FDM|PER|PSN)(?:/(\d+))?"
)
_FURTHER = re.compile(r"[A-Z]{3}[A-Z0-9]{4}(?: +[A-Z]{3}[A-Z0-9]{4})*")  # a further line of addresses
_ENVELOPE = re.compile(
    r"Q[A-Z] [A-Z0-9 ]{5,}"  # addresses
    r"|\.[A-Z0-9]{5,8}(?: \d{6})?.*"  # origin
    r"|ZCZC.*|NNNN"  # start and end of a message on the telex line
    r"|=(HEADER|PRIORITY|DESTINATION TYPE [A-Z]|ORIGIN|DBLSIG|MSGID|SMI|SUBJECT|TEXT)"
)
_VERSION = re.compile(r"/\d+")
MAX_LINES = 20_000
"""Lines of one message that are kept; a manifest of a flight has a few hundred."""

MAX_LINE = 65_536
"""Bytes of one line that are kept; a Type B line has 69 characters."""

_CAPITALS = {letter: letter - 32 for letter in b"abcdefghijklmnopqrstuvwxyz"}
"""Letters of ASCII only: a text that is folded has the length it had."""

_MARKS = b"\r\0\x1a\x01\x02\x03\x04"
"""Signs around a line: of files, and of telex lines (start of heading, start and end of text, end of transmission)."""

_BEFORE = _MARKS + b" \t"
_ENDS = (b"\r", b"\0", b"\x1a", b"\x03", b"\x04")
_ECHOING = ("FMA", "FNA")


class Line(msgspec.Struct):
    """One line. text: without its end; offset, length: bytes in the received file; number: from 1.

    ended: a line end, or the sign for the end of the text, stands behind it; codec: how its letters stand in the file;
    received: the text as it came, where it was folded to capitals, else "".
    """

    text: str
    offset: int
    length: int
    number: int
    ended: bool = True
    codec: str = "utf-8"
    received: str = ""

    @property
    def came(self) -> str:
        """The text as it came."""
        return self.received or self.text

    def size(self, text: str) -> int:
        """Return how many bytes a text of the line has in the received file."""
        wide = self.codec == "utf-16-le"
        return len(text) << wide if text.isascii() else len(text.encode(self.codec, "replace"))


class Text(msgspec.Struct):
    """One message: its identifier line and the lines below it. stray: lines before any message."""

    kind: str
    version: str
    lines: list[Line]
    stray: list[Line]
    too_long: bool = False


def split_messages(chunks: Iterable[bytes], scale: tuple[int, int] = (0, 1), *, fold: bool = False) -> Iterator[Text]:
    """Yield the messages of a file; stray lines come with the next message, or with kind "" at the end.

    scale: of a text that was transcoded, bytes before it and bytes of a letter (2: it was UTF-16); fold: small letters are
    read as capitals.
    """
    current: Text | None = None
    stray: list[Line] = []
    lines = _lines(chunks, *scale)
    addressed = False
    for line in without_headers(map(_folded, lines) if fold else lines):
        text = line.text.strip()
        found = IDENTIFIER.fullmatch(text)
        addressed = goes_on(text, addressed)
        echoed = current is not None and current.kind in _ECHOING  # the message that it answers is no new one
        if found is not None and (not echoed or found[1] in _ECHOING):
            if current is not None:
                yield current
            current, stray = Text(found[1], found[2] or "", [line], stray), []
        elif addressed or _ENVELOPE.fullmatch(text):
            if current is not None:
                yield current
            current = None
        elif current is None:
            if text and len(stray) < MAX_LINES:
                stray.append(line)
        elif text or current.kind in _ECHOING:
            fits = len(current.lines) < MAX_LINES
            if fits:
                current.lines.append(line)
            current.too_long = current.too_long or not fits or line.length > MAX_LINE
    if current is not None:
        yield current
    if stray:
        yield Text("", "", [], stray)


def goes_on(text: str, addressed: bool) -> bool:
    """Tell whether a line holds addresses of a Type B header. addressed: the line before it did."""
    return bool(re.match(r"Q[A-Z] ", text) and _ENVELOPE.fullmatch(text)) or (
        addressed and _FURTHER.fullmatch(text) is not None
    )


def without_headers(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines without what stands in SITATEX headers; their `=NAME` lines stay, they part messages.

    An identifier that only the header holds (=SMI, with the version there or in the text) comes before the text.
    """
    section, named = "", None
    for line in lines:
        text = line.text.strip()
        known, envelope = IDENTIFIER.fullmatch(text), _ENVELOPE.fullmatch(text)
        if envelope and envelope[1]:
            if named is not None and not section and envelope[1] != "TEXT":  # the next header: that one had no text
                yield named
                named = None
            section = envelope[1] if envelope[1] != "TEXT" else ""
        elif text.startswith("="):
            section = ""  # none that is known: what follows is told as stray, not lost
        elif section == "SMI" or (section and not known):  # an identifier elsewhere: =TEXT is missing, the text begins
            if known:
                if named is not None:
                    yield named
                named = line
            continue
        elif text and not envelope:
            section = ""
            if named is not None and not known:
                version = _VERSION.fullmatch(text) is not None and "/" not in named.text
                named.text += text if version else ""
                yield named
                named = None
                if version:
                    continue
            named = None
        yield line
    if named is not None:
        yield named


def _folded(line: Line) -> Line:
    text = line.text.translate(_CAPITALS)
    if text != line.text:
        line.received, line.text = line.text, text
    return line


def _lines(chunks: Iterable[bytes], base: int, factor: int) -> Iterator[Line]:
    """Yield the lines: CR LF, LF or CR; bytes outside of ASCII as Windows letters."""
    rest, more, offset, number = b"", 0, base, 1  # more: bytes of an open line that are not kept
    for chunk in chunks:
        parts = chunk.split(b"\n")
        parts[0] = rest + parts[0]
        rest = parts.pop()
        for part in parts:
            yield _line(part, offset, number, more, factor)
            offset += _received(part, factor) + (more + 1) * factor
            number, more = number + 1, 0
        if len(rest) > MAX_LINE + 1:
            more += len(rest) - MAX_LINE - 1
            rest = rest[: MAX_LINE + 1]
    if rest:
        parts = rest.split(b"\r") if b"\r" in rest.rstrip(b"\r") else [rest]
        for part in parts:
            line = _line(part, offset, number, more, factor)
            line.ended = part is not parts[-1] or part.endswith(_ENDS)
            yield line
            offset += _received(part, factor) + factor
            number += 1


def _received(raw: bytes, factor: int) -> int:
    """Return how many bytes a piece of text had before it was transcoded to UTF-8."""
    return factor * len(raw) if factor == 1 or raw.isascii() else len(raw.decode("utf-8", "replace").encode("utf-16-le"))  # fmt: skip


def _line(raw: bytes, offset: int, number: int, more: int, factor: int) -> Line:
    end = raw.rstrip(_MARKS)
    body = end.lstrip(_BEFORE)
    offset += (len(end) - len(body)) * factor
    length = _received(body, factor) + more * factor
    body = body[:MAX_LINE]
    try:
        text, codec = body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, codec = body.decode("cp1252", "replace"), "cp1252"
    return Line(text, offset, length, number, codec=codec if factor == 1 else "utf-16-le")
