"""Names and addresses: placeholders, hubs, consolidators, US addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.rules.lost import LOST
from gateway.rules.tables import Tables, normal

OUTSIDE = frozenset(("VI", "GU", "AS", "MP"))  # outside the customs territory: 19 CFR 101.1, HTSUS General Note 2
_PO_BOX = re.compile(
    r"\bP\W{0,2}O\W{0,2}(?:BOX(?:\b|[0-9])|B\b\W{0,3}[0-9])|\bPOST OFFICE BOX\b|\bAPARTADO(?: POSTAL)?\W{0,3}[0-9]"
)
_POB = re.compile(r"P\W{0,2}O\W{0,2}B")
NO_ZIP = "00000"  # the lowest in use is 00501
_DTP = "final_deliver_to_party"


def check_parties(draft: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    """Yield what is wrong with shipper and consignee; values are personal and never stand in a message."""
    for role, words in ((_DTP, "consignee"), ("shipment_initiator", "shipper")):
        party = draft.get(role)
        if not isinstance(party, dict):
            continue
        if (given := party.get("name")) and _is_fake(normal(str(given)), tables):
            yield _finding(
                "S321-NAME-FAKE",
                Severity.ERROR,
                f"The {words} name is a placeholder, not a person or company.",
                role,
                "name",
                party,
            )
        street, city = party.get("address_line_1"), party.get("city")
        if isinstance(street, str) and is_no_street(street, party, tables.fake_addresses):
            said = f"The {words} street is a placeholder."
            yield _finding("S321-ADDR-FAKE", Severity.ERROR, said, role, "address_line_1", party)
        if isinstance(city, str) and city and is_no_city(city, tables.fake_addresses):
            said = f"The {words} city is a placeholder."
            yield _finding("S321-ADDR-FAKE", Severity.ERROR, said, role, "city", party)
        if not f"{given}{street}{city}".isascii():
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
        yield from _deliver_to(deliver, tables, mail=draft.get("mode_of_transportation") == "mail")


def _is_fake(name: str, tables: Tables) -> bool:
    """True for what is no name: a word of the list, such words only (UNKNOWN CUSTOMER), one letter, digits or signs only.

    Short words of the list (NA) may be a name when another stands beside them.
    """
    if len(name) < 2 or name in tables.fake_names:
        return True
    words = name.split()
    if words[0] in tables.fake_names or words[0].isdigit():
        return all(len(w) > 3 and w in tables.fake_names for w in words) or name.replace(" ", "").isdigit()
    return False


_SHORT = 24  # no placeholder of a street is longer


def is_no_street(text: str, party: dict[str, Any], fakes: frozenset[str]) -> bool:
    """True for a line that is there and holds a placeholder instead of a street."""
    if not 0 < len(text) <= _SHORT:
        return False
    if text[0] in "123456789" and text[-1].isalpha():  # the number of a house, as with most
        return False
    plain = normal(text)
    if plain.replace(" ", "").isdigit():  # the street of the number may stand in the next line
        return not any(map(str.isalpha, str(party.get("address_line_2", ""))))
    return not plain or plain in fakes


@lru_cache(4096)
def is_no_city(text: str, fakes: frozenset[str]) -> bool:
    """True for a placeholder instead of a city. Cities repeat: what was found is remembered."""
    plain = normal(text)
    return not plain or plain in fakes or plain.isdigit()


def _not_latin(role: str, words: str, party: dict[str, Any]) -> Iterator[Finding]:
    for field in ("name", "address_line_1", "city"):
        if not is_latin(str(party.get(field, ""))):
            said = f"The {words} {field.replace('_', ' ')} holds letters that are not Latin."
            yield _finding("Q-NON-LATIN", Severity.WARNING, said, role, field, party)


def _deliver_to(party: dict[str, Any], tables: Tables, *, mail: bool) -> Iterator[Finding]:
    country = party.get("country_code")
    if country and country not in ("US", "PR") and country not in OUTSIDE:
        yield _finding(
            "S321-DTP-US", Severity.ERROR, "The consignee is not in the United States.", _DTP, "country_code", party
        )
    elif country in OUTSIDE or (country == "US" and party.get("state_province") in OUTSIDE):
        yield _finding(
            "S321-DTP-US",
            Severity.ERROR,
            "The consignee's island lies outside the US customs territory.",
            _DTP,
            "country_code",
            party,
        )
    zip_code, state = str(party.get("postal_code", "")), str(party.get("state_province", ""))
    fitting = tables.zip_states.get(zip_code[:3]) or tables.zip_states.get(zip_code[:1])
    if country == "US" and len(state) == 2 and state not in tables.states:
        said = "The consignee's state is none of the United States."
        yield _finding("S321-ADDR-STATE", Severity.ERROR, said, _DTP, "state_province", party)
    elif country == "US" and zip_code[:5] == NO_ZIP:
        said = "The consignee ZIP code is a placeholder."
        yield _finding("S321-ADDR-FAKE", Severity.ERROR, said, _DTP, "postal_code", party)
    elif country == "US" and fitting is not None and len(state) == 2 and state not in fitting and len(zip_code) >= 5:
        yield _finding(
            "S321-ADDR-ZIPST",
            Severity.WARNING,
            "The ZIP code belongs to another state.",
            _DTP,
            "postal_code",
            party,
        )
    street = str(party.get("address_line_1", ""))
    if not mail and _is_po_box(f"{street} {party.get('address_line_2', '')}"):
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


def _is_po_box(address: str) -> bool:
    """True for PO BOX 12, P.O.B. 12, APARTADO 4; not for the boxes of rural routes and of military units, nor for a BOX STREET."""
    plain = address.upper()
    return (("O" in plain and "B" in plain) or "APARTADO" in plain) and _PO_BOX.search(plain) is not None


def are_po_boxes(addresses: Sequence[str]) -> list[int]:
    """Return which of many addresses are PO boxes, as `_is_po_box` has it."""
    joined = "\n".join(addresses).upper()
    if "BOX" not in joined and "APARTADO" not in joined and _POB.search(joined) is None:
        return []
    return [number for number, address in enumerate(addresses) if _is_po_box(address)]


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
