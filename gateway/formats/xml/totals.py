"""Totals of a list: what stands above the units against what the units say together (XFHL: the houses of an air waybill).

    MasterConsignment/TotalPieceQuantity=TotalPieceQuantity MasterConsignment/ConsignmentItemQuantity=# Header/@parcels=#

One pair for each total, of documents.csv: the path of the total from the root, and that of each unit; # counts the units.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from gateway.findings import Finding, Scope, Severity
from gateway.formats.sums import Sum, number_in
from gateway.formats.xml.kinds import Kind, steps_of
from gateway.formats.xml.known import House
from gateway.formats.xml.layouts import Layout
from gateway.formats.xml.nodes import XmlNode

_KILOGRAMS = {"": Decimal(1), "KGM": Decimal(1), "LBR": Decimal("0.45359237")}
_COUNT = ("#",)
_LONGEST = 40  # characters of a number or a unit
_A_UNIT = Decimal("0.1")  # weights of houses are rounded: 0.1 kg each


class Totals:
    """Adds up one unit after the other."""

    def __init__(self, kind: Kind) -> None:
        self._pairs = [(steps_of(above), steps_of(own)) for above, own in kind.totals]
        self._sums = [Sum() for _ in self._pairs]
        self._added = [(own, s) for (_, own), s in zip(self._pairs, self._sums, strict=True) if own != _COUNT]
        self._units = 0
        self._places: dict[Layout, list[tuple[int, int, Sum]]] = {}
        self._rule, self._what = kind.totals_as

    def add(self, unit: XmlNode) -> None:
        """Add what a unit says; a sum in which something is missing is none."""
        self._units += 1
        for own, so_far in self._added:
            so_far.add(_number(unit, own))

    def add_known(self, house: House) -> None:
        """Add what a unit of a known layout says."""
        layout, texts = house.layout, house.texts
        self._units += 1
        places = self._places.get(layout)
        if places is None:
            places = self._places[layout] = [(*_places(layout, own), s) for own, s in self._added]
        for text, unit, so_far in places:
            so_far.add(_number_of(texts[text] if text >= 0 else "", texts[unit] if unit >= 0 else ""))

    def compare(self, root: XmlNode) -> Iterator[Finding]:
        """Yield what stands above the units otherwise."""
        if not self._units:
            return
        for (above, own), summed in zip(self._pairs, self._sums, strict=True):
            told, total = _number(root, above), Decimal(self._units) if own == _COUNT else summed.value
            if told is None or total is None:
                continue
            name = above[-1].lstrip("@")
            allowed = _A_UNIT * self._units if name.endswith("Measure") else 0
            if abs(told - total) > allowed:
                said = f"{name} says {told.normalize():f}, the {self._what} of this message have {total.normalize():f}."
                place = (_node(root, above) or root).here(name if above[-1].startswith("@") else "")
                yield Finding(self._rule, Severity.WARNING, Scope.MESSAGE, said, place, value=f"{told:f}")


def _node(node: XmlNode, path: tuple[str, ...]) -> XmlNode | None:
    """Return the first element on a path, that of an attribute for one."""
    found: XmlNode | None = node
    for name in path:
        if found is None or name.startswith("@"):
            return found
        below = (found.children or {}).get(name)
        found = below[0] if below and isinstance(below[0], XmlNode) else None
    return found


def _number(node: XmlNode, path: tuple[str, ...]) -> Decimal | None:
    """Return the number at a path, a weight in kilograms; None when it is not there or no number."""
    found = _node(node, path)
    if found is None:
        return None
    attributes = found.attributes or {}
    text, unit = found.element(1), attributes.get("unitCode", "")
    if path[-1].startswith("@"):
        text, unit = attributes.get(path[-1][1:], ""), ""
    return _number_of(text, unit)


def _places(layout: Layout, path: tuple[str, ...]) -> tuple[int, int]:
    """Return the numbers of the texts of a number and its unit at a path, -1 for none."""
    seat = layout.seats[0]
    for name in path:
        if name.startswith("@"):
            return seat.attributes.get(name[1:], -1), -1
        if name not in seat.below:
            return -1, -1
        seat = layout.seats[seat.below[name][0]]
    return seat.text, seat.attributes.get("unitCode", -1)


def _number_of(text: str, unit: str) -> Decimal | None:
    text = text.strip()
    return _in_kilograms(text, unit) if len(text) <= _LONGEST and len(unit) <= _LONGEST else None


@lru_cache(1024)  # most parcels weigh what others do
def _in_kilograms(text: str, unit: str) -> Decimal | None:
    factor, number = _KILOGRAMS.get(unit.upper()), number_in(text)
    return None if factor is None or number is None else number * factor
