"""856: order numbers and product numbers of every level reach the canonical message, and the rule on lots of one order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.history import MemoryHistory
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, drop, sample
from tests.formats.x12.test_carrier_sets import _counted as counted

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


@pytest.mark.parametrize("kind", ["HD", "HS"])
def test_the_tariff_number_has_the_code_of_the_standard(kind: str) -> None:
    """Element 235 has HD for it; HS is in no release and read for those who send it."""
    line = "LIN*1*SK*SKU-TS-01*CH*CN~"
    (item,) = drop(_with(SAMPLE, (line, line[:-1] + f"*{kind}*6109.10~")), now=SAMPLES_NOW).messages()[0]["shipments"][
        0
    ]["items"]
    assert item["hts_number"] == "610910"


@pytest.mark.parametrize("release", ["004010", "004040", "005010", "006050"])
def test_a_subline_may_have_numbers_of_the_product_too(release: str) -> None:
    """SLN-08 to SLN-28 are in every release; the set was refused for too many elements."""
    sub = "SLN*1**I*1*EA*18.00*PE"
    more = f"{sub}**VP*V-7*HD*6110.20*CH*VN*BP*BUYER-9~"
    changes = (("SLN*1**I*1*EA*18.00~", more), ("LIN*1*SK*SKU-TS-01*CH*CN~", "LIN*1*BP*BUYER-1~"))
    text = _with(SAMPLE, *changes).replace(b"004010", release.encode())
    result = drop(text, now=SAMPLES_NOW)
    assert not [r for r in result.rules() if r.startswith("X12-ELE")]
    (item,) = (i for m in result.messages() for s in m["shipments"] for i in s["items"] if i.get("hts_number"))
    assert (item["hts_number"], item["country_of_origin"]) == ("611020", "VN")
    assert [(p["type"], p["value"]) for p in item["product_identifiers"]] == [("sku", "V-7")]


@pytest.mark.parametrize(
    ("release", "long"), [("004010", 30), ("004040", 50), ("004060", 50), ("005010", 50), ("006050", 80)]
)
def test_a_reference_may_be_as_long_as_its_release_has_it(release: str, long: int) -> None:
    for size, told in ((long, False), (long + 1, True)):
        data = _with(SAMPLE, ("REF*BM*NRTXMAN0001~", f"REF*BM*NRTXMAN0001~\nREF*IV*{'7' * size}~")).replace(
            b"004010", release.encode()
        )
        assert ("X12-LEN-LONG" in drop(data, now=SAMPLES_NOW).rules()) is told, size


def test_a_catalogue_price_is_not_one_of_a_piece() -> None:
    """CA of element 639 is a catalogue price and says no unit; LE says each."""
    for basis, told in (("CA", True), ("LE", False), ("PE", False)):
        result = drop(_with(SAMPLE, ("SLN*1**I*1*EA*4.99~", f"SLN*1**I*1*EA*4.99*{basis}~")), now=SAMPLES_NOW)
        assert ("MAP-AMBIGUOUS" in result.rules()) is told, basis


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


SSCC = "00081034001000008795"
CP = "MAN*CP*LPX0000001~"


def parcels(*changes: tuple[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the shipments of the sample with changes, and what is said of ambiguous and missing numbers."""
    text = sample("x12/15").decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    result = drop(counted(text).encode(), now=SAMPLES_NOW)
    told = [f.message for f in result.findings() if f.rule in ("MAP-AMBIGUOUS", "S321-ID-1OF", "S321-ROLE-REQ")]
    return [s for m in result.messages() for s in m["shipments"]], told


@pytest.mark.parametrize(
    ("marks", "number", "beside"),
    [
        (f"MAN*GM*{SSCC}**CP*LPX0000009~", "LPX0000009", [SSCC]),
        (f"MAN*CP*LPX0000009**GM*{SSCC}~", "LPX0000009", [SSCC]),
        (f"MAN*GM*{SSCC}~\nMAN*CP*LPX0000009~", "LPX0000009", [SSCC]),
        (f"MAN*AA*{SSCC}**CP*LPX0000009~", "LPX0000009", []),
        (f"MAN*AA*PALLET 1**GM*{SSCC}~", SSCC, []),
        (f"MAN*GM*{SSCC}~", SSCC, []),
        ("REF*CN*LPX0000009~", "LPX0000009", ["LPX0000009"]),
    ],
)
def test_the_number_of_the_carrier_is_that_of_the_parcel_wherever_it_stands(marks, number, beside):
    found, told = (
        parcels((CP, marks))
        if marks.startswith("MAN")
        else parcels((f"TD1*CTN25*1****G*1.2*KG~\n{CP}", f"TD1*CTN25*1****G*1.2*KG~\n{marks}"))
    )
    assert (found[0]["shipment_id"], found[0]["shipment_tracking_number"]) == (number, number)
    assert [r["value"] for r in found[0]["references"] if r["type"] == "tracking"] == beside
    assert told == []


@pytest.mark.parametrize(
    "marks",
    [
        "MAN*CP*LPX0000001**CP*LPX0000007~",
        "MAN*CP*LPX0000001~\nMAN*AA*PALLET 1**CP*LPX0000007~",
        "MAN*AA*PALLET 1**CP*LPX0000001~\nMAN*AA*PALLET 1**CP*LPX0000007~",
        f"MAN*GM*{SSCC}**GM*00081034001000008801~",
        "MAN*AA*PALLET 1**CP*LPX0000001*LPX0000005~",
    ],
)
def test_two_numbers_of_one_kind_refuse_the_parcel(marks):
    found, told = parcels((CP, marks))
    assert [s["shipment_id"] for s in found] == ["LPX0000002"]
    assert len(told) == 1


def test_a_master_bill_names_no_parcel():
    found, told = parcels((f"{CP}\n", ""), ("REF*2I*LPX0000001~\n", ""))
    assert [s["shipment_id"] for s in found] == ["LPX0000002"]
    assert told == [
        "The parcel has no number of its own (MAN-02 with CP, REF 2I or CN): a master bill stands for many, and so does the number of an order of several parcels."
    ]


@pytest.mark.parametrize(
    ("marks", "delivered"),
    [
        (("", ""), []), ((CP, ""), ["LPX0000001"]), (("", "MAN*CP*LPX0000003~"), ["LPX0000003"]),
        ((CP, "REF*CN*LPX0000003~"), ["LPX0000001", "LPX0000003"]),
    ],
)  # fmt: skip
def test_the_number_of_an_order_of_several_parcels_is_none_of_theirs(marks: tuple[str, str], delivered: list[str]):
    """Neither the first, which would be delivered under it, nor the others, which would be called doubles."""
    goods = SAMPLE[SAMPLE.index("HL*4*3*I") : SAMPLE.index("HL*5*1*O")]
    weight = "TD1*CTN25*1****G*1.2*KG~\n"
    again = f"HL*9*2*P*1~\n{weight}{marks[1]}\n" + goods.replace("HL*4*3*I", "HL*10*9*I")
    found, told = parcels(
        (f"{CP}\n", f"{marks[0]}\n" if marks[0] else ""),
        (goods, goods + (again if marks[1] else again.replace("\n\n", "\n"))),
    )
    assert [s["shipment_id"] for s in found] == [*delivered, "LPX0000002"]
    assert len(told) == 2 - len(delivered) and all("several parcels" in said for said in told)


SELLER = "N1*SE*SUNRISE EXPORT TRADING CO~\nN3*88 HARBOUR IND RD~\nN4*SHENZHEN**518000*CN~\n"


def test_a_seller_of_the_shipment_level_stands_for_orders_without_one_and_else_who_ships():
    found, told = parcels((SELLER, ""), ("N1*SF*", f"{SELLER.replace('SUNRISE', 'SUNSET')}N1*SF*"))
    assert [(s["shipment_initiator"]["name"], s["seller"]["name"]) for s in found] == [
        ("SUNSET EXPORT TRADING CO",) * 2, ("SUNRISE EXPORT TRADING CO",) * 2,
    ]  # fmt: skip
    assert told == []
    found, told = parcels((SELLER, ""))
    assert (found[0]["shipment_initiator"]["name"], "seller" in found[0]) == ("MARKETPLACE FULFILMENT SHENZHEN", False)


def test_the_hub_of_the_shipment_level_is_no_deliver_to_party():
    buyer = "N1*BY*ALEX SAMPLE~\nN3*12 ELM ST APT 4~\nN4*BUFFALO*NY*14201*US~\n"
    found, told = parcels((buyer, ""))
    assert [s["shipment_id"] for s in found] == ["LPX0000002"]
    assert told == ["No deliver-to party (N1 ST or BY) of the parcel or its order: that of the shipment level is where it travels to."]  # fmt: skip


def test_a_colour_is_no_description_of_the_goods():
    goods = "PID*F*08***COTTON T-SHIRT~"
    for before in ("PID*F*75***RED~", "PID*F*73***RED~\nPID*F*91***XL~"):
        found, told = parcels((goods, f"{before}\n{goods}"))
        assert (found[0]["items"][0]["enhanced_product_description"], told) == ("COTTON T-SHIRT", [])
    assert parcels((goods, "PID*F****COTTON T-SHIRT~"))[0][0]["items"][0]["enhanced_product_description"] == "COTTON T-SHIRT"  # fmt: skip
    found, told = parcels((goods, "PID*F*75***DARK RED~"))
    assert [s["shipment_id"] for s in found] == ["LPX0000002"]
    assert told == ["Description of the goods missing (PID-05 with 08 in PID-02, or nothing there)."]
