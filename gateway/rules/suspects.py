"""What looks wrong but may be right: told as warnings, never refused. Source: section 5.2 of the domain reference (CBP CSMS texts)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stdnum import iso6346

from gateway.findings import Finding, Scope, Severity
from gateway.rules.tables import normal
from gateway.rules.values import LIMIT_USD, amount

_CONTAINER = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_TOKENS = frozenset(("0.01", "0.10", "0.99", "1.00", "1"))
_LIGHT = len("9.999")  # no longer text is a weight below 10 kg: kilograms have three decimals
_HEAVY_KG = 70  # a parcel that one person carries; couriers take no more
_NOTHING: list[Finding] = []


def check_suspects(draft: dict[str, Any]) -> list[Finding]:
    """Return warnings about one shipment: token value, weight, parties that are the same, dummy phones, containers."""
    found: list[Finding] = []
    money = draft.get("total_value")
    if isinstance(money, dict) and money.get("amount") in _TOKENS and draft.get("transaction_nature") != "gift":
        said = f"The whole shipment is worth {money['amount']}: a token value is not the price that was paid."
        found.append(_warn("Q-VALUE-TOKEN", said, "total_value.amount", "/total_value/amount", money["amount"]))
    weight = draft.get("gross_weight_kg")
    if weight is not None and (len(weight) > _LIGHT or weight == "0.000"):
        _weight(draft, weight, found)
    initiator, deliver = draft.get("shipment_initiator"), draft.get("final_deliver_to_party")
    if isinstance(initiator, dict) and isinstance(deliver, dict):
        _parties(initiator, deliver, found)
    if draft.get("mode_of_transportation") in ("ocean", "rail"):  # a trailer has a number of its owner
        _containers(draft, found)
    return found or _NOTHING


def _containers(draft: dict[str, Any], found: list[Finding]) -> None:
    for index, reference in enumerate(draft.get("references") or ()):
        number = str(reference.get("value", ""))
        if reference.get("type") == "container" and _CONTAINER.fullmatch(number) and not iso6346.is_valid(number):
            said = f"Container {number}: the check digit is {number[-1]}, expected {iso6346.calc_check_digit(number[:-1])}."
            pointer = f"/references/{index}/value"
            found.append(
                Finding(
                    "Q-CONTAINER-CHK",
                    Severity.INFO,
                    Scope.SHIPMENT,
                    said,
                    target="references.value",
                    pointer=pointer,
                    value=number,
                )
            )


def _weight(draft: dict[str, Any], weight: str, found: list[Finding]) -> None:
    kilograms = amount(weight)
    if kilograms is None:
        return
    pieces = draft.get("package_count") or 1
    if kilograms == 0:
        said = "The weight is 0 kg."
    elif kilograms > _HEAVY_KG * pieces:
        said = f"The weight is {weight} kg for {pieces} package{'s' if pieces != 1 else ''}: are these grams?"
    else:
        return
    found.append(_warn("Q-WEIGHT-ODD", said, "gross_weight_kg", "/gross_weight_kg", weight))


def _parties(initiator: dict[str, Any], deliver: dict[str, Any], found: list[Finding]) -> None:
    if (
        initiator.get("postal_code") == deliver.get("postal_code")
        and initiator.get("name")
        and normal(str(initiator["name"])) == normal(str(deliver.get("name", "")))
    ):
        said = "Shipper and consignee are the same."
        found.append(_warn("Q-SAME-PARTY", said, "shipment_initiator.name", "/shipment_initiator/name"))
    for role, party in (("shipment_initiator", initiator), ("final_deliver_to_party", deliver)):
        phone = party.get("phone")
        if phone and _dummy(phone):
            said = "The phone number is a dummy, not one that anybody answers."
            found.append(_warn("Q-PHONE-DUMMY", said, f"{role}.phone", f"/{role}/phone", personal=True))


def _dummy(phone: str) -> bool:
    digits = phone.lstrip("+")
    return len(set(digits[-7:])) == 1 or "1234567" in digits


def _warn(
    rule: str, said: str, target: str, pointer: str, value: str | None = None, *, personal: bool = False
) -> Finding:
    return Finding(
        rule, Severity.WARNING, Scope.SHIPMENT, said, target=target, pointer=pointer, value=value, personal=personal
    )


class Twins:
    """Parcels of one file with the same recipient, day, goods and value under different numbers.

    Bounded: the last 50,000 shipments of a file are compared.
    """

    _MOST = 50_000

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str, str, int], str] = {}

    def check(self, draft: dict[str, Any], person: str, day: str, number: str) -> list[Finding]:
        """Return a warning when an earlier shipment looks like this one."""
        items = draft.get("items")
        if not person or not items:
            return _NOTHING
        goods = str(items[0].get("enhanced_product_description"))
        key = (person, day, draft.get("fair_retail_value_usd", ""), goods, len(items))
        first = self._seen.setdefault(key, number)
        if len(self._seen) > self._MOST:
            self._seen.clear()
        if first == number:
            return _NOTHING
        said = f"Parcel {first} of this file goes to the same person on the same day, with the same goods and value: is it one parcel twice?"
        return [_warn("Q-TWIN", said, "shipment_id", "/shipment_id", number)]


class Neighbours:
    """Persons of one file with almost the same name at one address, who may be one person of the USD 800 sum.

    Same day, ZIP code, house number and first word of the street; names alike: the longest word has the same
    consonants (EXAMPLE, EXAMPEL, J. EXAMPLE). Bounded: the last 50,000 addresses of a file. Names are kept in memory only.
    """

    _MOST = 50_000

    def __init__(self) -> None:
        self._at: dict[tuple[str, str, str], dict[str, _Person]] = {}

    def check(self, party: dict[str, Any], person: str, day: str, value: Decimal, number: str) -> list[Finding]:
        """Count a shipment in; return a warning when it takes the persons together above the limit, none of them alone."""
        street = normal(str(party.get("address_line_1", ""))).split()[:2]
        key = (day, str(party.get("postal_code", ""))[:5], " ".join(street))
        there = self._at.get(key)
        if there is None:
            if len(self._at) >= self._MOST:
                self._at.clear()
            there = self._at[key] = {}
        own = there.get(person)
        if own is None:
            own = there[person] = _Person(str(party.get("name", "")), Decimal(0), [])
        own.total += value
        own.numbers.append(number)
        if len(there) < 2 or len(street) < 2:
            return _NOTHING
        name = _skeleton(own.name)
        alike = [one for one in there.values() if one is own or _skeleton(one.name) == name]
        total = sum((one.total for one in alike), Decimal(0))
        if len(alike) < 2 or total <= LIMIT_USD or total - value > LIMIT_USD or own.total > LIMIT_USD:
            return _NOTHING
        others = ", ".join(n for one in alike if one is not own for n in one.numbers[-5:])
        said = f"Persons of similar name at one address get goods of {total:.2f} USD on {day} in this file (with {others}): are they one person? The limit is 800.00 USD a day."
        return [_warn("S321-AGG-NEAR", said, "fair_retail_value_usd", "/items/0/total_value/amount", f"{total:.2f}")]


@dataclass(slots=True)
class _Person:
    name: str
    total: Decimal
    numbers: list[str]


def _skeleton(name: str) -> str:
    """Return the consonants of the longest word of a name, each once, in the order of the alphabet.

    >>> _skeleton("Jordan Example") == _skeleton("EXAMPEL, J.")
    True
    """
    longest = max(normal(name).split(), key=len, default="")
    consonants = "".join(sorted(set(longest) - set("AEIOUY")))
    return consonants if len(consonants) > 2 else longest  # LEE and ALI have too few to tell
