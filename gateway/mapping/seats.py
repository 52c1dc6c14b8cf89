"""Where segments stand in a tree of which kinds are known (gateway.kinds): a path is followed before any shipment comes.

    RFF/LOC[11].3225     node.children["RFF"][0].children["LOC"][1]     where CNI has one RFF, and that LOC[9] and LOC[11]
    RFF/LOC[27].3225     nothing, so that no row of the function asks for it

What is not known (several segments alike, codes that take more than a look) in_line.py looks up in each node as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.dialect import ITSELF, InLineSteps
from gateway.kinds import UNKNOWN, Kinds

EACH = -1
"""The number of several segments of which every one is the same, as a step of a way."""

Way = tuple[Any, ...]
"""How many nodes up from the level's, then (tag, number) for each step down."""


class Found(NamedTuple):
    """One segment that a path leads to. among: how many of its tag stand beside it, itself included."""

    way: Way
    kinds: Kinds | None
    codes: tuple[str, ...] = ()
    among: int = 1

    @property
    def many(self) -> bool:
        """True for several segments, of which each stands at the same place below its own."""
        return any(step[1] == EACH for step in self.way[1:])


class Seats:
    """The tree below (and above) a node with these kinds. helpers: of the dialect."""

    def __init__(self, kinds: Kinds, helpers: dict[str, Any]) -> None:
        self._start = Found((0,), kinds)
        self._kinds = kinds
        self._climbs: Callable[[str], bool] = helpers["climbs"]
        self._code_at: Callable[[str, str], int | None] = helpers["code_at"]
        self._message: str = helpers["message"]
        self._goods: str | None = helpers.get("goods")

    def of(self, steps: InLineSteps) -> tuple[Found, ...] | None:
        """Return the segments that steps lead to, as the finder would; None when it is not known."""
        nodes: tuple[Found, ...] = (self._start,)
        for number, step in enumerate(steps):
            if step == ITSELF:
                continue
            tag, values, qualifier = step
            found = self._below(nodes, tag)
            if found == () and number == 0:
                found = self._above(tag)
            if found and values:
                found = self._with(found, tag, values, qualifier)
            if not found:
                return found
            nodes = found
        return nodes

    def codes(self, nodes: tuple[Found, ...], tag: str, qualifier: str) -> list[str] | None:
        """Return what tells each of some segments with a tag from the others; None when it is not known."""
        at = self._code_at(tag, qualifier)
        if at is None or any(at >= len(node.codes) or node.codes[at] == UNKNOWN for node in nodes):
            return None
        return [node.codes[at] for node in nodes]

    def one_of_each(self, found: tuple[Found, ...]) -> bool:
        """True for segments that are one of each goods line below the node, in order; for goods lines themselves too."""
        if len(found) != 1 or self._goods is None:
            return False
        way, (owners, known) = found[0].way, _owners(self._kinds, self._goods, (0,))
        if not known or len(owners) != 1:
            return False
        above, kinds = owners[0]
        own, (line, *below) = way[: len(above)], [*way[len(above) :], ("", 0)]
        alone = len(kinds.seats[self._goods] or ()) == 1
        return (
            own == above and line[0] == self._goods and (alone or line[1] == EACH) and all(n != EACH for _, n in below)
        )

    def _below(self, nodes: tuple[Found, ...], tag: str) -> tuple[Found, ...] | None:
        owners = [(node, node.kinds) for node in nodes if node.kinds is not None and tag in node.kinds]
        if not owners:
            return ()
        (owner, kinds), *more = owners
        seats = kinds.seats[tag]
        if more or (seats is None and tag not in kinds.same):
            return None
        if seats is None:
            seat = kinds.same[tag]
            return (Found((*owner.way, (tag, EACH)), seat.kinds, seat.codes),)
        return tuple(
            Found((*owner.way, (tag, number)), seat.kinds, seat.codes, len(seats)) for number, seat in enumerate(seats)
        )

    def _above(self, tag: str) -> tuple[Found, ...] | None:
        if tag == self._message or not self._climbs(tag):
            return None if tag == self._message else ()
        above, ups = self._kinds.above, 1
        while above is not None:
            if above[0] == tag:
                return (Found((ups,), above[1]),)
            above, ups = above[1].above, ups + 1
        return ()

    def _with(
        self, nodes: tuple[Found, ...], tag: str, values: tuple[str, ...], qualifier: str
    ) -> tuple[Found, ...] | None:
        """Return those with the first of the values that any has."""
        codes = self.codes(nodes, tag, qualifier)
        if codes is None:
            return None
        first = next((value for value in values if value in codes), None)
        chosen = tuple(node for node, code in zip(nodes, codes, strict=True) if code == first)
        return (
            None if 1 < len(chosen) < len(nodes) and chosen[0].many else chosen
        )  # some below each: in_line.py takes one, or all


def _owners(kinds: Kinds, tag: str, way: Way) -> tuple[list[tuple[Way, Kinds]], bool]:
    """Return the nodes with a tag below them, none of which stands below another one; False when it is not known whether these are all."""
    if tag in kinds:
        return [(way, kinds)], True
    found: list[tuple[Way, Kinds]] = []
    for name, seats in kinds.seats.items():
        if seats is None and (name not in kinds.same or kinds.same[name].kinds is not None):
            return found, False
        for number, seat in enumerate(seats or ()):
            if seat.kinds is not None:
                more, known = _owners(seat.kinds, tag, (*way, (name, number)))
                found += more
                if not known:
                    return found, False
    return found, True
