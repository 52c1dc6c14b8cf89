"""What stands below a segment, as far as a function that reads it can know before it comes (gateway.mapping.seats).

    CNI: RFF[HWB]: LOC[9] LOC[11] TDT[20]: RFF[MWB]       each segment of its kind once: its place is known
         GID  GID  GID                                    several alike: how many, and what is below each, differs

Shipments of one sender have few such forms. A reader that has seen one before sets it (`Node.kinds`); most formats do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

UNKNOWN = "?"
"""A code that cannot be told without the rules of its format (blanks, repetitions): it is looked at when it is read."""


class Seat(NamedTuple):
    """One segment. codes: those that it begins with; kinds: what stands below it, None for nothing."""

    codes: tuple[str, ...]
    kinds: Kinds | None


class Kinds(frozenset[str]):
    """The tags right below a node. Two of them are the same only when they are one object: a reader makes each once.

    seats: tag -> each segment in order; None for several that their codes do not tell from each other.
    same: tag -> what each of several such is; a tag whose segments differ in what stands below them is not in it.
    above: the tag of the node above this one and what stands below that; None for the first node of a shipment, above which is the message.
    """

    seats: dict[str, tuple[Seat, ...] | None]
    same: dict[str, Seat]
    above: tuple[str, Kinds] | None

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


UNIT = -1

Below = dict[int, dict[str, list[int]]]
"""Segment (UNIT: the first one) -> tag -> the segments below it, by their numbers."""


def kinds_of(
    unit: str, tags: Sequence[str], below: Below, codes: Sequence[tuple[str, ...]], made: dict[Any, Kinds]
) -> dict[int, Kinds]:
    """Return the kinds of every segment that others hang under. made: those of plans before, none is made twice."""
    found: dict[int, Kinds] = {}

    def form(number: int) -> Any:
        """What tells kinds from others: the tags in order; codes and forms of segments that are not alike."""
        own = below.get(number, {})
        return tuple((tag, _alike(few, codes), tuple(each(few))) for tag, few in own.items())

    def each(few: Sequence[int]) -> Any:
        """Of several that are alike, what all are, or nothing: their number makes no other kinds."""
        told = [(codes[n], form(n)) for n in few]
        return told if not _alike(few, codes) else told[:1] if len(set(told)) == 1 else ()

    def put(number: int, above: tuple[str, Kinds] | None) -> None:
        key, children = (form(number), above), below[number]
        new = key not in made
        kinds = found[number] = made.setdefault(key, Kinds(children))
        for lower in (n for few in children.values() for n in few if n in below):
            put(lower, (unit if number == UNIT else tags[number], kinds))
        if new:
            kinds.above = above
            kinds.seats = {
                tag: None if _alike(few, codes) else tuple(Seat(codes[n], found.get(n)) for n in few)
                for tag, few in children.items()
            }
            kinds.same = {
                tag: Seat(codes[few[0]], found.get(few[0]))
                for tag, few in children.items()
                if kinds.seats[tag] is None and len({(codes[n], found.get(n)) for n in few}) == 1
            }

    put(UNIT, None)
    return found


def _alike(few: Sequence[int], codes: Sequence[tuple[str, ...]]) -> bool:
    """True for segments of one tag that their codes do not tell from each other."""
    told = {codes[number] for number in few}
    return len(few) > 1 and (len(told) < len(few) or any(UNKNOWN in one for one in told))
