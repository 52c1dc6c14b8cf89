"""What a mapping does at a unit, in one function for the shape of its node (see in_line.py).

    plan = plans.of(node, root)
    first, nodes = plan(node, root, draft, run)

The function fills the shipment's own fields into the draft; first: index of the first (refuse) row that holds, -1 for
none; nodes: those of each block, parties, goods lines, references. A dialect whose paths cannot be read in line has one
plan, made of closures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.dialect import Dialect
from gateway.kinds import Kinds
from gateway.mapping import by_texts, forms, shapes
from gateway.mapping.blocks import Bound, Choice, Nodes
from gateway.mapping.cells import Target
from gateway.mapping.sources import Run
from gateway.mapping.straight import Fill, without_shapes

_TABLES = 64  # sets of columns that are remembered


class Plans:
    """The plans of one program."""

    def __init__(self, targets: list[Target], refusals: Choice, bound: list[Bound], dialect: Dialect) -> None:
        self._targets, self._refusals, self._bound, self._dialect = targets, refusals, bound, dialect
        self._helpers = shapes.helpers_of(dialect)
        self.of: Callable[[Any, Any], Fill] = self._first

    def _first(self, node: Any, root: Any) -> Fill:
        """Settle how plans are chosen when the first unit comes: most tables of an installation rest."""
        if self._helpers is None:
            plan = self._by_closures()
            self.of = lambda node, root: plan
            if forms.by_texts(self._dialect):
                self.of = forms.chooser(self._by_texts, self.of)
        else:
            self.of = shapes.chooser(self._dialect, self._in_line, self._by_closures)
        return self.of(node, root)

    def write(self) -> None:
        """Make the plan for any shape."""
        if self._helpers is None:
            self._by_closures()
        else:
            self._in_line(None)

    def _in_line(self, shape: frozenset[str] | None) -> Fill:
        return shapes.unit(self._targets, self._refusals.lines, self._bound, self._helpers or {}, shape)

    def _by_texts(self, kinds: Kinds) -> Fill:
        return by_texts.unit(self._targets, self._refusals.lines, self._bound, self._dialect, kinds)

    def _by_closures(self) -> Fill:
        fill = without_shapes(self._targets, self._dialect)
        refusals, bound = self._refusals, self._bound
        made: dict[tuple[int, ...], list[Nodes]] = {}
        last: tuple[tuple[int, ...] | None, list[Nodes]] = (None, [])  # of the table that was read before

        def finders(there: tuple[int, ...]) -> list[Nodes]:
            """Return what finds the nodes of each block in tables with these columns, () where they are not known."""
            nonlocal last
            if there not in made:
                if len(made) >= _TABLES:
                    made.clear()
                made[there] = [one.finder(frozenset(there)) for one in bound]
            last = there, made[there]
            return last[1]

        def plan(node: Any, root: Any, out: dict[str, Any], run: Run) -> tuple[int, list[list[Any]]]:
            fill(node, root, out, run)
            first = refusals.first(node, root, run) if refusals else -1
            there, known = getattr(root, "there", ()), last
            return first, [find(node, root, run) for find in (known[1] if known[0] is there else finders(there))]

        return plan
