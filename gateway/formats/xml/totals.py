"""Totals of a list: what stands above the units against what the units say together (XFHL: the houses of an air waybill).

    TotalPieceQuantity=TotalPieceQuantity IncludedTareGrossWeightMeasure=GrossWeightMeasure ConsignmentItemQuantity=#

One pair for each total, of documents.csv: the element beside the units, and that of each unit; # counts the units.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gateway.findings import Finding, Scope, Severity
from gateway.formats.sums import is_plain
from gateway.formats.xml.nodes import XmlNode

_KILOGRAMS = {"": Decimal(1), "KGM": Decimal(1), "LBR": Decimal("0.45359237")}
_A_UNIT = Decimal("0.1")  # weights of houses are rounded: 0.1 kg each


class Totals:
    """Adds up one unit after the other."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._sums: dict[str, Decimal | None] = dict.fromkeys((above for above, _ in pairs), Decimal(0))
        self._pairs = pairs
        self._above: XmlNode | None = None
        self._units = 0

    def add(self, unit: XmlNode) -> None:
        """Add what a unit says; a sum in which something is missing is none."""
        self._above = unit.up
        self._units += 1
        for above, own in self._pairs:
            number = Decimal(1) if own == "#" else _number(unit, own)
            so_far = self._sums[above]
            self._sums[above] = None if number is None or so_far is None else so_far + number

    def compare(self) -> Iterator[Finding]:
        """Yield what the element above the units says otherwise."""
        if self._above is None:
            return
        for above, total in self._sums.items():
            told = _number(self._above, above)
            if told is None or total is None:
                continue
            allowed = _A_UNIT * self._units if above.endswith("Measure") else 0
            if abs(told - total) > allowed:
                node = _child(self._above, above)
                said = f"{above} says {told.normalize():f}, the houses of this message have {total.normalize():f}."
                place = node.here() if node is not None else self._above.here()
                yield Finding("FHL-MASTER-TOTAL", Severity.WARNING, Scope.MESSAGE, said, place, value=f"{told:f}")


def _child(node: XmlNode, name: str) -> XmlNode | None:
    below = (node.children or {}).get(name)
    return below[0] if below and isinstance(below[0], XmlNode) else None


def _number(node: XmlNode, name: str) -> Decimal | None:
    """Return the number of a child, a weight in kilograms; None when it is not there or no number."""
    child = _child(node, name)
    text = child.element(1).strip() if child is not None else ""
    factor = _KILOGRAMS.get((child.attributes or {}).get("unitCode", "").upper()) if child is not None else None
    return Decimal(text) * factor if factor is not None and is_plain(text) else None
