"""Segment layouts as data: segments.csv (D.03A), segments_d95b.csv (what differs up to D.97A), segments_more.csv (what
other directories have behind what we read: no value of a shipment, but no fault either), lengths.csv (from which
directory on a data element is longer); languages.csv: ISO 639, two letters and three, for 3453.

    tag,element,component,id,composite,element_status,status,format
    RFF,1,1,1153,C506,M,M,an..3        RFF+HWB:GWH1'     element 1 is C506, its first component 1153
    NAD,4,2-5,3036,C080,C,C,an..35     ranges stand for repeated components or elements

A tag without rows is not checked. Lengths do not count release characters, sign and decimal mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from gateway.formats.edifact.structure.tables import release_key
from gateway.records import Separators
from gateway.shipped import files, table_rows

_FOLDER = files("gateway.formats.edifact")
_LAST_OLD = release_key("97A")


@dataclass(frozen=True, slots=True)
class Component:
    """One data element. kind: "a", "n" or "an"; shortest and longest count characters."""

    id: str
    mandatory: bool
    kind: str
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a segment; composite: its C-number, "" for a simple element."""

    composite: str
    mandatory: bool
    components: tuple[Component, ...]


Layout = tuple[Element, ...]

NUMBERS = frozenset(("6314", "7224", "5004", "6060", "6066", "6162", "6152", "5402", "6348", "6061"))
"""Data elements that hold a number, those that the directories write as text (6314, 6060) among them."""


ONE_BY_ONE = frozenset(("COM",))
"""Segments whose composite newer directories write several times: each is read as a segment of its own (checks.py)."""

LANGUAGE = "3453"
"""The data element of a language: behind a text (FTX) a short rest of the text would pass for one."""


@cache
def languages() -> frozenset[str]:
    """Return the codes of ISO 639 that are taken as a language, in small letters: two letters, and three of the same languages."""
    rows = table_rows(_FOLDER.joinpath("languages.csv").read_text("utf-8"))
    return frozenset(code for row in rows for code in row.values() if code)


@lru_cache(maxsize=64)
def layouts(release: str) -> dict[str, Layout]:
    """Return tag -> layout of a directory ("95B"); a data element is as long as there, or as in the directory of its table."""
    key = release_key(release)
    found = _old() if (0, "") < key <= _LAST_OLD and key[0] else _new()
    longer = lengths(release)
    return {tag: tuple(_widened(element, longer) for element in layout) for tag, layout in found.items()}


def _widened(element: Element, longer: dict[str, int]) -> Element:
    parts = tuple(
        replace(part, longest=longer[part.id]) if longer.get(part.id, 0) > part.longest else part
        for part in element.components
    )
    return replace(element, components=parts)


@lru_cache(maxsize=64)
def coded(release: str) -> dict[str, int]:
    """Return tag -> how many codes its segments begin with: RFF+HWB 1, MEA+AAE+G 2; not GID+1, CST+2."""
    found = (tag for tag, (first, *_) in layouts(release).items() if first.mandatory and _is_code(first.components[0]))
    return {tag: 2 if tag == "MEA" else 1 for tag in found}


def _is_code(component: Component) -> bool:
    return component.kind == "an" and component.longest <= 3


@lru_cache(maxsize=64)
def lengths(release: str) -> dict[str, int]:
    """Return data element -> its length in a directory, for those of lengths.csv; {} for what is no directory."""
    key = release_key(release)
    rows = table_rows(_FOLDER.joinpath("lengths.csv").read_text("utf-8")) if key[0] else ()
    return {row["id"]: int(row["longest"]) for row in rows if release_key(row["from"]) <= key}


@cache
def _new() -> dict[str, Layout]:
    return _read("segments.csv")


@cache
def _old() -> dict[str, Layout]:
    return {**_read("segments.csv"), **_read("segments_d95b.csv")}


def _read(name: str) -> dict[str, Layout]:
    segments: dict[str, dict[int, tuple[str, bool, dict[int, Component]]]] = {}
    for row in table_rows(_FOLDER.joinpath(name).read_text("utf-8")):
        found = re.fullmatch(r"(an|a|n)(\.\.)?([0-9]+)", row["format"])
        assert found, (name, row)
        longest = int(found[3])
        component = Component(row["id"], row["status"] == "M", found[1], 1 if found[2] else longest, longest)
        elements = segments.setdefault(row["tag"], {})
        for element in _range(row["element"]):
            part = elements.setdefault(element, (row["composite"], row["element_status"] == "M", {}))
            for number in _range(row["component"] or "1"):
                part[2][number] = component
    return {
        tag: tuple(
            Element(c, m, tuple(parts[n] for n in sorted(parts))) for _, (c, m, parts) in sorted(elements.items())
        )
        for tag, elements in segments.items()
    }


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


@lru_cache(maxsize=256)
def longest_of(release: str, tag: str, data_element: str) -> int:
    """Return how many characters a data element has in a directory."""
    if data_element in (known := lengths(release)):
        return known[data_element]
    parts = (part for element in layouts(release)[tag] for part in element.components)
    return next(part.longest for part in parts if part.id == data_element)


def most(release: str, tag: str, element: int = 0) -> int:
    """Return how many elements a segment has in a directory (or components its element), 0 when its layout has them all."""
    since = release_key(release)
    mine = (r for r in _more() if r["tag"] == tag and r["element"] == str(element or ""))
    return max((int(r["most"]) for r in mine if not r["from"] or release_key(r["from"]) <= since), default=0)


@cache
def _more() -> tuple[dict[str, str], ...]:
    return tuple(table_rows(_FOLDER.joinpath("segments_more.csv").read_text("utf-8")))


@lru_cache(maxsize=32)
def patterns(release: str, separators: Separators) -> dict[str, re.Pattern[str]]:
    """Return tag -> pattern that a segment in good order matches (text without release characters).

    What does not match is looked at piece by piece (checks.py); the pattern is the quick yes. All choices are final
    (possessive): a separator tells what comes next, and going back costs three quarters of the time of a NAD.
    """
    return {
        tag: re.compile(_segment(tag, layout[:1] if tag in ONE_BY_ONE else layout, separators), re.DOTALL)
        for tag, layout in layouts(release).items()
    }


def _segment(tag: str, layout: Layout, separators: Separators) -> str:
    tail, ends = "", True  # ends: the segment may end before this element
    for element in reversed(layout):
        body, separator = _composite(element, separators), re.escape(separators.element)
        if element.mandatory and not element.components[0].mandatory:
            body = rf"(?!{separator}|\Z){body}"  # all of its components are conditional, but one must be there
        text = separator + (body if element.mandatory else f"(?:{body})?+") + tail
        ends = ends and not element.mandatory
        tail = f"(?:{text})?+" if ends else text
    return re.escape(tag) + tail


def _composite(element: Element, separators: Separators) -> str:
    tail, ends = "", True
    for component in reversed(element.components[1:]):
        text = re.escape(separators.component) + _component(component, separators) + tail
        ends = ends and not component.mandatory
        tail = f"(?:{text})?+" if ends else text
    return _component(element.components[0], separators) + tail


def _component(component: Component, separators: Separators) -> str:
    if component.id == LANGUAGE:
        body = f"(?i:{'|'.join(sorted(code for code in languages() if len(code) == 2))})"  # of three letters: checks.py
    elif component.kind == "n":
        mark = re.escape(separators.decimal) if separators.decimal else ".,"
        longest = component.longest
        whole = f"[0-9]{{{component.shortest},{longest}}}"
        fraction = f"(?=[0-9{mark}]{{3,{longest + 1}}}(?![0-9{mark}]))[0-9]+[{mark}][0-9]+"
        body = f"-?(?:{fraction}|{whole})" if component.shortest == 1 and longest > 2 else f"-?{whole}"
    else:
        special = "".join({separators.element, separators.component, separators.repetition, separators.release} - {""})
        if component.id in NUMBERS and separators.decimal:
            special += other_mark(separators)
        data = "[A-Za-z ]" if component.kind == "a" else f"[^{re.escape(special)}]"
        body = f"{data}{{{component.shortest},{component.longest}}}+"
    return body if component.mandatory else f"(?:{body})?+"


def other_mark(separators: Separators) -> str:
    """Return the mark that is none in an interchange whose UNA names one (syntax 1 to 3)."""
    return "," if separators.decimal == "." else "."


def most_repetitions(layout: Layout, number: int) -> int:
    """Return how often element `number` (from 1) may be repeated in syntax 4: as often as the directory writes it in a row."""
    own, count = layout[number - 1], 0
    for element in layout[number - 1 :]:
        if element.composite != own.composite or element.components != own.components:
            break
        count += 1
    return count


@cache
def positions(release: str) -> dict[str, dict[str, tuple[tuple[int, int], ...]]]:
    """Return tag -> data element number -> its places (element, component), both from 1; component 0: simple element.

    Only the first element of a repeated composite counts (GID 7224: element 2), all components of a repeated
    component do (NAD 3036: 4-1 to 4-5).
    """
    return {tag: _positions(layout) for tag, layout in layouts(release).items()}


def _positions(layout: Layout) -> dict[str, tuple[tuple[int, int], ...]]:
    places: dict[str, list[tuple[int, int]]] = {}
    for number, element in enumerate(layout, 1):
        for place, component in enumerate(element.components, 1):
            at = places.setdefault(component.id, [])
            if not at or at[0][0] == number:
                at.append((number, place if element.composite else 0))
    return {data_element: tuple(at) for data_element, at in places.items()}
