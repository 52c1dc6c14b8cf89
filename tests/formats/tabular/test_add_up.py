"""Columns of the shipment that each row has for its own goods: added up when that is agreed, told of when not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.check import gather
from gateway.errors import ConfigError
from gateway.formats.tabular.layout import options_of
from gateway.history import MemoryHistory
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import NOW

HEAD = "tracking_number;consignee_name;consignee_address1;consignee_city;consignee_state;consignee_zip;consignee_country;shipper_name;shipper_address1;shipper_city;shipper_country;item_description;hts;origin;quantity;item_value;currency;mode;pieces;weight_kg"
ROW = "T{0};Anna M;12 Oak St;Boston;MA;02116;US;S Co;1 A;Hamburg;DE;{1};610910;DE;1;10;USD;air;1;{2}"


def table(*weights: str) -> bytes:
    rows = [ROW.format(1, f"Shirt {number}", weight) for number, weight in enumerate(weights)]
    return "\n".join([HEAD, *rows, ""]).encode()


def run(data: bytes, **tabular):
    profile = next(iter(base_site().partners.values())).profile
    options = {**profile.options, "tabular": tabular}
    severities = {**profile.severities, "S321-REGIME": "off"}
    profile = replace(profile, options=options, severities=severities)
    outcome, messages = gather(translate((data,), profile, NOW, MemoryHistory(), name="a.csv"))
    rules = {f.rule for record in outcome.records for f in getattr(record, "findings", ())}
    return rules, [s for message in messages for s in message["shipments"]]


def test_weights_of_rows_are_added_up_where_the_partner_says_so():
    rules, (shipment,) = run(table("0,450", "", "1,3"), decimal="comma", add_up=["weight_kg", "pieces"])
    assert "CSV-GROUP-CONFLICT" not in rules
    assert (shipment["gross_weight_kg"], shipment["package_count"]) == ("1.750", 3)


def test_without_that_rows_that_differ_are_told():
    rules, shipments = run(table("0.450", "1.3"))
    assert ("CSV-GROUP-CONFLICT" in rules, shipments) == (True, [])


def test_a_weight_that_is_no_number_is_not_left_out_of_the_sum():
    rules, shipments = run(table("0.450", "300 g"), add_up=["weight_kg"])
    assert ("MAP-WEIGHT" in rules, shipments) == (True, [])


def test_lines_of_json_that_are_one_shipment_are_compared_too():
    """They were put together with what the first one says; address and weight of the others were dropped in silence."""
    names = HEAD.split(";")
    lines = [dict(zip(names, ROW.format(1, f"Shirt {n}", "0.5").split(";"), strict=True)) for n in range(2)]
    same = "\n".join(map(json.dumps, lines)).encode()
    assert "CSV-GROUP-CONFLICT" not in run(same)[0]
    lines[1]["consignee_address1"] = "99 Elm St"
    rules, shipments = run("\n".join(map(json.dumps, lines)).encode())
    assert ("CSV-GROUP-CONFLICT" in rules, shipments) == (True, [])


@pytest.mark.parametrize("name", ["item_value", "consignee_name", "wieght_kg"])
def test_only_weights_and_pieces_can_be_added_up(name):
    with pytest.raises(ConfigError, match=name) as told:
        options_of({"tabular": {"add_up": [name]}})
    assert "weight_kg" in told.value.advice
