"""Houses of a list wait for their house waybills: in either order, completed and never overwritten, delivered once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.check import parse_instant
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
    assert "final_deliver_to_party" in first.message
    assert first.position.line
    assert result.receipt()["shipments"]["waiting"] == 3
    assert b"Processed" in result.answers["XFNM"]


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
