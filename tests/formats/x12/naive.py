"""A second reading of the pyx12 maps: which segments make a set, what is wrong with a segment. No code of the product.

legal(map, segments)   is there any way to read them as the map says?  All ways are tried; one that fits is enough.
faults(use, elements)  what X12.6 says of one segment: {(element, component, AK403 codes of which one must be given)}

Slow and plain on purpose: it has neither states, nor memories of good values, nor streaming.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

MAPS = Path(str(files("gateway.formats.x12"))) / "maps"
KEYED = {"HL": 3}  # the element whose codes tell loops that start with this tag apart
BASIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"&'()*+,-./:;?= abcdefghijklmnopqrstuvwxyz%~@[]_{}\\|<>#$")

Segments = list[list[str]]
Faults = set[tuple[int, int | None, frozenset[str]]]


@dataclass(eq=False)
class Element:
    use: str
    type: str = ""
    least: int = 1
    most: int = 1
    repeat: int = 1
    codes: frozenset[str] = frozenset()
    parts: list[Element] = field(default_factory=list)


@dataclass(eq=False)
class Use:
    """A segment where it may stand."""

    tag: str
    use: str
    most: int
    elements: list[Element]
    rules: list[tuple[str, list[int]]]

    def takes(self, segment: list[str]) -> bool:
        at = KEYED.get(self.tag)
        return segment[0] == self.tag and (at is None or "".join(segment[at : at + 1]) in self.elements[at - 1].codes)


@dataclass(eq=False)
class Loop:
    use: str
    most: int
    children: list[tuple[int, Use | Loop]]

    @property
    def first(self) -> Use:
        first = self.children[0][1]
        assert isinstance(first, Use)
        return first


@cache
def read_map(set_id: str, layout: str) -> Loop:
    """Return the ST loop of a map, without ST and SE."""
    lengths = {e.get("ele_num"): e for e in ElementTree.parse(MAPS / layout / "dataele.xml").iter("data_ele")}
    of = layout if (MAPS / layout / f"{set_id}.xml").exists() else "004010"
    loops = ElementTree.parse(MAPS / of / f"{set_id}.xml").iter("loop")
    return _loop(next(loop for loop in loops if loop.get("xid") == "ST_LOOP"), lengths)


def _times(text: str | None) -> int:
    return 0 if text in (None, ">1") else int(text)


def _loop(node: ElementTree.Element, lengths: dict) -> Loop:
    children: list[tuple[int, Use | Loop]] = []
    for child in node:
        if child.tag == "loop":
            children.append((int(child.get("pos", "")), _loop(child, lengths)))
        elif child.tag == "segment" and child.get("xid") not in ("ST", "SE"):
            children.append((int(child.get("pos", "")), _use(child, lengths)))
    return Loop(node.get("usage", ""), _times(node.get("repeat")), sorted(children, key=lambda c: c[0]))


def _use(node: ElementTree.Element, lengths: dict) -> Use:
    elements = sorted((e for e in node if e.tag in ("element", "composite")), key=lambda e: int(e.get("seq", "")))
    rules = [(s.text[0], [int(n) for n in re.findall("..", s.text[1:])]) for s in node.findall("syntax") if s.text]
    most = _times(node.get("max_use"))
    return Use(node.get("xid", ""), node.get("usage", ""), most, [_element(e, lengths) for e in elements], rules)


def _element(node: ElementTree.Element, lengths: dict) -> Element:
    use, repeat = node.get("usage", ""), int(node.get("repeat") or node.get("max_use") or 1)
    if node.tag == "composite":
        return Element(use, repeat=repeat, parts=[_element(e, lengths) for e in node.findall("element")])
    data, codes = lengths[node.get("data_ele")], node.find("valid_codes")
    found = frozenset(c.text for c in codes.findall("code") if c.text) if codes is not None else frozenset()
    return Element(use, data.get("data_type"), int(data.get("min_len")), int(data.get("max_len")), repeat, found)


# --- structure ------------------------------------------------------------------------------------------------


def legal(root: Loop, segments: Segments) -> bool:
    """True when the segments can be read as the map says."""

    @lru_cache(None)
    def rest(loop: Loop, at: int, position: int) -> frozenset[int]:
        """Return where children `at` and later of a loop may end that begin at a position."""
        if at == len(loop.children):
            return frozenset((position,))
        place = loop.children[at][0]
        group = tuple(child for pos, child in loop.children[at:] if pos == place)
        return frozenset(end for middle in together(group, position) for end in rest(loop, at + len(group), middle))

    @lru_cache(None)
    def together(group: tuple[Use | Loop, ...], position: int) -> frozenset[int]:
        """Return where children of one position may end: each as often as it may, in any order."""
        ends, seen, todo = set(), set(), [(position, (0,) * len(group))]
        while todo:
            state = todo.pop()
            if state in seen:
                continue
            seen.add(state)
            here, counts = state
            if all(count or child.use != "R" for count, child in zip(counts, group, strict=True)):
                ends.add(here)
            for number, child in enumerate(group):
                if not child.most or counts[number] < child.most:
                    more = counts[number] + 1 if child.most else 1
                    todo += [(end, (*counts[:number], more, *counts[number + 1 :])) for end in once(child, here)]
        return frozenset(ends)

    @lru_cache(None)
    def once(child: Use | Loop, position: int) -> frozenset[int]:
        if position >= len(segments):
            return frozenset()
        if isinstance(child, Use):
            return frozenset((position + 1,)) if child.takes(segments[position]) else frozenset()
        return rest(child, 1, position + 1) if child.first.takes(segments[position]) else frozenset()

    return len(segments) in rest(root, 0, 0)


def uses(loop: Loop) -> Iterator[Use]:
    """Yield every segment of a map where it may stand."""
    for _, child in loop.children:
        if isinstance(child, Use):
            yield child
        else:
            yield from uses(child)


# --- elements -------------------------------------------------------------------------------------------------


def faults(use: Use, segment: list[str], component: str, repetition: str, version: str) -> Faults:
    """Return what is wrong with a segment but separators at its end."""
    given = [*segment[1:]]
    while given and not given[-1]:
        given.pop()
    found: Faults = set()
    filled = {n for n, value in enumerate(given, 1) if value}
    for number, element in enumerate(use.elements, 1):
        if number not in filled:
            found |= {(number, None, frozenset("1"))} if element.use == "R" else set()
        elif element.use == "N":
            found.add((number, None, frozenset(("10",))))
        else:
            found |= _value(number, element, given[number - 1], component, repetition, version)
    if len(given) > len(use.elements):
        found.add((len(use.elements) + 1, None, frozenset("3")))
    for kind, numbers in use.rules:
        has = [n for n in numbers if n in filled]
        lacks = [n for n in numbers if n not in filled]
        wanted = {
            "P": lacks if has else [],
            "R": [] if has else numbers[:1],
            "C": lacks if numbers[0] in filled else [],
            "L": numbers[1:2] if has == numbers[:1] else [],
            "E": [],
        }[kind]
        found |= {(n, None, frozenset("2")) for n in wanted}
        found |= {(n, None, frozenset(("10",))) for n in has[1:]} if kind == "E" else set()
    return found


def _value(number: int, element: Element, value: str, component: str, repetition: str, version: str) -> Faults:
    values = value.split(repetition)
    if len(values) > element.repeat:
        return {(number, None, frozenset(("12",)))}
    found: Faults = set()
    for one in values:
        parts = one.split(component) if element.parts else [one]
        if element.parts and len(parts) > len(element.parts):
            found.add((number, None, frozenset(("13",))))
            continue
        for place, part in enumerate(element.parts or [element], 1):
            text = parts[place - 1] if place <= len(parts) else ""
            at = place if element.parts else None
            if text and (codes := _codes(part, text, component + repetition, version)):
                found.add((number, at, frozenset(codes)))
            elif not text and element.parts and part.use == "R":
                found.add((number, at, frozenset("1")))
    return found


def _codes(element: Element, text: str, separators: str, version: str) -> set[str]:
    kind = element.type
    letters = (BASIC | set("^`") if version >= "005010" else BASIC) - set(separators)
    if kind[0] == "N" and not re.fullmatch("-?[0-9]+", text):
        return {"6"}
    if kind == "R" and not re.fullmatch(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)", text):
        return {"6"}
    if kind in ("AN", "ID") and not set(text) <= letters:
        return {"6"}
    found = {"1"} if element.use == "R" and not text.strip() else set()
    size = sum(c.isdigit() for c in text) if kind[0] in "NR" else len(text)
    found |= {"4"} if size < element.least else set()
    found |= {"5"} if size > element.most else set()
    found |= {"7"} if element.codes and text not in element.codes else set()
    found |= {"8"} if kind == "DT" and not _is(text, {6: "%y%m%d", 8: "%Y%m%d"}) else set()
    clock = {4: "%H%M", 6: "%H%M%S", 7: "%H%M%S", 8: "%H%M%S"}
    found |= {"9"} if kind == "TM" and not _is(text, clock) else set()
    return found


def _is(text: str, forms: dict[int, str]) -> bool:
    form = forms.get(len(text), "")
    if not (form and text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text[:6] if "S" in form else text, form)  # noqa: DTZ007  a check of digits
    except ValueError:
        return False
    return True
