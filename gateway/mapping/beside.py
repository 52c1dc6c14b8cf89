"""Parties beside the one that was taken: a role has several ways to be filled, the first that is there counts.

    final_deliver_to_party,(first),RFF/NAD[DP|UC|ST|CN]      NAD+DP is taken; NAD+CN is read by nobody

Who is passed by in this way, reads otherwise and is no other role's party either is told (several.py). A party of the
whole message that stands in for those of a shipment is no loss. Not here: several parties of one qualifier (program.py).

A party of a qualifier that no row reads at all (N1*BT, NAD+FW) is told once in a message, where it stands first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from gateway.dialect import Dialect, Finder, Path
from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.mapping.blocks import Bound, Way
from gateway.mapping.mapped import Mapped
from gateway.mapping.several import passed_by, says_otherwise, told_already
from gateway.mapping.sources import Condition, Run
from gateway.records import Message

_CODE = re.compile(r"\w{1,3}")


class Alternative(msgspec.Struct, frozen=True):
    """One way to fill a role. label: in words, "NAD CN"."""

    label: str
    find: Finder
    holds: Condition | None


class Beside:
    """The roles of a program that can be filled in several ways.

    steps: the ways to all parties of any qualifier, None for one that in_line.py cannot walk.
    """

    def __init__(self, parties: Sequence[tuple[str, Bound]], dialect: Dialect, unit: str) -> None:
        ways = [(role, bound, alternatives(bound.ways, dialect, unit)) for role, bound in parties]
        self._roles = [(role, bound, found) for role, bound, found in ways if len(found) > 1]
        any_of = [_any_of(way.path) for _, bound, _ in self._roles for way in bound.ways]
        paths = {(path.absolute, path.steps): path for path in any_of}
        self._all = [dialect.finder(path, unit) for path in paths.values()]
        find = getattr(dialect, "in_line", None)
        self.steps = [found.steps if (found := find and find(path, unit, ())) else None for path in paths.values()]
        last = {way.path.steps[-1].name for _, bound, _ in self._roles for way in bound.ways if way.path.steps}
        chosen = all(_values(way.path) for _, bound, _ in self._roles for way in bound.ways)
        qualified = chosen and len(last) == 1 and last <= {"N1", "NAD"}  # of XML its reader tells
        self._tag = next(iter(last)) if qualified else ""

    def tell(self, mapped: Mapped, node: Any, root: Any, run: Run) -> None:
        """Add what is to be said of a unit whose parties are bound. Most units have none that is not bound."""
        bound = set(map(id, mapped.parties.values()))
        for find in self._all:
            if not bound.issuperset(map(id, find(node, root))):
                break
        else:
            return
        program = mapped.program
        for code, one in self._unread(run.message, node, program.selects(run.message, run.profile, self._tag)):
            run.findings.append(_of_unread(code, program.here(one, root) or NOWHERE))
        for role, block, ways in self._roles:
            if role in mapped.parties:
                self._of_role(role, block, ways, mapped, bound, node, root, run)

    def note(self, message: Message, node: Any, program: Any, profile: Any) -> None:
        """Note the qualifiers of a unit that another process maps: they are told there."""
        if self._tag:
            for _ in self._unread(message, node, program.selects(message, profile, self._tag)):
                pass

    def _unread(self, message: Message, node: Any, read: Collection[str]) -> Iterator[tuple[str, Any]]:
        """Yield (qualifier, its first party) of those that no row reads and that were not met in the message yet. read: those that rows read."""
        if not self._tag:
            return
        told: set[str] = message.cache.setdefault("parties", set())
        for find in self._all:
            for one in find(node, message.root):
                found = _CODE.match(one.element(1))
                if found and found[0] not in read and found[0] not in told:
                    told.add(found[0])
                    yield found[0], one

    def _of_role(
        self, role: str, block: Bound, ways: Sequence[Alternative], mapped: Mapped, bound: set[int], node: Any, root: Any, run: Run
    ) -> None:  # fmt: skip
        found = [(way.label, way.find(node, root)) for way in ways if way.holds is None or way.holds(node, root, run)]
        taken = next((label for label, nodes in found if any(n is mapped.parties[role] for n in nodes)), None)
        if taken is None:
            return
        party = mapped.draft.get(role, {})
        for label, nodes in found:
            for one in nodes if label != taken else ():
                if id(one) in bound:
                    continue
                other: dict[str, Any] = {}
                block.fill(one, root, other, Run(run.message, run.profile))
                place = mapped.program.here(one, root) or NOWHERE
                if says_otherwise(party, other) and not told_already(run.findings, place):
                    run.findings.append(passed_by(role, taken, label, place))
                    break


def _of_unread(code: str, place: Position) -> Finding:
    said = f"Parties of a role that no row of the mapping reads, so that they were not passed on: {code}."
    return Finding("MAP-PARTY-ROLE", Severity.INFO, Scope.SHIPMENT, said, place)


def alternatives(ways: Sequence[Way], dialect: Dialect, unit: str) -> list[Alternative]:
    """Return the ways of a block one by one: each value of a qualifier, each further path that stays in the shipment."""
    found: dict[str, Alternative] = {}
    for number, way in enumerate(ways):
        if way.itself or (number and way.path.absolute):
            continue
        *above, last = way.path.steps
        for value in _values(way.path) or ("",):
            label = f"{last.name} {value}" if value else "/".join(step.name for step in (*above, last)[-2:])
            path = _with(way.path, (value,)) if value else way.path
            found.setdefault(label, Alternative(label, dialect.finder(path, unit), way.line.holds))
    return list(found.values())


def _values(path: Path) -> tuple[str, ...]:
    values = path.steps[-1].values if path.steps else ()
    return () if values and values[0].startswith("!") else values


def _any_of(path: Path) -> Path:
    """Return the path to the nodes of any qualifier."""
    return _with(path, ()) if _values(path) else path


def _with(path: Path, values: tuple[str, ...]) -> Path:
    """Return the path with other values of its last step."""
    last = path.steps[-1]
    qualifier = last.qualifier if values else ""
    steps = (*path.steps[:-1], msgspec.structs.replace(last, values=values, qualifier=qualifier))
    return msgspec.structs.replace(path, steps=steps, text=f"{path.text}={'|'.join(values)}")
