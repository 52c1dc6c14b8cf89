"""A table of a marketplace is told from its header; a parcel list of a marketplace is told what the header lacks. One fault, one finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.check import describe, gather
from gateway.history import MemoryHistory
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import NOW

HEAD = (
    "tracking_number,seller_name,consignee_name,consignee_address1,consignee_city,consignee_state,consignee_zip,consignee_country,"
    "item_description,unit_value,quantity,currency,origin,mode"
)
ROW = "1Z5R89390357567127,ACME,JANE EXAMPLE,1 MAIN ST,ALBANY,NY,12207,US,Cotton T-shirt men,12.50,1,USD,VN,air"
SELLER = {"seller_id": "S1", "seller_address1": "1 Road", "seller_city": "Hanoi", "seller_country": "VN"}


def told(filer: str, values: dict[str, str], head: str = HEAD, row: str = ROW) -> list[dict[str, Any]]:
    profile = base_site().partners["gwsender"].profile
    options = {**profile.options, "tabular": {"values": values}}
    profile = replace(
        profile, options=options, filer_type=filer, filer_type_by_mode={},
        constants={"known_marketplace_seller_flag": True},
    )  # fmt: skip
    outcome, _ = gather(translate((f"{head}\n{row}\n".encode(),), profile, NOW, MemoryHistory(), name="a.csv"))
    return [f for f in describe(outcome, "a.csv", profile)["findings"] if f["severity"] == "error"]


def test_a_marketplace_whose_table_is_read_as_a_parcel_list_is_told_what_chooses_its_table():
    (price,) = [f for f in told("online_marketplace", {}) if "listed price" in f["message"]]
    assert all(
        word in price["fix"] for word in ("tabular_marketplace", "seller_id", "unit_value", "no column shipper_name")
    )
    assert told("online_marketplace", SELLER) == []


def test_a_price_of_a_marketplace_that_is_not_filled_is_told_once_and_by_its_column():
    (price,) = [f for f in told("online_marketplace", SELLER, row=ROW.replace("12.50", "")) if "price" in f["message"]]
    assert price["message"] == "Listed price (column unit_value) missing."
    assert "tabular_marketplace" not in price["fix"]


def test_a_party_whose_parts_are_told_as_missing_is_not_told_again_as_a_whole():
    said = [f["message"] for f in told("carrier", {}) if "hipper" in f["message"]]
    assert [words.partition(" (")[0] for words in said] == [
        f"Shipper {part}" for part in ("name", "street", "city", "country")
    ]


def test_an_element_that_must_be_sent_says_of_what_list_its_number_is():
    (mode,) = [
        f for f in told("carrier", {}, HEAD.replace(",mode", ""), ROW.replace(",air", "")) if "Mode" in f["message"]
    ]
    assert mode["message"] == (
        "Mode of transport is missing: a carrier must send it (element 6 of the Section 321 data set: Mode of Transportation)."
    )
