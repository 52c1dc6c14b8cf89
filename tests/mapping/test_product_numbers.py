"""Numbers of products reach the goods line from tables and from EDIFACT; 856: tests/formats/x12/test_856_numbers.py."""

from __future__ import annotations

import pytest

from gateway.mapping.codes import CodeTables
from gateway.mapping.transforms import Noted, find_transform
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, drop, sample


def _items(data: bytes, **changes) -> list[dict]:
    (message,) = drop(data, now=SAMPLES_NOW, **changes).messages()
    return [item for shipment in message["shipments"] for item in shipment["items"]]


def _numbers(item: dict) -> list[tuple[str, str]]:
    return [(one["type"], one["value"]) for one in item.get("product_identifiers", ())]


@pytest.mark.parametrize(
    "product",
    ["PIA+5+5701109000:HS'PIA+1+SKU-1:SA+4006381333931:EN'", "PIA+1+BUYER:IN+SKU-1:SA+4006381333931:EN+5701109000:HS'"],
)
def test_numbers_of_a_goods_item_of_an_ifcsum(product: str) -> None:
    text = sample("edifact/14").replace(b"202510021200", b"202501151200").decode("latin-1")
    start = text.index("PIA+")
    end = text.index("'", start) + 1
    changed = text[:start] + product + text[end:]
    unt = changed.index("UNT+")
    count = changed[changed.index("UNH+") : unt].count("'") + 1
    data = changed[:unt] + f"UNT+{count}+" + changed[unt:].split("+", 2)[2]
    item = _items(data.encode("latin-1"))[0]
    assert _numbers(item) == [("sku", "SKU-1"), ("ean", "4006381333931")]
    assert item["hts_number"] == "5701109000"


def test_the_column_sku_of_a_table() -> None:
    head, one, two, *rest = (base_mappings() / "tabular_csv" / "examples" / "two_items_one_parcel.csv").read_text().splitlines()  # fmt: skip
    data = "\n".join([f"{head},sku", f"{one},TS 01", f"{two},", *rest]) + "\n"
    first, second = _items(data.encode())
    assert (_numbers(first), _numbers(second)) == ([("sku", "TS 01")], [])


def test_a_number_longer_than_the_field_is_told_not_refused() -> None:
    tables = CodeTables({"t": b"code,value\nSK,sku\nUP,upc\n"})
    made = find_transform("product_ids").bind(("t",), tables)(["SK", "A" * 71, "UP", "036000291452"])
    assert made == "upc 036000291452" and isinstance(made, Noted) and made.notes[0][0] == "MAP-NOT-PASSED"
