"""What a JSON manifest says of all shipments, of one, and of a goods line: no number is handed down to where it is not true."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from gateway.formats import tabular
from gateway.formats.tabular.json_levels import Levels
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.rows import ABSENT
from gateway.records import Unit
from tests.drops import Drop, drop, profile_for
from tests.test_purpose import PARCEL

OF_GOODS = ("item_description", "hts", "origin", "quantity", "item_value", "currency")
PARTS = {name: text for name, text in PARCEL.items() if name not in OF_GOODS}
UNWEIGHED = {name: text for name, text in PARTS.items() if not name.startswith("weight")}
RING = {"item_description": "STEEL KEY RING", "origin": "VN", "quantity": 1}
SOCKS = {"item_description": "COTTON SOCKS", "origin": "VN", "quantity": 2}


def dropped(document: Any, **changes: Any) -> Drop:
    data = json.dumps(document).encode()
    return drop(data, name="m.json", profile=profile_for(data, **changes))


def shipments(result: Drop) -> list[dict[str, Any]]:
    return [shipment for message in result.messages() for shipment in message["shipments"]]


def values(shipment: dict[str, Any]) -> list[str]:
    return [item["total_value"]["amount"] if "total_value" in item else "" for item in shipment["items"]]


def test_a_list_of_rows_of_several_shipments_is_not_taken_for_the_goods_of_one():
    """All rows became one shipment, with the number and consignee of the first; the others were lost without a word."""
    rows = [{**PARCEL, "house_bill": f"GX{n // 2}", "consignee_name": f"PAT {'ABC'[n // 2]} SAMPLE", "item_description": f"KEY RING {n}"} for n in range(6)]  # fmt: skip
    for name in ("lines", "items"):
        result = dropped({"manifest": "M1", "mode": "air", name: rows})
        assert [(s["shipment_id"], len(s["items"]), s["final_deliver_to_party"]["name"]) for s in shipments(result)] == [
            ("GX0", 2, "PAT A SAMPLE"), ("GX1", 2, "PAT B SAMPLE"), ("GX2", 2, "PAT C SAMPLE")
        ]  # fmt: skip


def test_the_parcels_of_an_order_are_shipments():
    order = {**{n: t for n, t in UNWEIGHED.items() if n != "house_bill"}, "order_number": "SO-1", "currency": "USD"}
    parcels = [
        {**RING, "value": 10, "tracking_number": "GWT1", "weight_kg": "0.1"},
        {**SOCKS, "value": 20, "tracking_number": "GWT2", "weight_kg": "0.3"},
    ]
    found = shipments(dropped({**order, "items": parcels}))
    assert [(s["shipment_id"], s["gross_weight_kg"]) for s in found] == [("GWT1", "0.100"), ("GWT2", "0.300")]
    assert {s["references"][0]["value"] for s in found} == {"SO-1"}


def test_what_weighs_or_counts_all_shipments_is_none_of_theirs():
    own = {name: text for name, text in PARCEL.items() if not name.startswith("weight")}
    document = {"weight": 1250, "weight_unit": "KG", "pieces": 40, "total_value": 900, "shipments": [{**own, "house_bill": n} for n in ("GWA", "GWB")]}  # fmt: skip
    result = dropped(document)
    assert [(s.get("gross_weight_kg"), s.get("package_count"), values(s)) for s in shipments(result)] == [(None, None, ["9.00"])] * 2  # fmt: skip
    told = [f.value for f in result.findings() if f.rule == "CSV-EXTRA-COLUMN"]
    assert told == [f"{name} (of the document)" for name in ("weight", "pieces", "total_value")]
    one = shipments(dropped({**document, "shipments": document["shipments"][:1]}))
    assert [(s["gross_weight_kg"], s["package_count"]) for s in one] == [("1250.000", 40)]


@pytest.mark.parametrize(
    ("lines", "each", "usd", "rules"),
    [
        ([RING, SOCKS], ["", ""], "50.00", set()),  # 50 twice were 100
        ([{**RING, "price": 10}, {**SOCKS, "price": 20}], ["10.00", "40.00"], "50.00", set()),
        ([{**RING, "price": 10}, {**SOCKS, "price": 21}], ["10.00", "42.00"], "52.00", {"Q-VALUE-SUM"}),
        ([{**RING, "value": 10}, SOCKS], ["10.00", ""], "50.00", set()),
        ([{**RING, "value": 50}, SOCKS], None, "", {"S321-VAL-MISSING"}),
        ([SOCKS], ["50.00"], "50.00", set()),
        ([{**SOCKS, "price": 20}], ["40.00"], "40.00", {"Q-VALUE-SUM"}),
    ],
)
def test_the_value_of_a_shipment_is_not_that_of_each_goods_line(lines, each, usd, rules):
    result = dropped([{**PARTS, "total_value": 50, "currency": "USD", "items": lines}])
    assert result.rules() == rules
    assert [(values(s), s["fair_retail_value_usd"]) for s in shipments(result)] == ([(each, usd)] if each else [])
    assert {f.position.column for f in result.findings() if f.rule == "Q-VALUE-SUM"} <= {"[0].total_value"}


def test_the_value_of_a_shipment_is_one_of_its_currency():
    (found,) = shipments(dropped([{**PARTS, "total_value": 50, "currency": "EUR", "items": [RING, SOCKS]}], fx_usd={"EUR": Decimal("1.05")}))  # fmt: skip
    assert (found["total_value"], found["fair_retail_value_usd"]) == ({"amount": "50.00", "currency": "EUR"}, "52.50")
    lines = [{**RING, "price": 10}, {**SOCKS, "price": 20}]
    (found,) = shipments(dropped([{**PARTS, "total_value": 50, "items": lines}], default_currency="USD"))
    assert (found["total_value"], found["fair_retail_value_usd"]) == ({"amount": "50.00", "currency": "USD"}, "50.00")


def test_too_much_for_a_shipment_is_too_much_wherever_it_stands():
    result = dropped([{**PARTS, "total_value": 900, "currency": "USD", "items": [RING, SOCKS]}])
    assert (result.rules(), result.counts()) == ({"S321-VAL-800"}, (1, 0, 1, 0))


@pytest.mark.parametrize(
    ("weights", "weight", "rules"),
    [
        (({"weight_kg": 0.2}, {"weight_kg": "0.3"}), "0.500", set()),  # the first was taken for the whole
        (({"weight_kg": 0.2}, {"weight_kg": 0.2}), "0.400", set()),
        (({"weight": 200, "weight_unit": "G"}, {"weight": 300, "weight_unit": "G"}), "0.500", set()),
        (({"weight": 200, "weight_unit": "G"}, {"weight": 1, "weight_unit": "KG"}), "", {"CSV-GROUP-CONFLICT"}),
        (({"weight_kg": 0.2}, {}), "", {"MAP-WEIGHT"}),
        (({"weight_kg": 0.2}, {"weight_kg": "0,3"}), "", {"MAP-WEIGHT"}),
    ],
)
def test_the_weights_of_goods_lines_are_added_up(weights, weight, rules):
    lines = [{**RING, "value": 5, **weights[0]}, {**SOCKS, "value": 5, **weights[1]}]
    result = dropped([{**UNWEIGHED, "currency": "USD", "items": lines}])
    assert result.rules() == rules
    assert [s.get("gross_weight_kg", "") for s in shipments(result)] == [weight] * bool(weight)


def test_the_weight_of_the_shipment_counts_where_it_has_one():
    lines = [{**RING, "value": 5, "weight": 0.1}, {**SOCKS, "value": 5, "weight": 0.2}]
    (found,) = shipments(dropped([{**PARTS, "currency": "USD", "items": lines}]))
    assert found["gross_weight_kg"] == "0.450"


@pytest.mark.parametrize("name", ["arrival_date", "pieces", "master_bill"])
def test_goods_lines_that_say_different_things_of_their_shipment_refuse_it(name):
    """What the first one said was taken."""
    texts = {"arrival_date": ("2025-03-04", "2025-03-05"), "pieces": (1, 2), "master_bill": ("999-12345675", "999-12345686")}[name]  # fmt: skip
    own = {key: text for key, text in PARTS.items() if key != name}
    lines = [{**RING, "value": 5, name: texts[0]}, {**SOCKS, "value": 5, name: texts[1]}]
    assert dropped([{**own, "currency": "USD", "items": lines}]).rules() == {"CSV-GROUP-CONFLICT"}
    lines[1][name] = texts[0]
    assert dropped([{**own, "currency": "USD", "items": lines}]).counts() == (1, 1, 0, 0)


def test_the_barcode_of_a_product_is_no_number_of_the_parcel():
    lines = [{**RING, "value": 5, "barcode": "4006381333931"}, {**SOCKS, "value": 5, "barcode": "036000291452"}]
    result = dropped([{**PARTS, "currency": "USD", "items": lines}])
    assert ["shipment_tracking_number" in s for s in shipments(result)] == [False]
    assert [f.value for f in result.findings()] == ["items[].barcode (of the goods)"]
    rows = [{**{k: t for k, t in PARCEL.items() if k != "house_bill"}, "barcode": f"GWB{n}", "consignee_name": f"PAT {n}A SAMPLE"} for n in (1, 2)]  # fmt: skip
    assert [s["shipment_tracking_number"] for s in shipments(dropped({"lines": rows}))] == ["GWB1", "GWB2"]


def test_the_quantity_of_a_shipment_is_not_that_of_each_line():
    lines = [{"item_description": "STEEL KEY RING", "origin": "VN", "value": 5}, {**SOCKS, "value": 5}]
    (found,) = shipments(dropped([{**PARTS, "quantity": 7, "currency": "USD", "items": lines}]))
    assert [item.get("quantity") for item in found["items"]] == [None, "2"]


def test_a_key_that_the_partner_renames_means_what_the_partner_says():
    header = Header([], Options(rename={"Paid": "item_value"}), growing=True)
    apart, own, lines = Levels(header, ()).of_shipment({"Paid": "50", "house_bill": "G"}, [{"a": "1"}, {"a": "2"}])
    assert (apart, own, lines) == (False, {"shipment_value": "50", "house_bill": "G"}, [{"a": "1"}, {"a": "2"}])


@pytest.mark.parametrize(("kind", "cells"), [("rows", ["", ""]), ("orders", ["50", "50"])])
def test_a_shape_of_the_partners_own_is_left_as_it_is(kind, cells):
    data = json.dumps([{**PARTS, "total_value": 50, "currency": "USD", "items": [RING, SOCKS]}]).encode()
    profile = profile_for(data, options={"tabular": {"message_type": kind}})
    (unit,) = [event for event in tabular.read([data], profile) if isinstance(event, Unit)]
    value = unit.message.root.columns["total_value"]
    assert [row.elements[value] if value < ABSENT else "" for row in unit.node.rows] == cells


def test_objects_may_name_a_column_in_different_ways():
    """The whole file was refused (CSV-DUP-HEADER) for what another object calls its consignee."""
    other = {"recipient": "PAT SAMPLE", **{name: text for name, text in PARCEL.items() if name not in ("consignee_name", "house_bill")}}  # fmt: skip
    found = shipments(dropped([PARCEL, {**other, "hawb": "GWJ2"}, {**PARCEL, "house_bill": "GWJ3"}]))
    assert [(s["house_bill_number"], s["final_deliver_to_party"]["name"]) for s in found] == [
        ("GWJ1", "CASEY EXAMPLE"), ("GWJ2", "PAT SAMPLE"), ("GWJ3", "CASEY EXAMPLE")
    ]  # fmt: skip


@pytest.mark.parametrize("many", [3, 1100])
def test_an_object_with_two_names_for_one_column_refuses_the_file_wherever_it_stands(many):
    """Behind the first 1000 objects the second name was lost without a word."""
    objects = [{**PARCEL, "house_bill": f"GWK{n}"} for n in range(many)]
    result = dropped([*objects, {**PARCEL, "house_bill": "GWL", "recipient": "PAT SAMPLE"}])
    (said,) = [f for f in result.findings() if f.rule == "CSV-DUP-HEADER"]
    assert '"consignee_name"' in said.message and '"recipient"' in said.message
    assert result.messages() == []


def test_weights_of_goods_are_not_taken_for_that_of_the_shipment_in_another_unit():
    lines = [{**RING, "value": 5, "weight": 100, "weight_unit": "G"}, {**SOCKS, "value": 5, "weight": 0.2, "weight_unit": "KG"}]  # fmt: skip
    for some in (lines, lines[:1]):
        result = dropped([{**UNWEIGHED, "weight_kg": 0.45, "currency": "USD", "items": some}])
        assert [s["gross_weight_kg"] for s in shipments(result)] == ["0.450"]
        assert {f.value for f in result.findings()} == {"items[].weight (of the goods)", "items[].weight_unit (of the goods)"}  # fmt: skip
