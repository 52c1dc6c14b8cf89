"""Sets whose loops are levels of HL: which levels a set has is told by its first segment (BSN-05), else by the partner.

    BSN*00*ID*20250115*0810*0004~   ->   S, O, I of S, O, P, I: the table without the loops of level P; unit HL[03=O]

The layouts are rows of hl_layouts.csv; `shipment_level` among the partner's options chooses one where BSN-05 does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import msgspec

from gateway.findings import Finding
from gateway.formats.x12.layout import LoopDef, SegmentUse, SetTable
from gateway.formats.x12.structure import Matcher
from gateway.records import Node
from gateway.shipped import files, table_rows

DEFAULT = "pack"
"""The partner's shipment_level where it names none."""
_CODE_ELEMENT = 5  # BSN-05, hierarchical structure code


class Layout(msgspec.Struct, frozen=True):
    """One row of hl_layouts.csv: the levels that a set has, from the outside, and which of them is a shipment."""

    set_id: str
    name: str
    levels: tuple[str, ...]
    codes: tuple[str, ...]
    shipment_level: str
    unit: str


@cache
def layouts(set_id: str = "") -> tuple[Layout, ...]:
    """Return the layouts of a set, of every set without a name; () when it has no levels."""
    text = files(__package__).joinpath("hl_layouts.csv").read_text("utf-8")
    return tuple(
        Layout(r["set"], r["name"], tuple(r["levels"].split()), tuple(r["codes"].split("|")), r["shipment_level"], r["unit"])
        for r in table_rows(text)
        if r["set"] == set_id or not set_id
    )  # fmt: skip


def choose(set_id: str, first: Node, shipment_level: str) -> Layout:
    """Return the layout that the first segment of a set names, else that of the partner."""
    code = first.element(_CODE_ELEMENT)
    rows = layouts(set_id)
    named = (row for row in rows if code in row.codes)
    return next(named, None) or next((row for row in rows if row.shipment_level == shipment_level), rows[0])


@lru_cache(32)
def with_levels(table: SetTable, levels: tuple[str, ...]) -> SetTable:
    """Return the table without the loops of HL levels that are not among `levels`; what stands below them moves up."""
    return msgspec.structs.replace(table, root=_kept(table, table.root, levels))


def _kept(table: SetTable, loop: LoopDef, levels: tuple[str, ...]) -> LoopDef:
    children: list[SegmentUse | LoopDef] = []
    for child in loop.children:
        if not isinstance(child, LoopDef):
            children.append(child)
            continue
        level = _level(table, child)
        if level and level not in levels:
            inner = [c for c in _kept(table, child, levels).children if isinstance(c, LoopDef) and _level(table, c)]
            children += [msgspec.structs.replace(c, pos=child.pos, use=child.use) for c in inner]
        else:
            children.append(_kept(table, child, levels))
    return msgspec.structs.replace(loop, children=children)


def _level(table: SetTable, loop: LoopDef) -> str:
    """Return the level of a loop that starts with HL, "" for other loops."""
    first = loop.children[0]
    segment = table.segments[first.definition] if isinstance(first, SegmentUse) else None
    return segment.elements[2].codes[0] if segment is not None and segment.tag == "HL" else ""


class Undecided:
    """Stands in for the Matcher of a set until its first segment is there, which `decide` makes the Matcher of."""

    completed: Node | None = None
    starts = None
    context = units = 0

    def __init__(self, decide: Callable[[Node | None], Matcher]) -> None:
        self._decide = decide

    def feed(self, node: Node) -> list[Finding]:
        """Hand the first segment to the Matcher that takes over."""
        return self._decide(node).feed(node)

    def end(self, node: Node | None) -> list[Finding]:
        """The set has no segments."""
        return self._decide(None).end(node)
