"""The ISA segment: 106 bytes by the standard, and what editors and mainframes make of it.

    ISA*00*..........*00*..........*02*NRTX...........*ZZ*S321GATEWAY....*250115*0930*^*00501*000000001*0*P*>~
       ^ element separator                                                                component ^^ terminator

The 16th element separator is looked for, not byte 104: ids without padding and wrapped records are read, with a fault.
"""

from __future__ import annotations

import re

import msgspec

from gateway.findings import count_of
from gateway.records import Separators

HEADER_BYTES = 512
"""Bytes looked at: an ISA, wrapped and padded by a careless editor, and the tag behind it."""

_LENGTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)  # tag and elements 1-15
_FIXED = sum(_LENGTHS) + 16  # up to and including the 16th element separator
_AFTER = r"(?=[\r\n\t ]*(?:GS|ST|TA1|IEA|ISB|ISE)(?![A-Za-z0-9]))"
_FULL_TAIL = re.compile(r"(?P<component>[^A-Za-z0-9 ])(?P<pad> *)(?P<segment>[^A-Za-z0-9 ])" + _AFTER, re.ASCII)
_EXACT_TAIL = re.compile(  # every element has its length: whatever segment follows is told of, not the ISA
    r"(?P<component>[^A-Za-z0-9\s])(?P<pad>)(?P<segment>[^A-Za-z0-9\s])(?=[\r\n\t ]*[A-Z][A-Z0-9]{1,2}[^A-Za-z0-9\s])",
    re.ASCII,
)
_SHORT_TAIL = re.compile(r"(?P<pad> *)(?P<segment>[^A-Za-z0-9 ])" + _AFTER, re.ASCII)
_BREAKS = str.maketrans("", "", "\r\n")


class Isa(msgspec.Struct, frozen=True):
    """A split ISA. length: characters up to and including the terminator; wrap: width of wrapped records, 0 = none.

    faults: (rule, sentence) of what is irregular.
    """

    elements: list[str]
    separators: Separators
    length: int
    wrap: int
    faults: list[tuple[str, str]]


def split_isa(text: str, *, lenient: bool, column: int = 0) -> Isa | None:
    """Return the ISA that `text` starts with (one character = one byte), None when it cannot be split.

    column: characters that stand before it in its line, of another interchange.
    """
    element = text[3:4]
    cut = _nth(text, element, 16) if element else -1
    if cut < 0:
        return None
    tail = text[cut + 1 :]
    breaks = len(tail) - len(tail.lstrip("\r\n"))
    full = _FULL_TAIL.match(tail, 0) or (_FULL_TAIL.match(tail, breaks) if lenient else None)
    if full and _ends_in(tail[full.end() :], full["component"], full["segment"]):
        full = None  # "~" CR LF with an empty ISA16: "~" is the terminator, not the component separator
    elements = text[:cut].translate(_BREAKS).split(element)
    match = full or _SHORT_TAIL.match(tail)
    if match is None and tuple(map(len, elements)) == _LENGTHS:
        match = full = _EXACT_TAIL.match(tail)
    if match is None:
        return None
    elements.append(full["component"] if full else "")
    segment = match["segment"]
    line_break = text.find("\n", 0, cut)
    wrap = column + line_break - (text[line_break - 1] == "\r") if line_break > 0 and segment not in "\r\n" else 0
    separators = Separators(element, elements[16], segment, _repetition(elements))
    return Isa(elements, separators, cut + 1 + match.end(), wrap, _faults(elements, separators, match["pad"], wrap))


def standard_isa(text: str) -> Isa | None:
    """Return an ISA that no known segment follows, told by the widths of the standard alone; None when it has others.

    The file ends behind it, or a damaged segment follows. The separators are "" when the file ends before them.
    """
    element = text[3:4]
    head = text[:_FIXED]
    elements = head.split(element)[:16] if element else []
    if tuple(len(e) for e in elements) != _LENGTHS or len(head) < _FIXED or not head.endswith(element):
        return None
    component, segment = text[_FIXED : _FIXED + 1], text[_FIXED + 1 : _FIXED + 2]
    if any(c.isalnum() or c == " " for c in component + segment):
        return None
    elements.append(component)
    length = _FIXED + len(component + segment)
    return Isa(elements, Separators(element, component, segment, _repetition(elements)), length, 0, [])


def _repetition(elements: list[str]) -> str:
    """ISA11 is the repetition separator from version 00402 on, unless it is a letter (the old standards id) or blank."""
    mark = elements[11]
    return mark if elements[12] >= "00402" and len(mark) == 1 and not mark.isalnum() and mark != " " else ""


def _faults(elements: list[str], separators: Separators, pad: str, wrap: int) -> list[tuple[str, str]]:
    s = separators
    faults = []
    if wrap:
        faults.append(
            (
                "X12-WRAPPED-LINES",
                f"Line breaks stand inside the segments (records of {wrap} characters); they were removed.",
            )
        )
    if tuple(len(e) for e in elements[:16]) != _LENGTHS or pad:
        faults.append(("X12-ISA-LENGTH", "ISA is not 106 characters long: " + _width_fault(elements, pad)))
    marks = [c for c in (s.element, s.component, s.segment, s.repetition) if c]
    if not s.component:
        faults.append(("X12-ISA16", "ISA16 (component separator) is empty."))
    elif len(set(marks)) < len(marks):
        faults.append(("X12-SEPARATORS", "Two of the separators of ISA are the same character."))
    if not "".join(marks).isascii():
        faults.append(
            (
                "X12-DELIM-NON-ASCII",
                f"A separator is not an ASCII character (hex {ord(s.segment):02X} ends the segments).",
            )
        )
    return faults


def _nth(text: str, separator: str, count: int) -> int:
    """Return the index of the `count`-th separator, -1 when there are fewer."""
    index = -1
    for _ in range(count):
        index = text.find(separator, index + 1)
        if index < 0:
            return -1
    return index


def _ends_in(text: str, component: str, segment: str) -> bool:
    """True when the next segments end in `component` + `segment`: then `component` is the real terminator."""
    ends = [part for part in text.lstrip("\r\n").split(segment)[:3] if part.strip("\r\n")]
    return bool(ends) and all(part.endswith(component) for part in ends[:-1] or ends)


def _width_fault(elements: list[str], pad: str) -> str:
    for number, (value, width) in enumerate(zip(elements[:16], _LENGTHS, strict=True)):
        if len(value) != width:
            return f"ISA{number:02d} has {len(value)} characters instead of {width}."
    return f"{count_of(len(pad), 'blank')} before the terminator."
