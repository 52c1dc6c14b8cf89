"""What a set says its goods come to, against what they do: CTT-02 of an 856, L3 of a 104, 110 and 310.

    CTT*8*12~        hash total: the sum of SN1-02 (unverified: that it is this element in all releases)
    L3*6*G*...*2*~   weight (L3-01, of the kind L3-02, in L3-12) and pieces (L3-11) of all L0

Remarks on the set. A sum in which something is missing is none, and is not compared. The L3 of a 204 is not either: its
goods stand at the pick-up and at the delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.findings import Finding, Scope, Severity
from gateway.formats.sums import Sum, number_in
from gateway.records import Node

_LINE = {"856": "SN1", "104": "L0", "110": "L0", "310": "L0"}
"""Set -> the segment whose numbers are added up."""


class GoodsTotals:
    """The sums of the goods of one set so far."""

    def __init__(self, set_id: str) -> None:
        self._tag = _LINE.get(set_id, "")
        self.on = bool(self._tag)
        self._pieces, self._digits, self._weight = Sum(), Sum(), Sum()
        self._kinds, self._units = set[str](), set[str]()  # of weights; two are enough to tell that they differ

    def take(self, unit: Node) -> None:
        """Add up the goods of a shipment."""
        for node in _below(unit, self._tag):
            if self._tag == "SN1":
                number = node.element(2).strip()
                self._pieces.add(number_in(number))
                self._digits.add(number_in("".join(c for c in number if c.isdigit())))
                continue
            self._pieces.add(number_in(node.element(8).strip()))
            self._weight.add(number_in(node.element(4).strip()))
            for seen, text in ((self._kinds, node.element(5).strip()), (self._units, node.element(11).strip())):
                if text and len(seen) < 2:
                    seen.add(text)

    def check(self, root: Node) -> Iterator[Finding]:
        """Yield where a total of the set differs."""
        if not self.on:
            return
        above = root.children or {}
        if "LX" in above:  # the set is one shipment, that was not handed out
            self.take(root)
        for ctt in above.get("CTT", ())[:1] if self._tag == "SN1" else ():
            # of the digits alone: so DE 347 is explained, 0.18 and 1.8 are 18 and 18
            yield from _differs(ctt, 2, "347", self._pieces.value, "pieces (SN1-02)", self._digits.value)
        for l3 in above.get("L3", ())[:1] if self._tag == "L0" else ():
            yield from _differs(l3, 11, "80", self._pieces.value, "pieces (L0-08)")
            unit = l3.element(12).strip()
            if self._kinds == {l3.element(2).strip()} and len(self._units | ({unit} if unit else set())) < 2:
                yield from _differs(l3, 1, "81", self._weight.value, "weights (L0-04)")


def _below(node: Node, tag: str) -> Iterator[Node]:
    """Yield the segments of a kind below a shipment, in the loops of its goods (HL, LX, L5)."""
    children = node.children or {}
    yield from children.get(tag, ())
    for loop in ("HL", "LX", "L5"):
        for inner in children.get(loop, ()):
            yield from _below(inner, tag)


def _differs(
    node: Node, element: int, data_element: str, summed: Decimal | None, what: str, other: Decimal | None = None
) -> Iterator[Finding]:
    text = node.element(element).strip()
    told = number_in(text)
    if summed is not None and told is not None and told not in (summed, other):
        said = f"{node.tag}-{element:02} says {text}, but the {what} of the set add up to {summed:f}."
        place = node.place(element, data_element=data_element)
        yield Finding("X12-TOTAL", Severity.WARNING, Scope.MESSAGE, said, place, value=text)
