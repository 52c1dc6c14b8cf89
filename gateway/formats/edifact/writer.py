"""EDIFACT out: segments with released characters, one interchange around them, counted while it is streamed.

    UNB+UNOC:3+GWRECEIVER:ZZ+GWSENDER:ZZ+250930:1215+AK000019'   sender and recipient of the subject swapped
    UNH+1+CONTRL:D:3:UN' ... UNT+3+1' UNZ+1+AK000019'

Always the default service characters (no UNA needed); character set and syntax version are those of the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.formats.delimited import released
from gateway.formats.edifact.charset import CODECS
from gateway.records import Interchange
from gateway.results import AckRequest

ACK_MESSAGES = frozenset(("CONTRL", "APERAK", "CUSRES"))
"""Never answered: an acknowledgment of an acknowledgment would go on for ever."""


_OURS = "AK"  # what a control reference of ours begins with

Composite = str | tuple[str, ...]


class Writer:
    """Turns elements into bytes. messages and segments are counted for the trailers."""

    def __init__(self, subject: Interchange) -> None:
        identifier, _, version = subject.version.partition(":")
        known = identifier in CODECS and not identifier.startswith(("UNOX", "IAT", "KEC"))
        self._identifier = identifier if known else "UNOC"
        self._codec = CODECS[self._identifier]
        self.version = version[:1] if version[:1] in "1234" and version else "3"
        self._specials = "+:'?*" if self.version == "4" else "+:'?"
        self._segments = 0
        self._messages = 0
        self._reference = ""
        self._message_reference = ""

    def segment(self, tag: str, *elements: Composite) -> bytes:
        """Return one segment; empty elements and components at the end are left out."""
        self._segments += 1
        parts = [tag]
        for element in elements:
            values = (element,) if isinstance(element, str) else element
            composite = ":".join(released(self._clean(value), self._specials, "?") for value in values)
            parts.append(composite.rstrip(":") if not composite.endswith("?:") else composite)
        while parts and not parts[-1]:
            parts.pop()
        return self._encode("+".join(parts) + "'\n")

    def _clean(self, text: str) -> str:
        text = "".join(character if character.isprintable() else " " for character in text)
        return text.upper() if self._identifier == "UNOA" else text

    def _encode(self, text: str) -> bytes:
        """Encode; a character that the set does not have is written as a point ("?" would be a release character)."""
        try:
            return text.encode(self._codec)
        except UnicodeEncodeError:
            return b"".join(_one(character, self._codec) for character in text)

    def begin(self, request: AckRequest, reference: str) -> bytes:
        """Return UNB."""
        subject, now = request.interchange, request.now
        own = request.profile.own_id
        self._reference = reference
        sender = (
            subject.receiver_id or own.id,
            subject.receiver_qualifier or ("" if subject.receiver_id else own.qualifier),
        )
        recipient = (subject.sender_id, subject.sender_qualifier, subject.sender_internal)
        date = now.strftime("%Y%m%d" if self.version == "4" else "%y%m%d")
        tail = ["", "", "", "", "", "1"] if subject.test else []
        return self.segment(
            "UNB", (self._identifier, self.version), sender, recipient, (date, now.strftime("%H%M")), reference, *tail
        )

    def open(self, *identifier: str) -> bytes:
        """Return UNH of the next message; identifier: S009."""
        self._messages += 1
        self._segments = 0
        self._message_reference = str(self._messages)
        return self.segment("UNH", self._message_reference, identifier)

    def close(self) -> bytes:
        """Return UNT."""
        return self.segment("UNT", str(self._segments + 1), self._message_reference)

    def end(self) -> bytes:
        """Return UNZ."""
        return self.segment("UNZ", str(self._messages), self._reference)


def _one(character: str, codec: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        return b"."


def party(identifier: str, qualifier: str, internal: str = "") -> tuple[str, ...]:
    """Return S002 or S003."""
    return (identifier, qualifier, internal)


def texts(text: str, width: int = 512, most: int = 5) -> tuple[str, ...]:
    """Return free text in components of `width` characters (FTX C108)."""
    text = " ".join(text.split())
    return tuple(text[start : start + width] for start in range(0, min(len(text), width * most), width)) or ("",)


def next_reference(request: AckRequest) -> str:
    """Return the next control reference of ours for UNB 0020, e.g. "AK000019"."""
    return f"{_OURS}{request.controls('UNB0020'):06d}"


def own_number(reference: str) -> str:
    """Return the number in a control reference of ours, as the counter knows it; others as they are."""
    return reference.removeprefix(_OURS)


def wanted(request: AckRequest, *names: str) -> bool:
    """True when the partner's acks.application ("824+355", "aperak+cusres", "none") holds one of the names."""
    return not set(request.profile.acks.application.lower().split("+")).isdisjoint(names)


def code_of(request: AckRequest, rule: str, column: str) -> str:
    """Return a rule's code in a column of the catalogue, "" when it has none."""
    row = request.catalogue.get(rule) if request.catalogue is not None else None
    if row is None:
        return ""
    value = row.get(column, "") if isinstance(row, Mapping) else getattr(row, column, "")
    return str(value or "")


def joined(chunks: Iterable[bytes], size: int = 65_536) -> Iterator[bytes]:
    """Yield the same bytes in pieces of about `size`, so that a file is not written segment by segment."""
    kept: list[bytes] = []
    length = 0
    for chunk in chunks:
        kept.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(kept)
            kept, length = [], 0
    if kept:
        yield b"".join(kept)
