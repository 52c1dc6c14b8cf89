"""Units are read one by one and know what stands before them: what stands behind them, and is about them, is told."""

from __future__ import annotations

import re

import pytest

from gateway.history import MemoryHistory
from tests.drops import Drop, drop, sample
from tests.test_nothing_silent import BEFORE

XFHL = sample("xml/05").decode()
PREDES = sample("xml-extra/03").decode()


def moved(text: str, pattern: str, behind: str, **changes: str) -> Drop:
    """Read a document with one of its elements behind all shipments."""
    found = re.search(pattern, text, re.S)
    assert found is not None
    element = found[0]
    for old, new in changes.items():
        assert old in element
        element = element.replace(old, new)
    text = text.replace(found[0], "", 1).replace(behind, element + behind)
    return drop(text.encode(), MemoryHistory(), now=BEFORE, join_hours=24)


def told(result: Drop) -> list[tuple[str, str]]:
    return [(f.severity.value, f.message) for f in result.findings() if f.rule == "XML-ORDER"]


@pytest.mark.parametrize(
    ("text", "pattern", "behind", "name"),
    [
        (XFHL, r"\s*<ram:TransportContractDocument><ram:ID>999.*?</ram:TransportContractDocument>", "</rsm:MasterConsignment>", "TransportContractDocument"),
        (XFHL, r"\s*<ram:FinalDestinationLocation>.*?</ram:FinalDestinationLocation>", "</rsm:MasterConsignment>", "FinalDestinationLocation"),
        (PREDES, r"\s*<transport[^>]*/>", "</predes>", "transport"),
    ],
    ids=["air waybill", "destination", "transport"],
)  # fmt: skip
def test_what_shipments_were_read_without_is_told(text, pattern, behind, name):
    result = moved(text, pattern, behind)
    assert told(result) == [("warning", f"{name} stands behind the shipments that it is about; they were read without what it says.")]  # fmt: skip
    assert result.counts()[0] == 3


def test_a_header_behind_the_houses_is_no_original():
    result = moved(XFHL, r"\s*<rsm:MessageHeaderDocument>.*?</rsm:MessageHeaderDocument>", "</rsm:HouseManifest>", Creation="Deletion")  # fmt: skip
    assert told(result) == [("error", "MessageHeaderDocument stands behind the shipments; they were read without it, as originals.")]  # fmt: skip
    assert result.counts() == (3, 0, 3, 0)


def test_what_no_shipment_needs_may_stand_there():
    result = moved(XFHL, r"\s*<rsm:BusinessHeaderDocument>.*?</rsm:BusinessHeaderDocument>", "</rsm:HouseManifest>")
    assert told(result) == []
    assert told(moved(XFHL, r"\s*<ram:TotalPieceQuantity>.*?</ram:TotalPieceQuantity>", "</rsm:MasterConsignment>")) == [
        ("warning", "TotalPieceQuantity stands behind an element of MasterConsignment that follows it.")
    ]  # fmt: skip
