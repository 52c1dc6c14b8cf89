"""JSON manifests: documents, arrays, JSON lines; what is damaged is told with its place."""

from __future__ import annotations

import json

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site

PARCEL = {
    "house_bill": "GWJ1", "mode": "air", "arrival_port": "2720", "arrival_date": "2025-03-04",
    "shipper": {"name": "INVENTED HOME GOODS CO", "address1": "19 PRETEND STREET", "city": "HANOI", "country": "VN"},
    "consignee": {"name": "CASEY EXAMPLE", "address1": "14 MOCK LANE", "city": "PORTLAND", "state": "OR", "zip": "97201", "country": "US"},
    "weight": 0.45, "weight_unit": "KG",
    "items": [
        {"description": "MENS KNITTED COTTON T-SHIRT", "hts": 6109100012, "origin": "VN", "quantity": 1, "value": 24.90, "currency": "USD"},
        {"description": "STEEL KEY RING", "hts": 7326908688, "origin": "VN", "quantity": 2, "value": 9.00, "currency": "USD"},
    ],
}  # fmt: skip


def parcel(number: str) -> dict:
    return {**PARCEL, "house_bill": number}


def check(data: bytes, tmp_path, name: str = "m.json"):
    path = tmp_path / name
    path.write_bytes(data)
    return Checker(base_site(), parse_instant("2025-03-03T10:00:00Z")).file(path)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([parcel("GWJ1"), parcel("GWJ2")], indent=1),
        json.dumps({"sender": "X", "shipments": [parcel("GWJ1"), parcel("GWJ2")]}),
        json.dumps(parcel("GWJ1")) + "\n" + json.dumps(parcel("GWJ2")) + "\n",
        "\r\n" + json.dumps(parcel("GWJ1")) + "\r\n\r\n" + json.dumps(parcel("GWJ2")),
    ],
    ids=["array", "document", "lines", "lines_with_blanks"],
)
def test_each_form_gives_the_same_shipments(tmp_path, data):
    result = check(data.encode(), tmp_path)
    assert (result["format"], result["accepted"]) == ("json", ["GWJ1", "GWJ2"])
    first = result["messages"][0]["shipments"][0]
    assert first["fair_retail_value_usd"] == "33.90"
    assert [i["hts_number"] for i in first["items"]] == ["6109100012", "7326908688"]
    assert first["final_deliver_to_party"]["city"] == "PORTLAND"


def test_numbers_keep_their_text(tmp_path):
    data = json.dumps(parcel("GWJ1")).replace("24.9,", "24.90000000000000000001,")
    result = check(data.encode(), tmp_path)
    assert result["accepted"] == []
    data = json.dumps({**parcel("GWJ1"), "tracking_number": 0}).replace(
        '"tracking_number": 0', '"tracking_number": 1.23457E+17'
    )
    assert "ID-SCIENTIFIC" in [f["rule"] for f in check(data.encode(), tmp_path)["findings"]]


def test_a_finding_names_the_key_and_the_record(tmp_path):
    bad = parcel("GWJ2")
    bad["consignee"] = {**bad["consignee"], "country": "CA"}
    data = json.dumps(parcel("GWJ1")) + "\n" + json.dumps(bad) + "\n"
    result = check(data.encode(), tmp_path)
    (finding,) = [f for f in result["findings"] if f["rule"] == "S321-DTP-US"]
    assert (finding["column"], finding["line"], finding["offset"]) == (
        "consignee.country",
        2,
        len(json.dumps(parcel("GWJ1"))) + 1,
    )
    document = check(json.dumps({"shipments": [parcel("GWJ1"), bad]}).encode(), tmp_path)
    assert "shipments[1].consignee.country" in [f.get("column") for f in document["findings"]]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"house_bill": "A", "house_bill": "B"}', "JSON-DUP-KEY"),
        (b'[{"house_bill": "A"}, {"house_bill": ', "JSON-SYNTAX"),
        (b'[{"house_bill": "A"} {"house_bill": "B"}]', "JSON-SYNTAX"),
        (b'{"a": ' + b"[" * 100_000, "JSON-SYNTAX"),
        (b'[{"a": "\xff"}]', "CSV-ENCODING"),
        (b"{}\n[]\n", "JSON-SHAPE"),
    ],
)
def test_damage_refuses_the_file(tmp_path, data, rule):
    result = check(data, tmp_path)
    assert rule in [f["rule"] for f in result["findings"]]
    assert (result["verdict"], result["accepted"]) == ("reject", [])


def test_a_cut_document_delivers_nothing(tmp_path):
    data = json.dumps([parcel("GWJ1"), parcel("GWJ2")]).encode()
    for cut in (len(data) // 2 + 50, len(data) - 1, 40):
        assert check(data[:cut], tmp_path)["accepted"] == []


def test_two_objects_of_one_number_are_two_shipments_not_one_with_more_goods(tmp_path):
    other = {**parcel("GWJ1"), "items": PARCEL["items"][:1]}
    result = check(json.dumps([parcel("GWJ1"), other]).encode(), tmp_path)
    assert (result["shipments"]["accepted"], result["shipments"]["rejected"]) == (1, 1)
    assert "S321-DUP" in [f["rule"] for f in result["findings"]]
