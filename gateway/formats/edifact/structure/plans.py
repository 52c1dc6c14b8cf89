"""Plans: how all segments below the first one of a shipment go into its tree at once, because shipments before it had the same.

    RFF+HWB  LOC+9  LOC+11  GID  FTX+AAA   ->   unit.children = {"RFF": [n0]}; n0.children = {"LOC": [n1, n2], "GID": [n3]} ...

What is alike is the tags, and the codes that segments begin with (layouts.coded). A plan says where the matcher is after
them: what one segment after the other would have come to. Where one of them would be told something, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from gateway import written
from gateway.formats.edifact.structure.moves import find
from gateway.formats.edifact.structure.tables import SERVICE_TAGS, Row
from gateway.kinds import UNIT, Below, Kinds, kinds_of
from gateway.often import Often
from gateway.records import Node

_Hang = Callable[[Node, list[Node]], None]
_MESSAGE = -2
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
        self._often = Often[tuple[str, ...]](_OFTEN, _COUNTED)
        self._kinds: dict[Any, Kinds] = {}
        self.get = self._plans.get

    def make(self, heads: tuple[str, ...]) -> Plan | None:
        """Return the plan of segments that `get` has none for; None when there is none, or none yet."""
        if heads in self._plans or len(self._plans) >= _KEPT:
            return None
        if not self._often(heads):
            return None
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
    open_, counts, times = [_MESSAGE, UNIT], {1: 1}, 1
    below: Below = {}
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
    kinds = kinds_of(unit.tag, tags, below, codes, made)
    return Plan(_hang(tags, below, kinds), row, times, open_[2:], counts)


def _hang(tags: Sequence[str], below: Below, kinds: dict[int, Kinds]) -> _Hang:
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
