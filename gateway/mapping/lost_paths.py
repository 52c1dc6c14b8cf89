"""Paths of a mapping that can never read anything: a misspelled segment or column reads nothing, and nobody is told.

What can stand where is the dialect's to say (`problems`); a format without structure tables says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gateway.dialect import Dialect, Path
from gateway.mapping.compile import BINDINGS, Block
from gateway.mapping.facts import MappingFacts
from gateway.mapping.grammar import Source, Test
from gateway.mapping.table import Fault, Row

_ADVICE = "correct the path; what stands beside a party is read by a row of level shipment, such as shipment,final_deliver_to_party.phone"


def lost_paths(blocks: Mapping[str, Sequence[Block]], dialect: Dialect, facts: MappingFacts, unit: str) -> list[Fault]:
    """Return a fault for each cell whose path leads nowhere in any version that the mapping reads."""
    faults: list[Fault] = []
    asked: Any = dialect  # hashable, as every object without a comparison of its own
    lost: list[
        list[Path]
    ] = []  # bindings that lead nowhere: what stands behind them leads nowhere too, and is not told
    for row, column, path, at, bound in _paths(blocks, unit):
        if bound in lost and bound:
            continue
        if wrong := _other_node(path, at, bound):
            faults.append(Fault("MAP-ROW", row.file, row.line, column, wrong, _advice(blocks, row, bound)))
            continue
        told = [_problems(asked, path, at, facts.message_type, version) for version in facts.versions or ("",)]
        if all(told):
            if row.target in BINDINGS:
                lost += [of_it for of_it in _bound(blocks) if path in of_it]
            faults.append(Fault("MAP-ROW", row.file, row.line, column, told[0][0], _advice(blocks, row, bound)))
    return list(dict.fromkeys(faults))


def _advice(blocks: Mapping[str, Sequence[Block]], row: Row, bound: Sequence[Path]) -> str:
    """Return what to mend: the binding row of another table, where that leads a row of the base table to nowhere."""
    for block in blocks[row.level] if bound and row.file.endswith("/map.csv") else ():
        own = block.bindings[0][0] if block.bindings else row
        if [path for _, path, _ in block.bindings] == bound and own.file != row.file:
            return f"{own.where} binds level {row.level} anew: correct its source, or write the level whole behind {row.level},(all),(none)"
    return _ADVICE


@lru_cache(4096)
def _problems(dialect: Any, path: Path, at: str, message_type: str, version: str) -> list[str]:
    """Ask the dialect once: the tables of many partners have most of their rows in common."""
    found: list[str] = dialect.problems(path, at, message_type, version)
    return found


def _bound(blocks: Mapping[str, Sequence[Block]]) -> Iterator[list[Path]]:
    """Yield the paths of the binding rows of each block."""
    yield from ([path for _, path, _ in block.bindings] for of_it in blocks.values() for block in of_it)


def _paths(blocks: Mapping[str, Sequence[Block]], unit: str) -> Iterator[tuple[Row, str, Path, str, list[Path]]]:
    """Yield (row, column, path, segment it starts at, paths that bind it) of all rows of a mapping."""
    for level, of_it in blocks.items():
        for block in of_it:
            start = "" if level in ("message", "shipment") else unit
            for row, path, when in block.bindings:
                yield row, "source", path, start, []
                yield from ((row, "when", p, start, []) for p in _of_tests(when))
            lines = [line for _, line in block.actions] + [line for target in block.targets for line in target.lines]
            bound = [path for _, path, _ in block.bindings]
            for line in lines:
                yield from ((line.row, "source", path, line.at, bound) for path in _of_sources(line.sources))
                yield from ((line.row, "when", path, line.at, bound) for path in _of_tests(line.when))


def _other_node(path: Path, at: str, bound: Sequence[Path]) -> str:
    """Return why a path asks the node of its level for a qualifier that no binding row lets it have, "" when not.

    N1[N1]/PER.04 among the rows of N1[CN] reads nothing: it does not lead to another N1.
    """
    first = path.steps[0] if path.steps and not path.absolute else None
    if first is None or first.name != at or not first.values:
        return ""
    own = [p.steps[-1] for p in bound if p.steps]
    for step in own:
        if step.name != at or step.qualifier != first.qualifier or not step.values or {*step.values} & {*first.values}:
            return ""
    marked = any(v.startswith("!") for step in (first, *own) for v in step.values)
    return f"{path.text}: the row stands in {own[0].name}[{'|'.join(own[0].values)}]" if own and not marked else ""


def _of_sources(sources: Sequence[Source]) -> Iterator[Path]:
    """Yield the paths of a cell; a source that starts with a dot reads the segment of the one before it."""
    before: Path | None = None
    for source in sources:
        if source.path is not None:
            before = source.path
            yield before
        elif source.kind == "same" and before is not None:
            yield Path(f"{before.text}; .{source.name}", before.steps, source.name, before.absolute)


def _of_tests(tests: Sequence[Test]) -> Iterator[Path]:
    yield from (test.source.path for test in tests if test.source.path is not None)
