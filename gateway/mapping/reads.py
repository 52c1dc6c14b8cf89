"""Which elements of a document a mapping reads, as a tree of names below the unit; for formats whose documents say more.

GoodsShipment -> Consignee -> Name, Address -> Line, CityName
Origin/CountryCode; ../TypeCode; TransportContractDocument[TypeCode=703]/ID      sources, conditions, qualifiers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.mapping.compile import BINDINGS, Block
from gateway.mapping.grammar import parse_source, parse_when
from gateway.mapping.table import Row
from gateway.records import Path

Names = tuple[str, ...]


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


def _of_block(block: Block, unit: Names, *, above: bool, itself: bool) -> Iterator[Names]:
    """Yield what a block reads. above: its paths start at the root; itself: its node is the unit."""
    starts: list[Names] = []
    for row, path, _ in block.bindings:
        found = list(_of_path(path, (), unit, "", above=above))
        yield from found
        starts.append(found[-1] if found else ())
        yield from _of_row(row, (), unit, "", above=above, binding=True)
    rows = [row for row, _ in block.actions] + [row for of_it in block.rows.values() for row in of_it]
    for start in [()] if itself or above or not starts else dict.fromkeys(starts):
        for row in rows:
            yield from _of_row(row, start, unit, block.at, above=above)


def _of_row(row: Row, start: Names, unit: Names, at: str, *, above: bool, binding: bool = False) -> Iterator[Names]:
    sources = [] if binding or row.target in BINDINGS else list(parse_source(row.source))
    for source in (*sources, *(test.source for test in parse_when(row.when))):
        if source.path is not None:
            yield from _of_path(source.path, start, unit, at, above=above)


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
            del names[-1:]
            continue
        names.append(step.name)
        if step.values:
            qualifiers = (step.qualifier or "TypeCode").split("+")
            yield from ((*names, name) for name in qualifiers if not name.startswith("@"))
    yield tuple(names)
