"""Which elements of a document a mapping reads, as a tree of names below the unit; for formats whose documents say more.

GoodsShipment -> Consignee -> Name, Address -> Line, CityName; Weight -> @unit
Origin/CountryCode; ../TypeCode; TransportContractDocument[TypeCode=703]/ID      sources, conditions, qualifiers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.dialect import Path
from gateway.mapping.compile import Block
from gateway.mapping.grammar import Test

Names = tuple[str, ...]
GATHERING = ("@join", "@rest", "@lines", "@last", "@leg")
"""Leaves that stand for texts of elements, not for an attribute."""


def read_below(blocks: Mapping[str, Sequence[Block]], unit: Names) -> dict[str, Any]:
    """Return name -> the same of what is read below it. unit: names from the root to the unit, () for the root itself."""
    tree: dict[str, Any] = {}
    for level, of_it in blocks.items():
        for block in of_it:
            for names in _of_block(block, unit, above=level == "message", itself=level == "shipment"):
                below = tree
                for name in names:
                    below = below.setdefault(name, {})
    return tree


def selected(blocks: Mapping[str, Sequence[Block]], tag: str) -> frozenset[str]:
    """Return the values by which rows choose among the elements of a name: `OCI[03=SM|SS].04` -> SM, SS."""
    every = (path for of_it in blocks.values() for block in of_it for path in _paths(block))
    return frozenset(value for path in every for step in path.steps if step.name == tag for value in step.values)


def _paths(block: Block) -> Iterator[Path]:
    """Yield every path of a block: of its bindings, sources and conditions."""
    lines = [line for _, line in block.actions] + [line for target in block.targets for line in target.lines]
    for _, path, when in block.bindings:
        yield path
        yield from (test.source.path for test in when if test.source.path is not None)
    for line in lines:
        yield from (source.path for source in line.sources if source.path is not None)
        yield from (test.source.path for test in line.when if test.source.path is not None)


def _of_block(block: Block, unit: Names, *, above: bool, itself: bool) -> Iterator[Names]:
    """Yield what a block reads. above: its paths start at the root; itself: its node is the unit."""
    starts: list[Names] = []
    for _, path, when in block.bindings:
        bound = list(_of_path(path, (), unit, "", above=above))
        yield from bound
        starts.append(bound[-1] if bound else ())
        yield from _of_tests(when, (), unit, "", above=above)
    lines = [line for _, line in block.actions] + [line for target in block.targets for line in target.lines]
    for start in [()] if itself or above or not starts else dict.fromkeys(starts):
        for line in lines:
            found: list[Names] = []
            for source in line.sources:
                if source.path is not None:
                    found = list(_of_path(source.path, start, unit, block.at, above=above))
                    yield from found
                elif source.kind == "same" and found:  # beside the value of the source before it
                    yield (*(name for name in found[-1] if not name.startswith("@")), source.name)
            yield from _of_tests(line.when, start, unit, block.at, above=above)


def _of_tests(tests: tuple[Test, ...], start: Names, unit: Names, at: str, *, above: bool) -> Iterator[Names]:
    for test in tests:
        if test.source.path is not None:
            yield from _of_path(test.source.path, start, unit, at, above=above)


def _of_path(path: Path, start: Names, unit: Names, at: str, *, above: bool) -> Iterator[Names]:
    """Yield the names that a path leads along below the unit, those of its qualifiers before its own."""
    names, steps = list(start), path.steps
    if path.absolute or above:
        own = len(unit)
        if tuple(step.name for step in steps[:own]) != unit:
            return
        names, steps = [], steps[own:]
    elif steps and steps[0].name == at:
        steps = steps[1:]
    for step in steps:
        if step.name == "..":
            if not names:
                return  # above the unit
            del names[-1:]
            continue
        names.append(step.name)
        if step.values:
            qualifiers = (step.qualifier or "TypeCode").split("+")
            yield from ((*names, name) for name in qualifiers)
    if path.leaf.startswith("@") and path.leaf not in GATHERING:
        names.append(path.leaf)
    yield tuple(names)
