"""What stands below a segment, as far as a function that reads it can know before it comes (gateway.mapping.seats).

    CNI: RFF[HWB]: LOC[9] LOC[11] TDT[20]: RFF[MWB]       each segment of its kind once: its place is known
         GID  GID  GID                                    several alike: how many, and what is below each, differs

Shipments of one sender have few such forms. A reader that has seen one before sets it (`Node.kinds`); most formats do not.
"""

from __future__ import annotations

from typing import NamedTuple

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
