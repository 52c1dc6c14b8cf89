"""What a row reads and when it holds, as closures over the nodes of a message."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from gateway.dialect import Dialect, Finder, Getter, Path, Step
from gateway.findings import Finding, Position
from gateway.mapping.grammar import Source, Test
from gateway.mapping.table import Row
from gateway.profile import Profile
from gateway.records import Message

Values = Callable[[Any, Any, "Run"], list[str]]
Condition = Callable[[Any, Any, "Run"], bool]


class Run:
    """The state of mapping one unit: findings and what `profile.` and `envelope.` read."""

    __slots__ = ("findings", "index", "inherited", "level", "message", "missing", "profile")

    def __init__(self, message: Message, profile: Profile) -> None:
        self.message, self.profile = message, profile
        self.findings: list[Finding] = []
        self.missing: list[
            tuple[int, str, Row]
        ] = []  # parties that nothing fills so far: findings before it, role, row
        self.inherited: dict[str, Any] = {}
        self.level, self.index = "", 0  # what is being filled: "" (the shipment), a party, "items" or "references"

    @property
    def prefix(self) -> str:
        """Pointer of what is being filled: "", "/buyer", "/items/0"."""
        if self.level in ("items", "references"):
            return f"/{self.level}/{self.index}"
        return f"/{self.level}" if self.level else ""


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
    if test.op == "differs":
        return _kinds_differ(source, dialect, at)
    if test.op in ("present", "absent") and source.path is not None and not source.path.leaf:
        find = dialect.finder(source.path, at)
        there = test.op == "present"
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
    if source.kind == "profile":
        return _of_profile(test)
    read = single(source, dialect, at)
    if test.op in ("present", "absent"):
        return lambda node, root, run: bool(read(node, root, run).strip()) is (test.op == "present")
    return lambda node, root, run: (read(node, root, run).strip() in wanted) is (test.op == "=")


def _of_profile(test: Test) -> Condition:
    """Test a partner's setting, once for all shipments that come with the same profile."""
    last: tuple[Profile | None, bool] = (None, False)

    def check(node: Any, root: Any, run: Run) -> bool:
        nonlocal last
        if last[0] is not run.profile:
            last = run.profile, setting_holds(test, run.profile)
        return last[1]

    return check


def _repeated(source: Source, dialect: Dialect, at: str) -> Condition:
    """True when the path leads to several nodes, or its leaf to different texts: a target could take one only."""
    path = source.path
    if path is None:
        return lambda node, root, run: False
    find = dialect.finder(path, at)
    if not path.leaf and getattr(dialect, "nodes_have_text", False):
        return _differ(find, dialect.leaf(""))
    if not path.leaf:
        return lambda node, root, run: len(find(node, root)) > 1
    read = dialect.leaf(path.leaf)
    every = dialect.finder(every_kind(path, ""), at)

    def check(node: Any, root: Any, run: Run) -> bool:
        if len(every(node, root)) < 2:  # the commonest, told without a look at the qualifiers
            return False
        found = find(node, root)
        return len(found) > 1 and len({text for one in found if (text := read(one, root).strip())}) > 1

    return check


def every_kind(path: Path, leaf: str | None = None) -> Path:
    """Return a path without the qualifiers of its last step. leaf: another one than its own."""
    *above, last = path.steps
    return Path(path.text, (*above, Step(last.name)), path.leaf if leaf is None else leaf, path.absolute)


def _kinds_differ(source: Source, dialect: Dialect, at: str) -> Condition:
    """True when the leaf has different values under the qualifiers of the path, of which a target takes the first that is there."""
    path = source.path
    assert path is not None  # parse_when asks for it
    *above, last = path.steps
    read, every = dialect.leaf(path.leaf), dialect.finder(every_kind(path, ""), at)
    kinds = [
        dialect.finder(Path(path.text, (*above, Step(last.name, (value,), last.qualifier)), "", path.absolute), at)
        for value in last.values
    ]

    def check(node: Any, root: Any, run: Run) -> bool:
        if len(every(node, root)) < 2:  # the commonest, told without a look at the qualifiers
            return False
        found = (text for find in kinds for one in find(node, root) if (text := read(one, root).strip()))
        return len({_alike(text) for text in found}) > 1

    return check


def _alike(text: str) -> str:
    """Return a value in one form: 96 and 96.00 and 96,0 are no difference."""
    number = text.replace(",", ".")
    if number.count(".") == 1 and number.replace(".", "").isdigit():
        number = number.rstrip("0").rstrip(".")
    return (number.lstrip("0") or "0") if number.replace(".", "").isdigit() else text.upper()


def _differ(find: Finder, text: Getter) -> Condition:
    """True for several elements, unless each says the same."""

    def check(node: Any, root: Any, run: Run) -> bool:
        found = find(node, root)
        return len(found) > 1 and len({said for one in found if (said := text(one, root).strip())}) != 1

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
    several = getattr(dialect, "several", None)
    if several is not None and (at_once := several(source.path, leaves)) is not None:
        return at_once  # type: ignore[no-any-return]
    find = dialect.finder(source.path, at)
    first = dialect.getter(source.path, at)
    others = [dialect.leaf(leaf) for leaf in leaves]

    def get(node: Any, root: Any, run: Run) -> list[str]:
        nodes = find(node, root)
        if not nodes:
            return [first(node, root), *[""] * len(others)]
        return [first(node, root), *[read(nodes[0], root) for read in others]]

    return get


def node_place(dialect: Dialect, at: str) -> Callable[[Any, Any], Position | None]:
    """Return where a level's node itself stands."""
    return dialect.locator(Path(".", (), ""), at)
