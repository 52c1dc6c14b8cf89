"""Rows of one shipment whose number stands in the first one only, and what people write into state columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import load_site

FIXTURES = Path(__file__).parents[3] / "fixtures"
SITE = load_site(FIXTURES / "profiles" / "tabular").only("plain")
TABLE = list(csv.reader(io.StringIO((FIXTURES / "csv" / "01_clean_utf8.csv").read_bytes().decode())))
COLUMN = {name: index for index, name in enumerate(TABLE[0])}


def checked(tmp_path, rule: str = "", **changes: str) -> list[dict]:
    """Return the shipments of the sample, cells of its second goods line changed. rule: said of it."""
    rows = [[*row] for row in TABLE]
    for name, value in changes.items():
        rows[2][COLUMN[name]] = value
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    result = Checker(SITE, parse_instant("2025-02-27T10:00:00Z")).file(path)
    assert not rule or rule in {f["rule"] for f in result["findings"]}
    return [s for m in result["messages"] for s in m["shipments"]]


@pytest.mark.parametrize(("changes", "names"), [
    ({"hawb": ""}, ["GWH0001001", "GWH0001002", "GWH0001003"]),
    ({"hawb": "", "tracking_number": "1ZSAMPLE0000000009"}, ["GWH0001001", "1ZSAMPLE0000000009", "GWH0001002", "GWH0001003"]),
])  # fmt: skip
def test_a_row_without_house_number_goes_with_the_row_of_its_parcel(tmp_path, changes, names):
    shipments = checked(tmp_path, **changes)
    assert [s["shipment_id"] for s in shipments] == names
    assert shipments[0]["fair_retail_value_usd"] == ("43.98" if len(names) == 3 else "31.98")


@pytest.mark.parametrize("more", [{}, {"mawb": ""}, {"mawb": "", "consignee_name": ""}])
def test_goods_without_a_number_refuse_the_shipment_above(tmp_path, more):
    shipments = checked(tmp_path, "CSV-ROW-NUMBER", hawb="", tracking_number="", **more)
    assert [s["shipment_id"] for s in shipments] == ["GWH0001002", "GWH0001003"]


def test_a_shipment_of_another_master_and_no_other_number_is_one_of_its_own(tmp_path):
    names = [s["shipment_id"] for s in checked(tmp_path, hawb="", tracking_number="", mawb="999-76543213")]
    assert names == ["GWH0001001", "99976543213", "GWH0001002", "GWH0001003"]


def test_a_state_may_be_written_in_full(tmp_path):
    rows = checked(tmp_path, consignee_state="New York", hawb="GWH0001009", tracking_number="1ZSAMPLE0000000009")
    assert {s["final_deliver_to_party"]["state_province"] for s in rows if s["shipment_id"] == "GWH0001009"} == {"NY"}


def test_rows_are_put_together_by_the_number_that_they_have(tmp_path):
    """The table has a column of house bills, and this shipment only its tracking number: two goods lines, one shipment."""
    rows = [[*row] for row in TABLE]
    for row in rows[1:3]:
        row[COLUMN["hawb"]] = ""
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    result = Checker(SITE, parse_instant("2025-02-27T10:00:00Z")).file(path)
    shipments = [s for m in result["messages"] for s in m["shipments"]]
    assert next((s["shipment_id"], len(s["items"])) for s in shipments) == (rows[1][COLUMN["tracking_number"]], 2)
    assert result["shipments"]["found"] == 3
    assert "S321-DUP" not in {f["rule"] for f in result["findings"]}


def test_a_tracking_number_is_not_taken_for_the_house_bill_of_its_spelling(tmp_path):
    rows = [[*row] for row in TABLE[:3]]
    rows[1][COLUMN["hawb"]], rows[1][COLUMN["tracking_number"]] = "", rows[2][COLUMN["hawb"]]
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert Checker(SITE, parse_instant("2025-02-27T10:00:00Z")).file(path)["shipments"]["found"] == 2
