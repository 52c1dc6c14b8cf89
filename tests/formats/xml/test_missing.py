"""Elements that Cargo-XML demands and a message does not have."""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from tests.drops import drop, sample

BEFORE = parse_instant("2025-02-27T10:00:00Z")


def without(data: bytes, name: str, count: int = 1) -> bytes:
    gone = re.sub(rb"<ram:%s\b[^>]*>.*?</ram:%s>" % (name.encode(), name.encode()), b"", data, count=count, flags=re.S)
    assert gone != data
    return gone


def told(data: bytes) -> list[tuple[str, str]]:
    found = drop(data, now=BEFORE).findings()
    return [(f.message.partition(",")[0], f.severity.value) for f in found if f.rule == "XML-MISSING"]


@pytest.mark.parametrize("name", ["xml/01", "xml/02", "xml/03", "xml/04", "xml/05", "xml/06", "xml/11", "xml/12"])
def test_samples_have_all_that_is_demanded(name):
    assert told(sample(name)) == []


@pytest.mark.parametrize(
    ("name", "element", "where", "severity"),
    [
        ("xml/03", "SummaryDescription", "IncludedHouseConsignment has no SummaryDescription", "warning"),
        ("xml/03", "SignatoryCarrierAuthentication", "BusinessHeaderDocument has no SignatoryCarrierAuthentication", "info"),
        ("xml/03", "ApplicableFreightRateServiceCharge", "IncludedHouseConsignmentItem has no ApplicableFreightRateServiceCharge", "info"),
        ("xml/02", "TotalPieceQuantity", "MasterConsignment has no TotalPieceQuantity", "warning"),
        ("xml/02", "ApplicableTotalRating", "MasterConsignment has no ApplicableTotalRating", "info"),
        ("xml/05", "SequenceNumeric", "IncludedHouseConsignment has no SequenceNumeric", "warning"),
        ("xml/05", "IncludedTareGrossWeightMeasure", "MasterConsignment has no IncludedTareGrossWeightMeasure", "warning"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_once(name, element, where, severity):
    assert told(without(sample(name), element, count=0)) == [(where, severity)]
    assert drop(without(sample(name), element, count=0), now=BEFORE).outcome.counts.found == {"xml/05": 3}.get(name, 1)


def test_what_the_mapping_asks_for_is_told_by_it_alone():
    result = drop(without(sample("xml/03"), "ConsigneeParty"), now=BEFORE)
    assert "S321-ROLE-REQ" in result.rules() and "XML-MISSING" not in result.rules()
    result = drop(without(sample("xml/03"), "IncludedTareGrossWeightMeasure", count=0), now=BEFORE)
    assert "MAP-WEIGHT" in result.rules() and "XML-MISSING" not in result.rules()
