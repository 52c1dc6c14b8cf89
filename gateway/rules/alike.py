"""Shipments of one file that look like one another: parcels named twice, persons who may be one person, lots of one order.

What is remembered is bounded, so that a file of a million shipments needs no more memory than one of ten thousand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from gateway.findings import Finding, Scope, Severity
from gateway.history import Lot, bare_number
from gateway.rules.persons import person_of, street_of, street_words_of
from gateway.rules.tables import normal
from gateway.rules.values import LIMIT_USD

_REMEMBERED = 10_000  # entries of each kind
_HUB = 20  # persons at one address: above that it is a hub or a tower, and alike names tell nothing
_NAMED = 5  # shipments named in a warning
_NOTHING: list[Finding] = []
_V = TypeVar("_V")


class Recent(Generic[_V]):
    """A dictionary of the last entries: at least half of `most`, at most all of it."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._half = max(most // 2, 1)
        self._young: dict[Any, _V] = {}
        self._old: dict[Any, _V] = {}

    def get(self, key: Any) -> _V | None:
        """Return an entry, None when it is not (or no longer) there."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def put(self, key: Any, value: _V) -> None:
        """Add an entry."""
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = value


class Twins:
    """Parcels with the same recipient, day, goods and value under different numbers."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._seen: Recent[str] = Recent(most)

    def check(self, draft: dict[str, Any], person: str, day: str, number: str) -> list[Finding]:
        """Return a warning when an earlier shipment looks like this one."""
        items = draft.get("items")
        if not person or not items:
            return _NOTHING
        goods = items[0].get("enhanced_product_description")
        key = hash((person, day, draft.get("fair_retail_value_usd"), goods, len(items)))  # 64 bits: short, and enough
        first = self._seen.get(key)
        if first is None:
            self._seen.put(key, number)
            return _NOTHING
        if first == number:
            return _NOTHING
        said = f"Parcel {first} of this file goes to the same person on the same day, with the same goods and value: is it one parcel twice?"
        return [_warn("Q-TWIN", said, "shipment_id", "/shipment_id", number)]


class Masters:
    """Master bills of one message: one that several shipments travel under is the number of none of them."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._seen: Recent[str] = Recent(most)

    def check(self, draft: dict[str, Any], purpose: str) -> list[Finding]:
        """Return an error when a shipment has no number but a master bill that stands at another shipment, too."""
        master = draft.get("master_bill_number")
        if not master:
            return _NOTHING
        if "house_bill_number" in draft or "shipment_tracking_number" in draft:
            self._seen.put(master, "seen")
            return _NOTHING
        before = self._seen.get(master)
        if purpose != "amend":
            self._seen.put(master, "" if purpose == "cancel" else "seen")
        if not before or purpose != "original":
            return _NOTHING
        said = (
            f"The shipment has no number of its own: master bill {master} is that of another shipment of this message."
        )
        return [
            Finding(
                "S321-ID-1OF",
                Severity.ERROR,
                Scope.SHIPMENT,
                said,
                target="shipment_id",
                pointer="/master_bill_number",
                value=master,
            )
        ]


class Neighbours:
    """Persons with almost the same name at one address, who may be one person of the USD 800 sum.

    Same day, ZIP code, house number and first word of the street; names alike: the longest word has the same
    consonants (EXAMPLE, EXAMPEL, J. EXAMPLE). Names are kept in memory only.
    """

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._at: Recent[_First | list[_Person]] = Recent(most)

    def check(self, party: dict[str, Any], person: str, day: str, value: Decimal, number: str) -> list[Finding]:
        """Count a shipment in; return a warning when it takes the persons together above the limit, none of them alone."""
        street = street_words_of(street_of(party))
        street = street[: 3 if street[:2] == ("PO", "BOX") else 2]
        if len(street) < 2:
            return _NOTHING
        place = hash((day, str(party.get("postal_code", ""))[:5], *street))
        there = self._at.get(place)
        name = str(party.get("name", ""))
        if there is None:
            self._at.put(place, (hash(person), name, value, number))
            return _NOTHING
        if isinstance(there, tuple):
            there = [_Person(*there[:3], there[3:])]
            self._at.put(place, there)
        key = hash(person)
        own = next((one for one in there if one.key == key), None)
        if own is None:
            if len(there) >= _HUB:
                return _NOTHING
            own = _Person(key, name, Decimal(0), ())
            there.append(own)
        own.total += value
        own.numbers = (*own.numbers[1 - _NAMED :], number)
        return self._alike(own, there, value, day) if len(there) > 1 else _NOTHING

    def _alike(self, own: _Person, there: list[_Person], value: Decimal, day: str) -> list[Finding]:
        name = _skeleton(own.name)
        alike = [one for one in there if one is own or _skeleton(one.name) == name]
        total = sum((one.total for one in alike), Decimal(0))
        if len(alike) < 2 or total <= LIMIT_USD or total - value > LIMIT_USD or own.total > LIMIT_USD:
            return _NOTHING
        others = ", ".join(n for one in alike if one is not own for n in one.numbers)
        said = f"Persons of similar name at one address get goods of {total:.2f} USD on {day} in this file (with {others}): are they one person? The limit is 800.00 USD a day."
        return [_warn("S321-AGG-NEAR", said, "fair_retail_value_usd", "/items/0/total_value/amount", f"{total:.2f}")]


_First = tuple[int, str, Decimal, str]
"""The only shipment to an address so far, as it is with most: hash of the person, name, USD, number."""


Past = Callable[[str], list[Lot]]
"""Person -> shipments of orders that were accepted before."""


class Lots:
    """Shipments of one order to one person on several days: lots that were split to keep each below the limit.

    The exemption is denied to them (19 U.S.C. 1321(a)(2)); those of one day are in the sum of the person anyway.
    """

    def __init__(self, most: int = _REMEMBERED) -> None:
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
                return [_warn("S321-SPLIT", said, "references.value", pointer, text)]
        return _NOTHING


Orders = Sequence[tuple[int, str]]
"""Index among the references, and the key of person and number, of each order and invoice of a shipment."""


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
_DAYS = 30  # ours: further apart it is another order under the same number


@dataclass(slots=True)
class _Order:
    first: str  # number of its first lot, "" while there is none or it is another partner's
    told: str
    total: Decimal
    days: frozenset[str]


@dataclass(slots=True)
class _Person:
    key: int
    name: str
    total: Decimal
    numbers: tuple[str, ...]


def _skeleton(name: str) -> str:
    """Return the consonants of the longest word of a name, each once, in the order of the alphabet.

    >>> _skeleton("Jordan Example") == _skeleton("EXAMPEL, J.")
    True
    """
    longest = max(normal(person_of(name)).split(), key=len, default="")
    consonants = "".join(sorted(set(longest) - set("AEIOUY")))
    return consonants if len(consonants) > 2 else longest  # LEE and ALI have too few to tell


def _warn(rule: str, said: str, target: str, pointer: str, value: str) -> Finding:
    return Finding(rule, Severity.WARNING, Scope.SHIPMENT, said, target=target, pointer=pointer, value=value)
