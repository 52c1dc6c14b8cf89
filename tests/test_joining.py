"""Houses of a list wait for their house waybills: in either order, completed and never overwritten, delivered once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.check import parse_instant
from gateway.halves import without_persons
from gateway.history import MemoryHistory, Part
from gateway.late import answer_late
from gateway.results import ShipmentResult, pack
from gateway.spools import MemorySpool
from tests.drops import Drop, drop, profile_for, sample

NOW = parse_instant("2025-02-27T10:00:00Z")
LIST = sample("xml/05_xfhl_3houses_v3.xml")  # GWH0001001, GWH0001002, GWH0001003 of 999-12345675
HOUSE = sample("xml/03_xfzb_clean_v3.xml")  # GWH0001001
IMP_LIST = sample("cargoimp/04_fhl4_list_3houses.txt")
IMP_HOUSE = sample("cargoimp/03_fhl4_single_full.txt")


def send(data: bytes, history: MemoryHistory, **changes: Any) -> Drop:
    return drop(data, history, now=NOW, **{"join_hours": 24, **changes})


def books(result: Drop) -> tuple[int, int, int, int, int]:
    c = result.outcome.counts
    assert c.balanced
    return c.found, c.accepted, c.rejected, c.joined, c.waiting


@pytest.mark.parametrize(
    ("names", "old", "new"),
    [(LIST, b"<ram:ID>GWH0001002<", b"<ram:ID>GWH0001001<"), (IMP_LIST, b"HBS/GWH0001002", b"HBS/GWH0001001")],
    ids=["XFHL", "FHL"],
)
def test_a_house_that_stands_twice_in_a_list_is_told(names, old, new):
    assert "S321-DUP" not in send(names, MemoryHistory()).rules()
    assert old in names
    result = send(names.replace(old, new), MemoryHistory())
    assert books(result) == (3, 0, 0, 0, 3)
    (said,) = [f for f in result.findings() if f.rule == "S321-DUP"]
    assert said.message.startswith("GWH0001001 stands in this file more than once")


def test_without_join_hours_an_incomplete_house_is_refused_at_once():
    assert books(send(LIST, MemoryHistory(), join_hours=0)) == (3, 0, 3, 0, 0)


def test_houses_of_a_list_wait_and_say_for_what_and_until_when():
    result = send(LIST, MemoryHistory())
    assert books(result) == (3, 0, 0, 0, 3)
    assert result.outcome.verdict == "accept_with_warnings"
    assert result.messages() == []
    (first, *_) = [f for f in result.findings() if f.rule == "GW-JOIN-PENDING"]
    assert first.message.startswith("It waits until 2025-02-28 10:00 UTC for ")
    assert first.message.endswith(" UTC for shipper, consignee, value of the line.")  # no names of the model
    assert first.position.line
    assert result.receipt()["shipments"]["waiting"] == 3
    assert b"Processed" in result.answers["XFNM"]


def test_a_house_without_a_master_bill_says_that_no_waybill_of_one_finds_it():
    number = b"<ram:ID>999-12345675</ram:ID></ram:TransportContractDocument>"
    assert number in LIST
    alone, said = LIST.replace(number, b"<ram:ID/></ram:TransportContractDocument>"), " It names no master bill, so "
    for names, on, told in ((alone, "master+house", 3), (alone, "house", 0), (LIST, "master+house", 0)):
        result = send(names, MemoryHistory(), join_on=on)
        assert books(result) == (3, 0, 0, 0, 3)
        assert sum(said in f.message for f in result.findings() if f.rule == "GW-JOIN-PENDING") == told


def test_the_house_waybill_is_delivered_and_ends_the_waiting():
    history = MemoryHistory()
    send(LIST, history)
    assert books(send(HOUSE, history)) == (1, 1, 0, 0, 0)
    assert history.parts(["999-12345675/GWH0001001", "99912345675/GWH0001001"])[1].state == "done"
    again = LIST.replace(b"_FHL0001</ram:ID>", b"_FHL0002</ram:ID>")
    assert books(send(again, history)) == (3, 0, 0, 1, 2)


def test_a_list_after_its_house_waybill_is_joined_and_delivers_nothing():
    history = MemoryHistory()
    send(HOUSE, history)
    result = send(LIST, history)
    assert books(result) == (3, 0, 0, 1, 2)
    done = [r for r in result.outcome.records if isinstance(r, ShipmentResult) and r.verdict == "joined"]
    assert [(r.id, [f.rule for f in r.findings]) for r in done] == [("GWH0001001", ["JOIN-DONE"])]


def test_what_the_waybill_lacks_comes_from_the_list_and_what_both_name_is_not_overwritten():
    history = MemoryHistory()
    send(LIST, history)
    weight = b'<ram:IncludedTareGrossWeightMeasure unitCode="KGM">1.250</ram:IncludedTareGrossWeightMeasure>'
    assert HOUSE.count(weight) >= 1
    lacking = HOUSE.replace(weight, b"").replace(b"TotalPieceQuantity>1<", b"TotalPieceQuantity>2<")
    result = send(lacking, history)
    (shipment,) = result.messages()[0]["shipments"]
    assert (shipment["gross_weight_kg"], shipment["package_count"]) == ("1.250", 2)
    said = {f.rule: f.message for f in result.findings()}
    assert "gross_weight_kg" in said["JOIN-FILLED"]
    assert "another package_count" in said["JOIN-DIFFERS"]


def test_the_unit_of_another_weight_is_not_taken():
    weight = b'<ram:IncludedTareGrossWeightMeasure unitCode="KGM">1.250</ram:IncludedTareGrossWeightMeasure>'
    assert weight in HOUSE
    without, said = HOUSE.replace(weight, b""), {"weight_source_unit": "LBR", "gross_weight_kg": "0.500"}
    (shipment,) = send(without, waits(**said)).messages()[0]["shipments"]
    assert shipment.items() >= said.items()
    (own,) = send(without, waits(**said), constants={"gross_weight_kg": "0.700"}).messages()[0]["shipments"]
    assert own["gross_weight_kg"] == "0.700" and "weight_source_unit" not in own


def waits(**said: Any) -> MemoryHistory:
    """Return a history in which a list said this of the house."""
    history = MemoryHistory()
    history.note_parts(
        [
            Part(
                "99912345675/GWH0001001",
                "waiting",
                "file list.xml",
                json.dumps(said).encode(),
                NOW + timedelta(hours=9),
            )
        ]
    )
    return history


def test_what_a_message_is_for_and_its_numbers_are_never_taken_from_another_one():
    others = {"transmission_purpose": "cancel", "house_bill_number": "GWHOTHER", "shipment_tracking_number": "1ZOTHER", "_arrival_day": "2025-01-01"}  # fmt: skip
    result = send(HOUSE, waits(**others, package_count=1))
    (shipment,) = result.messages()[0]["shipments"]
    assert (shipment["transmission_purpose"], shipment["house_bill_number"]) == ("original", "GWH0001001")
    assert "shipment_tracking_number" not in shipment
    assert not {"JOIN-FILLED", "JOIN-DIFFERS"} & result.rules()


@pytest.mark.parametrize(
    ("first", "both", "told"), [("BC", "ABC", True), ("B", "AB", False), ("", "AB", False), ("CD", "ABCD", True)]
)
def test_references_of_both_messages_are_passed_on_once(first, both, told):
    def numbers(letters: str) -> list[dict[str, str]]:
        return [{"type": "order_number", "value": letter} for letter in letters]

    result = send(HOUSE, waits(references=numbers(first)), constants={"references": numbers("AB")})
    (shipment,) = result.messages()[0]["shipments"]
    assert shipment["references"] == numbers(both)
    assert [f.message for f in result.findings() if f.rule == "JOIN-FILLED"] == (
        ["Taken from file list.xml, which named this shipment before: references."] if told else []
    )


def test_the_other_value_of_a_field_is_told_with_the_file_it_came_from():
    said = {f.rule: f.message for f in send(HOUSE, waits(package_count=3)).findings()}
    assert said == {
        "JOIN-DIFFERS": "File list.xml had another package_count for this shipment; the one of this message was kept.",
        "S321-REGIME-DAY": said["S321-REGIME-DAY"],
        "CARGO-NOTES": said["CARGO-NOTES"],
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"total_value": {"amount": "43.98", "currency": "EUR"}}, "total_value"),
        ({"final_deliver_to_party": {"name": "RILEY OTHER"}}, "final_deliver_to_party"),
        ({"security_scan": {"performed": True, "method": "etd"}}, "security_scan"),
        ({"total_value": {"amount": "43.98", "currency": "USD"}}, None),
        ({"final_deliver_to_party": {"name": "JORDAN EXAMPLE", "website": "https://example.org"}}, None),
        ({"items": [{"line_number": 1, "enhanced_product_description": "T-SHIRTS"}]}, None),
    ],
)
def test_another_party_value_or_scan_is_told_too(said, told):
    result = send(HOUSE, waits(**said))
    assert [f.target for f in result.findings() if f.rule == "JOIN-DIFFERS"] == ([told] if told else [])
    (shipment,) = result.messages()[0]["shipments"]
    assert shipment["total_value"] == {"amount": "43.98", "currency": "USD"}
    assert shipment["final_deliver_to_party"]["name"] == "JORDAN EXAMPLE"


def test_an_arrival_is_taken_with_the_day_it_was_written_with():
    written = {"estimated_arrival_at": "2025-03-03T05:00:00Z", "_arrival_day": "2025-03-03"}
    for first, day in ((written, "2025-03-03"), ({"estimated_arrival_at": "2025-03-03T05:00:00Z"}, "2025-03-02")):
        (shipment,) = send(HOUSE, waits(**first)).messages()[0]["shipments"]  # to Los Angeles
        assert shipment["regime_verdict"]["as_of_date"] == day


def test_a_house_of_another_master_is_not_joined():
    history = MemoryHistory()
    send(LIST.replace(b"999-12345675<", b"999-12345686<"), history)
    result = send(HOUSE, history)
    assert not {"JOIN-FILLED", "JOIN-DIFFERS"} & result.rules()
    assert history.parts(["99912345686/GWH0001001"])[0].state == "waiting"


def test_a_refused_list_leaves_nothing_waiting():
    history = MemoryHistory()
    assert send(LIST[:-40], history).outcome.verdict == "reject"
    assert history.parts(["99912345675/GWH0001001"]) == [None]


@pytest.mark.parametrize("first", [IMP_LIST, IMP_HOUSE])
def test_cargo_imp_lists_join_with_their_houses(first):
    history = MemoryHistory()
    second = IMP_HOUSE if first is IMP_LIST else IMP_LIST
    results = [send(first, history), send(second, history)]
    assert sum(r.outcome.counts.accepted for r in results) == 1
    assert sum(r.outcome.counts.rejected for r in results) == 0


def test_xml_list_and_cargo_imp_house_are_one_shipment():
    history = MemoryHistory()
    send(LIST, history)
    assert books(send(IMP_HOUSE, history)) == (1, 1, 0, 0, 0)


def test_when_the_time_is_up_the_houses_are_refused_with_what_they_lack():
    history = MemoryHistory()
    kept = list(pack(send(LIST, history).outcome))
    profile = replace(profile_for(LIST), join_hours=24)
    still = {(0, 2), (0, 3)}  # the first was completed meanwhile
    numbers = iter(range(7, 99))
    outcome = answer_late(
        iter(kept), still, profile, NOW + timedelta(hours=24), lambda scope: next(numbers), MemorySpool(), name="l.xml", size=1,
        sha256="x", receipt_id="R1", stem="l.xml",
    )  # fmt: skip
    c = outcome.counts
    assert (outcome.verdict, c.found, c.rejected, c.joined, c.waiting) == ("partial", 3, 2, 1, 0)
    answers = {a.kind: b"".join(a.chunks) for a in outcome.acks}
    assert answers["rejects"].count(b"S321-ROLE-REQ") >= 2
    assert b"GWH0001001" not in answers["rejects"]
    assert json.loads(answers["receipt"])["shipments"] == {
        "found": 3,
        "accepted": 0,
        "rejected": 2,
        "duplicate": 0,
        "joined": 1,
    }


# --- what comes after a join: again, amended, withdrawn -----------------------------------------------------------------

Change = tuple[tuple[bytes, bytes], ...]
WEIGHT = b'<ram:IncludedTareGrossWeightMeasure unitCode="KGM">1.250</ram:IncludedTareGrossWeightMeasure>'
EDI_NOW = ((b":2025093011", b":2025022811"), (b":20250929", b":20250227"), (b":20251001", b":20250301"))


def changed(data: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    for old, new in changes:
        assert old in data, old
        data = data.replace(old, new)
    return data


CONSIGNEE = (b",consignee_name,consignee_address1,consignee_city,consignee_state,consignee_zip,consignee_country\n", b",JORDAN EXAMPLE,12 SAMPLE LN,HOLTSVILLE,NY,00501,US\n")  # fmt: skip
ORDERS = (
    b"house_bill,mawb,mode,purpose,seller_id,seller_name,seller_address1,seller_city,seller_country,item_description,hts,origin,quantity,unit_value,currency,product_url"
    + CONSIGNEE[0]
    + b"GWH0001001,999-12345675,air,original,V-77,LUCKY LIGHTING,1 LAMP RD,SHENZHEN,CN,LED DESK LAMP,940521,CN,1,43.98,USD,https://shop.example.com/p/1"
    + CONSIGNEE[1]
)
PARCELS = (
    b"house_bill,mawb,mode,purpose,shipper_name,shipper_address1,shipper_city,shipper_country,flight_number,item_description,hts,origin,item_value,currency,pieces,weight,weight_unit"
    + CONSIGNEE[0]
    + b"GWH0001001,999-12345675,air,original,GOLDEN SAMPLE CO LTD,NO 18 INVENTED STREET,GUANGZHOU,CN,XX880,LED DESK LAMP,940521,CN,43.98,USD,1,1.250,KG"
    + CONSIGNEE[1]
)


@dataclass(frozen=True)
class Pair:
    """A message that lacks something and the one that brings it, with what makes of each the same again, an amendment, a deletion."""

    first: bytes
    second: bytes
    again: Change
    amend: Change
    cancel: Change = ()
    brought: frozenset[str] = frozenset()  # what only the first one says
    first_again: Change = ()
    options: tuple[tuple[str, Any], ...] = ()

    def send(self, data: bytes, history: MemoryHistory, *changes: tuple[bytes, bytes]) -> Drop:
        return drop(changed(data, *changes), history, now=NOW, name="x.csv" if data in (ORDERS, PARCELS) else "x.edi", **{"join_hours": 24, **dict(self.options)})  # fmt: skip


def itmatt(number: str, function: str) -> Change:
    return ((b"0301-0001", number.encode()), (b'function="9"', f'function="{function}"'.encode()))


def edi(number: bytes, function: bytes) -> Change:
    return ((b"PT000017", number), (b"ITMATT0017+9", b"ITMATT0017+" + function))


def house(number: bytes, purpose: bytes) -> Change:
    return ((b"GWH0001001_999-12345675_0001", number), (b">Creation<", b">" + purpose + b"<"))


XFZB = (changed(HOUSE, (WEIGHT, b"")), house(b"X1", b"Creation"), (*house(b"X2", b"Update"), (b"43.98", b"53.98")), house(b"X3", b"Deletion"), frozenset(("gross_weight_kg",)))  # fmt: skip
CRLF = ((b"\n", b"\r\n"),)
PAIRS = {
    "XFHL, XFZB": Pair(LIST, *XFZB, ((b"_FHL0001</ram:ID>", b"_FHL0002</ram:ID>"),)),
    "FHL list, XFZB": Pair(IMP_LIST, *XFZB, CRLF),
    "FHL list, FHL": Pair(IMP_LIST, changed(IMP_HOUSE, (b"\r\n", b"\n")), CRLF, ((b"43.98", b"53.98"),), first_again=CRLF),
    "XFHL, FHL": Pair(LIST, changed(IMP_HOUSE, (b"\r\n", b"\n")), CRLF, ((b"43.98", b"53.98"),), first_again=((b"_FHL0001</ram:ID>", b"_FHL0002</ram:ID>"),)),
    "PREDES, ITMATT": Pair(
        sample("xml-extra/03"), sample("xml/15"), itmatt("0301-0002", "9"), (*itmatt("0301-0003", "4"), (b"24.00", b"34.00")), itmatt("0301-0004", "1"),
        frozenset(("master_bill_number", "conveyance_reference", "estimated_arrival_at", "first_us_port", "references")), ((b"PREDES-GB", b"PREDES-GC"),),
    ),
    "PREDES, ITMATT in JSON": Pair(
        sample("xml-extra/04"), changed(sample("xml-extra/05"), (b"UA102030405CN", b"HX555666772FR")), CRLF, ((b'"24.00"', b'"34.00"'),),
        brought=frozenset(("master_bill_number", "references")), first_again=CRLF,
    ),
    "PREDES, ITMATT in EDIFACT": Pair(
        changed(sample("edifact/18"), (b":20251001", b":20250301")), changed(sample("edifact/17"), (b":2025093011", b":2025022811"), (b":20250929", b":20250227")),
        edi(b"PT000021", b"9"), (*edi(b"PT000019", b"4"), (b"17.80", b"27.80")), edi(b"PT000020", b"1"),
        frozenset(("master_bill_number", "conveyance_reference", "first_us_port")), ((b"PT000018", b"PT000031"),),
    ),
    "PREDES in JSON, ITMATT in XML": Pair(
        changed(sample("xml-extra/04"), (b'{"ItemId": "HX555666772FR"}', b'{"ItemId": "HX555666772FR"}, {"ItemId": "UA102030405CN"}')), sample("xml/15"),
        itmatt("0301-0002", "9"), (*itmatt("0301-0003", "4"), (b"24.00", b"34.00")), itmatt("0301-0004", "1"), frozenset(("master_bill_number", "references")), CRLF,
    ),
    "marketplace, carrier": Pair(
        ORDERS, PARCELS, CRLF, ((b"43.98", b"53.98"), (b"original", b"amend")), ((b"original", b"cancel"),), frozenset(("marketplace", "seller")), CRLF,
        (("join_formats", ("csv",)),),
    ),
}  # fmt: skip
pairs = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
WITH_CANCEL = {name: pair for name, pair in PAIRS.items() if pair.cancel}
withdrawn = pytest.mark.parametrize("pair", WITH_CANCEL.values(), ids=WITH_CANCEL)
_CHANGED = ("transmission_purpose", "total_value", "fair_retail_value_usd", "fx_rate", "items")


def by_number(result: Drop) -> dict[str, dict[str, Any]]:
    return {s["shipment_id"]: s for m in result.messages() for s in m["shipments"]}


def stands(shipment: dict[str, Any]) -> dict[str, Any]:
    """Return what an amendment of the value leaves as it was."""
    return {name: value for name, value in shipment.items() if name not in _CHANGED}


def joined(pair: Pair, history: MemoryHistory) -> dict[str, dict[str, Any]]:
    """Send both messages, the incomplete one first; return what was delivered."""
    assert pair.send(pair.first, history).outcome.counts.accepted == 0
    delivered = by_number(pair.send(pair.second, history))
    assert delivered
    assert all(pair.brought <= shipment.keys() for shipment in delivered.values())
    return delivered


@pairs
def test_either_message_again_after_a_join_delivers_nothing_and_is_a_duplicate_or_joined(pair):
    history = MemoryHistory()
    count = len(joined(pair, history))
    first = pair.send(pair.first, history, *pair.first_again)
    assert first.outcome.counts.accepted == first.outcome.counts.rejected == 0
    assert first.outcome.counts.joined + first.outcome.counts.duplicate == count
    again = pair.send(pair.second, history, *pair.again)
    assert books(again)[:3] == (count, 0, 0)
    assert again.outcome.counts.duplicate == count
    assert "JOIN-NOT-PASSED" not in first.rules()


@pairs
def test_an_amendment_after_a_join_is_delivered_with_what_the_other_message_brought(pair):
    history = MemoryHistory()
    before = joined(pair, history)
    for _ in range(2):  # what it amends is completed in the same way the second time
        result = pair.send(pair.second, history, *pair.amend)
        after = by_number(result)
        kept = {number: shipment for number, shipment in before.items() if number not in after}
        assert all(shipment["transmission_purpose"] == "amend" for shipment in after.values())
        assert result.outcome.counts.rejected == result.outcome.counts.joined == 0
        assert {**kept, **after}.keys() == before.keys()
        for number, shipment in after.items():
            assert stands(shipment) == stands(before[number])
        pair = replace(pair, amend=tuple((old, new.replace(b"3.98", b"4.98").replace(b"34.00", b"44.00").replace(b"27.80", b"37.80").replace(b"0003", b"0005").replace(b"X2", b"X5").replace(b"19", b"22") if old not in (b"original", b'function="9"', b">Creation<", b"ITMATT0017+9") else new) for old, new in pair.amend))  # fmt: skip
    assert after


@pairs
def test_what_came_too_late_goes_into_the_next_amendment_but_makes_no_repeat_another_content(pair):
    history = MemoryHistory()
    alone = by_number(pair.send(pair.second, history))
    late = pair.send(pair.first, history)
    count = late.outcome.counts.joined
    assert count == len(alone)
    assert ("JOIN-NOT-PASSED" in late.rules()) is bool(pair.brought)
    again = pair.send(pair.second, history, *pair.again)
    assert (again.outcome.counts.duplicate, again.outcome.counts.found) == (count, count)
    after = by_number(pair.send(pair.second, history, *pair.amend))
    assert after
    assert all(pair.brought <= shipment.keys() for shipment in after.values())


@withdrawn
def test_a_deletion_while_the_other_message_waits_withdraws_nothing_and_the_other_one_waits_on(pair):
    history = MemoryHistory()
    waits = pair.send(pair.first, history).outcome.counts.waiting
    result = pair.send(pair.second, history, *pair.cancel)
    assert result.messages() == []
    assert books(result) == (result.outcome.counts.found, 0, 0, result.outcome.counts.found, 0)
    assert "JOIN-STANDS" in result.rules()
    sent = by_number(pair.send(pair.second, history, *pair.again))
    assert 0 < len(sent) <= waits
    assert all(shipment["transmission_purpose"] == "original" and pair.brought <= shipment.keys() for shipment in sent.values())  # fmt: skip


@withdrawn
def test_what_was_withdrawn_after_a_join_and_comes_again_is_completed_again(pair):
    history = MemoryHistory()
    before = joined(pair, history)
    gone = pair.send(pair.second, history, *pair.cancel)
    assert {s["transmission_purpose"] for s in by_number(gone).values()} == {"cancel"}
    assert gone.outcome.counts.accepted == len(before)
    assert by_number(pair.send(pair.second, history, *pair.again)) == before


DELETED = LIST.replace(b">Creation<", b">Deletion<").replace(b"_FHL0001<", b"_FHL0009<")


@pytest.mark.parametrize("sent", [(HOUSE,), (LIST, HOUSE), (HOUSE, LIST)])
def test_the_deletion_of_a_list_withdraws_what_waits_of_it_and_nothing_else(sent):
    history = MemoryHistory()
    for data in sent:
        send(data, history)
    result = send(DELETED, history)
    assert books(result) == (3, 0, 0, 3, 0)
    assert result.messages() == []
    told = [(r.id, [f.rule for f in r.findings]) for r in result.outcome.records if isinstance(r, ShipmentResult)]
    ended = ["JOIN-WITHDRAWN"] if LIST in sent else ["JOIN-STANDS"]
    assert told == [("GWH0001001", ["JOIN-STANDS"]), ("GWH0001002", ended), ("GWH0001003", ended)]
    assert history.parts(["99912345675/GWH0001002"]) == [None]
    repeated = send(changed(HOUSE, *house(b"X7", b"Creation")), history)
    assert repeated.outcome.counts.duplicate == 1  # it stands


def test_the_deletion_of_a_list_that_delivered_shipments_alone_cancels_them():
    rest = {"total_value": {"amount": "10.00", "currency": "USD"}}
    party = {"name": "JORDAN EXAMPLE", "address_line_1": "12 SAMPLE LN", "city": "HOLTSVILLE", "state_province": "NY", "postal_code": "00501", "country_code": "US"}  # fmt: skip
    rest |= {"final_deliver_to_party": party, "country_of_shipment": "CN"}
    rest["shipment_initiator"] = {"name": "GOLDEN SAMPLE", "address_line_1": "NO 18", "city": "GUANGZHOU", "country_code": "CN"}  # fmt: skip
    for hours in (0, 24):
        history = MemoryHistory()
        options = {"join_hours": hours, "enrich": lambda _: rest}
        assert books(send(LIST, history, **options))[:2] == (3, 3)
        result = send(DELETED, history, **options)
        assert books(result)[:2] == (3, 3)
        assert {s["transmission_purpose"] for s in by_number(result).values()} == {"cancel"}


def test_a_second_message_that_contradicts_what_was_delivered_is_told_in_both_orders():
    seven = changed(LIST, (b"TotalPieceQuantity>1<", b"TotalPieceQuantity>7<"))
    for order in ((seven, HOUSE), (HOUSE, seven)):
        history = MemoryHistory()
        results = [send(data, history) for data in order]
        assert [f.target for f in results[1].findings() if f.rule == "JOIN-DIFFERS"] == ["package_count"]
        assert [s["package_count"] for r in results for s in by_number(r).values()] == [1]


def test_an_amended_despatch_is_delivered_and_a_second_one_is_told():
    flight = ((b"XX901", b"XX777"), (b"2025-03-02", b"2025-03-04"), (b"PREDES-GB", b"PREDES-GC"))
    pair, history = PAIRS["PREDES, ITMATT"], MemoryHistory()
    before = joined(pair, history)
    second = pair.send(pair.first, history, *flight)
    assert books(second) == (3, 0, 0, 3, 0)
    assert {f.target for f in second.findings() if f.rule == "JOIN-DIFFERS"} == {"conveyance_reference", "estimated_arrival_at", "estimated_departure_at"}  # fmt: skip
    after = by_number(pair.send(pair.first, history, *flight[:2], (b"PREDES-GB", b"PREDES-GD"), (b'function="9"', b'function="4"')))  # fmt: skip
    assert after.keys() == before.keys()
    for number, shipment in after.items():
        assert (shipment["transmission_purpose"], shipment["conveyance_reference"]) == ("amend", "XX777")
        assert shipment["regime_verdict"]["as_of_date"] == "2025-03-04"
        assert shipment["final_deliver_to_party"] == before[number]["final_deliver_to_party"]
        assert shipment["items"] == before[number]["items"]


def test_an_update_of_a_list_delivers_only_the_houses_it_changes():
    history = MemoryHistory()
    send(LIST, history)
    send(XFZB[0], history)
    update = changed(LIST, (b">Creation<", b">Update<"), (b"_FHL0001<", b"_FHL0008<"))
    assert books(send(update, history)) == (3, 0, 0, 1, 2)
    assert b"1.250</ram:GrossWeightMeasure>" in update
    heavier = changed(update, (b"1.250</ram:GrossWeightMeasure>", b"1.350</ram:GrossWeightMeasure>"), (b"0008<", b"0009<"))  # fmt: skip
    result = send(heavier, history)
    assert books(result) == (3, 1, 0, 0, 2)
    (shipment,) = by_number(result).values()
    assert (shipment["transmission_purpose"], shipment["gross_weight_kg"]) == ("amend", "1.350")
    assert shipment["items"][0]["enhanced_product_description"].startswith("MENS T-SHIRT, KNITTED, 100%")


def test_what_an_older_gateway_noted_is_still_read():
    history = MemoryHistory()
    history.note_parts([Part("99912345675/GWH0001001", "done", "file house.xml", b'{"gross_weight_kg":1,"items":1}')])
    said = [f for r in send(LIST, history).outcome.records if isinstance(r, ShipmentResult) and r.verdict == "joined" for f in r.findings]  # fmt: skip
    assert [f.rule for f in said] == ["JOIN-DONE", "JOIN-NOT-PASSED"]
    assert "package_count" in said[1].message
    assert "gross_weight_kg" not in said[1].message


def test_another_message_that_tells_all_amends_with_what_the_list_brought():
    history = MemoryHistory()
    send(LIST, history)
    send(XFZB[0], history)
    fhl = changed(IMP_HOUSE, (b"/1/K1.25/", b"/1//"))
    result = send(fhl, history)
    (shipment,) = by_number(result).values()
    assert (shipment["transmission_purpose"], shipment["gross_weight_kg"]) == ("amend", "1.250")
    assert send(changed(fhl, (b"\n", b"\r\n")), history).outcome.counts.duplicate == 1


# --- a list that has no word for a change; an amendment of what only waited ------------------------------------------------

HEAVIER = (b"HBS/GWH0001001/HKGLAX/1/K1.25/", b"HBS/GWH0001001/HKGLAX/1/K1.35/")


def test_a_list_that_comes_again_with_another_value_amends_where_it_has_no_word_for_that():
    history = MemoryHistory()
    send(IMP_LIST, history)
    send(XFZB[0], history)
    result = send(changed(IMP_LIST, HEAVIER), history)
    assert books(result) == (3, 1, 0, 0, 2)
    (shipment,) = by_number(result).values()
    assert (shipment["transmission_purpose"], shipment["gross_weight_kg"]) == ("amend", "1.350")
    assert shipment["final_deliver_to_party"]["name"] == "JORDAN EXAMPLE"
    (said,) = [f.message for f in result.findings() if f.rule == "S321-REPEAT"]
    assert said.startswith("Shipment GWH0001001 was delivered, with ")
    for again in (changed(IMP_LIST, HEAVIER, (b"\n", b"\r\n")), changed(IMP_LIST, HEAVIER)):
        assert books(send(again, history)) == (3, 0, 0, 1, 2)  # nothing new


def test_a_list_that_comes_late_amends_only_when_it_comes_otherwise_than_before():
    history = MemoryHistory()
    send(HOUSE, history)
    for data, delivered in (
        (changed(IMP_LIST, HEAVIER), 0),
        (changed(IMP_LIST, HEAVIER), 0),
        (IMP_LIST, 1),
        (IMP_LIST, 0),
    ):
        result = send(data, history)
        assert (books(result)[1], books(result)[3]) == (delivered, 1 - delivered)


def test_a_partner_may_refuse_repeats_and_forgotten_persons_complete_nothing():
    for options, forgets in (({"repeats": "refuse"}, False), ({}, True)):
        history = MemoryHistory()
        send(IMP_LIST, history, **options)
        send(HOUSE, history, **options)
        if forgets:
            forget(history)
        result = send(changed(IMP_LIST, HEAVIER), history, **options)
        assert books(result) == (3, 0, 0, 1, 2)
        assert [f.target for f in result.findings() if f.rule == "JOIN-DIFFERS"][:1] == ["gross_weight_kg"]


def forget(history: MemoryHistory) -> None:
    """Forget the persons of what was delivered, as the shell does when their time is up."""
    (part,) = history.parts(["99912345675/GWH0001001"])
    bare = without_persons(part.draft)
    assert bare is not None
    history.note_parts([msgspec.structs.replace(part, draft=bare)])


def test_an_amendment_that_forgotten_persons_cannot_complete_says_so_in_one_error_with_what_to_send():
    history = MemoryHistory()
    send(LIST, history)
    send(XFZB[0], history)
    forget(history)
    heavier = changed(LIST, (b">Creation<", b">Update<"), (b"_FHL0001<", b"_FHL0008<"), (b"1.250</ram:GrossWeightMeasure>", b"1.350</ram:GrossWeightMeasure>"))  # fmt: skip
    result = send(heavier, history)
    assert books(result) == (3, 0, 1, 0, 2)
    (said,) = [f for f in result.findings() if f.severity == "error"]
    assert said.rule == "JOIN-NOT-PASSED" and said.fix.startswith(
        "Send the change with the message that has the parties"
    )
    assert b"JOIN-NOT-PASSED" in result.answers["rejects"]


def test_a_despatch_in_json_that_comes_again_with_another_receptacle_amends():
    pair, history = PAIRS["PREDES, ITMATT in JSON"], MemoryHistory()
    before = joined(pair, history)
    result = pair.send(pair.first, history, (b"01010035", b"01020035"))
    after = by_number(result)
    assert after.keys() == before.keys()
    for shipment in after.values():
        (receptacle,) = (r["value"] for r in shipment["references"] if r["type"] == "receptacle_id")
        assert (shipment["transmission_purpose"], receptacle) == ("amend", "GBLALAUSJFKAAUN50273001020035")
    assert "S321-REPEAT" in result.rules()


@pytest.mark.parametrize("with_list", [False, True])
def test_an_update_of_a_waybill_that_only_waited_is_the_first_delivery(with_list):
    history, options = MemoryHistory(), {"join_formats": ("cargo_xml_xfzb",)}
    if with_list:
        send(LIST, history, **options)
    consignee = HOUSE[
        HOUSE.index(b"<ram:ConsigneeParty>") : HOUSE.index(b"</ram:ConsigneeParty>") + len(b"</ram:ConsigneeParty>")
    ]
    assert books(send(changed(HOUSE, (consignee, b"")), history, **options)) == (1, 0, 0, 0, 1)
    result = send(changed(HOUSE, *house(b"X2", b"Update")), history, **options)
    assert books(result) == (1, 1, 0, 0, 0)
    (message,) = result.messages()
    assert (message["transmission_purpose"], message["shipments"][0]["transmission_purpose"]) == (
        "original",
        "original",
    )
    assert "JOIN-FIRST" in result.rules() and "S321-AMEND-NF" not in result.rules()
    second = send(changed(HOUSE, *house(b"X4", b"Update"), (b"43.98", b"53.98")), history, **options)
    assert {s["transmission_purpose"] for s in by_number(second).values()} == {"amend"}
    assert not {"JOIN-FIRST", "S321-AMEND-NF"} & second.rules()
