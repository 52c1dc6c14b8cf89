"""What public samples write otherwise than ours: codes in other letters, house numbers apart, final delivery, wrapped texts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.check import parse_instant
from gateway.history import MemoryHistory
from tests.drops import Drop, drop, profile_for, sample

BEFORE = parse_instant("2025-02-27T10:00:00Z")
XFWB, XFZB, UBL = (sample(n) for n in ("xml/02", "xml/03", "xml-extra/01"))
FHL, FWB = (sample(n).replace(b"\r\n", b"\n") for n in ("cargoimp/03", "cargoimp/02"))


def only(result: Drop) -> dict[str, Any]:
    (message,) = result.messages()
    (shipment,) = message["shipments"]
    return shipment


def told(result: Drop, rule: str) -> list[str]:
    return [f.message for f in result.findings() if f.rule == rule]


# --- Cargo-XML ------------------------------------------------------------------------------------------------

STAGE = b"Main-Carriage</ram:StageCode>"
LEG = ("carrier_code", "conveyance_reference", "first_us_port", "estimated_arrival_at")


@pytest.mark.parametrize("data", [XFWB, XFZB], ids=["XFWB", "XFZB"])
@pytest.mark.parametrize("written", [b"MAIN-CARRIAGE", b"main-carriage", b"Main-carriage", b" Main-Carriage "])
def test_the_main_carriage_is_read_in_any_letters(data: bytes, written: bytes) -> None:
    data = data if STAGE in data else with_leg(data, b"Main-Carriage")
    right = only(drop(data, now=BEFORE))
    assert [right[name] for name in LEG]
    other = drop(data.replace(STAGE, written + b"</ram:StageCode>"), now=BEFORE)
    assert [only(other)[name] for name in LEG] == [right[name] for name in LEG]


def with_leg(data: bytes, stage: bytes) -> bytes:
    """Return a house waybill with the movement of the air waybill sample."""
    begin = XFWB.index(b"<ram:SpecifiedLogisticsTransportMovement>")
    leg = XFWB[begin : XFWB.index(b"</ram:SpecifiedLogisticsTransportMovement>") + 42]
    before = next(b for b in (b"<ram:HandlingSPHInstructions>", b"<ram:IncludedHouseConsignmentItem>") if b in data)
    return data.replace(before, leg.replace(b"Main-Carriage", stage) + before, 1)


def test_a_movement_without_a_stage_counts_and_one_of_an_unknown_stage_is_told() -> None:
    right = only(drop(XFWB, now=BEFORE))
    bare = drop(XFWB.replace(b"<ram:StageCode>" + STAGE, b""), now=BEFORE)
    assert [only(bare)[name] for name in LEG] == [right[name] for name in LEG]
    odd = drop(XFWB.replace(STAGE, b"LONG-HAUL</ram:StageCode>"), now=BEFORE)
    assert "estimated_arrival_at" not in only(odd)
    (said,) = told(odd, "MAP-NOT-PASSED")
    assert said.startswith("StageCode LONG-HAUL is no stage of a journey")
    before = drop(XFWB.replace(STAGE, b"PRE-CARRIAGE</ram:StageCode>"), now=BEFORE)
    assert told(before, "MAP-NOT-PASSED") == []


@pytest.mark.parametrize(("purpose", "becomes"), [(b"Update", "amend"), (b"Deletion", "cancel")])
def test_an_update_or_deletion_may_have_the_id_of_its_creation(purpose: bytes, becomes: str) -> None:
    history = MemoryHistory()
    first = drop(XFZB, history, now=BEFORE)
    changed = XFZB.replace(b">Creation<", b">%s<" % purpose).replace(b"T08:15:00Z", b"T12:15:00Z", 1)
    assert changed != XFZB
    second = drop(changed, history, now=BEFORE + timedelta(hours=1))
    assert second.counts() == (1, 1, 0, 0)
    assert only(second)["transmission_purpose"] == becomes
    assert first.messages()[0]["message_id"] != second.messages()[0]["message_id"]
    other = drop(changed.replace(b"43.98", b"53.98", 1), history, now=BEFORE + timedelta(hours=2))
    assert told(other, "ENV-CONTROL-DUP") != []  # the same moment with other content is one message sent twice


def test_a_second_creation_under_one_id_is_refused_as_before() -> None:
    history = MemoryHistory()
    drop(XFZB, history, now=BEFORE)
    second = drop(XFZB.replace(b"43.98", b"53.98", 1), history, now=BEFORE)
    assert told(second, "ENV-CONTROL-DUP") != []
    assert second.messages() == []


# --- UBL ------------------------------------------------------------------------------------------------------

STREET = b"<cbc:StreetName>14 MOCK LANE</cbc:StreetName>"
CITY = b"<cbc:CityName>BUFFALO</cbc:CityName>"


def lines(address: dict[str, Any]) -> list[str | None]:
    return [address.get(f"address_line_{n}") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (b"<cbc:StreetName>MOCK LANE</cbc:StreetName><cbc:BuildingNumber>14</cbc:BuildingNumber>", ["14 MOCK LANE", None, None]),
        (
            b"<cbc:StreetName>Boston Road</cbc:StreetName><cbc:BuildingName>Suite M-102</cbc:BuildingName><cbc:BuildingNumber>630</cbc:BuildingNumber>"
            b"<cac:AddressLine><cbc:Line>3rd Floor</cbc:Line></cac:AddressLine>",
            ["630 Boston Road", "Suite M-102", "3rd Floor"],
        ),
        (b"<cac:AddressLine><cbc:Line>14 MOCK LANE</cbc:Line></cac:AddressLine><cac:AddressLine><cbc:Line>APT 4</cbc:Line></cac:AddressLine>", ["14 MOCK LANE", None, "APT 4"]),
        (STREET + b"<cbc:Floor>3</cbc:Floor><cbc:Room>12</cbc:Room>", ["14 MOCK LANE", "FLOOR 3 ROOM 12", None]),
        (STREET + b"<cbc:BuildingName>ANNEX B</cbc:BuildingName><cbc:Floor>2nd floor</cbc:Floor>", ["14 MOCK LANE", "ANNEX B 2nd floor", None]),
        (STREET + b"<cbc:AdditionalStreetName>DOOR 4</cbc:AdditionalStreetName><cbc:Room>Suite 9</cbc:Room>", ["14 MOCK LANE", "DOOR 4 Suite 9", None]),
        (b"<cbc:Postbox>99043</cbc:Postbox>", ["PO BOX 99043", None, None]),
        (b"<cbc:Postbox>P.O. Box 7</cbc:Postbox>", ["P.O. Box 7", None, None]),
    ],
)  # fmt: skip
def test_the_parts_of_a_ubl_address_come_together(parts: bytes, expected: list[str | None]) -> None:
    found = only(drop(UBL.replace(STREET, parts), now=BEFORE))
    assert lines(found["final_deliver_to_party"]) == expected


def test_two_houses_of_one_street_are_two_persons() -> None:
    keys = set()
    for number in (b"14", b"97"):
        parts = b"<cbc:StreetName>MOCK LANE</cbc:StreetName><cbc:BuildingNumber>%s</cbc:BuildingNumber>" % number
        keys.add(only(drop(UBL.replace(STREET, parts), now=BEFORE))["final_deliver_to_party"]["address_line_1"])
    assert keys == {"14 MOCK LANE", "97 MOCK LANE"}


def test_the_final_delivery_party_of_ubl_is_the_deliver_to_party() -> None:
    consignee = UBL[UBL.index(b"<cac:ConsigneeParty>") + 20 : UBL.index(b"</cac:ConsigneeParty>")]
    final = consignee.replace(b"CASEY EXAMPLE", b"DREW TERMINUS")
    data = UBL.replace(
        b"<cac:GoodsItem>",
        b"<cac:Consignment><cac:FinalDeliveryParty>%s</cac:FinalDeliveryParty></cac:Consignment><cac:GoodsItem>"
        % final,
        1,
    )
    result = drop(data, now=BEFORE)
    assert only(result)["final_deliver_to_party"]["name"] == "DREW TERMINUS"
    assert len(told(result, "MAP-FIRST-TAKEN")) == 1


@pytest.mark.parametrize(("mode", "place", "port"), [(b"4", b"USJFK", "4701"), (b"3", b"USBUF", "0901"), (b"1", b"USLAX", "2704"), (b"3", b"0901", "0901")])  # fmt: skip
def test_ports_of_ubl_may_be_un_location_codes(mode: bytes, place: bytes, port: str) -> None:
    stage = b"<cbc:TransportModeCode>3</cbc:TransportModeCode>"
    unloaded = b"<cac:UnloadingPortLocation><cbc:ID>%s</cbc:ID></cac:UnloadingPortLocation>" % place
    data = UBL.replace(stage, stage.replace(b">3<", b">%s<" % mode)).replace(b"</cac:ShipmentStage>", unloaded + b"</cac:ShipmentStage>")  # fmt: skip
    result = drop(data, now=BEFORE)
    assert only(result)["first_us_port"] == port
    assert told(result, "MAP-NOT-PASSED") == []


def test_voyage_and_master_bill_stand_where_ubl_has_them() -> None:
    means = b"<cac:TransportMeans><cbc:JourneyID>UA1234</cbc:JourneyID></cac:TransportMeans>"
    reference = b"<cac:DocumentReference><cbc:ID>999-12345675</cbc:ID><cbc:DocumentTypeCode>741</cbc:DocumentTypeCode></cac:DocumentReference></Waybill>"
    data = UBL.replace(b"</cac:ShipmentStage>", means + b"</cac:ShipmentStage>").replace(b"</Waybill>", reference)
    found = only(drop(data, now=BEFORE))
    assert (found["conveyance_reference"], found["master_bill_number"]) == ("UA1234", "99912345675")


# --- Cargo-IMP ------------------------------------------------------------------------------------------------

FULL = "MENS T-SHIRT KNITTED 100 PCT COTTON SIZE L BLUE AND WHITE WITH BU"
assert len(FULL) == 65


def fhl(text: str) -> Drop:
    head, _, rest = FHL.decode().partition("TXT/")
    return drop((head + text + rest[rest.index("HTS/") :]).encode(), now=BEFORE)


@pytest.mark.parametrize(
    ("text", "goods", "cut"),
    [
        (f"TXT/{FULL}\n/{FULL}\n/TTONS\n", FULL + FULL + "TTONS", False),
        (f"TXT/{FULL}\n/TTONS AND SOCKS\n", f"{FULL} TTONS AND SOCKS", True),
        (f"TXT/{FULL[:-3]}\n/BUTTONS\n", f"{FULL[:-3]} BUTTONS", False),
        ("TXT/COTTON T-SHIRT / BLUE\n/AND SOCKS\n", "COTTON T-SHIRT BLUE AND SOCKS", False),
    ],
)
def test_words_that_are_cut_at_the_last_column_go_on_without_a_blank(text: str, goods: str, cut: bool) -> None:
    result = fhl(text)
    assert only(result)["items"][0]["enhanced_product_description"] == goods
    assert (told(result, "CARGO-IMP-WRAP") != []) is cut


@pytest.mark.parametrize(
    ("pieces", "goods"),
    [
        (["LED DESK LAMPS WITH ", "A CABLE OF TWO METRE", "S"], "LED DESK LAMPS WITH A CABLE OF TWO METRE S"),
        (["LED DESK LAMPS AND CA", "BLES OF COTTON FOR LA", "MPS"], "LED DESK LAMPS AND CABLES OF COTTON FOR LAMPS"),
        (["LED DESK LAMP", "AND CABLE"], "LED DESK LAMP AND CABLE"),
    ],
)  # fmt: skip
def test_the_goods_of_a_rate_line_are_joined_alike(pieces: list[str], goods: str) -> None:
    text = FWB.decode()
    begin = text.index("/NG/")
    start, end = text.rindex("\n", 0, begin) + 1, text.index("/6/NO/CN")
    lines = "".join(f"/{number}/NG/{piece}\n" for number, piece in enumerate(pieces, 2))
    result = drop((text[:start] + lines + text[end:]).encode(), now=BEFORE)
    assert only(result)["items"][0]["enhanced_product_description"] == goods


def test_text_behind_the_house_line_is_text_and_codes_are_codes() -> None:
    house = next(line for line in FHL.decode().split("\n") if line.startswith("HBS/"))
    wrapped = "HBS/GWH0001001/HKGLAX/1/K1.25//MENS T-SHIRTS KNITTED COTTON AND\n/SOCKS KNITTED COTTON"
    text = FHL.decode().replace(house, wrapped)
    text = text[: text.index("TXT/")] + text[text.index("HTS/") :]
    goods = only(drop(text.encode(), now=BEFORE))["items"][0]["enhanced_product_description"]
    assert goods == "MENS T-SHIRTS KNITTED COTTON AND SOCKS KNITTED COTTON"


@pytest.mark.parametrize("codes", ["/NSC/EAW/PEF/SCO", "/EAW/PEF/SCO/NSC", "/EAW/PEF/SCO/ECC/SPF/NSC"])
def test_not_secured_is_seen_wherever_it_stands_among_the_codes(codes: str) -> None:
    assert told(drop(FHL.replace(b"/SPX\n", codes.encode() + b"\n", 1), now=BEFORE), "Q-NOT-SECURED") != []


def test_a_waybill_with_text_among_its_codes_is_told() -> None:
    profile = profile_for(FWB)
    lines = FWB.decode().split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("SPH/"))
    lines.insert(at + 1, "/TEXT HERE LONG")
    assert told(drop("\n".join(lines).encode(), profile=profile, now=BEFORE), "CARGO-IMP-FIELDS") != []
