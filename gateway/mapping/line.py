"""One row of a mapping, compiled: its sources, condition and transforms, as closures and as what in_line.py can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from gateway.dialect import Dialect, InLinePath, Path
from gateway.findings import Position
from gateway.mapping.grammar import Source, Test
from gateway.mapping.sources import Condition, Values, condition, node_place, values_of
from gateway.mapping.table import Row
from gateway.mapping.transforms import Noted, Transform

AGAIN = "again"
"""The operator of a test that no cell holds: more segments than kinds, see again.py."""


class InLineTest(msgspec.Struct, frozen=True):
    """A test of a segment, or of an element of it. holds: the same test as a closure."""

    path: InLinePath
    op: str
    values: frozenset[str]
    holds: Condition


BoundStep = tuple[Transform, Callable[..., str]]
"""A transform of a row, and its function with the arguments bound."""


class Line:
    """One row, read and checked. What it runs with is made when it is asked for: most rows of an installation rest.

    sources, when, steps: its cells; at: tag of the level's node.
    """

    def __init__(
        self, row: Row, sources: tuple[Source, ...], when: tuple[Test, ...], steps: tuple[BoundStep, ...], dialect: Dialect, at: str, *, personal: bool = False,
    ) -> None:  # fmt: skip
        self.row, self.sources, self.when, self.steps = row, sources, when, steps
        self.dialect, self.at, self.personal = dialect, at, personal

    def unconditional(self) -> Line:
        """Return the row without its condition."""
        return Line(self.row, self.sources, (), self.steps, self.dialect, self.at, personal=self.personal)

    @cached_property
    def holds(self) -> Condition | None:
        """The condition; None when there is none."""
        return condition(self.when, self.dialect, self.at)

    @cached_property
    def values(self) -> Values | None:
        """What reads all sources."""
        return values_of(self.sources, self.dialect, self.at)

    @cached_property
    def apply(self) -> Callable[[list[str]], str] | None:
        """The transforms: many values -> text."""
        if len(self.steps) == 1:
            step, only = self.steps[0]
            return only if step.many else lambda values: only(values[0])
        return _chain(self.steps) if self.steps else None

    @cached_property
    def one(self) -> Callable[[str], str] | None:
        """The only transform as a function of one text; None when there are several or it takes many."""
        return self.steps[0][1] if len(self.steps) == 1 and not self.steps[0][0].many else None

    def loses(self, values: Sequence[str]) -> bool:
        """True when the transforms make nothing of a text that they are expected to make something of."""
        if not self._may_lose or not values[0].strip():
            return False
        value: Any = values
        for number, (step, function) in enumerate(self.steps):
            text = value[0] if number == 0 else value
            value = function((value if number == 0 else [value]) if step.many else text)
            if not value:
                return not step.part
        return False

    @cached_property
    def _may_lose(self) -> bool:
        if (self.row.level, self.row.target) == ("reference", "type"):
            return False  # a segment may hold numbers of many kinds; those that the canonical model has no place for are none
        return any(not step.part for step, _ in self.steps)

    @cached_property
    def locate(self) -> Callable[[Any, Any], Position | None]:
        """Where the value stands; the level's node when there is none."""
        first, here = self._path, node_place(self.dialect, self.at)
        locate = self.dialect.locator(first, self.at) if first is not None else here
        return lambda node, root: locate(node, root) or here(node, root)

    @property
    def _path(self) -> Path | None:
        return next((source.path for source in self.sources if source.path is not None), None)

    @cached_property
    def get(self) -> Callable[[Any, Any], str] | None:
        """What reads the only source of the row, when it is a plain path."""
        path = self._path
        return self.dialect.getter(path, self.at) if path is not None and len(self.sources) == 1 else None

    @cached_property
    def plain(self) -> tuple[int, ...]:
        """All sources as elements of the level's node when the dialect says that they are such, else ()."""
        find = getattr(self.dialect, "plain", None)
        if find is None:
            return ()
        places = [find(source.path, self.at) if source.path is not None else 0 for source in self.sources]
        return tuple(places) if all(places) else ()

    @cached_property
    def tests(self) -> tuple[tuple[int, str, frozenset[str]], ...] | None:
        """The condition as (element, op, values) when all of it can be read in line, else None: a closure."""
        find = getattr(self.dialect, "plain", None)
        found = []
        for test in self.when:
            place = find(test.source.path, self.at) if find is not None and test.source.path is not None else 0
            if not place or test.op in ("repeated", "differs"):
                return None
            found.append((place, test.op, frozenset(test.values)))
        return tuple(found)

    @cached_property
    def in_line(self) -> tuple[InLinePath, ...] | None:
        """How in_line.py reads the sources; None when it cannot read all of them."""
        find = getattr(self.dialect, "in_line", None)
        if find is None or not self.sources:
            return None
        found: list[InLinePath] = []
        parts = parts_of(self.sources)
        for path, others in parts:
            one = find(path, self.at, others) if path is not None else None
            if one is None or not (one.elements or one.of_nodes):
                return None
            if len(parts) > 1 and one.elements and len(one.elements) <= len(others):
                return (
                    None  # one element gives several texts: between those of other paths they would lose their places
                )
            found.append(one)
        return tuple(found) if len(found) == 1 or not any(one.of_nodes for one in found) else None

    @cached_property
    def in_line_tests(self) -> tuple[InLineTest | Condition, ...]:
        """The condition likewise, a closure for each test that cannot be read in line."""
        find = getattr(self.dialect, "in_line", None)
        made: list[InLineTest | Condition] = []
        for test in self.when:
            path, holds = test.source.path, condition((test,), self.dialect, self.at)
            assert holds is not None
            found = find(path, self.at, ()) if find is not None and path is not None else None
            of_segment = test.op in ("present", "absent", "repeated") and path is not None and not path.leaf
            if found is not None and (of_segment or test.op in ("repeated", "differs") or len(found.elements) == 1):
                values = path.steps[-1].values if path is not None and test.op == "differs" else test.values
                made.append(InLineTest(found, test.op, frozenset(values), holds))
            else:
                made.append(holds)
        return tuple(made)


def parts_of(sources: tuple[Source, ...]) -> list[tuple[Path | None, tuple[str, ...]]]:
    """Return each source with the further leaves of its segment."""
    found: list[tuple[Path | None, tuple[str, ...]]] = []
    for source in sources:
        if source.kind == "same" and found:
            path, others = found[-1]
            found[-1] = path, (*others, source.name)
        else:
            found.append((source.path, ()))
    return found


def _chain(steps: tuple[BoundStep, ...]) -> Callable[[list[str]], str]:
    def run(values: list[str]) -> str:
        notes: tuple[tuple[str, str], ...] = ()
        value: Any = values
        for number, (step, function) in enumerate(steps):
            value = function(
                value if number == 0 and step.many else [value] if step.many else value[0] if number == 0 else value
            )
            if type(value) is Noted:
                notes += value.notes
                value = str(value)
            if not value:
                return ""
        return Noted(value, *notes) if notes else value

    return run
