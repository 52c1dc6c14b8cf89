"""Sentences for syntax faults: where, what was found, what was expected; written for the clerk who sent the file."""

from __future__ import annotations

from functools import cache

from gateway.findings import count_of
from gateway.formats.x12.elements import TRAILING, Fault, SegmentDef
from gateway.shipped import files, table_rows

_SHOWN = 40  # characters of a value, codes of a list
_CODES_SHOWN = 12
_LOST = "\ufffd"
"""What a program writes for a character that it could not read."""


@cache
def hints() -> dict[str, str]:
    """Return data element -> what a clerk usually needs to know about it (hints.csv)."""
    text = files(__package__).joinpath("hints.csv").read_text("utf-8")
    return {row["element"]: row["hint"] for row in table_rows(text)}


def segment_message(code: str, tag: str, loop: str = "", limit: int = 0) -> str:
    """Return the sentence for an AK304 code 1 to 7."""
    said = _SEGMENT[code].format(tag=tag[:_SHOWN], place=f"loop {loop}" if loop else "the set", limit=limit)
    return said + (" Write segment ids in upper case." if code == "1" and tag != tag.upper() else "")


def level_missing(level: str, levels: str) -> str:
    """Return the sentence for an HL that did not come."""
    return (
        f"An HL of level {level} is missing: the levels of this set are {levels}, each inside the one before. {_BY_BSN}"
    )


def level_unexpected(code: str, levels: str) -> str:
    """Return the sentence for an HL of a level that cannot stand where it stands."""
    said = f'HL-03: level "{code[:_SHOWN]}" cannot stand here: the levels of this set are {levels}, each inside the one before.'
    return f"{said} {_BY_BSN}"


_BY_BSN = "BSN-05 names them: 0001 S-O-P-I, 0004 S-O-I, 0005 S-P-I."

_SEGMENT = {
    "1": '"{tag}" is not a segment of this transaction set.',
    "2": "{tag} stands where it is not expected: the segment that starts its loop was not sent before it.",
    "3": "{tag} is missing in {place}: it is mandatory.",
    "4": "Loop {tag} stands more often than it may: {limit}.",
    "5": "{tag} stands more often in {place} than it may: {limit}.",
    "6": "{tag} is an X12 segment, but it does not belong to this transaction set.",
    "7": "{tag} is out of sequence in {place}: it should have come earlier, "
    "or the segment that starts a new loop is missing before it.",
}


def element_message(fault: Fault, segment: SegmentDef, *, personal: bool) -> str:
    """Return the sentence for an element fault; the value is left out when it is personal."""
    if fault.code == TRAILING:
        return f"{segment.tag} ends with empty elements; the separators after the last value were ignored."
    where = f"{segment.tag}-{fault.element:02d}" + (f"-{fault.component}" if fault.component else "")
    element = fault.definition
    if element is None:
        return (
            f"{where}: {segment.tag} has {count_of(len(segment.elements), 'element')}, and more were sent. "
            "An element separator inside a text shifts everything after it."
        )
    numeric = element.type[0] in "NR"
    size = len(fault.value) - (fault.value.count("-") + fault.value.count(".") if numeric else 0)
    kind = (" number" if numeric else " lost" if _LOST in fault.value else "") if fault.code == "6" else ""
    text = _ELEMENT[fault.code + kind].format(
        value="the value" if personal else f'"{fault.value[:_SHOWN]}"',
        name=f"element {element.de} ({element.name})",
        size=count_of(size, "character"),
        min=element.min,
        max=element.max,
        codes=_some_codes(element.codes),
        relation=_relation(fault, segment.tag),
    )
    hint = hints().get(element.de, "") if fault.code not in ("12", "13") else ""
    return f"{where}: {text}{'; ' + hint if hint else ''}."


_ELEMENT = {
    "1": "{name} is mandatory and empty",
    "2": "{name} is needed here{relation}",
    "4": "{value} has {size}; {name} needs at least {min}",
    "5": "{value} has {size}; {name} takes at most {max}",
    "6": "{value} holds a character that {name} does not allow",
    "6 lost": "{value} holds the sign for a character that was lost before the file came (U+FFFD), which {name} does not allow",
    "6 number": "{value} is not a number as {name} needs it",
    "7": "{value} is not a code of {name}{codes}",
    "8": "{value} is not a date; {name} needs a day of the calendar",
    "9": "{value} is not a time; {name} needs a time of the day",
    "10": "{name} must be empty here{relation}",
    "12": "{name} must not be repeated; the repetition separator stands in {value}",
    "13": "{value} has more components than {name}",
}


def _some_codes(codes: list[str]) -> str:
    if not codes or len(codes) > _CODES_SHOWN:
        return ""
    return f": {', '.join(codes)}"


def _relation(fault: Fault, tag: str) -> str:
    """Say a syntax rule in words: ": N10-06 and N10-13 go together"."""
    if not fault.related:
        return ""
    if fault.component:  # a rule of the components of one element
        names = [f"{tag}-{fault.element:02d}-{number}" for number in fault.related]
    else:
        names = [f"{tag}-{number:02d}" for number in fault.related]
    match fault.rule[0]:
        case "P":
            said = f"{' and '.join(names)} go together"
        case "R":
            said = f"at least one of {', '.join(names)} must be sent"
        case "C":
            said = f"{names[0]} is sent, so {' and '.join(names[1:])} must be sent too"
        case "L":
            said = f"{names[0]} is sent, so one of {', '.join(names[1:])} must be sent too"
        case _:
            said = f"only one of {', '.join(names)} may be sent"
    return f": {said}"
