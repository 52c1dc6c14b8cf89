"""204, 104, 110, 310: read as shipments; what they cannot carry or what stands twice is told, never guessed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.tree import TreeDialect
from gateway.mapping.grammar import parse_path
from gateway.records import Node
from gateway.site import base_mappings, base_site
from tests.drops import SAMPLES_NOW, drop, profile_for, sample

ROOT = Path(__file__).parents[3]
LOAD = base_mappings() / "x12_204" / "examples" / "two_deliveries.edi"
AIR = base_mappings() / "x12_110" / "examples" / "two_shipments.edi"
PARCELS = base_mappings() / "x12_104" / "examples" / "two_shipments.edi"
BILL = base_mappings() / "x12_310" / "examples" / "one_bill.edi"
NOW = parse_instant("2025-01-14T10:00:00Z")


def _counted(text: str) -> str:
    """Return the file with a right SE01."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("ST*"))
    end = next(n for n, line in enumerate(lines) if line.startswith("SE*"))
    lines[end] = f"SE*{end - start + 1}*0001~"
    return "\n".join(lines) + "\n"


def _check(tmp_path: Path, sample: Path, *changes: tuple[str, str]) -> dict:
    text = sample.read_text("ascii")
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    path = tmp_path / "changed.edi"
    path.write_text(_counted(text), "ascii")
    return Checker(base_site(), NOW).file(path)


def _said(result: dict, rule: str) -> list[str]:
    return [f["message"] for f in result["findings"] if f["rule"] == rule]


def _errors(result: dict) -> set[str]:
    return {f["rule"] for f in result["findings"] if f["severity"] == "error"}


# --- 204 ------------------------------------------------------------------------------------------------------


def test_numbers_of_the_only_pick_up_and_of_its_products_are_passed_on() -> None:
    text = (
        sample("x12/16")
        .decode()
        .replace("L11*1ZTRK000000001*2I~", "L11*1ZTRK000000001*2I~\nL11*PO-5*PO~\nL11*INV-6*IV~")
    )
    text = text.replace(
        "OID*ORD-901***PC*1*K*1.2~", "OID*ORD-901***PC*1*K*1.2~\nLAD*******SK*TS-01*CH*CN*UP*036000291452~"
    )
    data = _counted(text).encode()
    profile = replace(profile_for(data), enrich=lambda draft: {"total_value": {"amount": "20.00", "currency": "USD"}})
    (shipment,) = drop(data, profile=profile, now=SAMPLES_NOW).messages()[0]["shipments"]
    numbers = [(one["type"], one["value"]) for one in shipment["references"]]
    assert ("order_number", "PO-5") in numbers and ("invoice_number", "INV-6") in numbers
    (item,) = shipment["items"]
    assert [(one["type"], one["value"]) for one in item["product_identifiers"]] == [
        ("sku", "TS-01"), ("upc", "036000291452"),
    ]  # fmt: skip


def test_each_delivery_of_a_load_has_its_own_consignee_and_goods(tmp_path: Path) -> None:
    shipments = _check(tmp_path, LOAD)["messages"][0]["shipments"]
    assert [
        (
            s["shipment_id"],
            s["final_deliver_to_party"]["name"],
            s["items"][0]["enhanced_product_description"],
            s["items"][0]["country_of_origin"],
            s["gross_weight_kg"],
        )
        for s in shipments
    ] == [
        ("LPX0000811", "ALEX SAMPLE", "COTTON T-SHIRT BLUE WITH PRINTED LOGO", "CA", "1.200"),
        ("LPX0000812", "JORDAN EXAMPLE", "PHONE CASE PLASTIC", "CN", "1.900"),
    ]
    lines = {tuple(s["shipment_initiator"][f"address_line_{n}"] for n in (2, 3)) for s in shipments}
    assert lines == {("UNIT 2", "REAR DOOR")}


def test_goods_of_the_pick_up_belong_to_the_only_delivery_and_only_the_value_is_missing() -> None:
    result = Checker(base_site(), NOW).file(ROOT / "fixtures" / "x12" / "16_204_load_tender.edi")
    assert _errors(result) == {"S321-VAL-MISSING"}
    assert result["rejected"] == ["MBL7781"]


def test_goods_of_the_pick_up_are_not_shared_out_to_several_deliveries(tmp_path: Path) -> None:
    own = "OID*ORD-812***PC*2*K*1.9~\nLAD*CTN*1*****SK*PC-09*CH*CN~\nL5*1*PHONE CASE PLASTIC*392690*A~\n"
    result = _check(tmp_path, LOAD, (own, ""), ("TE*19055550100~\n", "TE*19055550100~\n" + own))
    assert result["accepted"] == ["LPX0000811"]
    (said,) = _said(result, "MAP-AMBIGUOUS")[1:]
    assert said.startswith("The delivery names no goods of its own (OID or L5) and the load has several stops")


def test_goods_at_both_ends_are_told(tmp_path: Path) -> None:
    result = _check(tmp_path, LOAD, ("TE*19055550100~\n", "TE*19055550100~\nOID*ORD-811***PC*1*K*1.2~\n"))
    assert (
        _said(result, "MAP-AMBIGUOUS")
        == ["Goods stand at the pick-up and at the delivery: those of the delivery were taken."] * 2
    )


@pytest.mark.parametrize("second", ["LD", "PL", "CL"])
def test_a_load_of_several_pick_ups_is_refused(tmp_path: Path, second: str) -> None:
    result = _check(tmp_path, LOAD, ("S5*2*PU", f"S5*9*{second}~\nS5*2*PU"))
    assert result["messages"] == []
    assert {m.partition(":")[0] for m in _said(result, "MAP-AMBIGUOUS")} == {"The load has several pick-ups"}


def test_a_tender_without_delivery_holds_no_shipment(tmp_path: Path) -> None:
    result = _check(tmp_path, LOAD, ("S5*2*PU", "S5*2*LD"), ("S5*3*CU", "S5*3*LD"))
    assert result["verdict"] == "reject"
    assert _said(result, "X12-NO-SHIPMENT") == ["Set 204 0001 names no shipment: no S5 with UL, PU or CU in S5-02."]


def test_goods_at_a_stop_that_is_no_delivery_are_not_passed_over(tmp_path: Path) -> None:
    assert _check(tmp_path, LOAD, ("S5*2*PU", "S5*9*RT~\nS5*2*PU"))["accepted"] == ["LPX0000811", "LPX0000812"]
    result = _check(tmp_path, LOAD, ("S5*2*PU", "S5*9*DT~\nL5*1*HIDDEN GOODS~\nS5*2*PU"))
    assert result["messages"] == []
    assert "X12-SEG-UNEXPECTED" in _errors(result)


def test_an_unknown_stop_reason_is_refused(tmp_path: Path) -> None:
    assert "X12-ELE-CODE" in _errors(_check(tmp_path, LOAD, ("S5*2*PU", "S5*2*QQ")))


def test_two_tracking_numbers_of_a_delivery_are_refused(tmp_path: Path) -> None:
    result = _check(tmp_path, LOAD, ("L11*LPX0000811*2I~", "L11*LPX0000811*2I~\nL11*LPX0000899*2I~"))
    assert result["accepted"] == ["LPX0000812"]
    assert _said(result, "MAP-AMBIGUOUS") == [
        "The delivery has several tracking numbers (L11*2I): send one stop for each parcel."
    ]


def test_a_change_that_does_not_say_what_it_replaces_is_refused(tmp_path: Path) -> None:
    result = _check(tmp_path, LOAD, ("B2A*00", "B2A*04"))
    assert result["messages"] == []
    assert "X12-M10-TYPE" in _errors(result)


def test_a_cancelled_tender_cancels_every_delivery(tmp_path: Path) -> None:
    checker = Checker(base_site(), NOW)
    assert checker.file(LOAD)["accepted"] == ["LPX0000811", "LPX0000812"]
    text = LOAD.read_text("ascii").replace("B2A*00", "B2A*01").replace("000000811", "000000911")
    (tmp_path / "cancel.edi").write_text(text, "ascii")
    result = checker.file(tmp_path / "cancel.edi")
    assert {s["transmission_purpose"] for s in result["messages"][0]["shipments"]} == {"cancel"}
    assert _errors(result) == set()


# --- 110 ------------------------------------------------------------------------------------------------------


def test_freight_charges_are_never_the_value(tmp_path: Path) -> None:
    first, _ = _check(tmp_path, AIR)["messages"][0]["shipments"]
    assert first["shipping_charges"] == {"amount": "45.00", "currency": "USD"}
    assert first["total_value"]["amount"] == "42.50"  # of the enrichment file
    result = _check(tmp_path, AIR, ("LPX0000821", "LPX0000829"))
    assert result["rejected"] == ["LPX0000829"]
    assert _errors(result) == {"S321-VAL-MISSING"}


def test_the_weight_of_a_line_without_unit_is_that_of_the_set_or_none(tmp_path: Path) -> None:
    assert [s["gross_weight_kg"] for s in _check(tmp_path, AIR)["messages"][0]["shipments"]] == ["0.400", "0.200"]
    result = _check(tmp_path, AIR, ("**PP*K*", "**PP**"))
    assert ["gross_weight_kg" in s for s in result["messages"][0]["shipments"]] == [True, False]
    assert _said(result, "MAP-WEIGHT") == ["No gross weight: its unit is missing (L0-11 or B3-05)."]


def test_weights_in_two_units_are_not_added(tmp_path: Path) -> None:
    result = _check(tmp_path, AIR, ("0.1*G***1*CTN**K", "0.1*G***1*CTN**L"))
    assert "gross_weight_kg" not in result["messages"][0]["shipments"][0]
    assert _said(result, "MAP-WEIGHT") == ["No gross weight: the goods lines have different units (L0-11)."]


@pytest.mark.parametrize("sample", [AIR, PARCELS], ids=["110", "104"])
@pytest.mark.parametrize(
    ("second", "whole"),
    [
        ("L5*2*CHARGING CABLE USB-C WHITE*854442*A~", False),  # goods of its own, without L0
        ("L5*2*CHARGING CABLE USB-C WHITE~", True),  # only goes on with the text of the line before
    ],
)
def test_weights_and_pieces_are_added_up_only_when_every_goods_line_has_them(
    tmp_path: Path, sample: Path, second: str, whole: bool
) -> None:
    old = "L5*2*CHARGING CABLE USB-C WHITE*854442*A~\nL0*2*1*PC*0.1*G***1*CTN**K~\n"
    result = _check(tmp_path, sample, (old, f"{second}\n"))
    first = result["messages"][0]["shipments"][0]
    of_first = {name: first.get(name) for name in ("gross_weight_kg", "package_count", "package_unit")}
    assert of_first == ({"gross_weight_kg": "0.300", "package_count": 1, "package_unit": "CTN"} if whole else dict.fromkeys(of_first))  # fmt: skip
    said = [] if whole else ["No gross weight: not every goods line has one (L0-04 with L0-05 G)."]
    assert _said(result, "MAP-WEIGHT") == said


def test_a_first_line_without_weight_is_in_no_sum(tmp_path: Path) -> None:
    result = _check(tmp_path, AIR, ("L5*1*LEATHER WALLET BROWN*420231*A~", "L5*1*WALLETS~\nL5*2*LEATHER WALLET BROWN*420231*A~"))  # fmt: skip
    assert "gross_weight_kg" not in result["messages"][0]["shipments"][1]


def test_a_route_with_a_stop_names_no_first_port(tmp_path: Path) -> None:
    first = _check(tmp_path, AIR)["messages"][0]["shipments"][0]
    assert first["first_us_port"] == "4701"
    result = _check(tmp_path, AIR, ("R1***CAN*AIX*JFK", "R1***CAN*AIX*ANC*AIX*JFK"))
    assert "first_us_port" not in result["messages"][0]["shipments"][0]
    assert len(_said(result, "PORT-MISSING")) == 2


def test_two_air_waybills_in_the_header_are_refused(tmp_path: Path) -> None:
    result = _check(tmp_path, AIR, ("N9*AW*999-12345675~", "N9*AW*999-12345675~\nN9*AW*999-12345686~"))
    assert result["messages"] == []
    assert len(_said(result, "MAP-AMBIGUOUS")) == 2


def test_parties_of_the_header_are_those_of_every_line_without_its_own(tmp_path: Path) -> None:
    party = "N1*CN*JORDAN EXAMPLE~\nN3*905 BIRCH AVE~\nN4*COLUMBUS*OH*43004*US~\n"
    result = _check(tmp_path, AIR, (party + "N9*2I", "N1*FW*FORWARDER~\nN9*2I"), ("N1*BT*", party + "N1*BT*"))
    names = [s["final_deliver_to_party"]["name"] for s in result["messages"][0]["shipments"]]
    assert names == ["RILEY PLACEHOLDER", "JORDAN EXAMPLE"]


# --- 310 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "second", "said"),
    [
        ("N9*BM*HBL00831~", "N9*BM*HBL00832~", "several bill numbers (N9*BM)"),
        ("N9*MB*MBL0099881~", "N9*MB*MBL0099882~", "several master bill numbers (N9*MB)"),
        ("N4*COLUMBUS*OH*43004*US~", "N1*CN*ALEX SAMPLE~", "several consignees (N1*CN)"),
        ("L5*1*PAINTED IN SIX COLOURS~", "L5*1*PLASTIC DOLLS*950210*A~", "several commodity codes (L5-03)"),
    ],
)
def test_what_a_bill_can_have_once_and_stands_twice_refuses_it(
    tmp_path: Path, line: str, second: str, said: str
) -> None:
    result = _check(tmp_path, BILL, (line, f"{line}\n{second}"))
    assert result["messages"] == []
    (message,) = _said(result, "MAP-AMBIGUOUS")
    assert said in message


def test_a_second_vessel_refuses_the_set(tmp_path: Path) -> None:
    line = "V1*9301234*EVER SAMPLE*SG*012E*OCNL***L~"
    result = _check(tmp_path, BILL, (line, f"{line}\nV1*9301246*SECOND SAMPLE*SG*7W~"))
    assert result["messages"] == []
    (message,) = _said(result, "MAP-AMBIGUOUS")
    assert message.startswith("The set has several vessels (V1) and nothing tells which one arrives")


def test_the_weight_of_the_bill_is_the_sum_only_when_every_line_has_one(tmp_path: Path) -> None:
    assert _check(tmp_path, BILL)["messages"][0]["shipments"][0]["gross_weight_kg"] == "10.000"
    result = _check(tmp_path, BILL, ("L0*2*1*CT*4*G*0.1*X*1*CTN**K", "L0*2*1*CT***0.1*X*1*CTN"))
    assert "gross_weight_kg" not in (result["messages"] or [{"shipments": [{}]}])[0]["shipments"][0]
    assert "MAP-WEIGHT" in {f["rule"] for f in result["findings"]}


def test_the_number_of_the_freight_invoice_is_not_taken_for_the_bill(tmp_path: Path) -> None:
    result = _check(tmp_path, BILL, ("N9*BM*HBL00831~\n", ""))
    assert "S321-ID-1OF" in _errors(result)


def test_a_port_that_is_not_american_is_told(tmp_path: Path) -> None:
    result = _check(tmp_path, BILL, ("R4*D*D*2709*LONG BEACH*US", "R4*D*K*12401*VANCOUVER*CA"))
    assert len(_said(result, "PORT-MISSING")) == 1
    assert "first_us_port" not in result["messages"][0]["shipments"][0]


# --- numbers of a level above ---------------------------------------------------------------------------------


def _file(tmp_path: Path, sample: Path, *changes: tuple[str, str]) -> dict:
    """Check a sample with all places of some patterns changed."""
    text = sample.read_text("ascii")
    for old, new in changes:
        text, found = re.subn(old, new, text)
        assert found, old
    (tmp_path / "changed.edi").write_text(_counted(text), "ascii")
    return Checker(base_site(), NOW).file(tmp_path / "changed.edi")


OF_THE_SENDER = (r"PER\*SH", "N9*AW*999-12345686~\nPER*SH")
NO_NUMBERS = {
    "110": (AIR, [(r"N9\*2I[^~]*~\n", "")], ["LX 1", "LX 2"]),
    "104": (PARCELS, [(r"N9\*2I[^~]*~\n", "N9*ZZ*X~\n"), (r"N9\*AW[^~]*~\n", ""), OF_THE_SENDER], ["FOB PP", "FOB PP"]),
    "204": (LOAD, [(r"L11\*LPX[^~]*~\n", ""), ("LOADBOL8810[*]BM", "MBL1*MB")], ["S5 2", "S5 3"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_a_number_of_a_level_above_identifies_none_of_several_shipments(tmp_path: Path, name: str) -> None:
    sample, changes, labels = NO_NUMBERS[name]
    result = _file(tmp_path, sample, *changes)
    assert (result["accepted"], result["rejected"]) == ([], labels)
    said = _said(result, "S321-ID-1OF")
    assert len(said) == 2 and all("has no number of its own" in text and " is that of all " in text for text in said)
    assert "S321-DUP" not in _errors(result)


def test_the_number_of_a_level_above_is_the_master_of_those_that_have_their_own(tmp_path: Path) -> None:
    (result,) = _file(tmp_path, AIR)["messages"]
    assert [s["master_bill_number"] for s in result["shipments"]] == ["99912345675"] * 2
    (result,) = _file(tmp_path, PARCELS, (r"N9\*AW[^~]*~\n", ""), OF_THE_SENDER)["messages"]
    assert [s["master_bill_number"] for s in result["shipments"]] == ["99912345686"] * 2
    (result,) = _file(tmp_path, LOAD, ("LOADBOL8810[*]BM", "MBL1*MB"))["messages"]
    assert [s["master_bill_number"] for s in result["shipments"]] == ["MBL1"] * 2


def test_one_shipment_alone_has_the_number_of_the_header(tmp_path: Path) -> None:
    second = r"(?s)LX\*2~.*?(?=L3\*)"
    result = _file(tmp_path, AIR, (second, ""), (r"N9\*2I[^~]*~\n", ""), (r"L3\*0.6\*G\*\*\*9000", "L3*0.4*G***4500"))
    assert "S321-ID-1OF" not in _errors(result)
    assert result["accepted"] + result["rejected"] == ["99912345675"]


# --- all ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sample", "code"), [(LOAD, "204"), (AIR, "110"), (BILL, "310"), (PARCELS, "104")])
def test_another_release_is_refused_with_the_one_that_exists(tmp_path: Path, sample: Path, code: str) -> None:
    result = _check(tmp_path, sample, ("*X*004010~", "*X*005010~"))
    (finding,) = [f for f in result["findings"] if f["rule"] == "X12-VERSION"]
    assert finding["fix"] == f"Send set {code} in version 004010, or ask us to add yours."
    assert result["accepted"] == []


@pytest.mark.parametrize("sample", [LOAD, AIR, BILL, PARCELS], ids=["204", "110", "310", "104"])
def test_a_set_that_is_cut_anywhere_delivers_nothing(tmp_path: Path, sample: Path) -> None:
    lines = sample.read_text("ascii").splitlines(keepends=True)
    path = tmp_path / "cut.edi"
    for end in range(3, len(lines) - 1, 3):
        path.write_text("".join(lines[:end]), "ascii")
        result = Checker(base_site(), NOW).file(path)
        assert result["messages"] == [], end
        counts = result["shipments"]
        assert counts["found"] == counts["rejected"], end


def test_leaves_that_read_all_segments() -> None:
    root = Node("ST", ["ST"], 0, 2, 1, 1)
    for text in (["L5", "2", "COTTON "], ["L5", "3.5", " SHIRT"], ["L5", "1", ""]):
        root.take(Node("L5", text, 3, 5, 1, 2))
    read = {word: TreeDialect("x12").getter(parse_path(f"L5.0{word}"), "") for word in ("1@sum", "2@join", "2@rest")}
    assert {word: get(root, root) for word, get in read.items()} == {
        "1@sum": "6.5", "2@join": "COTTON SHIRT", "2@rest": "SHIRT",
    }  # fmt: skip
    same = TreeDialect("x12").getter(parse_path("L5.02@same"), "")
    assert same(root, root) == ""
    assert TreeDialect("x12").getter(parse_path("L5.02@sum"), "")(root, root) == ""
    root.children["L5"][0].take(Node("L0", ["L0", "2", "K"], 3, 5, 1, 2))
    paths = ("L5/L0.01@sum", "L5/L0.01@sum_each", "L5/L0.02@same", "L5/L0.02@same_each")

    def each() -> list[str]:
        return [TreeDialect("x12").getter(parse_path(path), "")(root, root) for path in paths]

    assert each() == ["2", "2", "K", "K"]  # the other L5 have a text only
    root.children["L5"][2].elements.append("8518")
    assert each() == ["2", "", "K", ""]
    assert TreeDialect("x12").problems(parse_path("L5.02@max"), "", "204", "") != []
