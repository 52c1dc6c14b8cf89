"""Plans: how all segments of a shipment go into its tree at once, because shipments before it had the same tags.

    LX M11 N9 N1 N3 N4 N1 N3 N4   ->   n0.children = {"M11": [n1], "N9": [n2], "N1": [n3, n6]}; n3.children = {...}

A plan says where the state machine is after these tags; what one segment after the other would have come to. Tags that
need a choice, that skip something mandatory or that come too often have none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import call, getitem
from typing import Any

from gateway import written
from gateway.formats.x12.transitions import INSIDE, LEVEL, LOOP, Machine, Slot
from gateway.kinds import UNIT, Below, Kinds, kinds_of
from gateway.often import Often
from gateway.records import Node

_TAGS = Sequence[str]
_Hang = Callable[[list[Node]], None]
_Filled = dict[tuple[int, tuple[int, ...], bytes], tuple[Any, ...]]
"""(plan, elements of each segment, which of them are filled) -> the memory of each element's good values."""

_OFTEN = 4  # times that tags must have come: to make a plan costs as much as ten shipments without one
_KEPT = 512  # plans of one machine
_COUNTED = 4096  # tags of shipments that are counted
_FILLED = 4096  # fill patterns that the plans of a machine remember together
_CODES = 64  # codes of a plan whose kinds are known
_MOST = 200  # segments of a shipment with a plan


class Plan:
    """The way of one sequence of tags.

    seats: puts the segments into their tree; last, count: the place of the last one, and how often it came in a row.
    opens: from the unit's depth on, the index of the segment that opened the loop there; entered, turns: see Matcher, from
    the depth below on.
    """

    def __init__(
        self, number: int, filled: _Filled, slots: list[Slot], seats: _Seats, count: int, opens: list[int], entered: list[Slot | None], turns: list[int],
    ) -> None:  # fmt: skip
        self.seats, self.last, self.count = seats, slots[-1], count
        self.opens, self.entered, self.turns = opens, entered, turns
        self._checks = [slot.check.passes for slot in slots]
        self._known = [slot.check.known for slot in slots]
        self._dated = any(slot.check.dated for slot in slots)
        self._number, self._filled = number, filled

    def passes(self, segments: list[list[str]]) -> bool:
        """True when every segment is right; the same answer as that of its own check."""
        flat = list(chain.from_iterable(segments))
        filled = self._number, tuple(map(len, segments)), bytes(map(bool, flat))
        known = self._filled.get(filled)
        if known is not None:  # what is missing or too much was looked at; the values are left
            return all(map(getitem, known, flat))
        good = all(map(call, self._checks, segments))
        if good and not self._dated and len(self._filled) < _FILLED:
            self._filled[filled] = tuple(
                chain.from_iterable(known[: len(one)] for known, one in zip(self._known, segments, strict=True))
            )
        return good


class _Seats:
    """Puts the segments of one sequence of tags into their tree, and says of each what stands below it, where that came before.

    coded: the segments that begin with a code, which is always sent. put: (nodes) -> None.
    """

    def __init__(self, tags: _TAGS, parents: list[int], coded: list[int], made: dict[Any, Kinds]) -> None:
        self._tags, self._coded, self._made = tags, coded, made
        self._below: Below = {}
        for number, parent in enumerate(parents[1:], 1):
            self._below.setdefault(parent or UNIT, {}).setdefault(tags[number], []).append(number)
        self._unknown: tuple[Kinds | None, ...] = (None,) * len(self._below)
        self._kinds: dict[tuple[str, ...], tuple[Kinds | None, ...]] = {}
        self.put = _written(tags, self._below, coded, self._kinds.get, self._learn)

    def _learn(self, codes: tuple[str, ...]) -> tuple[Kinds | None, ...]:
        if not self._below or len(self._kinds) >= _CODES:
            return self._unknown
        own = dict(zip(self._coded, codes, strict=True))
        told = [(own[at],) if at in own else () for at in range(len(self._tags))]
        found = kinds_of(self._tags[0], self._tags, self._below, told, self._made)
        kinds = self._kinds[codes] = tuple(map(found.get, self._below))
        return kinds


class Plans:
    """The plans of one machine for the shipments that start at `unit`. A plan is made when its tags have come some times."""

    def __init__(self, unit: Slot) -> None:
        self.unit = unit
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._often = Often[tuple[str, ...]](_OFTEN, _COUNTED)
        self._filled: _Filled = {}
        self._kinds: dict[Any, Kinds] = {}
        self.get = self._plans.get

    def make(self, tags: tuple[str, ...]) -> Plan | None:
        """Return the plan of tags that `get` has none for; None when there is none, or none yet."""
        if tags in self._plans or len(self._plans) >= _KEPT or len(tags) > _MOST:
            return None
        if not self._often(tags):
            return None
        plan = self._plans[tags] = _plan(self.unit, tags, len(self._plans), self._filled, self._kinds)
        return plan


@lru_cache(64)
def plans_of(machine: Machine) -> Plans | None:
    """Return the plans of a machine; None when its shipments can have none."""
    unit = machine.unit
    return Plans(unit) if unit is not None and not unit.keys else None


def _plan(unit: Slot, tags: _TAGS, number: int, filled: _Filled, made: dict[Any, Kinds]) -> Plan | None:
    """Walk the machine as the Matcher does, one segment after the other."""
    slots, parents = [unit], [-1]
    open_: dict[int, int] = {unit.depth: 0}
    entered: dict[int, Slot | None] = {unit.depth + 1: None}
    turns: dict[int, int] = {}
    count = 1
    for at, tag in enumerate(tags[1:], 1):
        here = slots[-1]
        slot = here.next.get(tag)
        if not isinstance(slot, Slot) or slot.kind not in (INSIDE, LOOP):
            return None
        count = count + 1 if slot is here and not slot.trigger else 1
        times = count
        if slot.trigger:
            if slot.key == LEVEL:
                return None
            times = turns[slot.depth] = turns[slot.depth] + 1 if entered.get(slot.depth) is slot else 1
            entered[slot.depth], entered[slot.depth + 1] = slot, None
            parents.append(open_[slot.depth - 1])
            open_[slot.depth] = at
        else:
            parents.append(open_[slot.depth])
        if slot.maximum and times > slot.maximum:
            return None
        slots.append(slot)
    coded = [at for at, slot in enumerate(slots) if at and slot.check.coded]
    below = range(unit.depth + 1, unit.depth + 1 + len(entered))
    seats = _Seats(tags, parents, coded, made)
    return Plan(number, filled, slots, seats, count, [*open_.values()], [entered[at] for at in below], [turns.get(at, 0) for at in below])  # fmt: skip


def _written(tags: _TAGS, below: Below, coded: Sequence[int], get: Callable[..., Any], learn: Callable[..., Any]) -> _Hang:
    """Return (nodes) -> None: hangs each segment under its parent. get, learn: codes -> kinds of those with others below them."""
    lines = [f"[{', '.join(f'n{number}' for number in range(len(tags)))}] = nodes"]
    owners = [f"n{max(parent, 0)}" for parent in below]
    for owner, children in zip(owners, below.values(), strict=True):
        lists = ", ".join(f"t{few[0]}: [{', '.join(f'n{number}' for number in few)}]" for few in children.values())
        lines.append(f"{owner}.children = {{{lists}}}")
    if owners:
        codes = "".join(f"n{number}.elements[1], " for number in coded)
        lines.append(f"[{', '.join(f'{owner}.kinds' for owner in owners)}] = get(codes := ({codes})) or learn(codes)")
    names = {f"t{number}": tag for number, tag in enumerate(tags)}
    return written.function("hang(nodes)", lines, {**names, "get": get, "learn": learn})
