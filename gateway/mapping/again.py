"""A second value that no row takes: a field holds one, and its path leads to several segments that say different things.

    LOC+11+USJFK'  LOC+11+USLAX'      first_us_port is read from the first; what the other says is told (MAP-AMBIGUOUS)

Rows with `repeated` say it in words of their own, or refuse; what they look at is left to them. All paths that choose among
the same segments (RFF/LOC[9], RFF/LOC[11]) are one family, asked once: most shipments have one segment of each kind, and a
family is looked at only when it has more segments than kinds. Dialects without `single` have their own ways to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import msgspec

from gateway.dialect import Dialect, InLineSteps, Path, Step
from gateway.findings import NOWHERE, Finding, Position, Scope, Severity
from gateway.mapping.cells import Target
from gateway.mapping.line import AGAIN, InLineTest, Line, parts_of
from gateway.mapping.sources import Condition, Run, every_kind
from gateway.mapping.transforms import Unusable

_Key = tuple[bool, tuple[Step, ...], str, str]


class Guarded:
    """What the rows of a table that tell of several segments look at."""

    def __init__(self, lines: Iterable[Line]) -> None:
        paths = [
            test.source.path for line in lines for test in line.when if test.op in ("repeated", "differs") and test.source.path
        ]  # fmt: skip
        self._steps = {path.steps for path in paths}
        self._named = {_names(path) for path in paths if path.leaf.startswith("@")}  # TDT.@carriage: all of a TDT
        self._last = {names[-1] for names in self._named if names}

    def __contains__(self, path: Path) -> bool:
        """Tell of a path with steps."""
        if path.steps[-1].name in self._last and _names(path) in self._named:
            return True
        return path.steps in self._steps


def _names(path: Path) -> tuple[str, ...]:
    return tuple([step.name for step in path.steps])


class Again(Line):
    """One family: the targets that read it. It stands among the (refuse) rows of its block, and never refuses."""

    def __init__(self, paths: list[Path], targets: list[Target], dialect: Dialect, at: str) -> None:
        super().__init__(targets[0].lines[0].row, (), (), (), dialect, at)
        self._paths, self._targets = paths, targets

    @cached_property
    def _every(self) -> Path:
        """The path of the whole family."""
        return every_kind(self._paths[0], "")

    @cached_property
    def holds(self) -> Condition:
        """True when there is something to tell."""
        return lambda node, root, run: next(self.found(node, root, run), None) is not None

    @property
    def tests(self) -> None:
        """See Line: it takes the closure."""
        return

    @cached_property
    def in_line_tests(self) -> tuple[InLineTest | Condition, ...]:
        """See Line. values: not empty when the family has kinds."""
        find = getattr(self.dialect, "in_line", None)
        found = find(self._every, self.at, ()) if find is not None else None
        if found is None or not found.steps:
            return (self.holds,)
        *above, (tag, _, _) = found.steps
        steps: InLineSteps = (*above, (tag, (), self._paths[0].steps[-1].qualifier))
        path = msgspec.structs.replace(found, steps=steps)
        kinds = ("kinds",) if all(path.steps[-1].values for path in self._paths) else ()
        return (InLineTest(path, AGAIN, frozenset(kinds), self.holds),)

    def found(self, node: Any, root: Any, run: Run) -> Iterator[Finding]:
        """Yield what is to be told of a node, one finding for each segment that is passed over."""
        if len(self.dialect.finder(self._every, self.at)(node, root)) < 2:
            return
        told: set[int] = set()
        for target in self._targets:
            passed = self._passed_over(target, node, root, run)
            if passed is not None and id(passed[0]) not in told:
                told.add(id(passed[0]))
                yield self._finding(target, *passed, root, run)

    def _passed_over(self, target: Target, node: Any, root: Any, run: Run) -> tuple[Any, Path, Line, str, str] | None:
        """Return the first segment of another value, its path, the row, the value that was taken and the other one."""
        for line in target.lines:
            if line.holds is not None and not line.holds(node, root, run):
                continue
            if not any(v and not v.isspace() for v in (line.values(node, root, run) if line.values else ())):
                continue
            for path, others in parts_of(line.sources):
                if path is not None and path in self._paths:
                    first, *more = self.dialect.finder(path, self.at)(node, root) or [None]
                    leaves = [self.dialect.leaf(leaf) for leaf in (path.leaf, *others)]
                    taken = [read(first, root).strip() for read in leaves] if more else []
                    for other in more:
                        said = [read(other, root).strip() for read in leaves]
                        if any(said) and _made(line, said) != _made(line, taken):
                            return other, path, line, taken[0], said[0]
            return None  # the first row that has something to read counts
        return None

    def _finding(self, target: Target, node: Any, path: Path, line: Line, taken: str, said: str, root: Any, run: Run) -> Finding:  # fmt: skip
        what = "the first was taken"
        if not line.personal and said != taken:
            what = f'"{taken}" was taken, "{said}" was not passed on'
        words = f"{path.steps[-1].name} {path.leaf}".strip()
        locate = self.dialect.locator(Path(path.leaf, (), path.leaf), path.steps[-1].name)
        place: Position = locate(node, root) or NOWHERE
        return Finding(
            "MAP-AMBIGUOUS", Severity.WARNING, Scope.SHIPMENT, f"Several values for {target.target(run)} ({words}): {what}.",
            place, target.target(run), None if line.personal else said, target.pointer(run), row=line.row.where, personal=line.personal,
        )  # fmt: skip


def _made(line: Line, values: list[str]) -> Any:
    """Return what a row makes of values; themselves when it takes more than one segment, or cannot use them."""
    if len(parts_of(line.sources)) > 1:
        return values
    try:
        return (line.apply(values) if line.apply is not None else values[0]) or values
    except (Unusable, ValueError, ArithmeticError, IndexError):
        return values


def families(targets: Sequence[Target], guarded: Guarded, dialect: Dialect, at: str) -> list[Again]:
    """Return what tells of second values for the targets of one block."""
    single = getattr(dialect, "single", None)
    if single is None:
        return []
    found: dict[_Key, tuple[list[Path], list[Target]]] = {}
    for target in targets:
        for line in target.lines if not target.name.startswith("_") else ():
            for source in line.sources:
                path = source.path
                if path is None or not path.steps or not single(path, at) or path in guarded:
                    continue
                last = path.steps[-1]
                paths, readers = found.setdefault((path.absolute, path.steps[:-1], last.name, last.qualifier), ([], []))
                paths.append(path)
                if target not in readers:
                    readers.append(target)
    return [Again(paths, readers, dialect, at) for paths, readers in found.values()]
