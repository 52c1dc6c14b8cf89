"""What comes again under a known number, in a format that has no word for a change: it amends what was accepted before.

    FHL  HBS/GWH1 ... K1.2     original
    FHL  HBS/GWH1 ... K1.2     S321-DUP: the same content, a duplicate
    FHL  HBS/GWH1 ... K1.4     S321-REPEAT: delivered with transmission_purpose amend

Which formats these are stands in map.toml (`repeat = "amend"`); `repeats = "refuse"` in the partner file refuses other content,
as in all other formats: a sender who can say "amend" and does not contradicts himself. So does a message that names one
shipment twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from gateway.canonical.encode import encode_shipment
from gateway.findings import Finding, Scope, Severity
from gateway.history import DaySum, ShipmentClaim, are_bare, bare_number
from gateway.judge import Judged
from gateway.profile import Profile

_OF_TODAY = frozenset(("regime_verdict", "fx_rate", "fx_date", "fair_retail_value_usd"))
_NUMBERS = frozenset(("shipment_id", "house_bill_number", "shipment_tracking_number"))


def amends(judged: Judged, profile: Profile) -> bool:
    """True when other content of a later message amends: the mapping says so, and the partner file not otherwise."""
    return profile.repeats == "amend" == getattr(getattr(judged.mapped, "program", None), "repeat", "")


def remark(draft: dict[str, Any], earlier: ShipmentClaim) -> Finding:
    """Return what is said of an amendment that was sent as an original."""
    said = f"Shipment {draft.get('shipment_id', '')} was already accepted ({earlier.where}) with other content; the format has no word for a change, so this one amends it."
    return Finding("S321-REPEAT", Severity.WARNING, Scope.SHIPMENT, said, target="shipment_id", pointer="/shipment_id")


def outdated(draft: dict[str, Any]) -> Finding:
    """Return why a shipment of an old file, judged again on a person's order, is refused whatever it is for."""
    number = str(draft.get("shipment_id", ""))
    said = f"Shipment {number} was changed or withdrawn by a file that came later than this one; what is old changes nothing back."
    return Finding(
        "S321-DUP", Severity.ERROR, Scope.SHIPMENT, said, target="shipment_id", pointer="/shipment_id", value=number
    )


def make_amendment(judged: Judged, draft: dict[str, Any]) -> None:
    """Turn an original into an amendment: what it is for stands in the shipment, in the head of its message and in the ledger."""
    judged.purpose = draft["transmission_purpose"] = "amend"
    judged.encoded = encode_shipment(draft)


def make_original(judged: Judged, draft: dict[str, Any]) -> None:
    """Turn an amendment of what was never delivered into the original that it is for the receiver."""
    judged.purpose = draft["transmission_purpose"] = "original"
    judged.encoded = encode_shipment(draft)


def without(of_day: DaySum, earlier: ShipmentClaim, key: str) -> DaySum:
    """Return the sum of a person and day without a shipment that another one takes the place of."""
    total, keys = of_day
    return total - earlier.value_usd, [other for other in keys if other != key]


def number_of(judged: Judged, draft: dict[str, Any]) -> str:
    """Return what a shipment is known by, as its sender wrote it."""
    return str(draft.get("shipment_id") or judged.id)


def content_of(draft: dict[str, Any], encoded: bytes) -> str:
    """Return what two reports of a shipment are compared by, as the history keeps it."""
    return _short(compared(draft, encoded))


def contents_of(drafts: Sequence[dict[str, Any]], encoded: Sequence[bytes]) -> list[str]:
    """Return `content_of` each shipment."""
    numbers = [draft[name] for name in _NUMBERS for draft in drafts if name in draft]
    if are_bare(numbers) and all("estimated_arrival_at" in draft for draft in drafts):
        return list(map(_short, encoded))
    return list(map(content_of, drafts, encoded))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def compared(draft: dict[str, Any], encoded: bytes) -> bytes:
    """Return what two reports of a shipment are compared by: its numbers bare, however they were written.

    And without what the gateway filled in for the day of processing: sent again tomorrow, it is the same.
    """
    changed: dict[str, Any] = {}
    for name in draft.keys() & _NUMBERS:
        if (number := draft[name]) != (bare := bare_number(number)):
            changed[name] = bare
    if "estimated_arrival_at" not in draft and "regime_verdict" in draft:
        return encode_shipment({name: value for name, value in {**draft, **changed}.items() if name not in _OF_TODAY})
    return encode_shipment({**draft, **changed}) if changed else encoded
