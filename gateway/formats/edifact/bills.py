"""Several bills in one shipment's segments: all but one would vanish without a word, so the shipment is refused.

    CNI+1'  RFF+BM:B1'  NAD..  GID+1+1:CT'  FTX..     a bill, its parties and goods
            RFF+BM:B2'  NAD..  GID+1+2:CT'  FTX..     another one: CUSCAR, two RFF groups of a CNI that hold goods

The directory has goods under each RFF, and real senders repeat RFF for further numbers of one bill. So the goods tell: a
GID with nothing but its number, which stands there because the directory demands one, holds none. The house bills of
segments that mapping rows cannot compare (RFF of the consignment, of its carriage, of its goods lines) must be the same too.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.composites import first_components, separators_of
from gateway.formats.edifact.leaves import goods_of
from gateway.kinds import UNKNOWN, Kinds, Seat
from gateway.records import Node

_NAMED = 5  # bills whose numbers are told
_HOUSE = frozenset(("HWB", "BH"))  # RFF 1153


def several_bills(unit: Node, root: Node) -> Finding | None:
    """Return the refusal of a shipment that holds several bills."""
    if unit.kinds is not None and _is_one(unit.kinds):
        return None
    children = unit.children or {}
    references = children.get("RFF", ())
    with_goods = [bill for bill in references if any(map(_holds_goods, (bill.children or {}).get("GID", ())))]
    if len(with_goods) > 1:
        told = (first_components(bill, 1, 2, separators_of(root))[1].strip() for bill in with_goods)
        numbers = list(filter(None, told))
        named = f" ({', '.join(numbers[:_NAMED])}{', ...' if len(numbers) > _NAMED else ''})" if numbers else ""
        said = (
            f"{len(with_goods)} RFF groups of the consignment hold goods of their own (GID){named}: each is a bill, and a "
            "consignment is one. Send one CNI group for each bill, with the master bill as RFF+MB or MWB in each."
        )
        return Finding("MAP-AMBIGUOUS", Severity.ERROR, Scope.SHIPMENT, said, with_goods[1].place())
    below = [*children.get("TDT", ()), *children.get("GID", ())]
    for bill in references:
        if bill.children is not None:
            below += bill.children.get("TDT", ())
    deeper = [reference for node in below if node.children is not None for reference in node.children.get("RFF", ())]
    return _differing([*references, *deeper], root) if deeper else None


@lru_cache(4096)
def _is_one(kinds: Kinds) -> bool:
    """True when shipments of these kinds can hold one bill only: one RFF with goods, one house bill wherever it may stand."""
    references = _references(kinds)
    if references is None or sum("GID" in (seat.kinds or ()) for seat in references) > 1:
        return False
    below = [kinds, *(seat.kinds for seat in references if seat.kinds is not None)]
    carriers = [_below(owner, "TDT") for owner in below] + [_below(kinds, "GID")]
    deeper = [
        _references(seat.kinds) for seats in carriers if seats is not None for seat in seats if seat.kinds is not None
    ]
    if None in carriers or None in deeper:
        return False
    houses = [
        seat
        for seats in (references, *deeper)
        for seat in seats or ()
        if _HOUSE.union((UNKNOWN,)).intersection(seat.codes)
    ]
    return len(houses) < 2


def _below(kinds: Kinds, tag: str) -> tuple[Seat, ...] | None:
    return kinds.seats[tag] if tag in kinds else ()


def _references(kinds: Kinds) -> tuple[Seat, ...] | None:
    return _below(kinds, "RFF")


def leave_out_empty_lines(unit: Node) -> None:
    """Take GID with nothing but their number out of RFF groups without goods, where another group of the consignment has some.

    The directory demands a GID under each RFF: such a line is no goods line that lacks its description and value.
    """
    references = (unit.children or {}).get("RFF", ())
    if len(references) < 2:
        return
    lines = [(bill, bill.children["GID"]) for bill in references if bill.children and "GID" in bill.children]
    empty = [bill for bill, goods in lines if not any(map(_holds_goods, goods))]
    if not empty or len(empty) == len(lines):
        return
    unit.kinds = None
    goods_of.cache_clear()
    for bill in references:
        bill.kinds = None  # what stands below them has changed
        if bill in empty and bill.children is not None:
            del bill.children["GID"]


def _holds_goods(line: Node) -> bool:
    return bool(line.children) or bool(line.element(2))


def _differing(references: list[Node], root: Node) -> Finding | None:
    s = separators_of(root)
    numbers: dict[str, Node] = {}
    for reference in references:
        kind, number = first_components(reference, 1, 2, s)
        if kind.strip() in _HOUSE and number.strip():
            numbers.setdefault(number.strip(), reference)
    if len(numbers) < 2:
        return None
    said = f"The consignment names several house bills (RFF+HWB or BH, {len(numbers)} numbers): send one consignment for each."
    place = list(numbers.values())[1].place(1, 2, "1154")
    return Finding("MAP-AMBIGUOUS", Severity.ERROR, Scope.SHIPMENT, said, place)
