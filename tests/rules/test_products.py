"""Check digits of product numbers, and where the numbers of a product stand."""

from __future__ import annotations

import pytest

from gateway.findings import Severity
from gateway.rules.products import check_products, gtin_check_digit
from tests.drops import SAMPLES_NOW, Drop, drop, sample
from tests.formats.x12.test_carrier_sets import LOAD
from tests.formats.x12.test_carrier_sets import _counted as counted
from tests.test_written_otherwise import ONE, forwarding, only

RIGHT = ["036000291452", "4006381333931", "73513537", "10012345678902", "96385074"]


@pytest.mark.parametrize("number", RIGHT)
def test_the_check_digit_of_gs1_numbers(number: str) -> None:
    assert gtin_check_digit(number) == number[-1]


@pytest.mark.parametrize(
    ("kind", "number", "told"),
    [
        ("upc", "036000291452", 0), ("upc", "036000291453", 1), ("upc", "0 36000 29145 3", 1), ("upc", "03600029145", 0),
        ("ean", "4006381333931", 0), ("ean", "4006381333913", 1), ("ean", "73513536", 1), ("ean", "036000291453", 0),
        ("gtin", "10012345678902", 0), ("gtin", "10012345678900", 1), ("gtin", "4006381333913", 1), ("gtin", "ABC", 0),
        ("sku", "036000291453", 0), ("model", "4006381333913", 0),
    ],
)  # fmt: skip
def test_a_wrong_check_digit_is_told_where_the_number_has_one(kind: str, number: str, told: int) -> None:
    found = list(check_products({"product_identifiers": [{"type": kind, "value": number}]}, 0))
    assert [(f.rule, f.severity) for f in found] == [("Q-GTIN-CHK", Severity.WARNING)] * told


def checks(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "Q-GTIN-CHK"]


def test_it_is_told_in_x12_and_edifact_with_its_place() -> None:
    data = sample("x12/15").replace(b"LIN*1*SK*SKU-TS-01", b"LIN*1*UP*036000291453", 1)
    assert data != sample("x12/15")
    result = drop(data, now=SAMPLES_NOW)
    assert checks(result) == ["Product number 036000291453 (UPC): check digit 3, expected 2."]
    (found,) = [f for f in result.findings() if f.rule == "Q-GTIN-CHK"]
    assert found.position.segment == "LIN"
    assert checks(drop(forwarding(HS, f"{HS}'PIA+1+4006381333913:EN"))) == [
        "Product number 4006381333913 (EAN): check digit 3, expected 7."
    ]


HS = next(line for line in ONE if line.startswith("PIA"))


@pytest.mark.parametrize("kind", ["IFCSUM:D:03A:UN", "IFTMIN:D:03A:UN"])
@pytest.mark.parametrize(
    "lines",
    [
        f"{HS}'PIA+1+A1:SA'PIA+1+4006381333931:EN+M7:MF",
        f"PIA+1+A1:SA+4006381333931:EN'{HS}'PIA+1+M7:MF",
        f"PIA+1+A1:SA+4006381333931:EN+M7:MF'{HS}",
    ],
)
def test_the_numbers_of_all_pia_are_passed_on(kind: str, lines: str) -> None:
    result = drop(forwarding(HS, lines, kind))
    (item,) = only(result)["items"]
    found = [(one["type"], one["value"]) for one in item["product_identifiers"]]
    assert found == [("sku", "A1"), ("ean", "4006381333931"), ("model", "M7")]
    assert item["hts_number"] == "6109100012"


def test_a_tariff_number_alone_is_no_number_of_the_product() -> None:
    result = drop(forwarding())
    (item,) = only(result)["items"]
    assert "product_identifiers" not in item and "MAP-NOT-PASSED" not in result.rules()


@pytest.mark.parametrize(("line", "told"), [("L11*PO-5*PO~", 2), ("L11*MB-7*MB~", 2), ("L11*BOL-1*BM~", 0), ("", 0)])
def test_numbers_of_a_load_with_several_deliveries_are_told(line: str, told: int) -> None:
    text = LOAD.read_text("ascii").replace("L11*LOADBOL8810*BM~\n", f"{line}\n" if line else "")
    result = drop(counted(text).encode(), now=SAMPLES_NOW)
    found = [f.message for f in result.findings() if f.rule == "MAP-NOT-PASSED" and "L11" in f.message]
    assert len(found) == told, result.findings()


def test_a_bill_above_the_parcel_is_what_it_travels_in() -> None:
    data = sample("x12/15").replace(b"REF*BM*NRTXMAN0001", b"REF*BM*BOL-77", 1)
    assert data != sample("x12/15")
    shipments = [s for m in drop(data, now=SAMPLES_NOW).messages() for s in m["shipments"]]
    assert all({"type": "parent_shipment", "value": "BOL-77"} in s["references"] for s in shipments) and shipments
