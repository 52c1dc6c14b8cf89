"""What a column of amounts means: of the whole line or of one piece, and numbers with the remainder of a calculation."""

from __future__ import annotations

import json
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
