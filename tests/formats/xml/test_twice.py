"""XML: an element that stands a second time with other content is told, and refuses the shipment when the law hangs on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site

ROOT = Path(__file__).parents[3]
FILES = {
    "xfzb": ROOT / "fixtures" / "xml" / "03_xfzb_clean_v3.xml",
    "xfwb": ROOT / "fixtures" / "xml" / "02_xfwb_direct_740_v3.xml",
    "wco": ROOT / "fixtures" / "xml" / "14_wco_declaration_min.xml",
    "ubl": ROOT / "mappings" / "ubl_waybill" / "examples" / "blanket.xml",
    "itmatt": ROOT / "mappings" / "postal_itmatt" / "examples" / "items.xml",
}


def checked(tmp_path, name: str, element: str, change) -> dict:
    """Return the verdict on a sample in which an element stands twice; change: text of the first -> of the second."""
    text = FILES[name].read_text("utf-8")
    text = text.replace("<PostcodeID>00501", "<CountrySubDivisionCode>NY</CountrySubDivisionCode><PostcodeID>00501")
    found = re.search(rf"<((?:\w+:)?{element})[ >].*?</\1>", text, re.S)
    assert found
    path = tmp_path / "m.xml"
    path.write_text(text[: found.end()] + change(found[0]) + text[found.end() :], "utf-8")
    return Checker(base_site(), parse_instant("2025-02-27T10:00:00Z")).file(path)


def other(text: str) -> str:
    return re.sub(r">([^<>\s])", r">7\1", text)


@pytest.mark.parametrize(("name", "element"), [
    ("xfzb", "CityName"), ("xfzb", "SummaryDescription"), ("xfwb", "StreetName"), ("xfwb", "TotalPieceQuantity"),
    ("wco", "TotalPackageQuantity"), ("wco", "CityName"), ("ubl", "Quantity"), ("ubl", "Description"), ("itmatt", "city"),
])  # fmt: skip
def test_an_element_that_stands_twice_is_told(tmp_path, name, element):
    result = checked(tmp_path, name, element, other)
    (said,) = [f for f in result["findings"] if f["rule"] == "XML-TWICE"]
    assert said["segment"] == element
    assert said["xpath"].endswith(f"/{element}[2]")
    assert result["shipments"]["accepted"] == result["shipments"]["found"]


@pytest.mark.parametrize(("name", "element"), [
    ("xfzb", "DeclaredValueForCustomsAmount"), ("xfzb", "PurposeCode"), ("xfzb", "OriginCountry"),
    ("xfzb", "TransportContractDocument"), ("xfwb", "DeclaredValueForCustomsAmount"), ("xfwb", "PurposeCode"),
    ("xfwb", "OriginCountry"), ("wco", "StatisticalValueAmount"), ("wco", "Origin"), ("wco", "FunctionCode"),
    ("ubl", "DeclaredCustomsValueAmount"), ("ubl", "OriginCountry"),
])  # fmt: skip
def test_values_origins_and_purposes_that_stand_twice_refuse_the_shipment(tmp_path, name, element):
    result = checked(tmp_path, name, element, other)
    assert result["shipments"]["accepted"] == 0
    assert "MAP-AMBIGUOUS" in {f["rule"] for f in result["findings"] if f["severity"] == "error"}
    same = checked(tmp_path, name, element, str)
    assert same["shipments"]["accepted"] == 1
    assert not {"MAP-AMBIGUOUS", "XML-TWICE"} & {f["rule"] for f in same["findings"]}


@pytest.mark.parametrize(("name", "element"), [("xfzb", "IncludedCustomsNote"), ("wco", "Line"), ("itmatt", "street")])
def test_elements_that_may_stand_again_are_no_fault(tmp_path, name, element):
    assert "XML-TWICE" not in {f["rule"] for f in checked(tmp_path, name, element, other)["findings"]}


def test_a_total_that_is_no_number_beside_values_in_dollars_is_told(tmp_path):
    path = tmp_path / "m.xml"
    path.write_text(FILES["itmatt"].read_text("utf-8").replace('totalValue="9.90"', 'totalValue="1.043,98"'), "utf-8")
    result = Checker(base_site(), parse_instant("2025-02-27T10:00:00Z")).file(path)
    assert [f["shipment"] for f in result["findings"] if f["rule"] == "MAP-VALUE"] == ["UA102030405CN"]
