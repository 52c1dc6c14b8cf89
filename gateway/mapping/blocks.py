"""The blocks of a compiled mapping: rows that are read in the same nodes, and rows that refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from gateway.canonical.model import PARTY_ROLES
from gateway.dialect import Dialect, Finder, InLineSteps, Path
from gateway.findings import NOWHERE, Finding, Scope, Severity
from gateway.mapping.again import Again, Guarded, families
from gateway.mapping.cells import Target, filled_in
from gateway.mapping.compile import Block
from gateway.mapping.grammar import Test
from gateway.mapping.line import Line
from gateway.mapping.shapes import fields, first_that_holds, for_goods, for_nodes, goods
from gateway.mapping.sources import Run
from gateway.mapping.straight import Fill, holds_of_nothing
from gateway.mapping.table import Row
from gateway.mapping.transforms import Unusable

_NOTHING = Guarded(())

Nodes = Callable[[Any, Any, Run], list[Any]]
"""(node, root, run) -> nodes that the rows of a block are read in."""


class Fields:
    """Targets with the function that fills them: written when it is needed, most tables of an installation rest."""

    def __init__(self, targets: list[Target], dialect: Dialect | None = None) -> None:
        self.targets, self._dialect = targets, dialect
        self.fill: Fill = self._first

    def _first(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> Any:
        self.write()
        return self.fill(node, root, out, run)

    def write(self) -> None:
        """Write the function."""
        self.fill = for_nodes(self.targets, self._dialect)


class Way:
    """A binding row: the nodes that a path leads to, under a condition. itself: the level's node is meant."""

    def __init__(self, row: Row, path: Path, when: tuple[Test, ...], dialect: Dialect, at: str) -> None:
        self.each, self.path, self.itself = row.target == "(each)", path, not path.steps
        self.line = Line(row, (), when, (), dialect, at)
        self._dialect, self._at = dialect, at

    @cached_property
    def find(self) -> Finder:
        """What finds the nodes."""
        return self._dialect.finder(self.path, self._at)

    @property
    def of(self) -> str:
        """For tables: "unit" or "rows", the nodes that it finds; "" for any others."""
        rows_of = getattr(self._dialect, "rows_of", None)
        return rows_of(self.path, self._at) if rows_of is not None else ""

    @cached_property
    def steps(self) -> InLineSteps | None:
        """The path as in_line.py walks it; None when it cannot."""
        find = getattr(self._dialect, "in_line", None)
        found = find(self.path, self._at, ()) if find is not None else None
        return found.steps if found is not None and not found.elements else None


class Bound(Fields):
    """A block with its binding: the nodes its rows are read in. ways: its binding rows, the first that finds any counts; party: it fills one."""

    def __init__(self, block: Block, dialect: Dialect, unit: str, guarded: Guarded = _NOTHING) -> None:
        super().__init__(block.targets, dialect)
        self.ways = [Way(row, path, when, dialect, unit) for row, path, when in block.bindings]
        self.required = next((row for row, _, _ in block.bindings if row.required), None)
        once = block.level == "reference"  # each segment makes one
        again = [] if once else families(block.targets, guarded, dialect, block.at)
        self.refusals = Refusals(block.actions, dialect, again)
        self.party = block.level in PARTY_ROLES
        self._more = [line for row, line in block.actions if row.target == "(continue)"][:1]

    @cached_property
    def alone(self) -> Fields:
        """The targets by themselves: a node that would carry on a line, where there is none before it."""
        return Fields(self.targets, self._dialect)

    def write(self) -> None:
        """See Fields. The function of goods lines gives what `for_goods` says."""
        if self.tells:
            self.fill = for_goods(self.targets, self._more, self.refusals.lines, self._dialect)
        else:
            super().write()

    @property
    def tells(self) -> bool:
        """True when its function gives what `for_goods` says, else nothing."""
        return bool(self._more or self.refusals)

    def made_for(self, shape: frozenset[str], codes: tuple[str, ...], helpers: dict[str, Any]) -> Fill:
        """Return the function for segments that begin with certain codes, and what stands below them."""
        if self.tells:
            return goods(self.targets, self._more, self.refusals.lines, helpers, shape, codes)
        return fields(self.targets, helpers, shape, codes)

    def takes_all(self, way: Way) -> bool:
        """True when all nodes of a way are handed on, else the first.

        A party is read in the first; what `(first)` leaves out is handed on too, because it has to be told of.
        """
        return way.each is not self.party

    def applies(self, node: Any, root: Any, run: Run) -> bool:
        """True when the condition of a binding row holds."""
        return any(way.line.holds is None or way.line.holds(node, root, run) for way in self.ways)

    @cached_property
    def nodes(self) -> Nodes:
        """What finds its nodes in any message."""
        return self.finder()

    def finder(self, there: frozenset[int] = frozenset()) -> Nodes:
        """Return what finds the nodes of the first way that finds any; the unit itself for a block without binding.

        there: the columns of a table, when they are known: ways whose condition never holds in it are left out.
        """
        ways = [way for way in self.ways if not there or _may_hold(way.line, there)]
        if not self.ways:
            return _itself
        if not ways:
            return _nowhere
        if len(ways) == 1 and ways[0].line.holds is None:
            return self._of_one(ways[0])

        def find(node: Any, root: Any, run: Run) -> list[Any]:
            for way in ways:
                if way.line.holds is not None and not way.line.holds(node, root, run):
                    continue
                found = [node] if way.itself else way.find(node, root)
                if found:
                    return found if self.takes_all(way) else found[:1]
            return []

        return find

    def _of_one(self, way: Way) -> Nodes:
        """Return what finds the nodes of the only way."""
        find = way.find
        if way.itself:
            return _itself
        if self.takes_all(way):
            return lambda node, root, run: find(node, root)
        return lambda node, root, run: find(node, root)[:1]

    def continuation(self, node: Any, root: Any, run: Run) -> str:
        """Return the text of a node that carries on the line before."""
        values = self._more[0].values
        return " ".join(v.strip() for v in values(node, root, run) if v) if values else ""


def _itself(node: Any, root: Any, run: Run) -> list[Any]:
    return [node]


def _nowhere(node: Any, root: Any, run: Run) -> list[Any]:
    return []


def _may_hold(line: Line, there: frozenset[int]) -> bool:
    """True when the condition of a row may hold in a table that has these columns only."""
    return all(element in there or holds_of_nothing(op, values) for element, op, values in line.tests or ())


class Choice:
    """Rows of which the first that holds counts. The function that tells which is written when it is needed."""

    def __init__(self, lines: list[Line], dialect: Dialect) -> None:
        self.lines, self._dialect = lines, dialect
        self._which: Fill = self._first_which

    def __bool__(self) -> bool:
        return bool(self.lines)

    def first(self, node: Any, root: Any, run: Run) -> int:
        """Return the index of the first row whose condition holds, -1 when none does."""
        return self._which(node, root, {}, run)  # type: ignore[no-any-return]

    def _first_which(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> Any:
        self._which = first_that_holds(self.lines, self._dialect)
        return self._which(node, root, out, run)


class Refusals(Choice):
    """The (refuse) rows of a block: the first that holds refuses; rows that only warn before it are told too."""

    def __init__(self, actions: list[tuple[Row, Line]], dialect: Dialect, again: Sequence[Again] = ()) -> None:
        """again: what tells of second values; it comes behind the rows of the table."""
        super().__init__([*(line for row, line in actions if row.target == "(refuse)"), *again], dialect)

    def look(self, node: Any, root: Any, run: Run) -> None:
        """Add the findings of the rows that hold."""
        first = self.first(node, root, run)
        if first >= 0:
            self.tell(first, node, root, run)

    def tell(self, first: int, node: Any, root: Any, run: Run) -> None:
        """Add the findings of the rows that hold, from row `first` on, which does."""
        for line in self.lines[first:]:
            if isinstance(line, Again):
                run.findings += line.found(node, root, run)
            elif line.holds is None or line.holds(node, root, run):
                run.findings.append(_refused(line, node, root, run))
                if line.row.required != "warn":
                    return


def _refused(line: Line, node: Any, root: Any, run: Run) -> Finding:
    row = line.row
    severity = Severity.WARNING if row.required == "warn" else Severity.ERROR
    value = next((v for v in line.values(node, root, run) if v), None) if line.values else None
    shown = value
    if line.apply is not None and value:
        with suppress(Unusable, ValueError, ArithmeticError):
            shown = line.apply([value]) or value
    said = filled_in(row.message, shown or "").rstrip(".") + "."
    said = said[:1].upper() + said[1:]
    place = line.locate(node, root) or NOWHERE
    return Finding(row.rule or "MAP-REFUSED", severity, Scope.SHIPMENT, said, place, value=value, row=row.where)
