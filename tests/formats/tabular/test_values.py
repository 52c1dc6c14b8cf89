"""What a column of amounts means: of the whole line or of one piece, and numbers with the remainder of a calculation."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.mapping.transforms import Unusable
from gateway.mapping.transforms.numbers import number
from tests.drops import Drop, drop, profile_for
from tests.test_purpose import PARCEL, table

ROW = {name: cell for name, cell in PARCEL.items() if name not in ("quantity", "item_value")}
SEVERAL = "CSV-VALUE-UNSURE"


def dropped(cells: dict[str, str], **tabular: object) -> Drop:
    data = table({**ROW, **cells})
    return drop(data, name="m.csv", profile=profile_for(data, options={"tabular": tabular}))


@pytest.mark.parametrize(
    ("cells", "worth"),
    [
        ({"item-price": "300.00", "quantity-purchased": "3"}, "300.00"),  # an order report of Amazon
        ({"item-price": "30.00", "quantity-purchased": "1", "order-item-id": "0555"}, "30.00"),
        ({"item-price": "300.00", "quantity": "3", "order-item-id": "0555"}, "300.00"),
        ({"item-price": "30.00", "quantity": "3"}, ""),
        ({"Item Price": "30.00", "quantity": "1"}, "30.00"),
        ({"Item Price": "30.00", "quantity": "1.0"}, "30.00"),
        ({"Item Price": "30.00"}, "30.00"),
        ({"Sold For": "30.00", "quantity": "2"}, ""),
        ({"Sold For": "$30.00", "quantity": "1"}, "30.00"),
        ({"申报价值": "30.00", "数量": "2"}, ""),
        ({"申报价值": "30.00", "数量": "1"}, "30.00"),
        ({"Item Price": "10.00", "quantity": "3", "Total Value": "30.00"}, "30.00"),
        ({"Price": "10.00", "quantity": "3"}, "30.00"),
        ({"Value": "30.00", "quantity": "3"}, "30.00"),
        ({"value": "45.00", "item_unit_value": "15.00", "quantity": "2"}, "30.00"),  # of the parcel, beside one piece
    ],
)
def test_an_amount_is_of_the_line_or_of_one_piece_where_that_is_certain(cells, worth):
    result = dropped(cells)
    worths = [shipment["fair_retail_value_usd"] for message in result.messages() for shipment in message["shipments"]]
    assert worths == [worth] * bool(worth)
    assert [f.rule for f in result.findings() if f.refuses] == [SEVERAL] * (not worth)


@pytest.mark.parametrize(("meant", "worth"), [("item_value", "30.00"), ("unit_value", "60.00")])
def test_the_partner_file_says_which_it_is(meant, worth):
    (message,) = dropped({"Item Price": "30.00", "quantity": "2"}, rename={"Item Price": meant}).messages()
    assert message["shipments"][0]["fair_retail_value_usd"] == worth


def test_an_object_of_json_is_asked_too():
    for key, rules in (("item_price", [SEVERAL]), ("price", [])):
        text = json.dumps([{**ROW, "quantity": 2, key: 30.0}])
        assert [f.rule for f in drop(text.encode(), name="m.json").findings() if f.refuses] == rules


def test_who_paid_is_not_who_receives():
    cells = {name: cell for name, cell in ROW.items() if name not in ("consignee_name", "consignee_city")}
    cells |= {"Buyer Name": "PAT BUYER", "Ship To Name": "CASEY EXAMPLE", "Buyer City": "BOISE", "Ship To City": "PORTLAND", "item_value": "9.00"}  # fmt: skip
    data = table(cells)
    (message,) = drop(data, name="m.csv").messages()
    party = message["shipments"][0]["final_deliver_to_party"]
    assert (party["name"], party["city"]) == ("CASEY EXAMPLE", "PORTLAND")


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize(
    ("value", "weight", "read"),
    [
        ("31.980000000000004", "0.30000000000000004", ("31.98", "0.300")),
        ("13.049999999999999", "0.45", ("13.05", "0.450")),
        ("799.9999999999999", "0.45", ("800.00", "0.450")),
    ],
)
def test_the_remainder_of_a_calculation_is_left_out_and_told(form, value, weight, read):
    row = {**ROW, "item_value": value, "weight": weight}
    text = (
        "[{"
        + ", ".join(f'"{k}": ' + (v if k in ("item_value", "weight") else json.dumps(v)) for k, v in row.items())
        + "}]"
    )
    result = drop(table(row) if form == "csv" else text.encode(), name=f"m.{form}")
    (message,) = result.messages()
    (shipment,) = message["shipments"]
    assert (shipment["fair_retail_value_usd"], shipment["gross_weight_kg"]) == read
    assert {f.value for f in result.findings() if f.rule == "CSV-NUMBER-FORM"} == {
        text for text in (value, weight) if len(text) > 9
    }


@pytest.mark.parametrize("value", ["0.3333333333333333", "24.90000000000000000001", "31.98000000000001234"])
def test_decimals_that_are_no_such_remainder_are_refused_with_their_number(value):
    (finding,) = [f for f in dropped({"item_value": value}).findings() if f.refuses]
    assert f"has {len(value.partition('.')[2])} decimals, more than the 9 that are read" in finding.message


def test_other_formats_read_a_double_as_it_was_meant():
    assert number("31.980000000000004") == Decimal("31.98")
    with pytest.raises(Unusable, match="16 decimals"):
        number("0.3333333333333333")


def test_a_currency_that_is_missing_is_told_once():
    rows = [
        {**ROW, "quantity": "1", "unit_value": "9.00"},
        {**ROW, "currency": "", "quantity": "1", "unit_value": "7.99"},
    ]
    told = [f for f in drop(table(*rows), name="m.csv").findings() if f.refuses]
    assert [(f.rule, f.target) for f in told] == [("S321-CUR-MISSING", "items.total_value.currency")]


def of_shipment(result: Drop) -> dict:
    (message,) = result.messages()
    (shipment,) = message["shipments"]
    return shipment


@pytest.mark.parametrize(
    ("cells", "whole", "usd"),
    [
        ({"Value(USD)": "28", "currency": "CNY"}, ("28.00", "USD"), "28.00"),
        ({"Value(USD)": "28", "currency": "EUR", "unit_price": "14"}, ("28.00", "USD"), "28.00"),
        ({"item_value": "", "Value(USD)": "28", "currency": "EUR"}, ("28.00", "USD"), "28.00"),
        ({"item_value": "20", "Value(USD)": "28", "currency": "EUR"}, ("20.00", "EUR"), "21.00"),
        ({"item_value": "200", "Value(USD)": "28", "currency": ""}, ("28.00", "USD"), "28.00"),
        ({"Value(USD)": "28"}, ("28.00", "USD"), "28.00"),
    ],
)
def test_a_value_in_dollars_stays_one_whatever_the_other_amounts_are_in(cells, whole, usd):
    """It was labelled with the currency of the row: 28 USD became 28 CNY, worth 3.86 USD."""
    row = {**{name: cell for name, cell in ROW.items() if name != "currency"}, "quantity": "2", **cells}
    data = table(row)
    profile = profile_for(data)
    shipment = of_shipment(drop(data, name="m.csv", profile=replace(profile, fx_usd={**profile.fx_usd, "EUR": Decimal("1.05")})))  # fmt: skip
    assert (shipment["total_value"]["amount"], shipment["total_value"]["currency"]) == whole
    assert shipment["fair_retail_value_usd"] == usd


def test_a_price_of_one_piece_in_another_currency_is_not_compared():
    assert dropped({"unit price": "100", "Value(USD)": "28", "currency": "CNY", "quantity": "2"}).findings() == []


@pytest.mark.parametrize(
    ("written", "read", "told"),
    [
        ("6109100012.0", "6109100012", {"CSV-NUMBER-FORM"}),
        ("610910.0", "610910", {"CSV-NUMBER-FORM"}),
        ("409000000.0", "", {"CSV-NUMBER-FORM", "S321-HTS-LEN"}),  # 0409.00.0000: the zero behind the point hid that one is lost
        ("4090000.0", "", {"CSV-NUMBER-FORM", "S321-HTS-LEN"}),
        ("40900.0", "", {"CSV-NUMBER-FORM", "S321-HTS-LEN"}),
        ("6109.10", "610910", set()),
        ("0409.00.0000", "0409000000", set()),
        ("610910.00", "61091000", set()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_zero_of_a_number_with_decimals_is_no_digit_of_a_tariff_number(written, read, told, kind):
    """Honey (0409.00.0000) without its zero, written as a number with decimals, became natural rubber (4090000000)."""
    row = {**PARCEL, "hts": written}
    result = drop(table(row) if kind == "csv" else json.dumps([row]).encode(), name=f"m.{kind}")
    assert [s["items"][0]["hts_number"] for m in result.messages() for s in m["shipments"]] == [read] * bool(read)
    assert result.rules() == told


@pytest.mark.parametrize(
    ("written", "read", "told"),
    [
        ("5550101234.0", "5550101234", {"CSV-NUMBER-FORM"}),
        ("555-0100/555-0101", "5550100", {"MAP-NOT-PASSED"}),
        ("5550100101 ; 5550100102", "5550100101", {"MAP-NOT-PASSED"}),
        ("1.5550101e10", None, {"MAP-NOT-PASSED"}),
        ("0711/5550100", "07115550100", set()),
        ("555.010.1234", "5550101234", set()),
    ],
)
def test_digits_that_are_not_of_a_telephone_number_are_left_out_with_a_remark(written, read, told):
    result = drop(table({**PARCEL, "consignee_phone": written}), name="m.csv")
    assert of_shipment(result)["final_deliver_to_party"].get("phone") == read
    assert result.rules() == told
    assert not any("555" in f.message for f in result.findings())  # personal


@pytest.mark.parametrize(
    "cells", [{"unit_price": "4.50"}, {"unit_price": "4.50", "item_value": "9.00"}, {"item_value": "9.00"}]
)
def test_the_currency_of_the_partner_is_that_of_every_amount_that_has_none(cells):
    """The price of one piece stayed without, and the shipment was refused (S321-SCHEMA)."""
    row = {**{name: cell for name, cell in ROW.items() if name != "currency"}, "quantity": "2", **cells}
    data = table(row)
    result = drop(data, name="m.csv", profile=profile_for(data, default_currency="USD"))
    (item,) = of_shipment(result)["items"]
    assert result.rules() == {"CSV-MISSING-COLUMN"}
    assert {item[name]["currency"] for name in ("total_value", "unit_value") if name in item} == {"USD"}


def test_the_value_of_the_whole_stands_in_a_column_of_its_own():
    row = {**{name: cell for name, cell in PARCEL.items() if name != "item_value"}, "shipment_value": "$50.00"}
    rows = [row, {**row, "item_description": "COTTON SOCKS"}]
    shipment = of_shipment(drop(table(*rows), name="m.csv"))
    assert (shipment["total_value"]["amount"], shipment["fair_retail_value_usd"]) == ("50.00", "50.00")
    assert drop(table(rows[0], {**rows[1], "shipment_value": "60"}), name="m.csv").rules() >= {"CSV-GROUP-CONFLICT"}
