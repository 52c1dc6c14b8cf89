"""Which segments can stand below which in a set, over all releases that we read: what a mapping path can lead to.

    309:  ST -> M10, P4 ...   P4 -> LX   LX -> M13, M11, N9, N1, VID ...   N1 -> N3, N4, PER ...

A loop hangs under its first segment. For the check of tables only; a partner's own maps are not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import msgspec

from gateway.dialect import Path
from gateway.formats.x12.layout import LoopDef, SegmentUse, SetTable, load_table, releases_of
from gateway.formats.x12.sets import set_kinds

_ROOT = "ST"
_LEVEL = "HL"
_NOTHING = "99"
"""Ours: an element that no segment has, for a transform whose value is left out (P4.99)."""


class Reach(msgspec.Struct, frozen=True):
    """below: segment -> those that can stand below it; elements: segment -> how many it has; climbs: those that `../` leads up from."""

    below: dict[str, frozenset[str]]
    elements: dict[str, int]
    climbs: frozenset[str]

    def above(self, tag: str) -> list[str]:
        """Return the segments that one can stand below, in words."""
        return sorted(parent for parent, tags in self.below.items() if tag in tags)


@cache
def reach_of(set_id: str) -> Reach | None:
    """Return what can stand where in a set, None for a set without structure tables."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    elements: dict[str, int] = {_ROOT: 3}
    for version in releases_of(set_id):
        table = load_table(set_id, version)
        if table is not None:
            for parent, tag in _pairs(table, table.root, _ROOT):
                below[parent].add(tag)
            for segment in table.segments:
                elements[segment.tag] = max(elements.get(segment.tag, 0), len(segment.elements))
    unit = set_kinds()[set_id].unit.strip("/").partition("[")[0] if set_id in set_kinds() else ""
    return Reach({p: frozenset(t) for p, t in below.items()}, elements, frozenset((unit, _LEVEL))) if below else None


def _pairs(table: SetTable, loop: LoopDef, parent: str) -> Iterator[tuple[str, str]]:
    """Yield (segment, segment below it) of a loop; the first segment of an inner loop is where that hangs."""
    for child in loop.children:
        if isinstance(child, SegmentUse):
            tag = table.segments[child.definition].tag
            if tag != parent:
                yield parent, tag
            continue
        first = child.children[0]
        tag = table.segments[first.definition].tag if isinstance(first, SegmentUse) else parent
        yield parent, tag
        yield from _pairs(table, child, tag)


def problems(path: Path, at: str, set_id: str) -> list[str]:
    """Return why a path that starts at segment `at` ("" = the set) can never read anything."""
    reach = reach_of(set_id)
    if reach is None:
        return []
    tags = {_ROOT if path.absolute or not at else at}
    found: list[str] = []
    for number, step in enumerate(path.steps):
        if step.name == "..":
            if not tags & reach.climbs:
                return [f"{path.text}: ../ leads nowhere from {_words(tags)}"]
            tags = {parent for tag in tags for parent in reach.above(tag)}
            continue
        if number or step.name not in tags or path.absolute:
            if not any(step.name in reach.below.get(tag, ()) for tag in tags):
                return [f"{path.text}: {_nowhere(reach, step.name, tags, set_id)}"]
            tags = {step.name}
        found += _no_element(reach, path, step.name, step.qualifier)
    return found + [said for tag in sorted(tags)[:1] for said in _no_element(reach, path, tag, path.leaf)]


def _nowhere(reach: Reach, name: str, tags: set[str], set_id: str) -> str:
    above = reach.above(name)
    if name.upper() != name and reach.above(name.upper()):
        return f"segments are written in capitals: {name.upper()}"
    if not above:
        return f"{name} is no segment of a {set_id}"
    return f"{name} does not stand below {_words(tags)}, but below {_words(set(above))}"


def _no_element(reach: Reach, path: Path, tag: str, leaf: str) -> list[str]:
    number = leaf.partition("-")[0].partition("@")[0]
    most = reach.elements.get(tag, 0)
    if not number.isdecimal() or not most or 1 <= int(number) <= most or number == _NOTHING:
        return []
    return [f"{path.text}: {tag} has {most} elements"]


def _words(tags: set[str]) -> str:
    return " or ".join(sorted(tags))
