"""Findings: what is wrong, where, how bad, and what it costs the sender.

A finding is a value, never an exception: readers, mapping, schema check and rules collect them, and every
acknowledgment, reject file and report is written from this one list.

Positions are those of the *received* file: `offset` counts bytes from 0, `line` and `row` from 1,
`segment_position` counts the segments of a transaction set or message from 1 (ST/UNH = 1), `element` from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """What a finding does to its scope: an error refuses it, a warning is delivered with a remark."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Scope(StrEnum):
    """The smallest part of the drop that an error refuses."""

    FILE = "file"
    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"  # an X12 transaction set, an EDIFACT message, one XML document
    SHIPMENT = "shipment"


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in the received file. Fields that do not apply to the format stay empty."""

    offset: int | None = None
    length: int | None = None  # bytes
    line: int | None = None
    segment: str = ""  # segment tag, e.g. "N1"; XML: local name of the element
    segment_position: int | None = None
    loop: str = ""  # loop identifier, e.g. "N1" or "SG9"
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    data_element: str = ""  # X12 data element number "582", EDIFACT "3036"
    xpath: str = ""
    row: int | None = None
    column: str = ""  # CSV header name, or "col 7"

    def words(self) -> str:
        """Return the place in words: `line 7, segment 4 (M11), element 9`."""
        parts = []
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column:
            parts.append(f"column {self.column}")
        if self.segment:
            where = f"segment {self.segment_position} " if self.segment_position else "segment "
            parts.append(f"{where}({self.segment})" if self.segment_position else f"{where}{self.segment}")
        if self.element is not None:
            element = f"element {self.element}"
            if self.component is not None:
                element += f"-{self.component}"
            parts.append(element)
        if self.xpath:
            parts.append(self.xpath)
        if not parts and self.offset is not None:
            parts.append(f"byte {self.offset}")
        return ", ".join(parts)


NOWHERE = Position()


def count_of(number: int, thing: str) -> str:
    """Return a number with its noun: 1 byte, 2 bytes, no group.

    >>> count_of(0, "group"), count_of(1, "byte"), count_of(30, "byte")
    ('no group', '1 byte', '30 bytes')
    """
    return f"{number or 'no'} {thing}{'s' * (number > 1)}"


NOTHING = "Nothing to do"
"""Begins the mend of a finding that asks for none; an example would only mislead."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault or remark.

    rule: id in the catalogue (`gateway/catalogue/*.csv`), which holds means / why / fix / example / citation / ack codes.
    message: one sentence for the sender that says what was found and what was expected. It must not hold
        personal data unless `value` does and `personal` is set; logs write neither.
    target: canonical field, e.g. "final_deliver_to_party.postal_code"; pointer: JSON pointer inside the shipment.
    value: raw text as received, None when nothing was there.
    ack: partner-visible codes that this finding causes and that the catalogue does not know, e.g. {"AK304": "8", "AK403": "7"}.
    row: "file:line" of the mapping row that read the value.
    """

    rule: str
    severity: Severity
    scope: Scope
    message: str
    position: Position = NOWHERE
    target: str = ""
    value: str | None = None
    pointer: str = ""
    shipment: str = ""
    fix: str = ""
    ack: Mapping[str, str] = {}
    row: str = ""
    personal: bool = False

    @property
    def refuses(self) -> bool:
        """True when this finding refuses its scope."""
        return self.severity is Severity.ERROR
