"""Names and addresses: placeholders, hubs, consolidators, US addresses; and the key of one person."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.lost import LOST
from gateway.rules.tables import Tables, normal

_OUTSIDE = frozenset(("VI", "GU", "AS", "MP"))  # outside the customs territory: 19 CFR 101.1, HTSUS General Note 2
_PO_BOX = re.compile(r"\bP\.?\s*O\.?\s*BOX\b|\bPOST OFFICE BOX\b", re.I)
_CARE_OF = re.compile(r"\bC/O\b.*", re.I)
_DTP = "final_deliver_to_party"


def check_parties(draft: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    """Yield what is wrong with shipper and consignee; values are personal and never stand in a message."""
    for role, words in ((_DTP, "consignee"), ("shipment_initiator", "shipper")):
        party = draft.get(role)
        if not isinstance(party, dict):
            continue
        name = normal(str(party.get("name", "")))
        if name and (name in tables.fake_names or len(name) == 1):
            yield _finding(
                "S321-NAME-FAKE",
                Severity.ERROR,
                f"The {words} name is a placeholder, not a person or company.",
                role,
                "name",
                party,
            )
        if not f"{party.get('name')}{party.get('address_line_1')}{party.get('city')}".isascii():
            yield from _not_latin(role, words, party)
    initiator, deliver = draft.get("shipment_initiator"), draft.get(_DTP)
    if (
        tables.consolidators
        and isinstance(initiator, dict)
        and normal(str(initiator.get("name", ""))) in tables.consolidators
    ):
        yield _finding(
            "S321-INIT-CONSOL",
            Severity.ERROR,
            "The shipper is a consolidator; the seller or sender of the parcel is asked for.",
            "shipment_initiator",
            "name",
            initiator,
        )
    if isinstance(deliver, dict):
        yield from _deliver_to(deliver, tables)


def _not_latin(role: str, words: str, party: dict[str, Any]) -> Iterator[Finding]:
    for field in ("name", "address_line_1", "city"):
        if not is_latin(str(party.get(field, ""))):
            said = f"The {words} {field.replace('_', ' ')} holds letters that are not Latin."
            yield _finding("Q-NON-LATIN", Severity.WARNING, said, role, field, party)


def _deliver_to(party: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    country = party.get("country_code")
    if country and country not in ("US", "PR") and country not in _OUTSIDE:
        yield _finding(
            "S321-DTP-US", Severity.ERROR, "The consignee is not in the United States.", _DTP, "country_code", party
        )
    elif country in _OUTSIDE or (country == "US" and party.get("state_province") in _OUTSIDE):
        yield _finding(
            "S321-DTP-US",
            Severity.ERROR,
            "The consignee's island lies outside the US customs territory.",
            _DTP,
            "country_code",
            party,
        )
    zip_code, state = str(party.get("postal_code", "")), str(party.get("state_province", ""))
    fitting = tables.zip_states.get(zip_code[:1])
    if country == "US" and fitting is not None and len(state) == 2 and state not in fitting and len(zip_code) >= 5:
        yield _finding(
            "S321-ADDR-ZIPST",
            Severity.WARNING,
            "The ZIP code belongs to another state.",
            _DTP,
            "postal_code",
            party,
        )
    street = str(party.get("address_line_1", ""))
    both = f"{street} {party.get('address_line_2', '')}".upper()
    if "BOX" in both and _PO_BOX.search(both):
        yield _finding(
            "Q-PO-BOX",
            Severity.WARNING,
            "The consignee address is a PO box; a parcel carrier cannot deliver there.",
            _DTP,
            "address_line_1",
            party,
        )
    if tables.hubs and (normal(street), zip_code[:5]) in tables.hubs:
        yield _finding(
            "S321-DTP-HUB",
            Severity.ERROR,
            "The consignee address is a hub, not the last recipient.",
            _DTP,
            "address_line_1",
            party,
        )


@lru_cache(2048)
def is_latin(text: str) -> bool:
    """True when every letter of a text is Latin and nothing in it is an emoji or another symbol outside Latin-1.

    What a lost character was nobody knows: it is told as such (gateway.rules.lost).
    """
    if text.isascii():
        return True
    for char in text:
        if ord(char) < 128 or char == LOST:
            continue
        category = unicodedata.category(char)
        if category[0] == "L" and "LATIN" not in unicodedata.name(char, ""):
            return False
        if category in ("So", "Sk", "Cs", "Co", "Cn") and ord(char) > 255:
            return False
    return True


def person_key(name: str, street: str, zip_code: str, secret: bytes, suffixes: Mapping[str, str]) -> str:
    """Return the keyed hash (BLAKE2b as a MAC, 32 hex digits) of a person: normalised name, street and ZIP5.

    suffixes: the USPS abbreviations. C/O parts are left out; nothing of the person can be read from it.
    """
    plain_name, plain_street = normal(_without_care_of(name)), normal(_without_care_of(street))
    words = " ".join([suffixes.get(w, w) for w in plain_street.split()])
    text = f"{plain_name}|{words}|{zip_code[:5]}".encode()
    return hashlib.blake2b(text, key=secret[:64], digest_size=16).hexdigest()


def _without_care_of(text: str) -> str:
    return _CARE_OF.sub("", text) if "/" in text else text


def _finding(rule: str, severity: Severity, message: str, role: str, field: str, party: dict[str, Any]) -> Finding:
    value = party.get(field)
    return Finding(
        rule,
        severity,
        Scope.SHIPMENT,
        message,
        target=f"{role}.{field}",
        pointer=f"/{role}/{field}",
        value=value if isinstance(value, str) else None,
        personal=True,
    )
