"""What a set says its goods come to, against what they do: CTT-02 of an 856, L3 of a 110 and a 310.

    CTT*8*12~        hash total: the sum of SN1-02 (unverified: that it is this element in all releases)
    L3*6*G*...*2*~   weight (L3-01, of the kind L3-02, in L3-12) and pieces (L3-11) of all L0

Remarks on the set. A sum in which something is missing is none, and is not compared. The L3 of a 204 is not either: its
goods stand at the pick-up and at the delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.findings import Finding, Scope, Severity
from gateway.formats.sums import is_plain, total
from gateway.records import Node

_LINE = {"856": "SN1", "110": "L0", "310": "L0"}
"""Set -> the segment whose numbers are added up."""
_PIECES, _WEIGHT, _KIND, _UNIT = 8, 4, 5, 11  # of L0; L3 has pieces in 11, weight in 1, its kind in 2, its unit in 12


class GoodsTotals:
    """The numbers of the goods of one set so far."""

    def __init__(self, set_id: str) -> None:
        self._tag = _LINE.get(set_id, "")
        self.on = bool(self._tag)
        self._lines: list[tuple[str, ...]] = []

    def take(self, unit: Node) -> None:
        """Note the goods of a shipment."""
        for node in _below(unit, self._tag):
            numbers = (2,) if self._tag == "SN1" else (_PIECES, _WEIGHT, _KIND, _UNIT)
            self._lines.append(tuple(node.element(n).strip() for n in numbers))

    def check(self, root: Node) -> Iterator[Finding]:
        """Yield where a total of the set differs."""
        if not self.on:
            return
        above = root.children or {}
        if "LX" in above:  # the set is one shipment, that was not handed out
            self.take(root)
        for ctt in above.get("CTT", ())[:1] if self._tag == "SN1" else ():
            yield from _hash_total(ctt, [line[0] for line in self._lines])
        for l3 in above.get("L3", ())[:1] if self._tag == "L0" else ():
            yield from self._pieces_and_weight(l3)

    def _pieces_and_weight(self, l3: Node) -> Iterator[Finding]:
        yield from _differs(l3, 11, "80", total([line[0] for line in self._lines]), "pieces (L0-08)")
        kinds, units = {line[2] for line in self._lines}, {line[3] for line in self._lines}
        if kinds == {l3.element(2).strip()} and (units == {l3.element(12).strip()} or not l3.element(12).strip()):
            yield from _differs(l3, 1, "81", total([line[1] for line in self._lines]), "weights (L0-04)")


def _below(node: Node, tag: str) -> Iterator[Node]:
    """Yield the segments of a kind below a shipment, in the loops of its goods (HL, LX, L5)."""
    children = node.children or {}
    yield from children.get(tag, ())
    for loop in ("HL", "LX", "L5"):
        for inner in children.get(loop, ()):
            yield from _below(inner, tag)


def _differs(node: Node, element: int, data_element: str, total_of: str, what: str) -> Iterator[Finding]:
    told = node.element(element).strip()
    if total_of and is_plain(told) and Decimal(told) != Decimal(total_of):
        said = f"{node.tag}-{element:02} says {told}, but the {what} of the set add up to {total_of}."
        place = node.place(element, data_element=data_element)
        yield Finding("X12-TOTAL", Severity.WARNING, Scope.MESSAGE, said, place, value=told)


def _hash_total(ctt: Node, numbers: list[str]) -> Iterator[Finding]:
    """Compare CTT-02, with the sum or with that of the digits alone, as DE 347 is explained: 0.18 and 1.8 are 18 and 18."""
    told, summed = ctt.element(2).strip(), total(numbers)
    digits = total(["".join(c for c in number if c.isdigit()) for number in numbers])
    if summed and digits and is_plain(told) and Decimal(told) != Decimal(digits):
        yield from _differs(ctt, 2, "347", summed, "pieces (SN1-02)")
