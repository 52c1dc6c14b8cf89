"""The targets of a level for many nodes at once: what a row makes of a whole column.

Texts of a column repeat, and what a row makes of them is remembered; columns of numbers and names, which do not repeat, are
told to be left as they are by one look (unchanged.py). A node whose value needs words, or lacks one that is demanded, is not
mapped here: it is named, and goes the way of straight.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import and_
from typing import Any

from gateway import written
from gateway.dialect import Path, Step
from gateway.mapping.cells import Target
from gateway.mapping.grammar import Source
from gateway.mapping.line import Line
from gateway.mapping.quick import CAREFUL, REMEMBERED, Quick
from gateway.mapping.straight import holds_of_nothing
from gateway.mapping.unchanged import Fits, nothing_of, same_of

Column = Sequence[Any]
"""The texts of one element of all nodes, or what is made of them."""
_WAYS_TO_FILL = 32  # functions that are remembered, one for each set of columns that are filled in all nodes
_LONGEST = 256  # characters of what is remembered


class NotByColumns(Exception):  # noqa: N818  no fault
    """A row reads what is no column of the table's own."""


class Columns:
    """The elements of some nodes, turned into columns."""

    def __init__(self, nodes: Sequence[Sequence[str]]) -> None:
        self.all = list(zip(*nodes, strict=True))
        self._known: dict[tuple[int, Fits], bool] = {}

    def fit(self, element: int, fits: Fits) -> bool:
        """True when all texts of an element fit; several rows ask the same."""
        key = element, fits
        if key not in self._known:
            self._known[key] = fits(set(self.all[element]))
        return self._known[key]


class _Made(dict[Any, Any]):
    """Text or texts -> value of a row: None for none, CAREFUL for what needs words. Made when they come the first time."""

    def __init__(self, quick: Quick, *, of_first: bool) -> None:
        """of_first: where the first text is not there, the others are not read."""
        super().__init__()
        self._quick, self._of_first = quick, of_first
        self.careful = False  # a value needs words

    def __missing__(self, raw: Any) -> Any:
        quick = self._quick
        there = raw[0].strip() if self._of_first else raw
        value = quick.make(raw) if there else quick.default
        if value is CAREFUL:
            self.careful = True
            return value
        if len(self) >= REMEMBERED:
            self.clear()
        if sum(map(len, raw)) <= _LONGEST:
            self[raw] = value
        return value


class _Holds(dict[str, bool]):
    """Text -> whether a test of it holds."""

    def __init__(self, op: str, values: frozenset[str]) -> None:
        super().__init__()
        self._op, self._values = op, values

    def __missing__(self, raw: str) -> bool:
        text = raw.strip()
        holds = (text in self._values) is (self._op == "=")
        if self._op in ("present", "absent"):
            holds = bool(text) is (self._op == "present")
        if len(self) < REMEMBERED and len(raw) <= _LONGEST:
            self[raw] = holds
        return holds


class Tests:
    """The condition of a row in tables with the columns `there`. Raises NotByColumns."""

    def __init__(self, line: Line, there: frozenset[int]) -> None:
        if line.holds is not None and line.tests is None:
            raise NotByColumns
        tests = line.tests or ()
        self.never = any(element not in there and not holds_of_nothing(op, values) for element, op, values in tests)
        self._tests = [(element, _Holds(op, values)) for element, op, values in tests if element in there]

    def of(self, columns: Columns) -> list[bool] | None:
        """Return of each node whether the condition holds; None when it always does."""
        found: list[bool] | None = None
        for element, holds in self._tests:
            own = list(map(holds.__getitem__, columns.all[element]))
            found = own if found is None else list(map(and_, found, own))
        return found


class _Row:
    """One row of a target, in tables with the columns `there`. Raises NotByColumns."""

    def __init__(self, line: Line, quick: Quick, there: frozenset[int]) -> None:
        self._tests, self._default = Tests(line, there), quick.default
        elements = [] if self._tests.never else _elements(line)
        of_first = len(elements) > 1 and not line.plain
        read = elements[:1] if of_first else elements
        absent = not any(element in there for element in read)
        self.never = self._tests.never or (absent and quick.default is None)
        self._elements = [] if absent else [element if element in there else -1 for element in elements]
        self._made = _Made(quick, of_first=of_first)
        alone = quick.single and quick.text and quick.default is None
        self._same, self._nothing = (same_of(line), nothing_of(line)) if alone else (None, None)

    @property
    def careful(self) -> bool:
        """True when a value needed words."""
        return self._made.careful

    def values(self, columns: Columns, size: int) -> Column:
        """Return the value of each node, None for none."""
        values = self._values(columns, size)
        holds = self._tests.of(columns)
        if holds is None or all(holds):
            return values
        return [value if one else None for value, one in zip(values, holds, strict=True)]

    def _values(self, columns: Columns, size: int) -> Column:
        if not self._elements:
            return [self._default] * size
        self._made.careful = False
        column: Column = columns.all[self._elements[0]]
        if len(self._elements) > 1:
            texts = [columns.all[element] if element >= 0 else [""] * size for element in self._elements]
            column = list(zip(*texts, strict=True))
        elif self._same is not None and columns.fit(self._elements[0], self._same):
            return column if all(column) else [text or None for text in column]
        elif self._nothing is not None and columns.fit(self._elements[0], self._nothing):
            return [None] * size
        return list(map(self._made.__getitem__, column))


def _elements(line: Line) -> list[int]:
    """Return the elements that a row reads. Raises NotByColumns."""
    found = list(line.plain)
    if line.sources and not found:
        first, *others = line.sources
        if first.path is None or any(other.kind != "same" for other in others):
            raise NotByColumns
        find = getattr(line.dialect, "plain", lambda path, at: 0)
        found = [find(path, line.at) for path in (first.path, *map(_leaf, others))]
        if not all(found):
            raise NotByColumns
    return found


def _leaf(source: Source) -> Path:
    return Path(source.name, (Step(source.name),))


class Level:
    """The targets of one level, in tables with the columns `there`. Raises NotByColumns."""

    def __init__(self, targets: list[Target], there: frozenset[int], *, numbered: bool = False) -> None:
        """numbered: each dict begins with its line number."""
        self._targets: list[tuple[Target, list[_Row]]] = []
        for target in targets:
            rows = [_Row(line, quick, there) for line, quick in zip(target.lines, target.quick, strict=True)]
            rows = [row for row in rows if not row.never]
            if rows or not target.quiet:
                self._targets.append((target, rows))
        self._numbered = numbered
        self._build: dict[tuple[str, ...], Any] = {}  # of columns filled so

    def dicts(self, columns: Columns, size: int, bad: set[int], numbers: Column = ()) -> list[dict[str, Any]]:
        """Return the dict of each node. bad: nodes that cannot be mapped here are added. numbers: line numbers."""
        values = [self._values(target, rows, columns, size, bad) for target, rows in self._targets]
        filled = tuple([_filled(column, size) for column in values])
        if filled not in self._build:
            if len(self._build) >= _WAYS_TO_FILL:
                self._build.clear()
            targets = [target.path for target, _ in self._targets]
            self._build[filled] = _builder(targets, filled, numbered=self._numbered)
        made: list[dict[str, Any]] = self._build[filled](repeat(None, size), numbers, *values)
        return made

    @staticmethod
    def _values(target: Target, rows: list[_Row], columns: Columns, size: int, bad: set[int]) -> Column:
        values: Column = [None] * size
        careful = False
        for number, row in enumerate(rows):
            if number and all(values):
                break
            own = row.values(columns, size)
            values = own if not number else [a if a is not None else b for a, b in zip(values, own, strict=True)]
            careful = careful or row.careful
        if careful:
            bad.update(number for number, value in enumerate(values) if value is CAREFUL)
        if not target.quiet and not all(values):
            bad.update(number for number, value in enumerate(values) if value is None)
        return values


def _filled(column: Column, size: int) -> str:
    """Return whether a column has values: "all", "none" or "some"."""
    if all(column):
        return "all"
    return "none" if not any(column) and column.count(None) == size else "some"


def _builder(targets: list[tuple[str, ...]], filled: tuple[str, ...], *, numbered: bool) -> Any:
    """Return what makes dicts of columns of values: build(as many as there are, line numbers, column, column ...)."""
    always: dict[str, Any] = {"line_number": "n"} if numbered else {}
    lines: list[str] = []
    for number, (path, there) in enumerate(zip(targets, filled, strict=True)):
        *above, last = path
        if there == "all" and not lines:
            inner = always
            for key in above:
                inner = inner.setdefault(key, {})
            inner[last] = f"v{number}"
        elif there != "none":
            place = "".join(f'.setdefault("{key}", {{}})' for key in above)
            store = f'out{place}["{last}"] = v{number}'
            lines.append(store if there == "all" else f"if v{number} is not None: {store}")
    given = "".join(f"c{number}, " for number in range(len(targets)))
    read = [number for number, there in enumerate(filled) if there != "none"]
    names, columns = ("".join(f"{letter}{number}, " for number in read) for letter in "vc")
    n = "n, " if numbered else ""
    body = [f"out = {_literal(always)}", *lines, "made.append(out)"]
    text = ["made = []", f"for _, {n}{names}in zip(_, {n}{columns}):", *(f" {line}" for line in body), "return made"]
    return written.function(f"build(_, n, {given})", text, {})


def _literal(parts: dict[str, Any]) -> str:
    """Return a dict as it is written in a function."""
    inner = [f'"{key}": {_literal(value) if isinstance(value, dict) else value}' for key, value in parts.items()]
    return f"{{{', '.join(inner)}}}"
