"""One target of one level, compiled: which row applies, what it reads, what becomes of it.

A target may have several rows: the first whose condition holds and that yields a value wins. A transform that cannot
use its value stops there, with a finding; it does not fall through to the next row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from gateway.findings import Finding, Position, Scope, Severity
from gateway.mapping.grammar import Source, Test
from gateway.mapping.sources import Condition, Run, Values, condition, node_place, values_of
from gateway.mapping.table import Row
from gateway.mapping.transforms import Noted, Transform, Unusable
from gateway.records import Dialect, InLinePath, Path


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
            if not place or test.op == "repeated":
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
        for path, others in _with_others(self.sources):
            one = find(path, self.at, others) if path is not None else None
            if one is None or not (one.elements or one.of_nodes):
                return None
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
            if found is not None and (of_segment or test.op == "repeated" or len(found.elements) == 1):
                made.append(InLineTest(found, test.op, frozenset(test.values), holds))
            else:
                made.append(holds)
        return tuple(made)


def _with_others(sources: tuple[Source, ...]) -> list[tuple[Path | None, tuple[str, ...]]]:
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


Format = Callable[[str], Any]

CAREFUL = object()
"""What a row makes of a text that needs words: a remark or a fault."""

REMEMBERED = 512
"""Texts a row remembers; codes, units, dates and goods repeat, numbers of parcels do not."""


class Quick:
    """The plain way of one row, as closures; see straight.py.

    get: (node, root) -> text when `single`, else (node, root, run) -> tuple of texts, () for none.
    remember: text(s) -> finished value or None; make: text(s) -> finished value, None for no value, CAREFUL.
    default: finished default or None.
    """

    __slots__ = ("default", "get", "holds", "make", "plain", "remember", "single", "tests", "text")

    def __init__(self, line: Line, form: Format) -> None:
        self.holds = line.holds
        self.text = form is str
        self.plain, self.tests = line.plain, line.tests
        self.default = form(line.row.default) if line.row.default else None
        known: dict[Any, Any] = {}
        self.remember = known.get
        self.single = line.get is not None
        self.get: Callable[..., Any] = line.get if line.get is not None else _tuple(line.values)
        apply, default, one = line.apply, self.default, line.one

        def nothing(values: list[str]) -> Any:
            return CAREFUL if line.loses(values) else default

        def make_one(raw: str) -> Any:
            if raw.isspace():
                return default
            try:
                text = one(raw) if one is not None else raw.strip()
                value = CAREFUL if type(text) is Noted else form(text) if text else nothing([raw])
            except (Unusable, ValueError):
                return CAREFUL
            if value is not None and len(known) < REMEMBERED:
                known[raw] = value
            return value

        def make(raw: Any) -> Any:
            values = [raw] if isinstance(raw, str) else list(raw)
            if not any(v and not v.isspace() for v in values):
                return default
            try:
                text = apply(values) if apply is not None else values[0].strip()
                value = CAREFUL if type(text) is Noted else form(text) if text else nothing(values)
            except (Unusable, ValueError):
                return CAREFUL
            if value is not None and len(known) < REMEMBERED:
                known[raw] = value
            return value

        self.make: Callable[[Any], Any] = make_one if self.single and (one is not None or apply is None) else make


def legible(value: str) -> str:
    """Return a value as a message shows it: blanks around it taken off, "" when nothing of it can be seen."""
    return value.strip() if any(c.isprintable() and not c.isspace() for c in value) else ""


def filled_in(message: str, value: str, empty: str = "empty") -> str:
    """Return the message of a row with its value; empty: stands for a value that is none."""
    return message.replace("{value}", legible(value) or empty)


def _unusable(error: Exception) -> Unusable:
    """A transform whose arguments are of another kind than it expects (`keep abc`) raises what Python raises."""
    if isinstance(error, Unusable):
        return error
    return Unusable("the transform of this row cannot use it; look at the arguments in the mapping table")


def _tuple(values: Values | None) -> Callable[[Any, Any, Run], tuple[str, ...]]:
    if values is None:
        return lambda node, root, run: ()

    def get(node: Any, root: Any, run: Run) -> tuple[str, ...]:
        found = tuple(values(node, root, run))
        return found if any(found) else ()

    return get


class Target:
    """All rows of one target. `fill` writes the value into a dict, or a finding into the run.

    The plain way (value there, transform content, nothing to say) is `quick`, run by straight.py; everything else goes
    through `careful`, which asks the rows again and writes the findings.
    """

    def __init__(self, level: str, name: str, lines: list[Line], form: Format) -> None:
        self.level, self.name, self.lines, self.format = level, name, lines, form
        self.path = tuple(name.split("."))
        self.quiet = not any(line.row.required for line in lines)

    @cached_property
    def quick(self) -> list[Quick]:
        """The plain way of each row."""
        return [Quick(line, self.format) for line in self.lines]

    def careful(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> None:
        """Evaluate the rows in order, with findings; the first that yields a value wins."""
        last: Line | None = None
        lost: tuple[Line, str] | None = None
        for line in self.lines:
            if line.holds is not None and not line.holds(node, root, run):
                continue
            values = line.values(node, root, run) if line.values is not None else ()
            text = ""
            if values and any(v and not v.isspace() for v in values):
                try:
                    text = line.apply(values) if line.apply is not None else values[0].strip()
                    if type(text) is Noted:
                        self._note(line, node, root, text, run)
                    if text:
                        self.put(out, self.format(text))
                        return
                    if lost is None and line.loses(values):
                        lost = line, values[0]
                except (Unusable, ValueError) as error:
                    self._fail(line, node, root, next((v for v in values if v.strip()), ""), _unusable(error), run)
                    return
            if line.row.default:
                self.put(out, self.format(line.row.default))
                last = None
                break
            if last is None or line.row.required:
                last = line
        if last is not None and last.row.required and not (run.inherited and self.name in run.inherited):
            self._missing(last, node, root, run)
        elif lost is not None:
            self._not_passed(*lost, node, root, run)

    def put(self, out: dict[str, Any], value: Any) -> None:
        """Write a value under the target's dotted name."""
        for key in self.path[:-1]:
            out = out.setdefault(key, {})
        out[self.path[-1]] = value

    # --- findings ---------------------------------------------------------------------------------------------

    def _note(self, line: Line, node: Any, root: Any, text: Noted, run: Run) -> None:
        place = line.locate(node, root) or Position()
        for rule, said in text.notes:
            run.findings.append(
                Finding(rule, Severity.WARNING, Scope.SHIPMENT, said, place, self.target(run), pointer=self.pointer(run), row=line.row.where, personal=line.personal)
            )  # fmt: skip

    def _fail(self, line: Line, node: Any, root: Any, value: str, error: Unusable, run: Run) -> None:
        quoted = f'"{legible(value)}"' if legible(value) else ""
        said = filled_in(line.row.message, "the value" if line.personal else quoted, "that cannot be seen")
        if said.endswith(" missing"):  # a row has one message for both
            said = f"{said.removesuffix(' missing')} not usable"
        reason = "the value cannot be used" if line.personal else error.reason
        self._finding(
            line,
            node,
            root,
            run,
            error.rule or line.row.rule or "MAP-VALUE",
            f"{said}: {reason}." if said else f"{self.words(run)}: {reason}.",
            value,
        )

    def _missing(self, line: Line, node: Any, root: Any, run: Run) -> None:
        what, mark, _ = line.row.message.partition("{value}")
        said = f"{what.strip() or self.words(run)} is missing" if mark or not what else what
        self._finding(line, node, root, run, line.row.rule or "MAP-REQUIRED", said[:1].upper() + said[1:] + ".", None)

    def _not_passed(self, line: Line, value: str, node: Any, root: Any, run: Run) -> None:
        """Say that a value is there which no row could use: it is not demanded, but it must not vanish."""
        shown = "The value" if line.personal else f'"{value.strip()}"'
        said = f"{shown} has not the form of {self.words(run)}, or is a code that is not known; it was not passed on."
        place = line.locate(node, root) or Position()
        run.findings.append(
            Finding("MAP-NOT-PASSED", Severity.WARNING, Scope.SHIPMENT, said, place, self.target(run), value, self.pointer(run), row=line.row.where, personal=line.personal)
        )  # fmt: skip

    def _finding(self, line: Line, node: Any, root: Any, run: Run, rule: str, said: str, value: str | None) -> None:
        severity = Severity.WARNING if line.row.required == "warn" else Severity.ERROR
        if value is not None and not line.row.required and self.level not in ("item", "shipment", "message"):
            severity = Severity.ERROR
        place = line.locate(node, root) or Position()
        run.findings.append(
            Finding(rule, severity, Scope.SHIPMENT, said, place, self.target(run), value, self.pointer(run), row=line.row.where, personal=line.personal)
        )  # fmt: skip

    def words(self, run: Run) -> str:
        """The field in dotted form for a message without text of its own."""
        return self.target(run)

    def target(self, run: Run) -> str:
        """Canonical field, e.g. final_deliver_to_party.postal_code."""
        level = {"item": "items", "reference": "references"}.get(self.level, self.level)
        return self.name if level in ("shipment", "message") else f"{level}.{self.name}"

    def pointer(self, run: Run) -> str:
        """JSON pointer inside the shipment."""
        return f"{run.prefix}/{self.name.replace('.', '/')}"
