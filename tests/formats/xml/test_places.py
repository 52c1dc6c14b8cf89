"""What is known of a place of a document says the same as a look at each of its elements."""

from __future__ import annotations

import pytest

from gateway.formats.xml import places
from gateway.formats.xml.kinds import kinds_of
from gateway.formats.xml.places import Places
from tests.drops import drop, sample

NAMES = ["05_xfhl_3houses_v3", "09_xfzb_business_errors", "10_xfzb_wrong_order_bad_unit", "12_xfhl_fat_nonstandard", "13_xfhl_sum_mismatch_dup", "15_itmatt_gateway_profile", "14_wco_declaration_min"]  # fmt: skip


def told(data: bytes) -> list[object]:
    return [(f.rule, f.message, f.position) for f in drop(data, name="m.xml").findings()]


@pytest.mark.parametrize("name", NAMES)
def test_places_that_are_not_remembered_say_the_same(name, monkeypatch):
    data = sample(f"xml/{name}.xml")
    found = told(data)
    for remembered, attributes in ((0, 0), (3, 0), (10_000, 1), (10_000, 64)):
        monkeypatch.setattr(places, "_made", {})
        monkeypatch.setattr(places, "_MOST", remembered)
        monkeypatch.setattr(places, "_ATTRIBUTES", attributes)
        assert told(data) == found


def test_a_place_knows_the_way_to_the_units():
    (kind,) = (kind for kind in kinds_of("gateway.formats.cargo_xml") if kind.type == "XFHL" and kind.unit)
    root = Places(kind).root
    group = root["{iata}MasterConsignment"]
    house = group["{iata}IncludedHouseConsignment"]
    weight, other = house["{iata}GrossWeightMeasure"], house["Other"]
    elsewhere = root["IncludedHouseConsignment"]
    assert [one.outer for one in (root, group, house, weight, elsewhere)] == [True, True, True, False, True]
    assert [one.unit for one in (root, group, house, weight, elsewhere)] == [False, False, True, False, False]
    assert (group.group, house.group, elsewhere.named, weight.named) == (True, False, True, False)
    assert weight.weighs and weight.once and weight.rank > 0
    assert (other.rank, other.once, other.weighs) == (-1, False, False)
    assert group["{iata}IncludedHouseConsignment"] is house


def test_the_whole_document_as_the_unit():
    root = Places().root
    inner = root["Waybill"]["Waybill"]
    assert root.unit and root.outer and not root.named
    assert inner.outer and not inner.unit
