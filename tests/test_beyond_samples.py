"""Files as partners send them that differ from the samples in what they hold, not in their syntax.

`truck` and `air` are one good bill each; a test changes what it is about, by lines or by replacing text.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.findings import Severity
from gateway.history import MemoryHistory
from tests.drops import Drop, drop, sample

SHIPPER = ("N1*SH*MAPLE LANE GOODS INC", "N3*410 CARDINAL CT", "N4*MISSISSAUGA*ON*L4Z1A1*CA")
CONSIGNEE = ("N1*CN*JORDAN EXAMPLE", "N3*905 BIRCH AVE", "N4*COLUMBUS*OH*43004*US")
LINE = "N10*2*COTTON T-SHIRT**A*610910*18*K*0.4**PCS*CN*US*USD"
BILL = "M11*00450001*80107*2*PCS*1.2*K***13***NRTX"


def bill(
    *,
    number: int = 1,
    bill: str = BILL,
    references: Sequence[str] = ("N9*2I*1ZTRK000000001",),
    parties: Sequence[str] = (*SHIPPER, *CONSIGNEE),
    goods: Sequence[str] = ("VID*TL**TRL5501", LINE),
) -> list[str]:
    """Return the segments of one LX loop of a 309."""
    return [f"LX*{number}", bill, *references, *parties, *goods]


def truck(
    *bills: list[str],
    head: Sequence[str] = ("M10*NRTX*J*CA***NRTX25A01***W", "P4*0901*20250303***1430"),
    version: str = "005020",
    set_id: str = "309",
    group: str = "AQ",
) -> bytes:
    """Return an interchange with one set of the bills."""
    body = [*head, *(line for one in bills for line in one)]
    lines = [
        "ISA*00*          *00*          *02*NRTX           *ZZ*S321GATEWAY    *250303*0930*^*00501*000000001*0*P*>",
        f"GS*{group}*NRTX*S321GATEWAY*20250303*0930*1*X*{version}",
        f"ST*{set_id}*0001",
        *body,
        f"SE*{len(body) + 2}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return "".join(f"{line}~\n" for line in lines).encode()


HEADER = (
    "BGM+785+MAN1+9",
    "RFF+MWB:999-12345675",
    "TDT+20+XX901+4++XX:172:3",
    "LOC+60+USJFK:139:6",
    "DTM+132:202503031830:203",
)
NAMES = (
    "NAD+CZ+++SHENZHEN SAMPLE GOODS CO LTD+88 KEYUAN ROAD+SHENZHEN++518057+CN",
    "NAD+CN+++JORDAN SAMPLE+1200 TEST AVENUE+SPRINGFIELD+IL+62701+US",
)
GOODS = (
    "GID+1+1:CT",
    "FTX+AAA+++COTTON KNIT T-SHIRTS MENS, 2 PCS",
    "MEA+AAE+G+KGM:0.450",
    "MOA+40:24.90:USD",
    "CST+1+6109100012:122",
    "LOC+27+CN:162:5",
)


def consignment(
    *, number: int = 1, house: str = "GWH0000001", bill: Sequence[str] = (), names: Sequence[str] = NAMES, goods: Sequence[str] = GOODS
) -> list[str]:  # fmt: skip
    """Return the segments of one CNI group of a CUSCAR."""
    return [f"CNI+{number}+{house}", f"RFF+HWB:{house}", *bill, *names, *goods]


def air(*groups: list[str], head: Sequence[str] = HEADER, una: str = "", kind: str = "CUSCAR:D:03A:UN") -> bytes:
    """Return an interchange with one message of the groups."""
    body = [*head, *(line for one in groups for line in one)]
    lines = [
        "UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250301:1200+IC1",
        f"UNH+1+{kind}",
        *body,
        f"UNT+{len(body) + 2}+1",
        "UNZ+1+IC1",
    ]
    return (una + "".join(f"{line}'\n" for line in lines)).encode("latin-1")


def only(result: Drop) -> dict[str, Any]:
    """Return the one shipment that was delivered."""
    (shipment,) = [s for m in result.messages() for s in m["shipments"]]
    found: dict[str, Any] = shipment
    return found


def said(result: Drop, rule: str) -> list[str]:
    """Return the messages of one rule."""
    return [f.message for f in result.findings() if f.rule == rule]


def test_the_good_ones_are_good() -> None:
    for data in (truck(bill()), air(consignment())):
        result = drop(data)
        assert result.outcome.verdict == "accept", result.findings()


# --- each goods line is told of --------------------------------------------------------------------------------------


def test_a_fault_of_every_goods_line_is_told_not_of_the_first_only() -> None:
    plain = "N10*1*WOOL HAT**A*650500"
    lines = [
        f"{plain}*18*K*0.4**PCS**US*USD",
        f"{plain}*7,50*K*0.4**PCS*CN*US*USD",
        f"{plain}*8,50*K*0.4**PCS*CN*US*USD",
    ]
    late = ("M10*NRTX*J*CA***NRTX25A01***W", "P4*0901*20250610***1430")
    result = drop(truck(bill(goods=("VID*TL**TRL5501", lines[0], lines[0], *lines[1:])), head=late))
    places = [(f.rule, f.position.line) for f in result.findings() if f.target.startswith("items.")]
    assert places == [("S321-VAL-MISSING", 18), ("S321-VAL-MISSING", 19), ("S321-ORIG-REQ", 16), ("S321-ORIG-REQ", 17)]
    lines_told = {
        s.split("*N10*")[1].split("*")[0] for s in result.segments("824") if s.startswith("TED*") and "*N10*" in s
    }
    assert lines_told == {"14", "15", "16", "17"}


def test_a_value_that_cannot_be_used_is_not_also_called_missing() -> None:
    result = drop(truck(bill(goods=("VID*TL**TRL5501", LINE.replace("*CN*US*", "*XX*US*")))))
    assert "MAP-VALUE" in result.rules() and "S321-ORIG-REQ" not in result.rules()
    result = drop(truck(bill(goods=("VID*TL**TRL5501", LINE.replace("*CN*US*", "*C*US*")))))
    assert "X12-LEN-SHORT" in result.rules() and "S321-ORIG-REQ" not in result.rules()
    result = drop(air(consignment()).replace(b"24.90", b"24,90"), profile=None)
    assert result.outcome.verdict == "accept"
    result = drop(air(consignment(), una="UNA:+.? '").replace(b"24.90", b"24,90"))
    assert result.rules() == {"EDIFACT-DECIMAL"}


def test_an_element_that_is_there_keeps_the_advice_of_both() -> None:
    names = [*SHIPPER, *CONSIGNEE[:2], "N4*BUFFALO*NEW YORK*14201*US"]
    assert {"X12-LEN-LONG", "S321-ADDR-STATE"} <= drop(truck(bill(parties=names))).rules()


# --- nothing of a 309 is lost without a word --------------------------------------------------------------------------


def test_four_lines_of_an_address_reach_the_output() -> None:
    for streets, lines in (
        (("N3*905 BIRCH AVE*APT 4", "N3*BUILDING 7*REAR DOOR"), ("905 BIRCH AVE", "APT 4", "BUILDING 7 REAR DOOR")),
        (("N3*905 BIRCH AVE", "N3*BUILDING 7*REAR DOOR"), ("905 BIRCH AVE", "BUILDING 7", "REAR DOOR")),
        (("N3*905 BIRCH AVE", "N3*BUILDING 7"), ("905 BIRCH AVE", "BUILDING 7", None)),
    ):
        names = [*SHIPPER, CONSIGNEE[0], *streets, CONSIGNEE[2]]
        party = only(drop(truck(bill(parties=names))))["final_deliver_to_party"]
        assert tuple(party.get(f"address_line_{n}") for n in (1, 2, 3)) == lines


def test_seller_buyer_and_manufacturer_of_a_bill_are_passed_on() -> None:
    address = ("N3*2 MILL RD", "N4*SHENZHEN**518000*CN")
    names = [*SHIPPER, *CONSIGNEE]
    for role in ("SE", "BY", "MF"):
        names += [f"N1*{role}*PARTY {role}", *address]
    shipment = only(drop(truck(bill(parties=names))))
    assert [shipment[r]["name"] for r in ("seller", "buyer", "manufacturer")] == ["PARTY SE", "PARTY BY", "PARTY MF"]


def test_dangerous_goods_are_told() -> None:
    result = drop(truck(bill(goods=("VID*TL**TRL5501", LINE, "H1*1993*3**FLAMMABLE LIQUID"))))
    assert said(result, "S321-DANGEROUS") and result.outcome.counts.accepted == 1


def test_several_master_bills_or_parcel_numbers_are_told() -> None:
    assert said(drop(truck(bill(references=("N9*MB*MSTR1", "N9*MB*MSTR2")))), "MAP-AMBIGUOUS")
    goods = ("VID*TL**TRL5501", LINE, "MAN*CP*LPX1", "MAN*CP*LPX2")
    result = drop(truck(bill(references=(), goods=goods)))
    assert said(result, "MAP-AMBIGUOUS")
    shipment = only(result)
    assert shipment["shipment_tracking_number"] == "LPX1"
    assert [r["value"] for r in shipment["references"] if r["type"] == "tracking"] == ["LPX1", "LPX2"]


def test_seals_of_every_equipment_and_no_equipment_that_is_none() -> None:
    goods = ("VID*NC**NC", LINE, "VID*CN*OCNU*4455667*S1", "M7*S2*S3", "M7*S4*S5*S6*S7", LINE)
    shipment = only(drop(truck(bill(goods=goods))))
    found = [(r["type"], r["value"]) for r in shipment["references"] if r["type"] in ("container", "seal")]
    seals = [value for kind, value in found if kind == "seal"]
    assert sorted(seals) == [f"S{n}" for n in range(1, 8)]
    assert [value for kind, value in found if kind == "container"] == ["OCNU4455667"]


# --- EDIFACT as national guides and small senders write it ------------------------------------------------------------


def replaced(lines: Sequence[str], old: str, new: str) -> list[str]:
    assert any(old in line for line in lines)
    return [line.replace(old, new) for line in lines]


def test_phones_states_and_zip_codes_of_edifact_are_read_like_those_of_x12() -> None:
    contact = ("CTA+IC+:J SAMPLE", "COM+?+1 (217) 555-0142:TE")
    for state, code, zips in (("Illinois", "IL", ("627011234", "62701-1234")), ("US-MA", "MA", ("02116", "02116"))):
        names = [NAMES[0], NAMES[1].replace("+IL+62701+", f"+{state}+{zips[0]}+"), *contact]
        party = only(drop(air(consignment(names=names))))["final_deliver_to_party"]
        assert (party["phone"], party["state_province"], party["postal_code"]) == ("+12175550142", code, zips[1])
    names = [NAMES[0], NAMES[1].replace("+IL+62701+", "+MA+2116+")]
    result = drop(air(consignment(names=names)))
    assert said(result, "Q-ZIP-PADDED") and only(result)["final_deliver_to_party"]["postal_code"] == "02116"


def test_every_address_line_of_edifact_reaches_the_output() -> None:
    for address in (
        "+++JORDAN SAMPLE+1 TEST AVE:APT 4:BLDG C:REAR+",
        "++JORDAN SAMPLE:1 TEST AVE:APT 4:BLDG C:REAR+++",
    ):
        names = [NAMES[0], f"NAD+CN{address}SPRINGFIELD+IL+62701+US"]
        party = only(drop(air(consignment(names=names))))["final_deliver_to_party"]
        lines = [party[f"address_line_{n}"] for n in (1, 2, 3)]
        assert lines == ["1 TEST AVE", "APT 4", "BLDG C REAR"]


def test_the_longest_tariff_number_counts_and_a_status_code_is_none() -> None:
    for codes, number in (
        ("I:109+610910:122+6109.10.0012:122", "6109100012"),
        ("610910:122", "610910"),
        ("I:109", None),
    ):
        goods = replaced(GOODS, "CST+1+6109100012:122", f"CST+1+{codes}")
        assert only(drop(air(consignment(goods=goods))))["items"][0].get("hts_number") == number


def test_a_numeric_country_is_read_with_a_remark() -> None:
    result = drop(air(consignment(goods=replaced(GOODS, "LOC+27+CN", "LOC+27+156"))))
    assert only(result)["items"][0]["country_of_origin"] == "CN" and said(result, "CODE-COUNTRY-ALPHA3")


def test_an_arrival_day_is_that_day_in_the_us_and_its_time_may_stand_apart() -> None:
    day, time = "DTM+132:20250303:102", "DTM+132:1830:401"
    for dates, arrival in (([day], "2025-03-03T12:00:00Z"), ([day, time], "2025-03-03T18:30:00Z")):
        result = drop(air(consignment(), head=[*HEADER[:-1], *dates]))
        assert only(result)["estimated_arrival_at"] == arrival


def test_a_time_of_departure_is_not_taken_for_that_of_the_arrival() -> None:
    dates = ("DTM+132:20250303:102", "DTM+133:20250301:102", "DTM+133:2230:401")
    head = [*HEADER[:-1], *dates]
    assert only(drop(air(consignment(), head=head)))["estimated_arrival_at"] == "2025-03-03T12:00:00Z"


def test_an_arrival_that_is_none_is_told_once_and_in_the_senders_words() -> None:
    result = drop(air(consignment(), head=replaced(HEADER, "202503031830", "202502311830")))
    assert [f.target for f in result.findings() if f.severity == "error"] == ["estimated_arrival_at"]


def test_all_codes_of_a_mode_find_the_port() -> None:
    for mode, place, port in (
        ("40", "USJFK:139:6", "4701"),
        ("04", "JFK:145:3", "4701"),
        ("03", "USDET:139:6", "3801"),
        ("11", "USLAX:139:6", "2704"),
    ):
        head = replaced(replaced(HEADER, "XX901+4+", f"XX901+{mode}+"), "USJFK:139:6", place)
        assert only(drop(air(consignment(), head=head)))["first_us_port"] == port


def test_the_gross_weight_may_be_called_weight() -> None:
    shipment = only(drop(air(consignment(goods=replaced(GOODS, "MEA+AAE+G", "MEA+AAE+WT")))))
    assert shipment["gross_weight_kg"] == "0.450"


def test_dangerous_goods_of_edifact_are_told() -> None:
    goods = [*GOODS[:4], "DGS+IMD+3+1993", *GOODS[4:]]
    assert said(drop(air(consignment(goods=goods))), "S321-DANGEROUS")


# --- control totals, empty manifests, versions we do not read ---------------------------------------------------------


def test_a_manifest_with_fewer_bills_than_it_says_is_told() -> None:
    head = ("M10*NRTX*J*CA***NRTX25A01**2*W", "P4*0901*20250303***1430")
    result = drop(truck(bill(), head=head))
    assert said(result, "X12-BILL-COUNT") == ["M10-08 says 2 bills, but the set has 1."]
    assert result.outcome.counts.accepted == 1
    assert not said(
        drop(truck(bill(), bill(number=2, bill=BILL.replace("1*80107", "2*80107")), head=head)), "X12-BILL-COUNT"
    )
    result = drop(air(consignment(), head=[*HEADER, "CNT+10:3"]))
    assert said(result, "EDIFACT-BILL-COUNT") and result.outcome.counts.accepted == 1
    assert not said(drop(air(consignment(), head=[*HEADER, "CNT+10:1"])), "EDIFACT-BILL-COUNT")


def test_a_manifest_without_consignments_is_told_and_cancels_nothing_in_silence() -> None:
    result = drop(air())
    assert result.outcome.verdict == "accept_with_warnings" and said(result, "EDIFACT-NO-SHIPMENT")
    result = drop(air(head=["BGM+785+MAN1+1", *HEADER[1:]]))
    assert result.outcome.verdict == "reject"
    aperak = result.answers["APERAK"].decode()
    assert "BGM+313" in aperak and "ERC+GW0021" in aperak and "RFF+ACW:MAN1" in aperak
    assert "UCI+IC1+GWSENDER:ZZ+GWRECEIVER:ZZ+7'" in result.answers["CONTRL"].decode()


def test_an_x12_interchange_without_a_group_is_refused() -> None:
    isa, _, iea = truck(bill()).partition(b"GS*")[0], b"", b"IEA*0*000000001~\n"
    result = drop(isa + iea)
    assert result.outcome.verdict == "reject" and result.segments("TA1") == ["TA1*000000001*250303*0930*R*024"]
    answered = drop(isa + b"TA1*000000001*250303*0930*A*000~\n" + iea)
    assert "X12-EMPTY" not in answered.rules() and "TA1" not in answered.answers


def test_a_version_we_do_not_read_is_said_and_nothing_is_called_missing_that_was_not_read() -> None:
    result = drop(truck(bill(), version="007030"))
    assert result.rules() == {"X12-VERSION"} and result.counts() == (1, 0, 1, 0)
    assert "AK9*R*1*1*0*2" in result.segments("999")
    assert not any(s.startswith("K1*005") for s in result.segments("355"))


# --- values, weights and words ----------------------------------------------------------------------------------------


def test_every_weight_unit_of_x12_is_converted() -> None:
    for unit, weight, kilograms in (
        ("S", "0.01", "9.072"),
        ("T", "0.01", "10.160"),
        ("E", "0.01", "10.000"),
        ("O", "16", "0.454"),
    ):
        shipment = only(drop(truck(bill(bill=BILL.replace("*1.2*K*", f"*{weight}*{unit}*")))))
        assert shipment["gross_weight_kg"] == kilograms


def test_a_bill_whose_value_is_not_that_of_its_lines_is_told() -> None:
    for money, told in (
        ("MOA+40:900.00:USD", True),
        ("MOA+40:24.90:USD", False),
        ("MOA+40:900.00:EUR", True),
        ("MOA+40:23.00:EUR", False),  # 24.15 USD at our rate, 24.90 at the sender's
        ("MOA+40:900.00:XAF", True),  # no rate is known: nobody can compare them
    ):
        result = drop(air(consignment(bill=[money])))
        assert bool(said(result, "Q-VALUE-SUM")) is told, money


def test_a_comma_that_may_be_one_of_thousands_is_told() -> None:
    result = drop(air(consignment(goods=replaced(GOODS, "24.90", "1,024"))))
    assert said(result, "Q-VAL-DECIMALS") == ["The value 1.024 has three decimals: was 1024 meant?"]
    for amount in ("24.90:USD", "1.024:KWD"):
        data = air(consignment(goods=replaced(GOODS, "24.90:USD", amount)))
        assert "Q-VAL-DECIMALS" not in drop(data).rules()


def test_a_state_that_is_none_is_not_compared_with_the_zip_code() -> None:
    names = [NAMES[0], NAMES[1].replace("+IL+", "+ILL+")]
    rules = drop(air(consignment(names=names))).rules()
    assert "S321-ADDR-STATE" in rules and "S321-ADDR-ZIPST" not in rules


def test_a_value_that_is_no_number_is_called_not_usable() -> None:
    (message,) = said(
        drop(truck(bill(goods=("VID*TL**TRL5501", LINE.replace("*18*K*", "*18,50*K*"))))), "S321-VAL-MISSING"
    )
    assert message == 'Value of the goods (N10-06) not usable: "18,50" is not a number.'


def test_a_control_number_that_was_used_before_has_its_place() -> None:
    places = ((truck(bill()), "X12-ISA13-DUP", "ISA", 13), (air(consignment()), "ENV-CONTROL-DUP", "UNB", 5))
    for data, rule, tag, element in places:
        again = data + b"\n" + data.replace(b"00450001", b"00450002").replace(b"GWH0000001", b"GWH0000002")
        (found,) = [f for f in drop(again).findings() if f.rule == rule]
        place = found.position
        assert (place.segment, place.element, place.offset) == (tag, element, len(data) + 1)
        assert place.line == 1 + again[: len(data) + 1].count(b"\n")


def test_a_shipment_that_comes_again_is_told_with_the_trip_and_the_file_of_the_first() -> None:
    def trip(name: str, *bills: int) -> bytes:
        parts = [
            bill(number=at, bill=BILL.replace("01*", f"{n:02}*", 1), references=(f"N9*2I*1ZTRK0000000{n:02}",))
            for at, n in enumerate(bills, 1)
        ]
        return truck(*parts, head=(f"M10*NRTX*J*CA***{name}***W", "P4*0901*20250303***1430"))

    second = trip("TRIP2", 3)
    second = second[second.index(b"ST*") : second.index(b"GE*")].replace(b"*0001~", b"*0002~")
    both = trip("TRIP1", 1, 2).replace(b"GE*1*", second + b"GE*2*")
    history = MemoryHistory()
    assert drop(both, history, name="first.edi").counts() == (3, 3, 0, 0)
    again = drop(both.replace(b"*000000001", b"*000000002"), history, name="second.edi")
    assert again.counts() == (3, 0, 0, 3)
    assert said(again, "S321-DUP") == [
        f"Shipment NRTX004500{n} was already accepted (trip {t}, file first.edi) with the same content."
        for n, t in (("01", "TRIP1"), ("02", "TRIP1"), ("03", "TRIP2"))
    ]
    (mends,) = {(r["how to mend it"], r["example"]) for r in again.rejects() if r["rule"] == "S321-DUP"}
    assert mends[0].startswith("Nothing to do") and mends[1] == ""


@pytest.mark.parametrize("function", ["", "2", "7", "9", "22", "31", "35", "46", "47", "1", "3", "4", "5", "30"])
def test_a_manifest_without_consignments_is_refused_where_it_would_change_some(function: str) -> None:
    changes = function in ("1", "3", "4", "5", "30")  # the others report, original or copy, that there are none
    result = drop(air().replace(b"MAN1+9", f"MAN1+{function}".encode()))
    assert [(f.rule, f.refuses) for f in result.findings()] == [("EDIFACT-NO-SHIPMENT", changes)]
    assert result.outcome.verdict == ("reject" if changes else "accept_with_warnings")


def test_test_data_is_no_earlier_shipment_and_counts_into_nobodys_sum() -> None:
    def parcel(number: int, control: int, usage: str) -> bytes:
        goods = ("VID*TL**TRL5501", LINE.replace("*18*", "*500*"))
        one = bill(
            bill=BILL.replace("01*", f"{number:02}*", 1), references=(f"N9*2I*1ZTRK0000000{number:02}",), goods=goods
        )
        return truck(one).replace(b"*000000001", b"*%09d" % control).replace(b"*0*P*>", f"*0*{usage}*>".encode())

    history = MemoryHistory()
    assert drop(parcel(1, 1, "T"), history).counts() == (1, 1, 0, 0)
    assert drop(parcel(1, 2, "P"), history).counts() == (1, 1, 0, 0)
    tested_again = drop(parcel(1, 3, "T"), history)
    assert (tested_again.counts(), said(tested_again, "S321-DUP") != []) == ((1, 0, 0, 1), True)
    for usage in "TP":  # the sum of each is checked by itself
        (told,) = said(drop(parcel(2, 4 + ord(usage), usage), history), "S321-AGG-800")
        assert "goods of 1000.00 USD on 2025-03-03 with NRTX00450001" in told
    both = parcel(3, 7, "T") + parcel(3, 8, "P")
    assert not {"Q-TWIN", "S321-AGG-NEAR", "S321-AGG-800", "S321-DUP"} & drop(both, MemoryHistory()).rules()


def test_seconds_in_unb_do_not_make_the_message_one_of_now() -> None:
    message = air(consignment()).replace(b"+250301:1200+", b"+250301:120059+")
    assert drop(message).messages()[0]["created_at"] == "2025-03-01T12:00:00Z"


# --- answers, theirs and ours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "rule", "said_as"),
    [
        ("Processed", "ACK-SAYS", "accepted"),
        ("Accepted", "ACK-SAYS", "accepted"),
        ("Rejected", "ACK-REFUSED", "refused"),
        ("Held", "ACK-SAYS", "Held"),
    ],
)
def test_the_status_of_an_xfnm_is_told_in_words(word: str, rule: str, said_as: str) -> None:
    answer = sample("xml/07").replace(b">Processed<", f">{word}<".encode())
    assert said(drop(answer), rule) == [f"The answer to GWH0001001_999-12345675_0001 says: {said_as}. No Errors."]


def test_what_refuses_something_of_ours_is_told_with_its_codes() -> None:
    for name, words in (
        ("x12/27", "refused. The control number was used before (TA105 025)."),
        (
            "x12/23",
            "refused. SE-01 is not the number of segments (4), segments of the set are wrong (5); P4-02 of segment 3: the date is wrong (8).",
        ),
        ("edifact/20", "refused. UNZ: missing (13)."),
    ):
        assert any(words in text for text in said(drop(sample(name)), "ACK-REFUSED")), name
    group = truck(["AK1*AZ*7", "AK9*R*1*1*0*5"], head=(), version="004010", set_id="997", group="FA")
    assert "The answer to group 7 says: refused. GE-01 is not the number of sets (5)." in said(
        drop(group), "ACK-REFUSED"
    )


def test_remarks_do_not_stand_in_an_824_as_errors() -> None:
    result = drop(truck(bill(), head=("M10*NRTX*J*CA***NRTX25A01***W", "P4*0901*202503")))
    assert "S321-REGIME-DAY" in result.rules()
    assert not any("S321-REGIME-DAY" in s for s in result.segments("824"))


def test_a_remark_on_a_container_stands_at_its_segment() -> None:
    goods = ("VID*TL**TRL5501", LINE, "VID*CN*OCNU*4455667", LINE)
    head = ("M10*NRTX*O*SG*9301234*EVER SAMPLE*012E***W*L", "P4*2709*20250320")
    (found,) = [f for f in drop(truck(bill(goods=goods), head=head)).findings() if f.rule == "Q-CONTAINER-CHK"]
    assert (found.position.segment, found.position.line) == ("VID", 17)


def test_an_issuer_in_small_letters_is_the_same_issuer() -> None:
    shipment = only(drop(truck(bill(bill=BILL.replace("*NRTX", "*nrtx")))))
    assert (shipment["shipment_id"], shipment["house_bill_issuer"]) == ("NRTX00450001", "NRTX")


def test_a_355_holds_no_segment_without_elements_and_names_the_party() -> None:
    names = [*SHIPPER, *CONSIGNEE[:2], "N4*HAGATNA*GU*96910*US"]
    for echoed, party in ((False, ["N1*CN"]), (True, ["N1*CN*JORDAN EXAMPLE", "N4*HAGATNA*GU*96910*US"])):
        segments = drop(truck(bill(parties=names)), acks={"echo_personal": echoed}).segments("355")
        assert all("*" in segment for segment in segments)
        start = next(n for n, segment in enumerate(segments) if segment.startswith("N1*"))
        assert segments[start : start + len(party)] == party
        assert segments[start + len(party)].startswith("K1*005 ")
    dear = LINE.replace("*18*K*", "*900*K*")
    segments = drop(truck(bill(goods=("VID*TL**TRL1", LINE, "VID*TL**TRL2", dear)))).segments("355")
    at = segments.index("VID*TL**TRL2")  # that of the dearest line
    assert segments[at + 1 : at + 3] == [dear, "K1*ZZZ WORTH MORE THAN USD 800*N1006=900"]


PORTS = ["P4*0901*20250303***1430", "P4*0712*20250304***1430", "P4*0401*20250305***1430"]
FREE = LINE.replace("*18*K*", "*0*K*")


def port(at: int, *goods: str) -> list[str]:
    """Return a P4 with a bill for each line of goods."""
    numbers = [at * 10 + n for n in range(len(goods))]
    bills = (bill(number=n, bill=BILL.replace("00450001", f"004500{n:02}"), references=(), goods=("VID*TL**T1", line)) for n, line in zip(numbers, goods, strict=True))  # fmt: skip
    return [PORTS[at - 1], *(line for one in bills for line in one)]


def manifest(*ports: list[str]) -> bytes:
    return truck(*ports, head=("M10*NRTX*J*CA***NRTX25A01***W",))


def outline(segments: list[str]) -> list[str]:
    """Return ports and numbers of bills in the order in which a 355 names them."""
    return [s.split("*")[1] if s[0] == "M" else s for s in segments if s.startswith(("P4", "M11"))]


@pytest.mark.parametrize(
    ("ports", "named"),
    [
        ([port(1, LINE, FREE), port(2, FREE, LINE)], [PORTS[0], "00450011", PORTS[1], "00450020"]),
        ([port(1, FREE), port(2, LINE)], [PORTS[0], "00450010", PORTS[1]]),
        ([port(1, LINE), port(2, LINE), port(3, FREE)], [*PORTS, "00450030"]),
        ([port(1, LINE), [PORTS[1]], port(3, FREE)], [*PORTS, "00450030"]),
        ([port(1, *[LINE] * 9, FREE), port(2, *[LINE] * 9), port(3, *[FREE] * 9, LINE)], [PORTS[0], "00450019", PORTS[1], PORTS[2], *(f"004500{n}" for n in range(30, 39))]),
    ],
)  # fmt: skip
def test_a_355_names_each_bill_under_its_own_port(ports: list[list[str]], named: list[str]) -> None:
    assert outline(drop(manifest(*ports)).segments("355")) == named


def test_a_fault_of_a_port_is_told_at_that_port() -> None:
    bad = [PORTS[0].replace("1430", "2460"), *port(1, LINE)[1:]]
    segments = drop(manifest(bad, port(2, LINE), port(3, LINE))).segments("355")
    assert segments[2:6] == [bad[0], "K1*ZZZ TIME IS NOT A TIME OF DAY*P405=2460", PORTS[1], PORTS[2]]
    later = [PORTS[1].replace("1430", "2460"), *port(2, LINE)[1:]]
    segments = drop(manifest(port(1, LINE), later)).segments("355")
    assert segments[2:5] == [PORTS[0], later[0], "K1*ZZZ TIME IS NOT A TIME OF DAY*P405=2460"]


def test_a_bill_stands_under_its_port_in_a_set_of_more_ports_than_may_be() -> None:
    ports = [port(1, LINE, FREE) for _ in range(40)]
    text = manifest(*ports)
    for n in range(40):
        text = text.replace(b"P4*0901", b"P4*%d" % (1000 + n), 1).replace(b"M11*004500", b"M11*0%d00" % (100 + n), 2)
    own = outline(drop(text, severities={"X12-LOOP-MAX": Severity.WARNING}).segments("355"))
    under = {bill: port.split("*")[1] for port, bill in itertools.pairwise(own) if bill[:2] != "P4"}
    assert under == {f"0{100 + n}0011": f"{1000 + n}" for n in range(40)}
