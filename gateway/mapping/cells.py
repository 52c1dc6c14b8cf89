"""One target of one level, compiled: which row applies, what it reads, what becomes of it.

A target may have several rows: the first whose condition holds and that yields a value wins. A transform that cannot
use its value stops there, with a finding; it does not fall through to the next row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.mapping.grammar import Source, Test
from gateway.mapping.table import Row
from gateway.mapping.transforms import Noted, Unusable
from gateway.profile import Profile
from gateway.records import Dialect, Message, Path, Step

Values = Callable[[Any, Any, "Run"], list[str]]
Condition = Callable[[Any, Any, "Run"], bool]


class Run:
    """The state of mapping one unit: findings and what `profile.` and `envelope.` read."""

    __slots__ = ("findings", "index", "inherited", "level", "message", "more", "profile")

    def __init__(self, message: Message, profile: Profile) -> None:
        self.message, self.profile = message, profile
        self.findings: list[Finding] = []
        self.inherited: dict[str, Any] = {}
        self.more: list[Any] = []  # nodes that a `(first)` left out
        self.level, self.index = "", 0  # what is being filled: "" (the shipment), a party, "items" or "references"

    @property
    def prefix(self) -> str:
        """Pointer of what is being filled: "", "/buyer", "/items/0"."""
        if self.level in ("items", "references"):
            return f"/{self.level}/{self.index}"
        return f"/{self.level}" if self.level else ""


InLineSteps = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class InLineValue:
    """A source as in_line.py reads it: steps from the level's node ((tag, qualifier values) each), then one element.

    read: text of the element -> text (several leaves: texts, "" when the first is not there), None when it takes more
    than splitting; deep: there is a value only when the text has several components.
    """

    steps: InLineSteps
    element: int
    read: Callable[[str], Any]
    deep: bool = False


@dataclass(frozen=True, slots=True)
class InLineTest:
    """A test likewise; read None: of the segment itself."""

    steps: InLineSteps
    element: int
    read: Callable[[str], Any] | None
    op: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One compiled row."""

    row: Row
    holds: Condition | None
    values: Values | None
    apply: Callable[[list[str]], str] | None  # many values -> text
    locate: Callable[[Any, Any], Position | None]
    personal: bool
    get: Callable[[Any, Any], str] | None = None  # the only source of the row, when it is a plain path
    plain: tuple[tuple[str, int], ...] = ()  # all sources as (tag, element), when they can be read in line
    one: Callable[[str], str] | None = None  # `apply` for one value, when every step takes one
    tests: tuple[tuple[str, int, str, frozenset[str]], ...] | None = None  # the condition likewise; None = a closure
    in_line: InLineValue | None = None
    in_line_tests: tuple[InLineTest, ...] | None = None


def condition(tests: tuple[Test, ...], dialect: Dialect, at: str) -> Condition | None:
    """Compile a `when` cell; None when it is empty."""
    if not tests:
        return None
    return reduce(_both, [_check(test, dialect, at) for test in tests])


def _both(first: Condition, second: Condition) -> Condition:
    return lambda node, root, run: first(node, root, run) and second(node, root, run)


def _check(test: Test, dialect: Dialect, at: str) -> Condition:
    wanted, source = frozenset(test.values), test.source
    if test.op == "repeated":
        return _repeated(source, dialect, at)
    if test.op in ("present", "absent") and source.path is not None and not source.path.leaf:
        find = dialect.finder(source.path, at)
        there = test.op == "present"
        plain = getattr(dialect, "plain", None)
        place = plain(source.path, at) if plain is not None else None
        if place is not None and place[0] and not place[1]:
            tag = place[0]
            return lambda node, root, run: (tag in (node.children or ())) is there
        return lambda node, root, run: bool(find(node, root)) is there
    if source.path is not None:
        get = dialect.getter(source.path, at)
        if test.op == "present":
            return lambda node, root, run: bool(v := get(node, root)) and not v.isspace()
        if test.op == "absent":
            return lambda node, root, run: not (v := get(node, root)) or v.isspace()
        if test.op == "=":
            return lambda node, root, run: get(node, root).strip() in wanted
        return lambda node, root, run: get(node, root).strip() not in wanted
    read = single(source, dialect, at)
    if test.op in ("present", "absent"):
        return lambda node, root, run: bool(read(node, root, run).strip()) is (test.op == "present")
    return lambda node, root, run: (read(node, root, run).strip() in wanted) is (test.op == "=")


def _repeated(source: Source, dialect: Dialect, at: str) -> Condition:
    """True when the path leads to several nodes, or its leaf to different texts: a target could take one only."""
    path = source.path
    if path is None:
        return lambda node, root, run: False
    find = dialect.finder(path, at)
    if not path.leaf:
        return lambda node, root, run: len(find(node, root)) > 1
    read = dialect.leaf(path.leaf)
    *above, last = path.steps
    every = dialect.finder(Path(path.text, (*above, Step(last.name, (), "")), "", path.absolute), at)

    def check(node: Any, root: Any, run: Run) -> bool:
        if len(every(node, root)) < 2:  # the commonest, told without a look at the qualifiers
            return False
        found = find(node, root)
        return len(found) > 1 and len({text for one in found if (text := read(one, root).strip())}) > 1

    return check


def single(source: Source, dialect: Dialect, at: str) -> Callable[[Any, Any, Run], str]:
    """Compile one source to a function that returns its text."""
    if source.kind == "profile":
        return lambda node, root, run: _setting(run.profile, source.name)
    if source.kind == "envelope":
        return lambda node, root, run: run.message.envelope.get(source.name, "")
    assert source.path is not None
    get = dialect.getter(source.path, at)
    return lambda node, root, run: get(node, root)


def _setting(profile: Profile, name: str) -> str:
    value: Any = getattr(profile, name, None)
    if value is None:
        value = profile.options.get(name, profile.constants.get(name, ""))
    return str(value).lower() if isinstance(value, bool) else str(value)


def setting_holds(test: Test, profile: Profile) -> bool:
    """True when a test of a partner's setting (`profile.NAME=...`) holds, whatever the message says."""
    value = _setting(profile, test.source.name).strip()
    if test.op in ("present", "absent"):
        return bool(value) is (test.op == "present")
    return (value in test.values) is (test.op == "=")


def values_of(sources: tuple[Source, ...], dialect: Dialect, at: str) -> Values | None:
    """Compile the sources of a row; None when it has none (only `default` is used)."""
    if not sources:
        return None
    parts: list[Callable[[Any, Any, Run], list[str]]] = []
    index = 0
    while index < len(sources):
        source = sources[index]
        leaves = []
        while index + 1 < len(sources) and sources[index + 1].kind == "same":
            index += 1
            leaves.append(sources[index].name)
        parts.append(_with_leaves(source, leaves, dialect, at))
        index += 1
    if len(parts) == 1:
        return parts[0]
    return lambda node, root, run: [value for part in parts for value in part(node, root, run)]


def _with_leaves(source: Source, leaves: list[str], dialect: Dialect, at: str) -> Callable[[Any, Any, Run], list[str]]:
    """A source and the further leaves of the same node."""
    if not leaves or source.path is None:
        read = single(source, dialect, at)
        return lambda node, root, run: [read(node, root, run)]
    find = dialect.finder(source.path, at)
    first = dialect.getter(source.path, at)
    others = [dialect.leaf(leaf) for leaf in leaves]

    def get(node: Any, root: Any, run: Run) -> list[str]:
        value = first(node, root)
        nodes = find(node, root) if value else ()
        if not nodes:
            return [value, *[""] * len(others)]
        return [value, *[read(nodes[0], root) for read in others]]

    return get


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

        def make_one(raw: str) -> Any:
            if raw.isspace():
                return default
            try:
                text = one(raw) if one is not None else raw.strip()
                value = CAREFUL if type(text) is Noted else form(text) if text else default
            except Unusable:
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
                value = CAREFUL if type(text) is Noted else form(text) if text else default
            except Unusable:
                return CAREFUL
            if value is not None and len(known) < REMEMBERED:
                known[raw] = value
            return value

        self.make: Callable[[Any], Any] = make_one if self.single and (one is not None or apply is None) else make


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

    __slots__ = ("format", "level", "lines", "name", "path", "quick", "quiet")

    def __init__(self, level: str, name: str, lines: list[Line], form: Format) -> None:
        self.level, self.name, self.lines, self.format = level, name, lines, form
        self.path = tuple(name.split("."))
        self.quick = [Quick(line, form) for line in lines]
        self.quiet = not any(line.row.required for line in lines)

    def careful(self, node: Any, root: Any, out: dict[str, Any], run: Run) -> None:
        """Evaluate the rows in order, with findings; the first that yields a value wins."""
        last: Line | None = None
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
                except Unusable as error:
                    self._fail(line, node, root, next((v for v in values if v), ""), error, run)
                    return
            if line.row.default:
                self.put(out, self.format(line.row.default))
                return
            if last is None or line.row.required:
                last = line
        if last is not None and last.row.required and not (run.inherited and self.name in run.inherited):
            self._missing(last, node, root, run)

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
        said = line.row.message.replace("{value}", "the value" if line.personal else f'"{value}"')
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
        said = line.row.message.replace("{value}", "nothing") or f"{self.words(run)} is missing"
        self._finding(line, node, root, run, line.row.rule or "MAP-REQUIRED", said[:1].upper() + said[1:] + ".", None)

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


def node_place(dialect: Dialect, at: str) -> Callable[[Any, Any], Position | None]:
    """Return where a level's node itself stands."""
    return dialect.locator(Path(".", (), ""), at)
