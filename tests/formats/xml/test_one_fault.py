"""One fault of one element is told once: the reader's remark goes where the mapping says that it cannot use the element."""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from gateway.findings import Severity
from gateway.results import ShipmentResult
from tests.drops import Drop, drop, sample

WHEN = parse_instant("2025-02-27T10:00:00Z")
HOUSE = b'<ram:IncludedTareGrossWeightMeasure unitCode="%s">1.250'
UNITS = {"XML-UNIT", "MAP-WEIGHT", "MAP-VALUE"}


def with_unit(name: str, old: bytes, new: bytes, **changes: object) -> Drop:
    data = sample(name)
    assert old in data
    return drop(data.replace(old, new), now=WHEN, **changes)


def told(result: Drop, rules: set[str]) -> list[str]:
    return [f.rule for f in result.findings() if f.rule in rules]


@pytest.mark.parametrize(
    ("unit", "rules"),
    [(b"XYZ", ["MAP-WEIGHT"]), (b"kgs.", ["MAP-WEIGHT"]), (b"KG", ["XML-UNIT"]), (b"GRM", ["XML-UNIT"]), (b"KGM", [])],
)
def test_a_unit_that_is_not_known_is_told_with_the_weight_one_in_other_words_by_itself(unit, rules):
    result = with_unit("xml/03", HOUSE % b"KGM", HOUSE % unit)
    assert told(result, UNITS) == rules


def test_two_faults_of_one_weight_are_two_findings():
    result = with_unit("xml/03", HOUSE % b"KGM", b'<ram:IncludedTareGrossWeightMeasure unitCode="KG">heavy')
    assert sorted(told(result, UNITS)) == ["MAP-WEIGHT", "XML-UNIT"]


@pytest.mark.parametrize("name", ["xml/02", "xml/03"])
def test_the_weight_of_an_item_is_told_with_what_to_write(name):
    result = with_unit(name, b'<ram:GrossWeightMeasure unitCode="KGM">', b'<ram:GrossWeightMeasure unitCode="XYZ">')
    assert told(result, UNITS) == ["MAP-WEIGHT"] * 2
    assert {row["how to mend it"] for row in result.rejects() if row["rule"] == "MAP-WEIGHT"} == {
        "Give the weight with its unit KGM or LBR."
    }


def test_each_house_of_a_list_tells_its_weight_and_what_nobody_reads_keeps_its_remark():
    result = with_unit("xml/05", b'unitCode="KGM"', b'unitCode="XYZ"')
    assert told(result, {"MAP-WEIGHT"}) == ["MAP-WEIGHT"] * 3
    (of_master,) = [f for f in result.findings() if f.rule == "XML-UNIT"]
    assert of_master.position.xpath == "/HouseManifest/MasterConsignment/IncludedTareGrossWeightMeasure"


def test_every_other_unit_is_told_once_in_a_list():
    data = sample("xml/05").replace(
        b'<ram:GrossWeightMeasure unitCode="KGM">1.250', b'<ram:GrossWeightMeasure unitCode="XYZ">1.250'
    )
    data = data.replace(b'<ram:GrossWeightMeasure unitCode="KGM">', b'<ram:GrossWeightMeasure unitCode="KG">')
    assert told(drop(data, now=WHEN), UNITS) == ["MAP-WEIGHT", "XML-UNIT"]


def test_a_unit_that_a_partner_has_refused_is_told_of_each_house():
    old, new = b'<ram:GrossWeightMeasure unitCode="KGM">', b'<ram:GrossWeightMeasure unitCode="KG">'
    result = with_unit("xml/05", old, new, severities={"XML-UNIT": Severity.ERROR})
    assert result.counts()[1:3] == (0, 3)
    assert told(result, UNITS) == ["XML-UNIT"] * 3


def test_a_partner_who_switched_the_weight_off_still_reads_of_the_unit():
    result = with_unit("xml/03", HOUSE % b"KGM", HOUSE % b"XYZ", severities={"MAP-WEIGHT": Severity.OFF})
    assert told(result, UNITS) == ["XML-UNIT"]


TWICE = {"XML-TWICE", "MAP-AMBIGUOUS"}
VALUE = rb'<ram:DeclaredValueForCustomsAmount currencyID="USD">43.98</ram:DeclaredValueForCustomsAmount>'


def again(element: bytes, name: str, old: bytes, new: bytes, **changes: object) -> list[str]:
    data = sample(name)
    found = re.search(element, data, re.S)
    assert found is not None
    return told(
        drop(data[: found.end()] + found[0].replace(old, new) + data[found.end() :], now=WHEN, **changes), TWICE
    )


@pytest.mark.parametrize(
    ("element", "name", "old", "new", "rule"),
    [
        (VALUE, "xml/03", b"43.98", b"44", "MAP-AMBIGUOUS"),
        (rb"<ram:TransportContractDocument>.*?</ram:TransportContractDocument>", "xml/03", b"675", b"686", "MAP-AMBIGUOUS"),
        (rb"<ram:OriginCountry>.*?</ram:OriginCountry>", "xml/03", b"CN", b"VN", "MAP-AMBIGUOUS"),
        (rb"<ram:PurposeCode>.*?</ram:PurposeCode>", "xml/03", b"Creation", b"Deletion", "MAP-AMBIGUOUS"),
        (rb"<FunctionCode>9</FunctionCode>", "xml/14", b"9", b"1", "MAP-AMBIGUOUS"),
        (rb"<ram:PurposeCode>.*?</ram:PurposeCode>", "xml/05", b"Creation", b"Deletion", "MAP-AMBIGUOUS MAP-AMBIGUOUS MAP-AMBIGUOUS"),
        (rb"<ram:TransportContractDocument>.*?</ram:TransportContractDocument>", "xml/05", b"675", b"686", "MAP-AMBIGUOUS MAP-AMBIGUOUS MAP-AMBIGUOUS"),
        (rb"<ram:TransportContractDocument>\s*<ram:ID>GWH.*?</ram:TransportContractDocument>", "xml/05", b"GWH", b"GWX", "MAP-AMBIGUOUS"),
        (rb"(?<=<rsm:BusinessHeaderDocument>)\s*<ram:ID>.*?</ram:ID>", "xml/03", b"0001", b"0002", "MAP-AMBIGUOUS"),
        (rb"(?<=<rsm:BusinessHeaderDocument>)\s*<ram:ID>.*?</ram:ID>", "xml/02", b"</ram:ID>", b"1</ram:ID>", "MAP-AMBIGUOUS"),
        (rb"<ram:OriginLocation>.*?</ram:OriginLocation>", "xml/05", b"<ram:ID>", b"<ram:ID>X", "XML-TWICE"),
        (rb"<ram:CityName>HOLTSVILLE</ram:CityName>", "xml/03", b"HOLTS", b"JONES", "XML-TWICE"),
        (HOUSE % b"KGM" + rb"</ram:IncludedTareGrossWeightMeasure>", "xml/03", b"1.250", b"1.5", "XML-TWICE"),
    ],
)  # fmt: skip
def test_an_element_that_stands_again_is_told_once(element, name, old, new, rule):
    assert again(element, name, old, new) == rule.split()


def test_where_a_partner_has_the_first_taken_the_reader_says_so():
    assert again(VALUE, "xml/03", b"43.98", b"44", severities={"MAP-AMBIGUOUS": Severity.OFF}) == ["XML-TWICE"]


@pytest.mark.parametrize(
    ("name", "element", "shipments"),
    [
        ("xml/15", rb"<city>([A-Z]*)</city>(?=<state>)", ["LX123456785GB", "UA102030405CN", "HX555666772FR"]),
        ("xml/05", rb"<ram:SummaryDescription>([A-Z -]*)</ram:SummaryDescription>", ["GWH0001001", "GWH0001002", "GWH0001003"]),
    ],
)  # fmt: skip
def test_what_stands_twice_and_is_not_read_is_told_of_each_shipment(name, element, shipments):
    data = re.sub(element, lambda found: found[0] + found[0].replace(found[1], b"ELSEWHERE"), sample(name))
    results = [r for r in drop(data, now=WHEN).outcome.records if isinstance(r, ShipmentResult)]
    assert [r.id for r in results if "XML-TWICE" in {f.rule for f in r.findings}] == shipments
