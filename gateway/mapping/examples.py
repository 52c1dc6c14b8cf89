"""The example column, run: `450; L => 204.117`, `M13.03=R; 4 => 4`, `0 => !S321-QTY-ZERO`.

Values on the left stand for the row's sources in order; `PATH=value` sets what its condition reads, which must hold then. The
row runs by itself: what the rows before it take is looked at by lint.py. The field must be able to hold what comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.dialect import Finder, Getter, Locator, Path
from gateway.findings import Position
from gateway.mapping.cells import Target
from gateway.mapping.compile import Compiler, formatter, target_type
from gateway.mapping.defaults import refused, unfit
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.grammar import Test
from gateway.mapping.line import Line
from gateway.mapping.sources import Run, condition
from gateway.mapping.table import Fault, Row


class _Values:
    """A Dialect over a dict: path text -> value."""

    name = "example"

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def finder(self, path: Path, at: str) -> Finder:
        """A node path finds something when a value is set for it."""
        return lambda node, root: [self] if self.values.get(path.text) else []

    def getter(self, path: Path, at: str) -> Getter:
        """Return the value set for the path."""
        return lambda node, root: self.values.get(path.text, "")

    def leaf(self, leaf: str) -> Getter:
        """Return the value set for `.leaf`."""
        return lambda node, root: self.values.get(f".{leaf}", "")

    def locator(self, path: Path, at: str) -> Locator:
        """Examples have no place in a file."""
        return lambda node, root: Position()

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Examples know no structure."""
        return []


def run_examples(mappings: MappingSet, facts: MappingFacts, files: Collection[str] | None = None) -> Iterator[Fault]:
    """Yield a fault for every example that does not give what it says. files: tables whose rows are run, None = all."""
    rows, _ = mappings.rows(facts)
    dialect = _Values()
    compiler = Compiler(dialect, mappings.codes, "")
    for row in rows:
        if files is not None and row.file not in files:
            continue
        if not row.example or target_type(row.level, row.target) is None:
            continue
        line = compiler._line(row, "", row.target)
        target = Target(
            row.level, row.target, [line], formatter(target_type(row.level, row.target) or "str", row.target)
        )
        for number, example in enumerate(e for e in row.example.splitlines() if e.strip()):
            reason = _run(target, line, dialect, row, example)
            if reason:
                yield Fault("MAP-EXAMPLE", row.file, row.line, "example", f"example {number + 1} ({example.strip()}): {reason}", "correct the example or the row")  # fmt: skip


def _run(target: Target, line: Line, dialect: _Values, row: Row, example: str) -> str:
    """Return why an example fails, "" when it holds."""
    left, arrow, wanted = example.partition("=>")
    if not arrow:
        return 'it has no "=>"'
    settings, plain = _parted(left, line)
    sources = [s.strip() for s in row.source.split(";")]
    if len(plain) > len(sources):
        return f"it gives {len(plain)} values to {len(sources)} source{'s' if len(sources) > 1 else ''}; PATH=value sets what a condition reads"
    dialect.values = settings | dict(zip(sources, plain, strict=False))
    run = Run(_Message(settings), _Profile(settings))  # type: ignore[arg-type]
    if failed := _not_met(line, dialect, run, settings):
        return (
            ""
            if not wanted.strip()
            else f"gave nothing, as the condition {failed} does not hold; PATH=value sets what it reads"
        )
    out: dict[str, Any] = {}
    Target(target.level, target.name, [line.unconditional()], target.format).careful(None, None, out, run)
    value: Any = out
    for key in target.path:
        value = value.get(key, "") if isinstance(value, dict) else ""
    found = value
    if isinstance(found, list):  # kind and number of each identification
        found = "; ".join(" ".join(one.values()) for one in found)
    got = str(found).lower() if isinstance(found, bool) else str(found)
    wanted = wanted.strip()
    if wanted.startswith("!"):
        rules = [f.rule for f in run.findings]
        return "" if wanted[1:] in rules else f"gave {got or rules or 'nothing'}, expected finding {wanted[1:]}"
    if got != wanted:
        return f"gave {got or [f.rule for f in run.findings] or 'nothing'}, expected {wanted}"
    return _not_held(row, value) if got else ""


def _parted(left: str, line: Line) -> tuple[dict[str, str], list[str]]:
    """Return what an example sets for the condition of its row, by path, and the values of its sources."""
    names = sorted((_name(test) for test in line.when), key=len, reverse=True)
    settings: dict[str, str] = {}
    plain: list[str] = []
    for part in (one.strip() for one in left.split(";")):
        name = next((n for n in names if part.startswith(n) and part[len(n) :].lstrip().startswith("=")), "")
        if not name and part.startswith(("profile.", "envelope.")):
            name = part.partition("=")[0].strip()
        if name:
            settings[name] = part[len(name) :].lstrip().removeprefix("=").strip()
        else:
            plain.append(part)
    return settings, plain


def _name(test: Test) -> str:
    source = test.source
    return source.path.text if source.path is not None else f"{source.kind}.{source.name}"


def _not_met(line: Line, dialect: _Values, run: Run, settings: dict[str, str]) -> str:
    """Return the test that does not hold with what an example sets, "" when all do. Of several segments it can only name the path."""
    for test in line.when:
        if test.op in ("repeated", "differs"):
            holds = bool(settings.get(_name(test)))
        else:
            check = condition((test,), dialect, "")
            holds = check is None or check(None, None, run)
        if not holds:
            return f"{_name(test)}{test.op if test.values else f' {test.op}'}{'|'.join(test.values)}"
    return ""


def _not_held(row: Row, value: Any) -> str:
    """Return why the field of a row cannot hold what an example gives, "" when it can."""
    tag = target_type(row.level, row.target) or ""
    if row.target.startswith("_"):
        return ""
    said = unfit(tag, row.target, value) if isinstance(value, str) else ""
    said = said or refused(row.level, row.target, value)
    return f"the field does not take what it gives: {said}" if said else ""


class _Message:
    def __init__(self, settings: dict[str, str]) -> None:
        self.envelope = {k.partition(".")[2]: v for k, v in settings.items() if k.startswith("envelope.")}


class _Profile:
    """Stands for a partner profile in examples: only what the example sets."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.options = {k.partition(".")[2]: v for k, v in settings.items() if k.startswith("profile.")}
        self.constants: dict[str, Any] = {}
