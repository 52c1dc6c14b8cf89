"""The country of shipment is that of who ships, not of who sells."""

from __future__ import annotations

import re

import pytest

from tests.drops import drop, sample
from tests.test_nothing_silent import BEFORE

SELLER = b"NAD+SE+++SELLER GMBH+1 ALLEE+BERLIN++10115+DE'"
CONSIGNOR = b"NAD+CZ+++SHIPPER CO+1 IND RD+SHENZHEN++518000+CN'"


def recounted(data: bytes) -> bytes:
    """Return a file of one message with the right number of segments in its trailer."""
    count = re.search(rb"UNH\+.*UNT\+", data, re.S)
    assert count is not None
    return re.sub(rb"UNT\+[0-9]+", b"UNT+%d" % (count[0].count(b"'") + 1), data)


@pytest.mark.parametrize("name", ["edifact/01", "edifact/15"])
@pytest.mark.parametrize("parties", [SELLER + CONSIGNOR, CONSIGNOR + SELLER], ids=["seller first", "consignor first"])
def test_a_consignor_beside_a_seller_tells_the_country_of_shipment(name: str, parties: bytes) -> None:
    data = re.sub(rb"LOC\+(?:35|9)\+[^']*'\s*", b"", sample(name).replace(b"202510", b"202503"))
    found = re.search(rb"NAD\+(?:CZ|OS|SE|EX)\+[^']*'", data)
    assert found is not None
    result = drop(recounted(data.replace(found[0], parties, 1)), now=BEFORE)
    first = result.messages()[0]["shipments"][0]
    assert first["country_of_shipment"] == "CN"
    assert first["shipment_initiator"]["name"] == "SELLER GMBH"
