"""The targets of one block as one straight-line Python function.

    def fill(node, root, out, run):
        if (value := (k1(raw) or m1(raw)) if (raw := g1(node, root)) else d1) is not None:
            out["house_bill_number"] = value                    # remembered, else made: transform and format

Rows of tables read their cells without a call; for trees of segments see in_line.py. The source text is made from numbers
and canonical field names only; transforms, values of conditions and
everything else a user wrote come in as closures and constants. What needs words (remarks, faults, missing values) goes
to Target.careful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway import written
from gateway.dialect import Dialect
from gateway.mapping.cells import Target
from gateway.mapping.line import Line
from gateway.mapping.quick import CAREFUL, Quick
from gateway.mapping.sources import Run

Fill = Callable[[Any, Any, dict[str, Any], Run], Any]
"""(node, root, dict to fill, run)."""


def function(lines: list[str], names: dict[str, Any]) -> Fill:
    """Return the function with these lines."""
    return written.function("fill(node, root, out, run)", lines, names)


def by_closures(targets: list[Target]) -> Fill:
    """Return a function that fills all targets, in order."""
    source = Body()
    for number, target in enumerate(targets):
        source.target(number, target)
    return function(source.lines(), source.names)


def without_shapes(targets: list[Target], dialect: Dialect | None) -> Fill:
    """Return a function that fills all targets of a node whatever segments it has: by columns for tables, else by closures."""
    return (by_columns if getattr(dialect, "by_columns", False) else by_closures)(targets)


def by_columns(targets: list[Target]) -> Fill:
    """Return what fills all targets from the rows of a table: a function for each set of columns that tables have.

    Rows of the mapping that read columns which the table does not have are left out of it, and all cells are there.
    """
    whole = by_closures(targets)
    made: dict[tuple[int, ...], Fill] = {}
    last: tuple[tuple[int, ...], Fill] = ((), whole)  # of the table that was read before, told by identity

    def fill(node: Any, root: Any, out: dict[str, Any], run: Run) -> None:
        nonlocal last
        there = getattr(root, "there", ())
        known, own = last
        if there is not known:
            own = made.get(there) if there else whole  # type: ignore[assignment]
            if own is None:
                if len(made) >= _TABLES:
                    made.clear()
                own = made[there] = _of_columns(targets, frozenset(there), whole)
            last = there, own
        own(node, root, out, run)

    return fill


_TABLES = 64  # sets of columns that are remembered


def _of_columns(targets: list[Target], there: frozenset[int], whole: Fill) -> Fill:
    source = _Columns(there)
    for number, target in enumerate(targets):
        source.target(number, target)
    head = ["cells = node.elements", f"if len(cells) <= {max(there)}: return whole(node, root, out, run)"]
    return function([*head, *source.lines()], source.names | {"whole": whole})


def choice(lines: list[Line]) -> Fill:
    """Return a function that gives the index of the first row whose condition holds, -1 when none does."""
    source = Body()
    for number, line in enumerate(lines):
        source.names[f"h{number}"] = line.holds
        source.choice(number, line)
    return function([*source.lines(), "return -1"], source.names)


class Body:
    """The function while it is written: body, and the names it reads."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"CAREFUL": CAREFUL}
        self._body: list[str] = []

    def lines(self) -> list[str]:
        """Return all lines of the function."""
        return (
            ["e = node.elements", *self._body] if any("e[" in line for line in self._body) else self._body or ["pass"]
        )

    def _element(self, element: int) -> str:
        return f'(e[{element}] if len(e) > {element} else "")'

    def target(self, number: int, target: Target) -> None:
        """Write one target: its rows in order, the first value wins; rows that can yield nothing ("") are left out."""
        lines = enumerate(zip(target.lines, target.quick, strict=True))
        rows = [self._row(f"{number}_{index}", line, quick) for index, (line, quick) in lines]
        ways = " or ".join(filter(None, rows))
        self.names |= {f"f{number}": target.careful, f"p{number}": target.put}
        store = f'out["{target.path[0]}"] = value' if len(target.path) == 1 else f"p{number}(out, value)"
        if ways:
            self._body += [f"if {ways}:", f" if value is CAREFUL: f{number}(node, root, out, run)", f" else: {store}"]
        if not target.quiet:
            word = "elif" if ways else "if"
            self._body.append(f"{word} {target.name!r} not in run.inherited: f{number}(node, root, out, run)")

    def choice(self, number: int, line: Line) -> None:
        """Write the condition of one row of a choice."""
        holds = "True" if line.holds is None else self._condition(str(number), line)
        self._body.append(f"if {holds}: return {number}")

    def _row(self, tag: str, line: Line, quick: Quick) -> str:
        """Return the expression of one row: true when it yields a value, which is `value` then."""
        self.names |= {
            f"h{tag}": quick.holds,
            f"k{tag}": quick.remember,
            f"m{tag}": quick.make,
            f"d{tag}": quick.default,
        }
        made = f"(k{tag}(raw) or m{tag}(raw)) if {self._read(tag, line, quick)} else d{tag}"
        condition = f"{self._condition(tag, line)} and " if quick.holds is not None else ""
        return f"({condition}(value := {made}) is not None)"

    def _read(self, tag: str, line: Line, quick: Quick) -> str:
        """Return the expression that reads the source into `raw`, true when there is something."""
        if not quick.plain:
            self.names[f"g{tag}"] = quick.get
            return f"(raw := g{tag}(node, root))" if quick.single else f"(raw := g{tag}(node, root, run))"
        if quick.single:
            return f"(raw := {self._element(quick.plain[0])})"
        return f"any(raw := ({', '.join(map(self._element, quick.plain))}))"

    def _condition(self, tag: str, line: Line) -> str:
        if line.tests is None:
            return f"h{tag}(node, root, run)"
        return " and ".join(self._test(f"{tag}_{n}", *test) for n, test in enumerate(line.tests))

    def _test(self, name: str, element: int, op: str, values: frozenset[str]) -> str:
        self.names[f"w{name}"] = values
        text = f"{self._element(element)}.strip()"
        if op in ("present", "absent"):
            return text if op == "present" else f"not {text}"
        return f"{text} {'in' if op == '=' else 'not in'} w{name}"


class _Columns(Body):
    """The function for tables with the columns `there` (indexes of elements): what an absent one says is known now."""

    def __init__(self, there: frozenset[int]) -> None:
        super().__init__()
        self._there = there

    def _element(self, element: int) -> str:
        return f"cells[{element}]" if element in self._there else '""'

    def _row(self, tag: str, line: Line, quick: Quick) -> str:
        condition = self._condition(tag, line) if quick.holds is not None else "True"
        absent = bool(quick.plain) and not any(element in self._there for element in quick.plain)
        if condition == "False" or (absent and quick.default is None):
            return ""
        names = {f"h{tag}": quick.holds, f"k{tag}": quick.remember, f"m{tag}": quick.make, f"d{tag}": quick.default}
        self.names |= names
        made = f"d{tag}" if absent else f"(k{tag}(raw) or m{tag}(raw)) if {self._read(tag, line, quick)} else d{tag}"
        return f"({'' if condition == 'True' else condition + ' and '}(value := {made}) is not None)"

    def _condition(self, tag: str, line: Line) -> str:
        if line.tests is None:
            return super()._condition(tag, line)
        tests = []
        for number, test in enumerate(line.tests):
            if test[0] in self._there:
                tests.append(self._test(f"{tag}_{number}", *test))
            elif not holds_of_nothing(*test[1:]):
                return "False"
        return " and ".join(tests) or "True"


def holds_of_nothing(op: str, values: frozenset[str]) -> bool:
    """True when a test holds of an empty text."""
    return op == "absent" or (op == "=" and "" in values) or (op not in ("=", "present", "absent") and "" not in values)
