"""JSON lists: empty ones, entries that are no objects, an object without its list, lists that nobody reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.tabular.ace_keys import ace_keys, ace_strangers
from gateway.formats.tabular.json_file import json_rows
from gateway.formats.tabular.layout import Header, Options, options_of
from gateway.formats.tabular.paths import column_of
from gateway.formats.tabular.rows import ABSENT, plain_name
from gateway.mapping.grammar import parse_source, parse_when
from gateway.mapping.table import read_table
from gateway.site import base_site, load_site

FIXTURES = Path(__file__).parents[3] / "fixtures"
TABLE = FIXTURES.parent / "mappings" / "tabular_borderconnect_json" / "map.csv"
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


def test_unknown_keys_of_an_ace_trip_are_told_once_with_a_place_and_no_value(tmp_path):
    one = json.loads(json.dumps(TRIP["shipments"][0]))
    one["giftNote"], one["consignee"]["middleName"], one["commodities"][0]["colour"] = "for Robin", "Quentin", "red"
    two = json.loads(json.dumps(one)) | {"shipmentControlNumber": "GWXX00000322", "extras": [{"a": "Robin"}]}
    two["commodities"] += [two["commodities"][0] | {"size": "L"}]
    result = checked(tmp_path, TRIP | {"shipments": [one, two], "convoy": "X1"})
    assert result["shipments"]["accepted"] == 2
    told = [f for f in result["findings"] if f["rule"] == "CSV-EXTRA-COLUMN"]
    assert {f["column"]: f["message"] for f in told if f["severity"] == "warning"} == {
        at: f'Key "{name}" is not known and was not read, first at {at}.'
        for name, at in (
            ("giftNote", "shipments[0].giftNote"),
            ("consignee.middleName", "shipments[0].consignee.middleName"),
            ("commodities[].colour", "shipments[0].commodities[0].colour"),
            ("commodities[].size", "shipments[1].commodities[1].size"),
            ("extras (list of objects)", "shipments[1].extras"),
            ("convoy", "convoy"),
        )
    }
    assert [f["message"] for f in told if f["severity"] == "info"] == [
        f'Key "{name}" is known and was not passed on.'
        for name in ("provinceOfLoading", "truck", "commodities[].loadedOn")
    ]
    assert not any(word in json.dumps(told) for word in ("Robin", "Quentin", 'red"'))


def test_the_keys_that_the_mapping_of_ace_trips_reads_are_known():
    sources = []
    for row in read_table(TABLE.read_bytes(), TABLE.name).rows:
        sources += [*parse_source(row.source), *(test.source for test in parse_when(row.when))]
    read = {column_of(s.path) for s in sources if s.path is not None} | {s.name for s in sources if s.kind == "same"}
    assert {key for key, passed in ace_keys().items() if not passed} == {plain_name(n) for n in read if n}


def test_the_keys_that_a_partner_names_are_not_told():
    header = Header(["giftNote", "hazmat", "odd"], Options(extra_columns=("giftNote",)))
    assert [name for _, name, _ in ace_strangers(header)] == ["hazmat", "odd"]


def test_a_shipment_without_type_is_told_in_the_words_of_json(tmp_path):
    shipment = {k: v for k, v in TRIP["shipments"][0].items() if k != "type"}
    result = checked(tmp_path, TRIP | {"shipments": [shipment]})
    (finding,) = [f for f in result["findings"] if f["rule"] == "S321-NOT-321"]
    assert finding["message"].startswith("The shipment has no type")
    assert "M11" not in finding["fix"]


def test_a_key_is_renamed_by_the_name_that_answers_show():
    plain = Header([], options_of({"tabular": {"rename": {"lines[].price.amount": "unit_value"}}}), growing=True)
    assert plain.index("unit_value") == ABSENT
    assert plain.add("price.amount") == plain.index("unit_value") == 0


def test_objects_of_a_list_are_told_apart_by_a_key_where_the_partner_says_so(tmp_path):
    contacts = [{"type": "email", "value": "a@example.com"}, {"type": "phone", "value": "+13035550100"}, {"type": "phone", "value": "+13035550199"}]  # fmt: skip
    row = {
        "hawb": "GWJ1", "to": {"name": "JORDAN EXAMPLE", "contacts": contacts},
        "items": [{"description": "Wool scarf", "value": "5.00"}],
    }  # fmt: skip
    site = load_site(FIXTURES / "profiles" / "tabular").only("plain")
    profile = site.partners["plain"].profile
    layout = {
        **profile.options["tabular"], "lists": {"to.contacts": "type"},
        "rename": {"to.name": "consignee_name", "to.contacts.phone.value": "consignee_phone", "to.contacts.email.value": "consignee_email"},
    }  # fmt: skip
    own = replace(site.partners["plain"], profile=replace(profile, options={**profile.options, "tabular": layout}))
    result = checked(tmp_path, {"shipments": [row]}, replace(site, partners={"plain": own}))
    told = [f["message"] for f in result["findings"] if f["rule"] == "CSV-EXTRA-COLUMN"]
    assert 'Column "to.contacts.phone#2.value" is not known and was not read.' in told
    assert not any("list of objects" in said or "email" in said for said in told)
    rows = json_rows(json.dumps({"shipments": [row]}).encode(), own.profile, 9)
    assert "to.contacts (list of objects)" in rows[0]  # without the setting
