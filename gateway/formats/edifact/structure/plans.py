"""Plans: how all segments below the first one of a shipment go into its tree at once, because shipments before it had the same.

    RFF+HWB  LOC+9  LOC+11  GID  FTX+AAA   ->   unit.children = {"RFF": [n0]}; n0.children = {"LOC": [n1, n2], "GID": [n3]} ...

What is alike is the tags, and the codes that segments begin with (layouts.coded). A plan says where the matcher is after
them: what one segment after the other would have come to. Where one of them would be told something, there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from gateway import written
from gateway.formats.edifact.structure.moves import find
from gateway.formats.edifact.structure.tables import SERVICE_TAGS, Row
from gateway.kinds import UNKNOWN, Kinds, Seat
from gateway.records import Node

_Hang = Callable[[Node, list[Node]], None]
_Below = dict[int, dict[str, list[int]]]
"""Segment (-1: the unit) -> tag -> the segments below it, by their numbers."""

_MESSAGE, _UNIT = -2, -1
_OFTEN = 4  # times that segments must have come: to make a plan costs as much as some shipments without one
_KEPT = 512  # plans of one kind of shipment
_COUNTED = 4096  # sequences that are counted
MOST = 200  # segments of a shipment with a plan


class Plan:
    """The way of one sequence.

    hang: puts the segments into the tree of their unit; row, times: the place of the last one, and how often it came in a
    row; open: the segments that opened the groups which are open then; counts: level -> how often its group stands there.
    """

    def __init__(self, hang: _Hang, row: Row, times: int, open_: list[int], counts: dict[int, int]) -> None:
        self.hang, self.row, self.times, self.open, self.counts = hang, row, times, open_, counts


class Plans:
    """The plans of shipments that begin at one row. A plan is made when its segments have come some times.

    ends: the tags with which the next one begins, or the message ends.
    """

    def __init__(self, row: Row, ends: frozenset[str]) -> None:
        self.row, self.ends = row, ends
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._kinds: dict[Any, Kinds] = {}
        self.get = self._plans.get

    def make(self, heads: tuple[str, ...]) -> Plan | None:
        """Return the plan of segments that `get` has none for; None when there is none, or none yet."""
        if heads in self._plans or len(self._plans) >= _KEPT:
            return None
        if len(self._seen) < _COUNTED or heads in self._seen:
            self._seen[heads] += 1
        if self._seen[heads] < _OFTEN:
            return None
        del self._seen[heads]
        plan = self._plans[heads] = _plan(self.row, heads, self._kinds)
        return plan


@lru_cache(64)
def plans_of(row: Row, units: frozenset[str]) -> Plans:
    """Return the plans of the shipments that begin at a row. units: tags of the segments that begin one."""
    return Plans(row, units | SERVICE_TAGS)


def _plan(unit: Row, heads: Sequence[str], made: dict[Any, Kinds]) -> Plan | None:
    """Walk the table as Matcher.take does, one segment after the other."""
    row = unit
    tags = [head.partition("+")[0] for head in heads]
    open_, counts, times = [_MESSAGE, _UNIT], {1: 1}, 1
    below: _Below = {}
    for number, tag in enumerate(tags):
        if tag not in row.steps:
            find(row, tag)
        if tag not in row.steps:
            return None
        row, depth, opens, again, stays, most = row.steps[tag]
        times = times + 1 if stays else 1
        if not stays:
            del open_[depth + 1 :]
        below.setdefault(open_[depth], {}).setdefault(tag, []).append(number)
        if opens:
            counts[depth + 1] = counts[depth + 1] + 1 if again else 1
            open_.append(number)
        if (stays and times > most) or (opens and counts[depth + 1] > most):
            return None
    codes = [tuple(head.split("+")[1:]) for head in heads]
    kinds = _kinds(unit.tag, tags, below, codes, made)
    return Plan(_hang(tags, below, kinds), row, times, open_[2:], counts)


def _kinds(
    unit: str, tags: Sequence[str], below: _Below, codes: Sequence[tuple[str, ...]], made: dict[Any, Kinds]
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
            put(lower, (unit if number == _UNIT else tags[number], kinds))
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

    put(_UNIT, None)
    return found


def _alike(few: Sequence[int], codes: Sequence[tuple[str, ...]]) -> bool:
    """True for segments of one tag that their codes do not tell from each other."""
    told = {codes[number] for number in few}
    return len(few) > 1 and (len(told) < len(few) or any(UNKNOWN in one for one in told))


def _hang(tags: Sequence[str], below: _Below, kinds: dict[int, Kinds]) -> _Hang:
    """Return (unit, its nodes) -> None: hangs each segment under its parent."""
    names: dict[str, Any] = {f"t{number}": tag for number, tag in enumerate(tags)}
    lines = [f"[{', '.join(f'n{number}' for number in range(len(tags)))}] = nodes"]
    for parent, children in below.items():
        own = f"n{parent}" if parent >= 0 else "unit"
        names[f"k{parent + 1}"] = kinds[parent]
        lists = ", ".join(f"t{few[0]}: [{', '.join(f'n{number}' for number in few)}]" for few in children.values())
        lines += [f"{own}.children = {{{lists}}}", f"{own}.kinds = k{parent + 1}"]
        lines.append(" = ".join([f"n{number}.parent" for few in children.values() for number in few] + [own]))
    return written.function("hang(unit, nodes)", lines, names)
