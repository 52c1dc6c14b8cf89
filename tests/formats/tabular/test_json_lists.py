"""JSON lists: empty ones, entries that are no objects, an object without its list, lists that nobody reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site, load_site

FIXTURES = Path(__file__).parents[3] / "fixtures"
TRIP = json.loads((FIXTURES / "csv" / "09_borderconnect_ace_trip.json").read_text("utf-8"))
BEFORE = parse_instant("2025-02-27T10:00:00Z")


def checked(tmp_path, document: object, site=None) -> dict:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(document), "utf-8")
    return Checker(site or base_site(), BEFORE).file(path)


def said(result: dict) -> list[str]:
    return [f["message"] for f in result["findings"] if f["severity"] == "error"]


@pytest.mark.parametrize("nothing", [[], None])
def test_a_document_without_shipments_says_so_in_one_sentence(tmp_path, nothing):
    result = checked(tmp_path, TRIP | {"shipments": nothing})
    assert said(result) == ['"shipments" holds no shipment.']
    assert result["shipments"]["found"] == 0


@pytest.mark.parametrize("odd", [None, "x", 5])
def test_an_entry_that_is_no_object_refuses_itself_only(tmp_path, odd):
    result = checked(tmp_path, TRIP | {"shipments": [odd, *TRIP["shipments"]]})
    assert (result["shipments"]["found"], result["shipments"]["accepted"]) == (2, 1)
    assert said(result) == ["shipments[0] is no object with names and values."]


def test_a_goods_line_that_is_no_object_refuses_its_shipment(tmp_path):
    shipment = TRIP["shipments"][0]
    bad = shipment | {"commodities": [*shipment["commodities"], None]}
    result = checked(tmp_path, TRIP | {"shipments": [bad]})
    assert (result["shipments"]["found"], result["shipments"]["accepted"]) == (1, 0)
    assert said(result) == ["shipments[0].commodities[1] is no object with names and values."]


def test_goods_that_stand_without_their_list_are_read(tmp_path):
    shipment = TRIP["shipments"][0]
    result = checked(tmp_path, TRIP | {"shipments": [shipment | {"commodities": shipment["commodities"][0]}]})
    (message,) = result["messages"]
    assert message["shipments"][0]["fair_retail_value_usd"] == "64.00"


def test_a_list_of_objects_that_nobody_reads_is_told(tmp_path):
    row = {
        "hawb": "GWJ1", "consignee_name": "JORDAN EXAMPLE", "items": [{"description": "Wool scarf", "value": "5.00"}],
        "commodities": [{"description": "Gold ring", "value": "700.00"}],
    }  # fmt: skip
    result = checked(tmp_path, {"shipments": [row]}, load_site(FIXTURES / "profiles" / "tabular").only("plain"))
    told = [f["message"] for f in result["findings"] if f["rule"] == "CSV-EXTRA-COLUMN"]
    assert 'Column "commodities (list of objects)" is not known and was not read.' in told


def test_a_shipment_without_type_is_told_in_the_words_of_json(tmp_path):
    shipment = {k: v for k, v in TRIP["shipments"][0].items() if k != "type"}
    result = checked(tmp_path, TRIP | {"shipments": [shipment]})
    (finding,) = [f for f in result["findings"] if f["rule"] == "S321-NOT-321"]
    assert finding["message"].startswith("The shipment has no type")
    assert "M11" not in finding["fix"]
