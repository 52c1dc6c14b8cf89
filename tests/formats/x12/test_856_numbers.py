"""856: order numbers and product numbers of every level reach the canonical message, and the rule on lots of one order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.history import MemoryHistory
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, drop, sample

SAMPLE = sample("x12/15").decode("ascii")
ORDERS = (base_mappings() / "x12_856_order" / "examples" / "two_orders.edi").read_text("ascii")
PACKS = (base_mappings() / "x12_856_pack" / "examples" / "two_packs.edi").read_text("ascii")


def _with(text: str, *changes: tuple[str, str]) -> bytes:
    """Change a sample; SE counts what was added."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    head, _, rest = text.partition("\nSE*")
    count = len(head[head.index("ST*") :].replace("\n", "").split("~")) - 1
    return f"{head}\nSE*{count + 1}*{rest.partition('*')[2]}".encode("ascii")


def _references(shipment: dict) -> list[tuple[str, ...]]:
    return [tuple(reference.values()) for reference in shipment.get("references", ())]


def test_orders_and_invoices_of_all_four_levels_are_references_of_the_parcel() -> None:
    data = _with(
        SAMPLE,
        ("REF*BM*NRTXMAN0001~", "REF*BM*NRTXMAN0001~\nREF*IV*INV-S~"),
        ("PRF*ORD-901~", "PRF*ORD-901***20250102~"),
        ("REF*SI*MKTP-S0001~", "REF*SI*MKTP-S0001~\nREF*CO*CUST-7~\nREF*VN*V-8~"),
        ("MAN*CP*LPX0000001~", "REF*PO*PACK-1~\nMAN*CP*LPX0000001~"),
        ("SN1*1*1*EA~", "SN1*1*1*EA~"),
        ("SLN*1**I*1*EA*18.00~", "SLN*1**I*1*EA*18.00~\nPRF*LINE-1~"),
        ("PID*F*08***COTTON T-SHIRT~", "PID*F*08***COTTON T-SHIRT~\nREF*IV*INV-I~"),
    )
    result = drop(data, now=SAMPLES_NOW)
    first, second = result.messages()[0]["shipments"]
    assert _references(first) == [
        ("order_number", "PACK-1"),
        ("order_number", "ORD-901", "2025-01-02"),
        ("order_number", "CUST-7"),
        ("order_number", "V-8"),
        ("invoice_number", "INV-S"),
        ("order_number", "LINE-1"),
        ("invoice_number", "INV-I"),
        ("parent_shipment", "NRTXMAN0001"),
    ]
    assert _references(second) == [
        ("order_number", "ORD-902"), ("invoice_number", "INV-S"), ("parent_shipment", "NRTXMAN0001"),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "own"), [(ORDERS, "TD1*CTN25*1****G*1.2*KG~"), (PACKS, "TD1*CTN25*1****G*1.2*KG~")])
def test_the_layouts_of_three_levels_give_their_numbers_too(text: str, own: str) -> None:
    data = _with(text, ("REF*BM*NRTXMAN0001~", "REF*PO*PO-S~"), (own, own + "\nREF*PO*PO-OWN~"))
    first, second = drop(data, now=SAMPLES_NOW).messages()[0]["shipments"]
    assert ("order_number", "PO-OWN") in _references(first) and ("order_number", "PO-S") in _references(first)
    assert ("order_number", "PO-S") in _references(second) and ("order_number", "PO-OWN") not in _references(second)


def test_the_number_of_the_whole_load_is_no_bill_of_one_parcel() -> None:
    assert all(r in (("order_number", r[1]), ("parent_shipment", "NRTXMAN0001")) for s in drop(_with(SAMPLE), now=SAMPLES_NOW).messages()[0]["shipments"] for r in _references(s))  # fmt: skip


def test_products_have_the_numbers_of_their_line() -> None:
    line = "LIN*1*SK*SKU-TS-01*CH*CN~"
    more = "LIN*1*VP*V-1*CH*CN*UP*036000291452*EN*4006381333931*UK*10036000291459*MG*M 3*BP*BUYER-9*HS*610910~"
    (item,) = drop(_with(SAMPLE, (line, more)), now=SAMPLES_NOW).messages()[0]["shipments"][0]["items"]
    assert [(p["type"], p["value"]) for p in item["product_identifiers"]] == [
        ("sku", "V-1"), ("upc", "036000291452"), ("ean", "4006381333931"), ("gtin", "10036000291459"), ("model", "M 3"),
    ]  # fmt: skip


def test_lots_of_one_order_on_several_days_are_told() -> None:
    history = MemoryHistory()

    def sent(number: int, price: str) -> list[str]:
        text = SAMPLE.replace("000000015", f"{number:09d}").replace("LPX", f"LP{number}")
        data = _with(text, ("SLN*1**I*1*EA*18.00~", f"SLN*1**I*1*EA*{price}~"))
        result = drop(data, now=SAMPLES_NOW + timedelta(days=number), history=history)
        assert result.counts()[:2] == (2, 2)
        return [f.message for f in result.findings() if f.rule == "S321-SPLIT"]

    assert sent(1, "500.00") == []
    (words,) = sent(2, "400.00")
    assert words.startswith("Shipment LP10000001, accepted before, belongs to the same order")
