"""A compiled mapping for tables: units that were read together are mapped together, column by column.

The drafts of all units are made when the first of them comes; each is handed out once. What is not plainly in order, and
mappings that read more than the table's own columns, go the way of every other format (program.py), which says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress
from operator import not_
from typing import Any

from gateway.mapping.blocks import Bound, Way
from gateway.mapping.columns import Columns, Level, NotByColumns, Tests
from gateway.mapping.line import Line
from gateway.mapping.mapped import Mapped
from gateway.mapping.program import CompiledProgram
from gateway.mapping.sources import Run
from gateway.profile import MappedShipment, Profile
from gateway.records import Message, Together

_TABLES = 64  # sets of columns that are remembered

Draft = dict[str, Any]


class TableProgram(CompiledProgram):
    """One mapping table for tables, ready to run."""

    def __init__(self, *args: Any) -> None:
        """See CompiledProgram."""
        super().__init__(*args)
        self._roles = [role for role, _ in self.parts.parties]
        self._ways: dict[tuple[int, ...], _ByColumns | None] = {}  # of tables with these columns

    def run(self, message: Message, node: Any, profile: Profile) -> MappedShipment:
        """See CompiledProgram."""
        together: Together | None = node.together
        if together is None or self.mapping_version not in message.cache:  # the first one reads the header
            return super().run(message, node, profile)
        drafts = together.made.get(self)
        if drafts is None:
            drafts = together.made[self] = self._drafts(message, together)
        draft, drafts[node.at] = drafts[node.at], None
        if draft is None:
            return super().run(message, node, profile)
        mapped, run = Mapped(self, message, node, profile), Run(message, profile)
        mapped.draft = draft
        mapped.parties = dict.fromkeys(filter(draft.__contains__, self._roles), node)
        mapped.items = node.children["ROW"]
        if "references" in draft:
            mapped.references = [node] * len(draft["references"])
        self._complete(draft, node, message.root, run)
        mapped.findings = run.findings
        return mapped

    def _drafts(self, message: Message, together: Together) -> list[Draft | None]:
        """Return the drafts of units, None for those that have to go the other way."""
        kept, there = message.cache[self.mapping_version], message.root.there
        nothing_above = kept[0] == message.context and not any(kept[1:])
        if there not in self._ways:
            if len(self._ways) >= _TABLES:
                self._ways.clear()
            self._ways[there] = self._by_columns(frozenset(there))
        way = self._ways[there]
        if way is None or not nothing_above:
            return [None] * len(together.units)
        return way.drafts(together)

    def _by_columns(self, there: frozenset[int]) -> _ByColumns | None:
        if self._parts_of or not there:
            return None
        try:
            shipment = Level([t for b in self.blocks.get("shipment", ()) for t in b.targets], there)
            return _ByColumns(
                shipment, self._refusals.lines, self.parts.parties, self.parts.items, self.parts.references, there
            )
        except NotByColumns:
            return None


class _ByColumns:
    """How units of tables with the columns `there` are mapped together. Raises NotByColumns."""

    def __init__(
        self, shipment: Level, refusals: Sequence[Line], parties: Sequence[tuple[str, Bound]], items: Sequence[Bound], references: Sequence[Bound], there: frozenset[int],
    ) -> None:  # fmt: skip
        self._shipment = shipment
        self._refusals = [tests for line in refusals if not (tests := Tests(line, there)).never]
        self._parties = [(role, *made) for role, bound in parties for made in _of_unit(bound, there)]
        self._references = [made for bound in references for made in _of_unit(bound, there)]
        if len(items) > 1 or not all(map(_each_row, items)):
            raise NotByColumns
        self._items = [Level(bound.targets, there, numbered=True) for bound in items]

    def drafts(self, together: Together) -> list[Draft | None]:
        """Return the drafts of units, None for those that are not plainly in order."""
        columns, size = Columns(together.units), len(together.units)
        bad: set[int] = set()
        for tests in self._refusals:
            holds = tests.of(columns)
            bad.update(range(size) if holds is None else compress(range(size), holds))
        drafts = self._shipment.dicts(columns, size, bad)
        for role, tests, level in self._parties:
            for draft, party in zip(drafts, _where(tests, level, columns, size, bad, needed=True), strict=True):
                if party:
                    draft[role] = party
        for level in self._items:
            _add_goods(level, drafts, together, bad)
        for tests, level in self._references:
            for draft, one in zip(drafts, _where(tests, level, columns, size, bad), strict=True):
                _add_reference(draft, one)
        return [None if number in bad else draft for number, draft in enumerate(drafts)] if bad else [*drafts]


def _of_unit(bound: Bound, there: frozenset[int]) -> list[tuple[Tests, Level]]:
    """Return condition and targets of a block that is read in the unit itself, [] when it never is. Raises NotByColumns."""
    if len(bound.ways) != 1 or bound.tells or bound.ways[0].of != "unit":
        raise NotByColumns
    tests = Tests(bound.ways[0].line, there)
    return [] if tests.never else [(tests, Level(bound.targets, there))]


def _each_row(bound: Bound) -> bool:
    """True for goods lines that are the rows of the unit."""
    return len(bound.ways) == 1 and not bound.tells and _takes_rows(bound.ways[0])


def _takes_rows(way: Way) -> bool:
    return way.of == "rows" and way.each and way.line.holds is None


def _where(
    tests: Tests, level: Level, columns: Columns, size: int, bad: set[int], *, needed: bool = False
) -> list[Draft]:
    """Return the dicts of a level for the units of which its condition holds, empty ones for the others.

    needed: what has a party without any field is left to the other way.
    """
    wrong: set[int] = set()
    made, holds = level.dicts(columns, size, wrong), tests.of(columns)
    if needed:
        wrong.update(compress(range(size), map(not_, made)))
    bad.update(wrong if holds is None else (number for number in wrong if holds[number]))
    return made if holds is None else [one if here else {} for one, here in zip(made, holds, strict=True)]


def _add_goods(level: Level, drafts: list[Draft], together: Together, bad: set[int]) -> None:
    """Add the goods lines of each unit to its draft."""
    counts = together.counts
    numbers = list(chain.from_iterable([range(1, many + 1) for many in counts]))
    wrong: set[int] = set()
    items = level.dicts(Columns(together.rows), len(numbers), wrong, numbers)
    first = 0
    for number, (draft, many) in enumerate(zip(drafts, counts, strict=True)):
        draft["items"] = items[first : first + many]
        if wrong and not wrong.isdisjoint(range(first, first + many)):
            bad.add(number)
        first += many


def _add_reference(draft: Draft, reference: Draft) -> None:
    if "type" in reference and reference.get("value") is not None:
        known = draft.setdefault("references", [])
        if reference not in known:
            known.append(reference)
