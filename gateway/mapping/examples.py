"""The example column, run: `450; L => 204.117`, `M13.03=R; 4 => 4`, `0 => !S321-QTY-ZERO`.

Values on the left stand for the row's sources in order; `PATH=value` sets what a condition reads. All rows of the same
target run, so that order and conditions are tested too; only the sources of the row itself get its values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.dialect import Finder, Getter, Locator, Path
from gateway.findings import Position
from gateway.mapping.cells import Target
from gateway.mapping.compile import Compiler, formatter, target_type
from gateway.mapping.facts import MappingFacts
from gateway.mapping.folder import MappingSet
from gateway.mapping.line import Line
from gateway.mapping.sources import Run
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
    dialect.values = {}
    settings: dict[str, str] = {}
    plain: list[str] = []
    for part in left.split(";"):
        name, sign, value = part.partition("=")
        if sign and (name.strip() in row.when or name.strip().startswith(("profile.", "envelope."))):
            settings[name.strip()] = value.strip()
        else:
            plain.append(part.strip())
    sources = [s.strip() for s in row.source.split(";")]
    if len(plain) > len(sources):
        return f"it gives {len(plain)} values to {len(sources)} source{'s' if len(sources) > 1 else ''}; PATH=value sets what a condition reads"
    for source, value in zip(sources, plain, strict=False):
        dialect.values[source] = value
    for name, value in settings.items():
        dialect.values[name] = value
    run = Run(_Message(settings), _Profile(settings))  # type: ignore[arg-type]
    out: dict[str, Any] = {}
    if (
        not row.when
        or all(name in settings for name in _names(row.when))
        or line.holds is None
        or line.holds(None, None, run)
    ):
        Target(target.level, target.name, [line.unconditional()], target.format).careful(None, None, out, run)
    found: Any = out
    for key in target.path:
        found = found.get(key, "") if isinstance(found, dict) else ""
    if isinstance(found, list):  # kind and number of each identification
        found = "; ".join(" ".join(one.values()) for one in found)
    got = str(found).lower() if isinstance(found, bool) else str(found)
    wanted = wanted.strip()
    if wanted.startswith("!"):
        rules = [f.rule for f in run.findings]
        return "" if wanted[1:] in rules else f"gave {got or rules or 'nothing'}, expected finding {wanted[1:]}"
    return "" if got == wanted else f"gave {got or [f.rule for f in run.findings] or 'nothing'}, expected {wanted}"


def _names(when: str) -> list[str]:
    return [part.split("=")[0].split("!")[0].split(" ")[0].strip() for part in when.split(" and ")]


class _Message:
    def __init__(self, settings: dict[str, str]) -> None:
        self.envelope = {k.partition(".")[2]: v for k, v in settings.items() if k.startswith("envelope.")}


class _Profile:
    """Stands for a partner profile in examples: only what the example sets."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.options = {k.partition(".")[2]: v for k, v in settings.items() if k.startswith("profile.")}
        self.constants: dict[str, Any] = {}
