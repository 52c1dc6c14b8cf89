"""UNA and UNB: finding the start of an interchange and its service characters.

    UNA:+.? '   component, element, decimal mark, release, repetition (syntax 4), segment terminator
    UNB+UNOC:3+SENDER:ZZ+RECEIVER:ZZ+250930:1200+REF'

UNA counts for its own interchange only. UNOB without UNA may use the control characters IS1, IS3, IS4.
Codes: 0085 of CONTRL, in the `ack` of the findings; {"CONTRL": code, "UCI": "UNB:3:1"} names segment, element
(the tag counts as 1) and component.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.delimited import ends_released, split_released, unrelease
from gateway.records import Separators

_NO = r"[^A-Za-z0-9 \r\n\t]"
START = re.compile(
    r"UNA[\s\S]{6}[ \r\n\t]{0,8}UNB(?=[^A-Za-z0-9])"
    r"|UNB(?:[+\x1d]|(?=" + _NO + r"[A-Z]{3}[A-Z0-9]" + _NO + r"[0-9]))"
)  # fmt: skip
"""Where an interchange begins, in text of which one character is one byte."""

HEADER_BYTES = 1024
"""UNA and UNB together are below 500 bytes by their element lengths."""

_REFERENCE = 5
"""Element of UNB with the control reference: when the next one has begun, a cut file can be answered."""

GAP = " \r\n\t\0\x1a"
"""What may stand between segments and around interchanges."""

_DEFAULT = ":+.? '"
_DEFAULT_V4 = ":+.?*'"
_INFORMATION_SEPARATORS = "\x1f\x1d.  \x1c"


@dataclass(frozen=True, slots=True)
class Header:
    """One UNB with its UNA. elements[0] = "UNB"; una: the 6 characters as received, "" when there was no UNA.

    offset and length: UNA (or UNB) to the end of UNB. separators.segment is "" when UNB cannot be read.
    """

    elements: list[str]
    separators: Separators
    offset: int
    line: int
    length: int
    una: str = ""
    faults: tuple[Finding, ...] = ()

    def component(self, element: int, number: int) -> str:
        """Return component `number` of an element of UNB as meant, both from 1; "" when absent."""
        if element >= len(self.elements):
            return ""
        release = self.separators.release
        parts = split_released(self.elements[element], self.separators.component, release)
        return unrelease(parts[number - 1], release).strip() if number <= len(parts) else ""


def read_header(text: str, offset: int, line: int) -> tuple[Header, int]:
    """Read UNA and UNB at the start of `text` and return them with the number of characters used.

    text: at least HEADER_BYTES characters where the file has them; offset: received byte of its first character.
    """
    una, begin = "", 0
    if text.startswith("UNA"):
        una = text[3:9]
        begin = text.index("UNB", 9)
    body = text[begin:HEADER_BYTES]
    place = Position(offset=offset, length=begin + 3, line=line, segment="UNA" if una else "UNB")
    faults: list[Finding] = []
    characters = una or (_INFORMATION_SEPARATORS if body[3:4] == "\x1d" else _DEFAULT)
    if una and not _usable(una):
        faults.append(
            _fault("EDIFACT-UNA", "20", "UNA", f'The service characters of UNA cannot be used: "{_shown(una)}".', place)
        )
        characters = _DEFAULT if body[3:4] == "+" else una
    elif body[3:4] != characters[1]:
        characters = _guess(body) or characters
        what = "do not fit UNB" if una else "are not the default ones and UNA is missing"
        faults.append(
            _fault(
                "EDIFACT-UNA",
                "20",
                "UNA",
                f'The service characters {what}: UNB is followed by "{_shown(body[3:4])}".',
                place,
            )
        )
    length, cut = _end_of_unb(body, characters)
    here = Position(offset=offset, length=begin + max(length, 3), line=line + text.count("\n", 0, begin), segment="UNB")
    if cut == "terminated":
        used = begin + length + 1
    else:
        used = begin + length
        message = "UNB has no end: it cannot be read."
        if cut == "cut":
            message = "UNB is not terminated before the next segment."
        elif len(text) < HEADER_BYTES:
            message = "The file ends inside UNB: it has no end."
        faults.append(_fault("EDIFACT-UNB-UNTERMINATED", "22", "UNB", message, here))
    release = characters[3].strip(" ")
    elements = split_released(body[:length].replace("\r", "").replace("\n", ""), characters[1], release)
    version = (elements[1] if len(elements) > 1 else "").split(characters[0])
    level = version[1][:1] if len(version) > 1 else ""
    whole = len(text) < HEADER_BYTES and len(elements) > _REFERENCE + 1  # the file ends behind the reference of UNB
    separators = _separators(characters, una, level, readable=cut != "unreadable" or whole)
    return Header(elements, separators, offset, line, used, una, tuple(faults)), used


def _separators(characters: str, una: str, level: str, *, readable: bool) -> Separators:
    """Return the separators of an interchange; level: syntax version number, first character.

    decimal: the mark of UNA in versions 1 to 3, else "" (comma and point are both allowed).
    """
    repetition = ""
    if level >= "4":
        repetition = (characters if una else _DEFAULT_V4)[4].strip(" ")
    return Separators(
        element=characters[1],
        component=characters[0],
        segment=characters[5] if readable else "",
        repetition=repetition,
        release=characters[3].strip(" "),
        decimal=una[2] if una and level < "4" and una[2] in ".," else "",
    )


def _usable(una: str) -> bool:
    """True when the service characters are distinct and none is a letter, a digit or (but for two) a blank."""
    component, element, _, release, repetition, terminator = tuple(una)
    needed = [component, element, terminator, *(c for c in (release, repetition) if c != " ")]
    return len(set(needed)) == len(needed) and not any(c.isalnum() or c == " " for c in needed) and una.isascii()


def _guess(body: str) -> str:
    """Return service characters read off UNB and the segment behind it, "" when they cannot be told."""
    found = re.match(r"UNB(?P<e>" + _NO + r")[A-Z0-9]{4}(?P<c>" + _NO + r")[0-9]", body)
    end = (
        re.search(r"(?P<t>" + _NO + r"|[\r\n])[ \r\n\t]*UN[HG](?=" + re.escape(found["e"]) + ")", body)
        if found
        else None
    )
    return f"{found['c']}{found['e']}.  {end['t']}" if found and end else ""


def _end_of_unb(body: str, characters: str) -> tuple[int, str]:
    """Return the length of UNB without terminator and "terminated", "cut" (next tag came first) or "unreadable"."""
    element, release, terminator = characters[1], characters[3].strip(" "), characters[5]
    following = re.search(r"[ \r\n\t]*UN[HG]" + re.escape(element), body)
    at = body.find(terminator)
    while at >= 0 and release and ends_released(body[:at], release):
        at = body.find(terminator, at + 1)
    if at >= 0 and (following is None or at <= following.start()):
        return at, "terminated"
    if following is not None:
        return following.start(), "cut"
    return len(body), "unreadable"


def _fault(rule: str, code: str, where: str, message: str, place: Position) -> Finding:
    return Finding(rule, Severity.ERROR, Scope.INTERCHANGE, message, place, ack={"CONTRL": code, "UCI": where})


def _shown(text: str) -> str:
    return "".join(c if " " <= c <= "~" else f"<{ord(c):02X}>" for c in text)


def sniff(head: bytes) -> float:
    """Return how sure it is, from 0 to 1, that a file with this beginning is EDIFACT."""
    text = head.decode("latin-1").lstrip("\xef\xbb\xbf\r\n\t \0'")
    found = START.search(text)
    if found is None:
        return 0.0
    if found.start() == 0:
        return 1.0
    return 0.8 if re.search(r"UNH[^A-Za-z0-9]", text[found.end() :]) else 0.3
