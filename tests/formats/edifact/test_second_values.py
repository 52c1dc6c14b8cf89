"""EDIFACT: what contradicts the value that is taken is told or refuses; what stands in a second place is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.results import ShipmentResult
from tests.drops import Drop, drop
from tests.formats.edifact.samples import interchange, message

NOW = datetime(2025, 1, 14, 10, tzinfo=UTC)
ARRIVAL, LATER = "DTM+132:202501151830:203", "DTM+132:202509021830:203"
SELLER = (
    "NAD+CZ+0614141000012::9++SAMPLE GOODS CO LTD+88 SAMPLE ROAD:FLOOR 3+SHENZHEN++518057+CN", "RFF+VA:CN12345", "CTA+IC",
    "COM+8675581729346:TE", "COM+a@example.org:EM",
)  # fmt: skip
TO = "NAD+CN+++JORDAN SAMPLE+1200 TEST AVENUE APT 4+SPRINGFIELD+IL+62701+US"
CUSCAR = (
    "BGM+785+MAN1+9", "RFF+MWB:999-12345675", "TDT+20+XX901+4++XX:172:3", "LOC+5+CNSZX:139:6", "LOC+60+USJFK:139:6", ARRIVAL,
    "DTM+133:202501142330:203", "CNI+1+A1", "RFF+HWB:A1", "CNT+11:2", "MOA+40:49.80:USD", "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6",
    "LOC+35+CN:162:5", "CUX+2:USD", *SELLER, TO, "CTA+IC", "COM+12175553742:TE", "GID+1+2:CT", "FTX+AAA+++COTTON SHIRTS",
    "MEA+AAE+G+KGM:0.450", "MEA+AAE+AAL+KGM:0.400", "MOA+40:49.80:USD", "CST+1+6109100012:122", "LOC+27+CN:162:5",
)  # fmt: skip
IFCSUM = (
    "BGM+785+MAN1+9", "RFF+MWB:999-12345675", "TDT+20+XX901+4++XX:172:3", "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6", ARRIVAL,
    "CNI+1+A1", "CNT+11:2", "CUX+2:USD", "MOA+77:49.80:USD", "LOC+35+CN:162:5", "RFF+HWB:A1", SELLER[0], *SELLER[2:],
    SELLER[1], TO, "GID+1+2:CT",
    "LOC+27+CN:162:5", "MOA+40:49.80:USD", "PIA+5+6109100012:HS", "FTX+AAA+++COTTON SHIRTS", "MEA+AAE+G+KGM:0.450",
    "MEA+AAE+AAL+KGM:0.400",
)  # fmt: skip
IFTMIN = (
    "BGM+610+A1+9", "CUX+2:USD", "MOA+77:49.80:USD", "CNT+7:0.45:KGM", "LOC+35+CN:162:5", "RFF+HWB:A1", "TDT+20+XX901+4++XX:172:3",
    "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6", ARRIVAL, "RFF+MWB:999-12345675", SELLER[0], TO, "GID+1+2:CT", "LOC+27+CN:162:5",
    "MOA+40:49.80:USD", "PIA+5+6109100012:HS", "FTX+AAA+++COTTON SHIRTS", "MEA+AAE+G+KGM:0.450",
)  # fmt: skip
KINDS = {"CUSCAR": CUSCAR, "IFCSUM": IFCSUM, "IFTMIN": IFTMIN}


def sent(kind: str, *changes: tuple[str, str], lines: tuple[str, ...] = ()) -> Drop:
    """Drop a message in which segments have become others, several of them parted by a quote."""
    body = lines or KINDS[kind]
    for old, new in changes:
        at = next(n for n, line in enumerate(body) if line.startswith(old))
        body = (*body[:at], *(new.split("'") if new else ()), *body[at + 1 :])
    return drop(interchange(message(body, identifier=f"{kind}:D:03A:UN")), now=NOW)


def shipment(result: Drop) -> dict[str, Any]:
    (only,) = (s for m in result.messages() for s in m["shipments"])
    return only


def told(result: Drop, rule: str = "MAP-AMBIGUOUS") -> list[str]:
    return [f.severity.value for f in result.findings() if f.rule == rule]


def results(result: Drop) -> list[ShipmentResult]:
    return [record for record in result.outcome.records if isinstance(record, ShipmentResult)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_samples_have_nothing_to_tell(kind: str) -> None:
    assert sent(kind).findings() == []


# --- a second segment of another value -------------------------------------------------------------------------------

OTHERS = {
    "LOC+5": "LOC+5+JPTYO:139:6", "LOC+9": "LOC+9+JPTYO:139:6", "LOC+11": "LOC+11+USLAX:139:6", "LOC+35": "LOC+35+JP:162:5",
    "LOC+27": "LOC+27+JP:162:5", "DTM+132": LATER, "DTM+133": "DTM+133:202501142130:203", "CNT+11": "CNT+11:7", "CNT+7": "CNT+7:9:KGM",
    "MOA+40": "MOA+40:77.80:USD", "MOA+77": "MOA+77:7.80:USD", "CUX": "CUX+2:EUR", "RFF+HWB": "RFF+HWB:A2",
    "RFF+MWB": "RFF+MWB:999-12345686", "RFF+VA": "RFF+VA:CN999", "COM+8675581729346": "COM+7675581729346:TE",
    "COM+a@": "COM+b@example.org:EM", "MEA+AAE+G": "MEA+AAE+AAB+KGM:9.450", "MEA+AAE+AAL": "MEA+AAE+AAL+KGM:7.400",
    "PIA": "PIA+5+6205200000:HS", "TDT": "TDT+20+XX902+4++XX:172:3",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "line"), [(kind, line) for kind, lines in KINDS.items() for line in lines if any(map(line.startswith, OTHERS))]
)  # fmt: skip
def test_a_second_segment_that_says_otherwise_is_told(kind: str, line: str) -> None:
    other = next(other for start, other in OTHERS.items() if line.startswith(start))
    assert told(sent(kind, (line, f"{line}'{other}"))), other
    assert told(sent(kind, (line, f"{line}'{line}"))) == []


def test_the_value_that_was_taken_stands_first_and_is_named() -> None:
    result = sent("CUSCAR", ("LOC+11", "LOC+11+USJFK:139:6'LOC+11+USLAX:139:6"))
    assert shipment(result)["first_us_port"] == "4701"
    (said,) = (f for f in result.findings() if f.rule == "MAP-AMBIGUOUS")
    assert said.message == 'Several values for first_us_port (LOC 3225): "USJFK" was taken, "USLAX" was not passed on.'
    assert (said.position.line, said.pointer) == (16, "/first_us_port")


def test_a_second_phone_is_told_without_its_number_and_the_same_one_is_none() -> None:
    (said,) = (f for f in sent("CUSCAR", ("COM+1217", "COM+12175553742:TE'COM+2175550000:TE")).findings())
    assert (said.personal, "217" in said.message, said.value) == (True, False, None)
    assert sent("CUSCAR", ("COM+1217", "COM+12175553742:TE'COM+1 217 555-3742:TE")).findings() == []


def test_a_doubt_in_the_header_is_told_of_the_shipments_that_it_is_lent_to() -> None:
    twice = ("LOC+60", "LOC+60+USJFK:139:6'LOC+60+USLAX:139:6")
    assert told(sent("CUSCAR", twice)) == []  # the bill names its own
    assert told(sent("CUSCAR", twice, ("LOC+11", ""))) == ["warning"]


# --- two carriers, times in a DTM of their own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("party", "told_once"),
    [
        ("NAD+CA+YY:172:3", True), ("NAD+CA+yy:172", True), ("NAD+CA+XX:172:3", False), ("NAD+CA+XXXX:172", False),
        ("NAD+CA+0614141000012::9", False), ("NAD+CA+99:ZZZ", False), ("NAD+CZ+YY:172", False),
    ],
)  # fmt: skip
def test_a_carrier_beside_that_of_the_carriage_is_told_once(party: str, told_once: bool) -> None:
    second = ("CNI+2+A2", *("RFF+HWB:A2" if line == "RFF+HWB:A1" else line for line in CUSCAR[AT:]))
    result = sent("CUSCAR", ("RFF+MWB", f"RFF+MWB:999-12345675'{party}"), lines=(*CUSCAR, *second))
    assert [s["carrier_code"] for m in result.messages() for s in m["shipments"]] == ["XX", "XX"]
    assert told(result) == (["warning"] if told_once else [])
    without = ("TDT", "TDT+20+XX901+4")
    assert told(sent("CUSCAR", ("RFF+MWB", f"RFF+MWB:999-12345675'{party}"), without)) == []


DAY, TIME = "DTM+132:20250115:102", "DTM+132:1830:401"
HALF_PAST_SIX, NOON = "2025-01-15T18:30:00Z", "2025-01-15T12:00:00Z"


@pytest.mark.parametrize(
    ("dates", "arrival"),
    [
        ((DAY, TIME), HALF_PAST_SIX), ((DAY, "DTM+137:20250114:102", "DTM+137:0615:401"), NOON), ((DAY, "DTM+178:0615:401"), NOON),
        (("DTM+137:20250114:102", "DTM+137:0615:401", DAY, TIME), HALF_PAST_SIX), ((DAY, "DTM+137:0615:401", TIME), HALF_PAST_SIX),
        ((DAY, LATER), ""), ((DAY, LATER, "DTM+133:0615:401"), ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [*KINDS, "header"])
def test_a_time_in_a_dtm_of_its_own_is_that_of_its_qualifier(kind: str, dates: tuple[str, ...], arrival: str) -> None:
    table = "CUSCAR" if kind == "header" else kind
    where = {"header": "BGM", "CUSCAR": "LOC+60"}.get(kind, "TDT")  # header: of CBP's ACE, below BGM
    left = tuple(line for line in KINDS[table] if not line.startswith("DTM"))
    before = next(line for line in left if line.startswith(where))
    result = sent(table, (before, "'".join((before, *dates))), lines=left)
    if arrival:
        assert (shipment(result)["estimated_arrival_at"], told(result)) == (arrival, [])
    else:
        assert (result.counts(), "error" in told(result)) == ((1, 0, 1, 0), True)


# --- several bills in one consignment --------------------------------------------------------------------------------

AT = CUSCAR.index("RFF+HWB:A1")


def bills(*references: str, goods: str = "GID+1+1:CT'FTX+AAA+++MUGS") -> Drop:
    """Drop a CUSCAR with further RFF groups behind the first bill."""
    more = tuple(part for reference in references for part in (*reference.split("'"), *goods.split("'")))
    return sent("CUSCAR", lines=(*CUSCAR, *more))


@pytest.mark.parametrize(
    "reference", ["BH:B2", "HWB:A2", "AAM:B2", "XC:B2", "BM:B2", "MWB:999-12345675", "CN:T2", "UCN:U2"]
)
def test_two_rff_groups_that_hold_goods_are_two_bills(reference: str) -> None:
    result = bills(f"RFF+{reference}")
    assert result.counts() == (1, 0, 1, 0)
    assert any("each is a bill" in f.message and "(A1, " in f.message for f in result.findings())


@pytest.mark.parametrize("goods", ["GID+1", "GID+2"])
def test_a_goods_line_that_has_its_number_alone_holds_no_goods(goods: str) -> None:
    result = bills("RFF+UCN:U1", "RFF+ON:ORD1", goods=goods)
    found = shipment(result)
    assert (len(found["items"]), found["gross_weight_kg"], result.findings()) == (1, "0.450", [])


def test_a_goods_line_without_anything_among_others_lacks_its_description() -> None:
    result = sent("CUSCAR", ("LOC+27", "LOC+27+CN:162:5'GID+2'FTX+AAA"))
    assert {f.rule for f in result.findings() if f.severity == "error"} >= {"S321-VAL-MISSING"}
    alone = tuple(line for line in CUSCAR if not line.startswith(("FTX", "MEA", "MOA", "CST", "LOC+27")))
    assert sent("CUSCAR", ("GID", "GID+1'RFF+UCN:U1'GID+1"), lines=alone).counts() == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("first", "second", "weight"),
    [
        ("HWB:A1", "BH:B2", "error"), ("BH:A1", "HWB:B2", "error"), ("AAM:A1", "XC:B2", "warning"), ("HWB:A1", "AAM:B2", "warning"),
        ("BM:A1", "BM:B2", "error"), ("AAM:A1", "BM:B2", "warning"), ("HWB:A1", "BH:A1", ""), ("HWB:A1", "BM:B2", ""),
    ],
)  # fmt: skip
def test_house_bill_numbers_of_several_kinds_are_told(first: str, second: str, weight: str) -> None:
    head = (*CUSCAR[: AT - 1], "CNI+1")
    result = sent("CUSCAR", lines=(*head, f"RFF+{first}", f"RFF+{second}", *CUSCAR[AT + 1 :]))
    assert told(result)[:1] == ([weight] if weight else [])


@pytest.mark.parametrize(
    ("numbers", "refused"), [(("HWB:A1",), False), (("BH:B1",), True), (("HWB:A1", "BH:B1"), True), (("ON:B1",), False)]
)
def test_house_bills_below_the_carriage_must_be_the_same(numbers: tuple[str, ...], refused: bool) -> None:
    carriage = ("TDT+20+XX901+4++XX:172:3", *(f"RFF+{number}" for number in numbers))
    at = CUSCAR.index(SELLER[0])
    result = sent("CUSCAR", lines=(*CUSCAR[:at], *carriage, *CUSCAR[at:]))
    assert result.counts()[2] == refused
    without = (*CUSCAR[: AT - 1], "CNI+1", "RFF+MWB:999-12345675", *CUSCAR[AT + 1 : at], *carriage[:1])
    two = sent("CUSCAR", lines=(*without, "RFF+HWB:A1", "RFF+BH:B1", *CUSCAR[at:]))
    assert two.counts() == (1, 0, 1, 0)


@pytest.mark.parametrize("kind", ["IFCSUM", "IFTMIN"])
@pytest.mark.parametrize(("number", "refused"), [("HWB:A1", 0), ("HWB:A2", 1), ("BH:A2", 1), ("ON:A2", 0)])
def test_house_bills_of_goods_lines_and_of_other_kinds_must_be_the_same(kind: str, number: str, refused: int) -> None:
    weight = "MEA+AAE+G+KGM:0.450"
    assert sent(kind, (weight, f"{weight}'RFF+{number}")).counts()[2] == refused
    assert sent(kind, ("RFF+HWB", f"RFF+HWB:A1'RFF+{number}")).counts()[2] == refused


# --- reference currency ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("cux", "currency"),
    [
        ("CUX+1:CAD'CUX+2:USD", "USD"), ("CUX+1:CAD:4+2:USD:9", "USD"), ("CUX+2:USD:9+3:CAD:9", "USD"), ("CUX++2:USD", "USD"),
        ("CUX+3:USD", "USD"), ("CUX+2:USD'CUX+2:USD", "USD"), ("CUX+2:EUR'CUX+2:USD", ""), ("CUX+6:GBP'CUX+7:USD", ""),
    ],
)  # fmt: skip
def test_a_value_without_a_currency_has_the_reference_currency(kind: str, cux: str, currency: str) -> None:
    changes = [(line, line.replace(":USD", "")) for line in KINDS[kind] if line.startswith("MOA")]
    result = sent(kind, ("CUX", cux), *changes)
    if currency:
        found = shipment(result)
        assert {found["total_value"]["currency"], found["items"][0]["total_value"]["currency"]} == {currency}
    else:
        assert result.counts() == (1, 0, 1, 0)
        assert "error" in told(result)
        assert told(sent(kind, ("CUX", cux))) == ["warning"]  # the values have their own


# --- port and arrival of one place -----------------------------------------------------------------------------------

DESTINATION = f"LOC+8+USORD:139:6'{LATER}"


@pytest.mark.parametrize("kind", ["IFCSUM", "IFTMIN"])
@pytest.mark.parametrize(
    ("places", "port", "arrival"),
    [
        (f"LOC+11+USJFK:139:6'{ARRIVAL}'{DESTINATION}", "4701", "2025-01-15T18:30:00Z"),
        (f"{DESTINATION}'LOC+11+USJFK:139:6'{ARRIVAL}", "4701", "2025-01-15T18:30:00Z"),
        (f"LOC+8+USJFK:139:6'{ARRIVAL}", "4701", "2025-01-15T18:30:00Z"),
        (f"LOC+11+USJFK:139:6'{ARRIVAL}'LOC+60+USJFK:139:6", "4701", "2025-01-15T18:30:00Z"),
        (f"LOC+11+USJFK:139:6'{DESTINATION}", "4701", None),
        (f"LOC+11+USJFK:139:6'{ARRIVAL}'LOC+11+USLAX:139:6'{LATER}", "", ""),
        (f"LOC+11+USJFK:139:6'{ARRIVAL}'LOC+60+USLAX:139:6'{LATER}", "", ""),
        (f"LOC+11+USJFK:139:6'{ARRIVAL}'LOC+60+USLAX:139:6", "", ""),
    ],
)  # fmt: skip
def test_port_and_arrival_are_those_of_one_place(kind: str, places: str, port: str, arrival: str | None) -> None:
    lines = tuple(line for line in KINDS[kind] if line != ARRIVAL)
    result = sent(kind, ("LOC+11", places), lines=lines)
    if port:
        found = shipment(result)
        assert (found["first_us_port"], found.get("estimated_arrival_at")) == (port, arrival)
    else:
        assert result.counts() == (1, 0, 1, 0)
        assert told(result).count("error") == 1


@pytest.mark.parametrize("kind", ["IFCSUM", "IFTMIN"])
def test_the_carriage_and_its_place_must_not_arrive_at_different_times(kind: str) -> None:
    tdt = "TDT+20+XX901+4++XX:172:3"
    assert sent(kind, ("TDT", f"{tdt}'{LATER}")).counts() == (1, 0, 1, 0)
    assert sent(kind, ("TDT", f"{tdt}'DTM+132:20250115:102")).counts() == (1, 1, 0, 0)


OWN = ("TDT+20+{}+4++XX:172:3", "LOC+9+KRICN:139:6", "LOC+11+USLAX:139:6", "DTM+132:202501162000:203")


@pytest.mark.parametrize("voyage", ["XX901", "XX902", ""])
def test_a_consignment_arrives_with_its_own_carriage(voyage: str) -> None:
    at = IFCSUM.index(SELLER[0])
    own = tuple(line.format(voyage) for line in OWN)
    result = sent("IFCSUM", lines=(*IFCSUM[:at], *own, *IFCSUM[at:]))
    found = shipment(result)
    names = ("first_us_port", "estimated_arrival_at", "port_of_lading")
    assert [found[name] for name in names] == ["2720", "2025-01-16T20:00:00Z", "KRICN"]
    assert (found["regime_verdict"]["as_of_date"], result.findings()) == ("2025-01-16", [])
    contradicting = (*own[:1], LATER, *own[1:])
    assert sent("IFCSUM", lines=(*IFCSUM[:at], *contradicting, *IFCSUM[at:])).counts() == (1, 0, 1, 0)


@pytest.mark.parametrize("kind", ["CUSCAR", "IFCSUM"])
def test_what_the_header_lacks_is_not_told_of_a_consignment_that_has_it(kind: str) -> None:
    """And of the first one that has it not: remarks once, errors of each."""
    lines = KINDS[kind]
    at, own = lines.index(SELLER[0]), tuple(line.format("XX901") for line in OWN)
    head = tuple(line for line in lines[: lines.index("CNI+1+A1")] if not line.startswith(("TDT", "LOC", "DTM")))
    first, bill = lines[lines.index("CNI+1+A1") : at], lines[at:]

    def consignment(number: int, *carriage: str) -> tuple[str, ...]:
        return tuple(line.replace("A1", f"A{number}") for line in (*first, *carriage, *bill))

    alone = sent(kind, lines=(*head, *consignment(1, *own)))
    assert (alone.counts(), shipment(alone)["estimated_arrival_at"], alone.findings()) == (
        (1, 1, 0, 0),
        "2025-01-16T20:00:00Z",
        [],
    )
    dated = (*head, "TDT+20+XX901+4++XX:172:3", "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6")
    three = sent(kind, lines=(*dated, *consignment(1, *own), *consignment(2), *consignment(3)))
    late = [(s.id, [f.severity.value for f in s.findings if f.rule == "S321-TIME"]) for s in results(three)]
    assert late == [("A1", []), ("A2", ["warning"]), ("A3", [])]
    lost = sent(kind, lines=(*head, *consignment(1, *own), *consignment(2), *consignment(3)))
    modes = [(s.id, [f.severity.value for f in s.findings if f.rule == "S321-MODE"]) for s in results(lost)]
    assert modes == [("A1", []), ("A2", ["error"]), ("A3", ["error"])]


def test_a_header_in_doubt_is_none_of_a_consignment_with_its_own_arrival() -> None:
    at = IFCSUM.index(SELLER[0])
    doubt = ("LOC+11", "LOC+11+USJFK:139:6'DTM+132:202501170000:203'LOC+60+USJFK:139:6")
    own = tuple(line.format("XX902") for line in OWN)
    assert sent("IFCSUM", doubt, lines=(*IFCSUM[:at], *own, *IFCSUM[at:])).counts()[1] == 1
    assert sent("IFCSUM", doubt).counts() == (1, 0, 1, 0)


# --- addresses and states --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("free", "name", "street", "lines"),
    [
        ("JORDAN SAMPLE:C/O ACME INC:DOCK 7", "", "1200 TEST AVENUE", ["1200 TEST AVENUE", "C/O ACME INC", "DOCK 7"]),
        ("C/O ACME INC:DOCK 7", "JORDAN SAMPLE", "1200 TEST AVENUE", ["1200 TEST AVENUE", "C/O ACME INC", "DOCK 7"]),
        ("DOCK 7", "JORDAN SAMPLE", "1200 TEST AVENUE:APT 4", ["1200 TEST AVENUE", "APT 4", "DOCK 7"]),
        ("DOCK 7:BAY 2", "JORDAN SAMPLE", "1200 TEST AVENUE:APT 4", ["1200 TEST AVENUE", "APT 4", "DOCK 7 BAY 2"]),
        ("JORDAN SAMPLE:1200 TEST AVENUE:SPRINGFIELD IL 62701", "JORDAN SAMPLE", "1200 TEST AVENUE", ["1200 TEST AVENUE", None, None]),
        ("JORDAN SAMPLE:1200 TEST AVENUE:APT 4:DOCK 7:BAY 2", "", "", ["1200 TEST AVENUE", "APT 4", "DOCK 7 BAY 2"]),
        ("1200 TEST AVENUE:APT 4", "JORDAN SAMPLE", "", ["1200 TEST AVENUE", "APT 4", None]),
        ("", "JORDAN SAMPLE", "1200 TEST AVENUE:APT 4:DOCK 7:BAY 2", ["1200 TEST AVENUE", "APT 4", "DOCK 7 BAY 2"]),
    ],
)  # fmt: skip
def test_all_lines_of_an_address_are_passed_on_once(
    kind: str, free: str, name: str, street: str, lines: list[str | None]
) -> None:
    found = shipment(sent(kind, ("NAD+CN", f"NAD+CN++{free}+{name}+{street}+SPRINGFIELD+IL+62701+US")))[
        "final_deliver_to_party"
    ]
    assert (found["name"], [found.get(f"address_line_{n}") for n in (1, 2, 3)]) == ("JORDAN SAMPLE", lines)


def test_lines_that_find_no_room_are_told() -> None:
    free = ":".join(f"DOOR {n} OF THE WAREHOUSE" for n in range(1, 6))
    result = sent("CUSCAR", ("NAD+CN", f"NAD+CN++{free}+JORDAN SAMPLE+1200 TEST AVENUE+SPRINGFIELD+IL+62701+US"))
    assert shipment(result)["final_deliver_to_party"]["address_line_2"] == "DOOR 1 OF THE WAREHOUSE"
    assert told(result, "Q-TRUNC") == ["warning"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("state", "zip_code", "expected"), [(":::ILLINOIS", "62701", ("IL", "62701")), (":::Massachusetts", "2116", ("MA", "02116")), ("IL:::ILLINOIS", "62701", ("IL", "62701"))])  # fmt: skip
def test_a_state_is_told_by_its_name_too(kind: str, state: str, zip_code: str, expected: tuple[str, str]) -> None:
    found = shipment(sent(kind, ("NAD+CN", TO.replace("+IL+62701", f"+{state}+{zip_code}"))))["final_deliver_to_party"]
    assert (found["state_province"], found["postal_code"]) == expected


# --- a total without its unit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("goods", "total", "expected"),
    [("MEA+AAE+G+LBR:0.450", "7:0.21", ("0.204", "LBR")), ("", "7:0.45", ("0.450", None)), ("MEA+AAE+G+KGM:0.450", "7:0.450:KGM", ("0.450", "KGM"))],
)  # fmt: skip
def test_a_total_weight_without_its_unit_leaves_the_word_to_the_goods(kind: str, goods: str, total: str, expected: tuple[str, str | None]) -> None:  # fmt: skip
    at = {"CUSCAR": "CNT+11", "IFCSUM": "CNT+11", "IFTMIN": "CNT+7"}[kind]
    own = "CNT+11:2'" if at == "CNT+11" else ""
    result = sent(kind, (at, f"{own}CNT+{total}"), ("MEA+AAE+G", goods))
    found = shipment(result)
    assert (found["gross_weight_kg"], found.get("weight_source_unit")) == expected
    assert told(result, "MAP-WEIGHT") == ([] if "KGM" in total else ["warning"])
