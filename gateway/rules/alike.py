"""Shipments of one file that look like one another: parcels named twice, persons who may be one person.

What is remembered is bounded, so that a file of a million shipments needs no more memory than one of ten thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from gateway.findings import Finding, Scope, Severity
from gateway.history import PersonDay
from gateway.rules.persons import person_of, street_of, street_words_of
from gateway.rules.tables import normal
from gateway.rules.values import LIMIT_USD

REMEMBERED = 10_000  # entries of each kind
_HUB = 20  # persons at one address: above that it is a hub or a tower, and alike names tell nothing
_NAMED = 5  # shipments named in a warning
_NOTHING: list[Finding] = []
_V = TypeVar("_V")


class Recent(Generic[_V]):
    """A dictionary of the last entries: at least half of `most`, at most all of it."""

    def __init__(self, most: int = REMEMBERED) -> None:
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

    def put_new(self, entries: dict[Any, _V], of: int) -> bool:
        """Add entries that are all new and as many as they should be (none of them twice); False when they are not."""
        keys = entries.keys()
        if len(entries) < of or not (keys.isdisjoint(self._young.keys()) and keys.isdisjoint(self._old.keys())):
            return False
        self.put_all(entries)
        return True

    def put_all(self, entries: dict[Any, _V]) -> None:
        """Add entries."""
        if len(self._young) + len(entries) <= self._half:
            self._young.update(entries)
            return
        for key, value in entries.items():
            self.put(key, value)


class Twins:
    """Parcels with the same recipient, day, goods and value under different numbers."""

    def __init__(self, most: int = REMEMBERED) -> None:
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
        return [warn("Q-TWIN", said, "shipment_id", "/shipment_id", number)]

    def check_all(
        self, drafts: Sequence[dict[str, Any]], of: Sequence[PersonDay], numbers: Sequence[str]
    ) -> dict[int, list[Finding]]:
        """Return what `check` says of shipments that follow each other, by their index."""
        items: list[Any] = [draft.get("items") for draft in drafts]
        if all(items):
            persons, days = zip(*of, strict=True)
            values = [draft.get("fair_retail_value_usd") for draft in drafts]
            goods = [lines[0].get("enhanced_product_description") for lines in items]
            keys = map(hash, zip(persons, days, values, goods, map(len, items), strict=True))
            if self._seen.put_new(dict(zip(keys, numbers, strict=True)), len(numbers)):
                return {}
        each = zip(drafts, of, numbers, strict=True)
        return {at: said for at, (draft, one, number) in enumerate(each) if (said := self.check(draft, *one, number))}


class Masters:
    """Master bills of one message: one that several shipments travel under is the number of none of them."""

    def __init__(self, most: int = REMEMBERED) -> None:
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

    def note(self, drafts: Sequence[dict[str, Any]]) -> None:
        """Remember the master bills of shipments with numbers of their own."""
        self._seen.put_all({master: "seen" for draft in drafts if (master := draft.get("master_bill_number"))})


class Neighbours:
    """Persons with almost the same name at one address, who may be one person of the USD 800 sum.

    Same day, ZIP code, house number and first word of the street; names alike: the longest word has the same
    consonants (EXAMPLE, EXAMPEL, J. EXAMPLE). Names are kept in memory only.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._at: Recent[_First | list[_Person]] = Recent(most)

    def check(self, party: dict[str, Any], person: str, day: str, value: Decimal, number: str) -> list[Finding]:
        """Count a shipment in; return a warning when it takes the persons together above the limit, none of them alone."""
        place = _place(party, day)
        return self._check(place, party, person, day, value, number) if place is not None else _NOTHING

    def check_all(
        self,
        parties: Sequence[dict[str, Any]],
        of: Sequence[PersonDay],
        values: Sequence[Decimal],
        numbers: Sequence[str],
    ) -> dict[int, list[Finding]]:
        """Return what `check` says of shipments that follow each other, by their index."""
        persons, days = zip(*of, strict=True)
        places = list(map(_place, parties, days))
        if None not in places:
            firsts = zip(map(hash, persons), [str(p.get("name", "")) for p in parties], values, numbers, strict=True)
            if self._at.put_new(dict(zip(places, firsts, strict=True)), len(places)):
                return {}
        each = enumerate(zip(places, parties, persons, days, values, numbers, strict=True))
        return {at: said for at, (place, *one) in each if place is not None and (said := self._check(place, *one))}

    def _check(
        self, place: int, party: dict[str, Any], person: str, day: str, value: Decimal, number: str
    ) -> list[Finding]:
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
        return [warn("S321-AGG-NEAR", said, "fair_retail_value_usd", "/items/0/total_value/amount", f"{total:.2f}")]


def _place(party: dict[str, Any], day: str) -> int | None:
    """Return what stands for a day, a ZIP code, a house number and the first word of a street; None without these."""
    street = street_words_of(street_of(party))
    if len(street) < 2:
        return None
    words = street[:3] if street[:2] == ("PO", "BOX") else street[:2]
    return hash((day, str(party.get("postal_code", ""))[:5], *words))


_First = tuple[int, str, Decimal, str]
"""The only shipment to an address so far, as it is with most: hash of the person, name, USD, number."""


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


def warn(rule: str, said: str, target: str, pointer: str, value: str) -> Finding:
    """Return a warning about a shipment."""
    return Finding(rule, Severity.WARNING, Scope.SHIPMENT, said, target=target, pointer=pointer, value=value)
