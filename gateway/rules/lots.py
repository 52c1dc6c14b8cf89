"""Lots of one order: shipments to one person on several days that were split to keep each below the limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any

from gateway.findings import Finding
from gateway.history import Lot, bare_number
from gateway.rules.alike import REMEMBERED, Recent, warn
from gateway.rules.values import LIMIT_USD

_NOTHING: list[Finding] = []

Past = Callable[[str], list[Lot]]
"""Person -> shipments of orders that were accepted before."""


class Lots:
    """Shipments of one order to one person on several days: lots that were split to keep each below the limit.

    The exemption is denied to them (19 U.S.C. 1321(a)(2)); those of one day are in the sum of the person anyway.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._orders: Recent[_Order] = Recent(most)

    def check(
        self, draft: dict[str, Any], orders: Orders, person: str, day: str, value: Decimal, number: str, past: Past
    ) -> list[Finding]:
        """Count a shipment in; return a warning when it takes an order above the limit. orders: see orders_of."""
        for index, key in orders:
            order = self._orders.get(key)
            if order is None:
                order = _before(key, day, number, past(person))
                self._orders.put(key, order)
            before = order.total
            order.total, order.days = before + value, order.days | {day}
            if not order.told:
                order.first, order.told = number, f"Shipment {number} of this file"
            if before <= LIMIT_USD < order.total and len(order.days) > 1 and order.first != number:
                said = f"{order.told} belongs to the same order and goes to the same person on another day; together they are worth {order.total:.2f} USD: lots of one order are one shipment."
                pointer, text = f"/references/{index}/value", str(draft["references"][index].get("value"))
                return [warn("S321-SPLIT", said, "references.value", pointer, text)]
        return _NOTHING


Orders = Sequence[tuple[int, str]]
"""Index among the references, and the key of person and number, of each order and invoice of a shipment."""


def with_orders(drafts: Sequence[dict[str, Any]]) -> list[int]:
    """Return the indexes of the shipments that may name orders or invoices; none when none of them does."""
    named = [(at, draft["references"]) for at, draft in enumerate(drafts) if draft.get("references")]
    try:
        if _ORDERS.isdisjoint(map(_type, chain.from_iterable([references for _, references in named]))):
            return []
    except (KeyError, TypeError):  # a reference is none; `orders_of` passes it by
        pass
    return [at for at, _ in named]


def orders_of(draft: dict[str, Any], person: str) -> Orders:
    """Return the orders that a shipment is a lot of."""
    references = draft.get("references") or ()
    types = [one.get("type") if type(one) is dict else "" for one in references]
    if _ORDERS.isdisjoint(types):
        return ()
    orders = []
    for index, (reference, kind) in enumerate(zip(references, types, strict=True)):
        if kind in _ORDERS:
            text = f"{person} {kind} {bare_number(str(reference.get('value')))}"
            orders.append((index, hashlib.blake2b(text.encode(), digest_size=8).hexdigest()))
    return orders


def _before(key: str, day: str, number: str, lots: list[Lot]) -> _Order:
    """Return an order as the files before left it. A lot that this shipment takes the place of counts no more."""
    near = [lot for lot in lots if key in lot.orders.split() and lot.key.removeprefix("test:") != number]
    near = [lot for lot in near if abs((date.fromisoformat(lot.day) - date.fromisoformat(day)).days) <= _DAYS]
    first = next((lot.key.removeprefix("test:") for lot in near if lot.key), "")
    told = f"Shipment {first}, accepted before," if first else "A shipment accepted before" if near else ""
    return _Order(first, told, sum((lot.value_usd for lot in near), Decimal(0)), frozenset(lot.day for lot in near))


_ORDERS = frozenset(("order_number", "invoice_number"))
_type = itemgetter("type")
_DAYS = 30  # ours: further apart it is another order under the same number


@dataclass(slots=True)
class _Order:
    first: str  # number of its first lot, "" while there is none or it is another partner's
    told: str
    total: Decimal
    days: frozenset[str]
