"""What looks wrong but may be right: told as warnings, never refused. Source: section 5.2 of the domain reference (CBP CSMS texts)."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.tables import normal
from gateway.rules.values import amount

_CONTAINER = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_MASK = re.compile(r"(?:no|do-?not|donot)[-_.]?reply|[^@]+@(?:marketplace\.amazon\.|members\.ebay\.|reply\.)", re.I)
TOKENS = frozenset(("0.01", "0.10", "0.99", "1.00", "1"))
_LIGHT = len("9.999")  # no longer text is a weight below 10 kg: kilograms have three decimals
_HEAVY_KG = 70  # a parcel that one person carries; couriers take no more
_HEAVY_JEWELLERY_KG = 30
_JEWELLERY = ("7113", "7114", "7116", "7117")
_NOTHING: list[Finding] = []


def check_suspects(draft: dict[str, Any]) -> list[Finding]:
    """Return warnings about one shipment: token value, weight, parties that are the same, dummy phones, containers."""
    found: list[Finding] = []
    money = draft.get("total_value")
    if isinstance(money, dict) and money.get("amount") in TOKENS and draft.get("transaction_nature") != "gift":
        said = f"The whole shipment is worth {money['amount']}: a token value is not the price that was paid."
        found.append(_warn("Q-VALUE-TOKEN", said, "total_value.amount", "/total_value/amount", money["amount"]))
    weight = draft.get("gross_weight_kg")
    if weight is not None and (len(weight) > _LIGHT or weight == "0.000"):
        _weight(draft, weight, found)
    back = draft.get("transaction_nature") == "return"
    for index, item in enumerate(draft.get("items") or ()):
        net = item.get("net_weight_kg")
        if net is not None and (net == "0.000" or (weight is not None and is_heavier(net, weight))):
            _line_weight(index, net, weight, found)
        if item.get("country_of_origin") == "US" and not back:
            said = f"Goods line {index + 1} was made in the United States: are these goods that come back?"
            pointer = f"/items/{index}/country_of_origin"
            found.append(_warn("Q-ORIGIN-US", said, "items.country_of_origin", pointer, "US"))
            back = True  # once is enough
    initiator, deliver = draft.get("shipment_initiator"), draft.get("final_deliver_to_party")
    if isinstance(initiator, dict) and isinstance(deliver, dict):
        _parties(initiator, deliver, found)
        if initiator.get("country_code") == "US" and draft.get("transaction_nature") != "return":
            said = "The shipper is in the United States: who sends the goods from abroad?"
            pointer = "/shipment_initiator/country_code"
            found.append(_warn("Q-SHIPPER-US", said, "shipment_initiator.country_code", pointer, "US"))
    if draft.get("mode_of_transportation") in ("ocean", "rail"):  # a trailer has a number of its owner
        _containers(draft, found)
    return found or _NOTHING


def check_pieces(draft: dict[str, Any]) -> list[Finding]:
    """Compare packages with goods lines, where both count the same unit."""
    count, unit, items = draft.get("package_count"), draft.get("package_unit"), draft.get("items") or []
    if not isinstance(count, int) or not unit:
        return _NOTHING
    total = Decimal(0)
    for item in items:
        quantity = amount(item.get("quantity")) if item.get("quantity_unit") == unit else None
        if quantity is None:
            return _NOTHING
        total += quantity
    if total == count:
        return _NOTHING
    return [
        _warn(
            "Q-QTY-MISMATCH",
            f"The bill says {count} {unit}, its goods lines add up to {total.normalize():f} {unit}.",
            "package_count",
            "/package_count",
            str(count),
        )
    ]


def _containers(draft: dict[str, Any], found: list[Finding]) -> None:
    for index, reference in enumerate(draft.get("references") or ()):
        number = str(reference.get("value", ""))
        if reference.get("type") == "container" and is_wrong_container(number):
            from stdnum import iso6346

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


@lru_cache(1024)
def is_wrong_container(number: str) -> bool:
    """True for the number of a container with another check digit (ISO 6346)."""
    if not _CONTAINER.fullmatch(number):
        return False
    from stdnum import iso6346  # imported for the first container: it brings ssl

    return not iso6346.is_valid(number)


def _weight(draft: dict[str, Any], weight: str, found: list[Finding]) -> None:
    kilograms = amount(weight)
    if kilograms is None:
        return
    pieces = draft.get("package_count") or 1
    if kilograms == 0:
        said = "The weight is 0 kg."
    elif kilograms > _HEAVY_JEWELLERY_KG * pieces and any(
        str(i.get("hts_number", "")).startswith(_JEWELLERY) for i in draft.get("items") or ()
    ):
        said = (
            f"The weight is {weight} kg for {pieces} package{'s' if pieces != 1 else ''} of jewellery: are these grams?"
        )
    elif kilograms > _HEAVY_KG * pieces:
        said = f"The weight is {weight} kg for {pieces} package{'s' if pieces != 1 else ''}: are these grams?"
    else:
        return
    found.append(_warn("Q-WEIGHT-ODD", said, "gross_weight_kg", "/gross_weight_kg", weight))


def is_heavier(net: str, gross: str) -> bool:
    """True when a weight is greater than another one; both have three decimals, so that texts can be compared."""
    return (len(net), net) > (len(gross), gross) and net[:1] != "-" != gross[:1]


def _line_weight(index: int, net: str, gross: Any, found: list[Finding]) -> None:
    """A line that is heavier than the whole shipment, or weighs nothing, was sent in another unit."""
    whole = f", the whole shipment {gross} kg" if net != "0.000" else ""
    said = f"Goods line {index + 1} weighs {net} kg{whole}."
    found.append(_warn("Q-WEIGHT-ODD", said, "items.net_weight_kg", f"/items/{index}/net_weight_kg", net))


def _parties(initiator: dict[str, Any], deliver: dict[str, Any], found: list[Finding]) -> None:
    if (
        initiator.get("postal_code") == deliver.get("postal_code")
        and initiator.get("name")
        and normal(str(initiator["name"])) == normal(str(deliver.get("name", "")))
    ):
        said = "Shipper and consignee are the same."
        found.append(_warn("Q-SAME-PARTY", said, "shipment_initiator.name", "/shipment_initiator/name"))
    for role, party in (("shipment_initiator", initiator), ("final_deliver_to_party", deliver)):
        email = party.get("email")
        if email and is_mask(email):
            said = "Nobody can be reached by the e-mail address: it is a mask or sends only."
            found.append(_warn("Q-EMAIL-MASK", said, f"{role}.email", f"/{role}/email", personal=True))
        phone = party.get("phone")
        if phone and is_dummy(phone):
            said = "The phone number is a dummy, not one that anybody answers."
            found.append(_warn("Q-PHONE-DUMMY", said, f"{role}.phone", f"/{role}/phone", personal=True))


def is_mask(email: str) -> bool:
    """True for an address at which nobody reads."""
    return _MASK.match(email) is not None


def is_dummy(phone: str) -> bool:
    """True for a number that somebody typed in to have one."""
    digits = phone.lstrip("+")
    return len(set(digits[-7:])) == 1 or "1234567" in digits


def _warn(
    rule: str, said: str, target: str, pointer: str, value: str | None = None, *, personal: bool = False
) -> Finding:
    return Finding(
        rule, Severity.WARNING, Scope.SHIPMENT, said, target=target, pointer=pointer, value=value, personal=personal
    )
