"""What a JSON manifest says of the whole is not said of each part: values, weights and numbers stand at one of three levels.

    {"total_value": 50, "items": [{"price": 9}, {"price": 16}]}     50 is what the shipment is worth, and no goods line
    {"items": [{"weight": 0.2}, {"weight": 0.3}]}                   the shipment weighs 0.5
    {"weight": 1250, "shipments": [{...}, {...}]}                   no shipment weighs 1250
    {"lines": [{"house_bill": "A"}, {"house_bill": "B"}]}           rows of two shipments, no goods of one

Everything else (currency, origin, consignee) is handed down. What is not gets a name that no column has, and so is told
(CSV-EXTRA-COLUMN). Shapes that a partner's own mapping reads are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.formats.sums import total
from gateway.formats.tabular.layout import KEYS, VALUES, Header

_WEIGHTS = frozenset(("weight", "weight_kg", "weight_g", "weight_lb"))
_AMOUNTS = frozenset(VALUES)
_OF_WEIGHT = _WEIGHTS | {"weight_unit"}
_OF_ONE = frozenset((*VALUES, "quantity"))  # of the goods line that has it
_OF_ITS_SHIPMENT = _OF_ONE | _WEIGHTS | {"pieces", "shipment_value"}
_OF_A_PRODUCT = frozenset(("barcode",))  # in a goods line; beside a consignee it is that of the parcel
_SHAPES = 64  # sets of keys that are remembered

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of an object and its list. apart: the list holds rows of several shipments; own, lines: key -> its new name."""

    apart: bool
    own: Texts
    lines: Texts
    weights: tuple[str, ...]  # keys of the lines that are added up


class Levels:
    """Sorts out what stands at which level. header: of the table, whose partner may say what a key means."""

    def __init__(self, header: Header, group_by: Sequence[str]) -> None:
        self._header, self._keys = header, group_by or KEYS
        self._plans: dict[Any, _Plan] = {}
        self.written: Texts = {}  # shipment_value -> the key of the sender that it came of first

    def of_document(self, shared: Texts, shipments: list[Any]) -> Texts:
        """Return what a document hands down to its shipments: not what counts or weighs all of them."""
        if len(shipments) < 2:
            return shared
        return {_named(n, "document") if self._header.means(n) in _OF_ITS_SHIPMENT else n: t for n, t in shared.items()}

    def of_shipment(self, own: Texts, lines: list[Texts]) -> tuple[bool, Texts, list[Texts]]:
        """Return whether the lines are rows of several shipments, and what is read of an object and of its lines."""
        plan = self._plan(len(lines) > 1, tuple(own), frozenset[str]().union(*lines))
        if plan.own:
            own = {plan.own.get(name, name): text for name, text in own.items()}
        if plan.lines:
            lines = [{plan.lines.get(name, name): text for name, text in line.items()} for line in lines]
        for name in plan.weights:
            texts = [line.get(name, "") for line in lines]
            own = {**own, name: total(texts) or " + ".join(texts)}
        return plan.apart, own, lines

    def _plan(self, several: bool, own: tuple[str, ...], lines: frozenset[str]) -> _Plan:
        key = several, own, lines
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _SHAPES:
                self._plans.clear()
            plan = self._plans[key] = self._made(several, own, lines)
        return plan

    def _made(self, several: bool, own: tuple[str, ...], lines: frozenset[str]) -> _Plan:
        of_own, of_lines = ({name: self._header.means(name) for name in names} for names in (own, sorted(lines)))
        products: Texts = {}
        if self._rank(of_own) < len(self._keys):
            products = {n: f"{n} (of the goods)" for n in of_lines if n.casefold() in _OF_A_PRODUCT}
        there = set(of_own.values())
        if not there.isdisjoint(_WEIGHTS):
            others = {n for n, m in of_lines.items() if m in _OF_WEIGHT and m not in there}
            products |= {n: f"{n} (of the goods)" for n in others}
        of_lines = {name: meant for name, meant in of_lines.items() if name not in products}
        if self._rank(of_lines) < self._rank(of_own):
            summed = {n: _named(n, "document") for n, m in of_own.items() if m in _OF_ITS_SHIPMENT} if several else {}
            return _Plan(True, summed, products, ())
        priced = not _AMOUNTS.isdisjoint(of_lines.values())
        whole: Texts = {}
        for name, meant in of_own.items():
            if (meant in VALUES and (several or priced)) or (meant == "quantity" and several):
                worth = meant == "item_value" and "shipment_value" not in (*of_own.values(), *whole.values())
                whole[name] = "shipment_value" if worth else _named(name, "shipment")
                if worth:
                    self.written.setdefault("shipment_value", name)
        weights = [n for n, m in of_lines.items() if m in _WEIGHTS and m not in there] if several else []
        return _Plan(False, whole, products, tuple(weights))

    def _rank(self, meant: Texts) -> int:
        """Return which of the numbers of a shipment an object has, the best of them; their count for none."""
        there = meant.values()
        return next((place for place, key in enumerate(self._keys) if key in there), len(self._keys))


def _named(name: str, level: str) -> str:
    return f"{name} (of the {level})"
