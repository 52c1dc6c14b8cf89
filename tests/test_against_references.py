"""Statements of the references that no sample shows, one small file each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.history import MemoryHistory
from tests.drops import SAMPLES_NOW, Drop, drop, profile_for, sample
from tests.test_beyond_samples import BILL, CONSIGNEE, GOODS, HEADER, LINE, air, bill, consignment, only, said, truck

OCTOBER = datetime(2025, 9, 30, 12, 0, tzinfo=UTC)
HEAD = ("M10*NRTX*J*CA***NRTX25A01***W", "P4*0901*20250303***1430")


def arrival(mode: str, time: str) -> str:
    head = (HEAD[0].replace("*J*", f"*{mode}*").replace("***NRTX", "**TRAIN*NRTX"), f"P4*2709*20250303***{time}")
    return str(only(drop(truck(bill(), head=head)))["estimated_arrival_at"])


# --- X12 -------------------------------------------------------------------------------------------------------------


def test_the_time_of_arrival_counts_in_every_mode() -> None:
    for mode in "JRA":
        assert arrival(mode, "1430") == "2025-03-03T22:30:00Z", mode
        assert arrival(mode, "143059") == "2025-03-03T22:30:59Z", mode
        assert arrival(mode, "") == "2025-03-03T20:00:00Z", mode


def test_the_number_of_bills_of_a_port_is_a_control_total() -> None:
    def told(*ports: str) -> list[str]:
        second = bill(number=2, bill=BILL.replace("0001*", "0002*"))
        body = [*bill(), *(ports[1:]), *second]
        return said(drop(truck(body, head=(HEAD[0], ports[0]))), "X12-BILL-COUNT")

    assert told("P4*0901*20250303*3**1430") == ["P4-03 says 3 bills, but the set has 2."]
    assert told("P4*0901*20250303*2**1430") == []
    assert told("P4*0901*20250303*1**1430", "P4*0901*20250304*1**1430") == [], "each port has its own number"


def test_the_last_numbers_of_parcels_are_references_and_a_range_is_told() -> None:
    def parcels(segment: str) -> tuple[list[str], list[str]]:
        result = drop(truck(bill(references=(), goods=("VID*TL**TRL5501", LINE, segment))))
        numbers = [r["value"] for r in only(result)["references"] if r["type"] == "tracking"]
        return numbers, said(result, "MAP-AMBIGUOUS")

    assert parcels("MAN*CP*LPX1") == (["LPX1"], [])
    assert parcels("MAN*CP*LPX1**CP*LPX2")[0] == ["LPX1", "LPX2"]
    numbers, told = parcels("MAN*CP*LPX1*LPX4")
    assert numbers == ["LPX1", "LPX4"] and "MAN-03 LPX4" in told[0]


def test_a_range_of_parcels_refuses_a_pack_of_an_856() -> None:
    data = sample("x12/15").replace(b"MAN*CP*LPX0000001~", b"MAN*CP*LPX0000001*LPX0000009~", 1)
    assert data != sample("x12/15")
    assert "range of tracking numbers (MAN-02 to MAN-03 LPX0000009)" in said(drop(data), "MAP-AMBIGUOUS")[0]


def test_a_number_under_another_qualifier_than_that_of_a_tariff_is_told() -> None:
    for qualifier, passed, told in (("A", True, 0), ("J", True, 0), ("B", False, 1), ("N", False, 0)):
        result = drop(truck(bill(goods=("VID*TL**TRL5501", LINE.replace("*A*610910", f"*{qualifier}*610910")))))
        assert ("hts_number" in only(result)["items"][0], len(said(result, "MAP-NOT-PASSED"))) == (passed, told)


def test_a_tracking_number_may_stand_in_the_text_of_n9() -> None:
    shipment = only(drop(truck(bill(references=("N9*2I**1ZTRK000000001", "N9*BN**BKG1")))))
    assert shipment["shipment_tracking_number"] == "1ZTRK000000001"
    assert [r["value"] for r in shipment["references"]][:2] == ["1ZTRK000000001", "BKG1"]


def test_a_subdivision_stands_for_the_state() -> None:
    address = (*CONSIGNEE[:2], "N4*COLUMBUS**43004*US***OH")
    parties = ("N1*SH*MAPLE LANE GOODS INC", "N3*410 CARDINAL CT", "N4*MISSISSAUGA**L4Z1A1*CA***ON", *address)
    shipment = only(drop(truck(bill(parties=parties))))
    assert shipment["shipment_initiator"]["state_province"] == "ON"
    assert shipment["final_deliver_to_party"]["state_province"] == "OH"


def parcel(old: str, new: str) -> Drop:
    data = sample("x12/15").replace(old.encode(), new.encode(), 1)
    segments = data[data.index(b"ST*") : data.index(b"\nSE*")].count(b"~") + 1
    return drop(data.replace(b"SE*58*", f"SE*{segments}*".encode()), now=SAMPLES_NOW)


def test_further_names_and_contacts_of_an_856_are_passed_on() -> None:
    contact = "N2*ATT BOB*DOOR 2~\nN3*12 ELM ST APT 4~\nN4*BUFFALO*NY*14201*US~\nPER*IC*ALEX*TE*7165550100*EM*A@EXAMPLE.ORG~\n"
    result = parcel("N3*12 ELM ST APT 4~\nN4*BUFFALO*NY*14201*US~\n", contact)
    party = result.messages()[0]["shipments"][0]["final_deliver_to_party"]
    found = (party["attention_care_of"], party["phone"], party["email"])
    assert found == ("ATT BOB DOOR 2", "7165550100", "A@EXAMPLE.ORG")


def test_the_tariff_number_of_an_856_stands_in_lin() -> None:
    item = parcel("SKU-TS-01*CH*CN", "SKU-TS-01*CH*CN*HS*6109.10").messages()[0]["shipments"][0]["items"][0]
    assert (item["hts_number"], item["country_of_origin"]) == ("610910", "CN")


def test_a_price_of_a_hundred_pieces_is_not_taken_for_that_of_one() -> None:
    for basis, accepted in (("PE", 2), ("", 2), ("HP", 1), ("TP", 1)):
        result = parcel("SLN*1**I*1*EA*18.00~", f"SLN*1**I*1*EA*18.00{'*' if basis else ''}{basis}~")
        assert result.outcome.counts.accepted == accepted, basis


def test_a_net_weight_of_an_856_is_no_gross_weight() -> None:
    result = parcel("TD1*CTN25*1****G*1.2*KG~\nMAN", "TD1*CTN25*1****N*1.2*KG~\nMAN")
    assert "gross_weight_kg" not in result.messages()[0]["shipments"][0]
    assert len(said(result, "MAP-WEIGHT")) == 1


# --- the envelope of the canonical message ------------------------------------------------------------------------------


def test_a_time_of_sending_that_is_none_is_told_once() -> None:
    for data, rule in (
        (truck(bill()).replace(b"*250303*0930*^", b"*251303*0930*^"), "X12-ISA-DATE"),
        (truck(bill()).replace(b"*250303*0930*^", b"*250303*2561*^"), "X12-ISA-TIME"),
        (air(consignment()).replace(b"250301:1200", b"251301:1200"), "EDIFACT-UNB-DATE"),
    ):
        assert [f.rule for f in drop(data).findings() if f.refuses] == [rule]


def test_a_year_of_two_digits_is_at_most_one_year_ahead() -> None:
    for year, said_year in (("25", "2025"), ("26", "2026"), ("27", "1927"), ("99", "1999")):
        (message,) = drop(truck(bill()).replace(b"*250303*0930*^", f"*{year}0303*0930*^".encode())).messages()
        assert message["created_at"] == f"{said_year}-03-03T09:30:00Z"


@pytest.mark.parametrize("name", ["xml/03", "xml/15"])
def test_the_issue_time_of_xml_is_when_the_message_was_made(name: str) -> None:
    for written, utc in (
        ("T08:15:00Z", "T08:15:00Z"),
        ("T08:15:00.000+01:00", "T07:15:00Z"),
        ("T08:15:00", "T08:15:00Z"),
    ):
        data = sample(name).replace(b"T08:15:00Z", written.encode(), 1).replace(b"T08:00:00Z", written.encode(), 1)
        assert {m["created_at"] for m in drop(data, name="m.xml").messages()} == {f"2025-03-01{utc}"}
    data = sample(name).replace(b"2025-03-01T08:", b"01.03.2025 8:", 1)
    assert {m["created_at"] for m in drop(data, name="m.xml").messages()} == {"2025-03-03T10:00:00Z"}


def test_tomorrows_file_of_the_same_name_has_messages_of_its_own() -> None:
    first, second = sample("cargoimp/03"), sample("cargoimp/03").replace(b"GWH0001001", b"GWH0001009")
    ids = [m["message_id"] for data in (first, first, second) for m in drop(data, name="fhl.txt").messages()]
    assert ids[0] == ids[1] != ids[2]
    long = drop(first, name="a" * 200 + ".txt").messages()[0]["message_id"]
    assert len(long) <= 64 and long.endswith("-1")


# --- EDIFACT ---------------------------------------------------------------------------------------------------------


def grouped(*groups: tuple[str, list[list[str]]]) -> bytes:
    """Return an interchange of UNG groups: (reference, messages), each message with its own references."""
    lines = ["UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250301:1200+IC1"]
    for reference, messages in groups:
        lines.append(f"UNG+CUSCAR+GWSENDER:ZZ+GWRECEIVER:ZZ+250301:1200+{reference}+UN+D:03A")
        for number, body in enumerate(messages, 1):
            lines += [f"UNH+{number}+CUSCAR:D:03A:UN", *body, f"UNT+{len(body) + 2}+{number}"]
        lines.append(f"UNE+{len(messages)}+{reference}")
    return "".join(f"{line}'\n" for line in [*lines, f"UNZ+{len(groups)}+IC1"]).encode()


def test_a_message_reference_is_unique_in_its_group() -> None:
    one, two, three = ([*HEADER, *consignment(house=f"GWH{n}")] for n in "123")
    result = drop(grouped(("71", [one]), ("72", [two, three])))
    assert result.counts()[:3] == (3, 3, 0) and not said(result, "EDIFACT-UNH-REF-DUP")
    assert [m["message_id"] for m in result.messages()] == ["IC1-71-1", "IC1-72-1", "IC1-72-2"]


def test_uci_names_service_segments_only() -> None:
    data = air(consignment()).replace(b"UNH+1", b"NAD+CN+X'\nUNH+1")
    assert "UCI+IC1+GWSENDER:ZZ+GWRECEIVER:ZZ+4+33'" in drop(data).answers["CONTRL"].decode()


@pytest.mark.parametrize(("qualifier", "document"), [("HWB", "703"), ("BH", "714"), ("BM", "705"), ("AAM", "703")])
def test_a_refused_bill_is_named_as_the_sender_names_it(qualifier: str, document: str) -> None:
    lines = consignment(goods=[*GOODS[:3], "MOA+40:900.00:USD", *GOODS[4:]])
    lines[1] = f"RFF+{qualifier}:GW?+1"
    result = drop(air(lines), acks={"application": "aperak+cusres"})
    assert f"RFF+{qualifier}:GW?+1:1'" in result.answers["APERAK"].decode()
    assert f"DOC+{document}+GW?+1'\nRFF+{qualifier}:GW?+1'" in result.answers["CUSRES"].decode()


def test_the_unit_of_a_counted_quantity_is_passed_on() -> None:
    item = only(drop(air(consignment(goods=[*GOODS[:3], "MEA+CT+SQ+NMB:2", *GOODS[3:]]))))["items"][0]
    assert (item["quantity"], item["quantity_unit"]) == ("2", "NMB")


@pytest.mark.parametrize(
    ("pia", "told"),
    [("PIA+5+9102118000:HS+SKU1:SA", 0), ("PIA+5+SKU1:SA+9102118000:HS", 0), ("PIA+5+A:UP+B:SA+9102118000:CV", 0),
     ("PIA+1+A:UP'\nPIA+5+B:SA+9102118000:HS", 0), ("PIA+5+9102118000:HS'\nPIA+5+910212:HS", 1)],
)  # fmt: skip
def test_the_tariff_number_is_found_among_the_numbers_of_pia(pia: str, told: int) -> None:
    old, new = b"PIA+5+9102118000:HS+SKU-55881:SA", pia.encode()
    data = sample("edifact/14").replace(old, new).replace(b"202510021200", b"202501151200")
    result = drop(data.replace(b"UNT+38", b"UNT+%d" % (38 + new.count(b"\n"))), now=SAMPLES_NOW)
    assert result.messages()[0]["shipments"][0]["items"][0]["hts_number"] == "9102118000"
    assert len(said(result, "MAP-AMBIGUOUS")) == told


@pytest.mark.parametrize(
    ("name", "own", "directory"),
    [("edifact/01", "03A", "25B"), ("edifact/14", "03A", "10B"), ("edifact/14", "03A", "94A"), ("edifact/15", "03A", "01B"),
     ("edifact/15", "03A", "16A")],
)  # fmt: skip
def test_a_directory_without_a_table_is_read_with_the_nearest_one(name: str, own: str, directory: str) -> None:
    data = sample(name)
    other = drop(data.replace(f":D:{own}:".encode(), f":D:{directory}:".encode()), now=OCTOBER)
    assert said(other, "EDIFACT-RELEASE-NEAR") and not said(other, "MAP-NONE")
    plain = drop(data, now=OCTOBER)
    assert other.counts() == plain.counts()
    assert {f.rule for f in other.findings() if f.refuses} == {f.rule for f in plain.findings() if f.refuses}


def test_a_weight_that_is_no_number_is_not_told_as_an_empty_one() -> None:
    result = drop(air(consignment(goods=[line.replace("0.450", "ABC") for line in GOODS])))
    assert said(result, "MAP-WEIGHT") == [
        "Weight missing or its unit not usable: there is no number, or not one for each line."
    ]


# --- Cargo-XML and postal ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "purpose"),
    [("Creation", "original"), ("creation", "original"), ("CREATE", "original"), ("create", "original"),
     ("update", "amend"), ("Deletion", "cancel"), ("DELETE", "cancel"), ("delete", "cancel"), ("Cancel", "cancel")],
)  # fmt: skip
def test_purpose_codes_are_read_in_any_letters(word: str, purpose: str) -> None:
    data = sample("xml/03").replace(b">Creation<", f">{word}<".encode())
    assert only(drop(data, name="m.xml"))["transmission_purpose"] == purpose


def test_a_house_waybill_without_a_message_number_is_answered() -> None:
    data = sample("xml/03").replace(b"<ram:ID>GWH0001001_999-12345675_0001</ram:ID>", b"")
    answer = drop(data, name="m.xml").answers["XFNM"].decode()
    assert "<ram:ID>GWH0001001</ram:ID>" in answer and "ConversationID" not in answer


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [(">6.900<", ">7.199<", []), (">6.900<", ">7.300<", ["IncludedTareGrossWeightMeasure says 7.3, the houses of this message have 6.9."]),
     ('"KGM">6.900<', '"LBR">15.212<', []), ('"KGM">6.900<', '"ZZZ">99<', []),
     ("Quantity>3</ram:Cons", "Quantity>4</ram:Cons", ["ConsignmentItemQuantity says 4, the houses of this message have 3."]),
     ("Quantity>3</ram:Total", "Quantity>4</ram:Total", ["TotalPieceQuantity says 4, the houses of this message have 3."]),
     ("Quantity>1</ram:Total", "Quantity></ram:Total", [])],
)  # fmt: skip
def test_the_houses_of_an_xfhl_add_up(old: str, new: str, told: list[str]) -> None:
    for name in ("join_hours", ""):
        profile = profile_for(sample("xml/05"), **({"options": {"join_hours": 24}} if name else {}))
        result = drop(sample("xml/05").replace(old.encode(), new.encode(), 1), name="m.xml", profile=profile)
        assert said(result, "FHL-MASTER-TOTAL") == told


def test_the_net_weight_of_a_content_piece_is_in_the_unit_of_its_item() -> None:
    def net(old: str, new: str) -> str:
        data = sample("xml/15").replace(b'grossWeight="420" weightUnit="GRM"', new.encode())
        data = data.replace(b'netWeight="380"', f'netWeight="{old}"'.encode())
        return str(drop(data, name="m.xml").messages()[0]["shipments"][0]["items"][0]["net_weight_kg"])

    assert net("380", 'grossWeight="420" weightUnit="GRM"') == "0.380"
    assert net("0.38", 'grossWeight="0.42" weightUnit="KGM"') == "0.380"
    assert net("1", 'grossWeight="1.2" weightUnit="LBR"') == "0.454"
    assert net("10", 'grossWeight="12" weightUnit="ONZ"') == "0.283"
    assert net("380", 'grossWeight="420"') == "0.380"


@pytest.mark.parametrize(("identifier", "told"), [("FHL/4", False), ("FHL/5", False), ("FHL", False), ("FHL/2", True)])
def test_a_version_of_cargo_imp_that_is_not_known_is_told(identifier: str, told: bool) -> None:
    result = drop(sample("cargoimp/03").replace(b"FHL/4", identifier.encode()), name="m.txt")
    messages = ["FHL/2 is not known (FHL/4 and FHL/5 are); it was read as such."] if told else []
    assert said(result, "CARGO-IMP-VERSION") == messages and result.outcome.counts.accepted == 1


# --- what is said of it ------------------------------------------------------------------------------------------------


def test_a_number_that_cannot_be_used_is_not_also_called_missing() -> None:
    result = drop(sample("xml/15").replace(b"LX123456785GB", b"LX123456786GB"), name="m.xml")
    refused = {f.rule for f in result.findings() if f.refuses}
    assert refused == {"S321-ID-CHK"}


def test_a_value_of_the_house_that_cannot_be_used_is_not_missing_on_its_lines() -> None:
    result = drop(sample("xml/03").replace(b">43.98<", b">Infinity<"), name="m.xml")
    assert [f.rule for f in result.findings() if f.refuses] == ["MAP-VALUE"]


def test_a_line_that_is_heavier_than_the_shipment_is_told() -> None:
    data = sample("xml/15").replace(b'netWeight="380"', b'netWeight="3800"')
    assert said(drop(data, name="m.xml"), "Q-WEIGHT-ODD") == [
        "Goods line 1 weighs 3.800 kg, the whole shipment 0.420 kg."
    ]
    data = sample("xml/15").replace(b'netWeight="380"', b'netWeight="0.38"')
    assert said(drop(data, name="m.xml"), "Q-WEIGHT-ODD") == ["Goods line 1 weighs 0.000 kg."]


def test_a_total_in_another_currency_than_the_lines_is_compared() -> None:
    data = sample("xml/15").replace(b'declaredValue="24.00" currency="GBP"', b'declaredValue="24.00" currency="USD"')
    assert said(drop(data, name="m.xml"), "Q-VALUE-SUM") == [
        "The shipment is said to be worth 24.00 GBP, its goods lines add up to 24.00 USD; the lines count."
    ]


def test_a_control_number_that_was_used_before_says_where() -> None:
    history, first = MemoryHistory(), truck(bill())
    (told,) = said(drop(first + first, history, name="a.edi"), "X12-ISA13-DUP")
    assert told == "Control number 000000001 of NRTX was used before earlier in this file."
    other = first.replace(b"COTTON", b"WOOLEN")
    (told,) = said(drop(other, history, name="a.edi"), "X12-ISA13-DUP")
    assert told == "Control number 000000001 of NRTX was used before in a.edi, with other content."


def test_k1_has_the_words_of_customs_for_its_numbers_and_no_half_words() -> None:
    result = drop(
        truck(
            bill(
                bill=BILL.replace("*13***NRTX", "*13***NRTX")
                .replace("*K*", "*G*")
                .replace("M11*00450001", "M11*" + "9" * 26)
            )
        )
    )
    assert f"K1*017 BILL NUMBER MISSING OR*M1101={'9' * 24}" in result.segments("355")
    result = drop(truck(bill(), head=(HEAD[1],)))
    assert "K1*001 M10 NOT TRANSMITTED*M10" in result.segments("355")


def test_k1_of_a_bill_sent_twice_says_that_only() -> None:
    history, odd = MemoryHistory(), truck(bill(bill=BILL.replace("*2*PCS", "*3*PCS")))
    drop(odd, history, name="a.edi")
    again = drop(odd.replace(b"*000000001", b"*000000002"), history, name="b.edi")
    assert [s for s in again.segments("355") if s.startswith("K1")] == [
        "K1*ZZZ SHIPMENT ALREADY REPORTED*M11=NRTX00450001"
    ]


def test_the_unit_of_a_ubl_quantity_is_passed_on() -> None:
    data = sample("xml-extra/01").replace(b"<cbc:Quantity>1<", b'<cbc:Quantity unitCode="EA">2<')
    item = only(drop(data, name="m.xml"))["items"][0]
    assert (item["quantity"], item["quantity_unit"]) == ("2", "EA")


@pytest.mark.parametrize(
    ("number", "issuer"),
    [("00450001", "NRTX"), ("NRTX00450001", "NRTX"), ("00450001", "nrtx"), ("NRTX00450001", "nrtx")],
)
def test_the_824_names_a_bill_as_its_identity(number: str, issuer: str) -> None:
    dear = LINE.replace("*18*K*", "*900*K*")
    named_so = BILL.replace("*NRTX", f"*{issuer}").replace("00450001*", f"{number}*")
    wrong = bill(bill=named_so, goods=("VID*TL**TRL1", dear))
    (named,) = [s.split("*")[3] for s in drop(truck(wrong)).segments("824") if s.startswith("OTI")]
    assert named == "NRTX00450001"


def test_the_identity_of_a_bill_is_no_value_of_the_element_of_its_issuer() -> None:
    history = MemoryHistory()
    drop(truck(bill()), history, name="a.edi")
    again = drop(truck(bill()).replace(b"*000000001", b"*000000002"), history, name="b.edi")
    (ted,) = [s for s in again.segments("824") if s.startswith("TED*DBL")]
    assert ted.endswith("*M11*5***NRTX00450001")


def test_answers_hold_no_half_words() -> None:
    result = drop(truck(bill(bill=BILL.replace("*13***", "*99***"))))
    assert any(
        s.startswith('TED*848*M11-09: "99" is not a code of element 582 (Bill of Lading*M11*')
        for s in result.segments("824")
    )
    answer = drop(sample("cargoimp/03").replace(b"999-12345675", b"999-12345674"), name="m.txt").answers["FNA"].decode()
    assert "ACK/S321-ID-CHK L2 MBI MASTER BILL NUMBER AIR WAYBILL 999-12345674\r\n" in answer
