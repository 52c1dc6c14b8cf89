"""What looks wrong but may be right: warned, never refused."""

from __future__ import annotations

import copy
import itertools
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.catalogue import load_catalogue
from gateway.findings import Severity
from gateway.history import Lot, MemoryHistory
from gateway.rules.alike import Neighbours, Recent, Twins
from gateway.rules.lots import Lots, orders_of
from gateway.rules.suspects import check_suspects
from tests.drops import drop
from tests.test_beyond_samples import BILL, bill, truck
from tests.test_beyond_samples import said as told

GOOD: dict[str, Any] = {
    "shipment_id": "B1", "mode_of_transportation": "air", "total_value": {"amount": "24.90", "currency": "USD"}, "gross_weight_kg": "1.250",
    "package_count": 1, "fair_retail_value_usd": "24.90",
    "shipment_initiator": {"name": "ACME GOODS", "postal_code": "510000", "phone": "862055500003"},
    "final_deliver_to_party": {"name": "JORDAN EXAMPLE", "postal_code": "00501", "phone": "16315550122"},
    "items": [{"enhanced_product_description": "COTTON SHIRT"}],
    "references": [{"type": "container", "value": "CSQU3054383"}, {"type": "seal", "value": "X"}],
}  # fmt: skip


def changed(**changes: Any) -> dict[str, Any]:
    draft = copy.deepcopy(GOOD)
    for name, value in changes.items():
        *way, last = name.split("__")
        place = draft
        for step in way:
            place = place[step]
        place[last] = value
    return draft


def test_a_plain_shipment_is_no_suspect():
    assert check_suspects(GOOD) == []
    assert check_suspects({}) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"total_value__amount": "1.00"}, "Q-VALUE-TOKEN"), ({"total_value__amount": "0.01"}, "Q-VALUE-TOKEN"), ({"gross_weight_kg": "0.000"}, "Q-WEIGHT-ODD"),
        ({"gross_weight_kg": "420.000"}, "Q-WEIGHT-ODD"), ({"gross_weight_kg": "70.001"}, "Q-WEIGHT-ODD"),
        ({"gross_weight_kg": "30.001", "items": [{"hts_number": "7113190000"}]}, "Q-WEIGHT-ODD"),
        ({"final_deliver_to_party__phone": "1111111111"}, "Q-PHONE-DUMMY"), ({"shipment_initiator__phone": "+11234567890"}, "Q-PHONE-DUMMY"),
        ({"final_deliver_to_party__name": "Acme  Goods", "final_deliver_to_party__postal_code": "510000"}, "Q-SAME-PARTY"),
        ({"mode_of_transportation": "ocean", "references": [{"type": "container", "value": "CSQU3054384"}]}, "Q-CONTAINER-CHK"),
    ],
)  # fmt: skip
def test_each_oddity_is_told_and_refuses_nothing(change, rule):
    (finding,) = check_suspects(changed(**change))
    assert finding.rule == rule
    assert finding.severity is not Severity.ERROR
    assert str(finding.severity) == load_catalogue()[rule].severity


@pytest.mark.parametrize(
    "change",
    [
        {"total_value__amount": "1.00", "transaction_nature": "gift"}, {"gross_weight_kg": "70.000"}, {"gross_weight_kg": "140.000", "package_count": 2},
        {"gross_weight_kg": "9.999"}, {"final_deliver_to_party__name": "ACME GOODS"}, {"mode_of_transportation": "ocean"},
        {"mode_of_transportation": "truck", "references": [{"type": "container", "value": "TRLU5501111"}]},
    ],
)  # fmt: skip
def test_what_is_just_inside_is_not_told(change):
    assert check_suspects(changed(**change)) == []


def test_a_twin_is_the_same_person_day_goods_and_value_under_another_number():
    twins = Twins()
    assert twins.check(GOOD, "p", "2025-03-01", "B1") == []
    assert twins.check(GOOD, "p", "2025-03-01", "B1") == []  # an amendment of the same parcel
    (finding,) = twins.check(GOOD, "p", "2025-03-01", "B2")
    assert (finding.rule, finding.severity) == ("Q-TWIN", Severity.WARNING)
    assert "B1" in finding.message
    others = [(GOOD, "q", "2025-03-01"), (GOOD, "p", "2025-03-02"), (changed(fair_retail_value_usd="25.00"), "p", "2025-03-01"),
              (changed(items=[{"enhanced_product_description": "MUG"}]), "p", "2025-03-01"), (GOOD, "", "2025-03-01")]  # fmt: skip
    assert [twins.check(d, person, day, f"X{n}") for n, (d, person, day) in enumerate(others)] == [[]] * 5


def person(name: str, street: str = "12 SAMPLE LN", zip_code: str = "43004") -> dict:
    return {"name": name, "address_line_1": street, "postal_code": zip_code}


def test_lots_of_one_order_on_several_days_are_told_when_they_pass_the_limit_together():
    def said(lots, number, day, value, order="SO-1", person="p"):
        draft = {"references": [{"type": "seal", "value": order}, {"type": "order_number", "value": order}]}
        return [
            f.rule
            for f in lots.check(draft, orders_of(draft, person), person, day, Decimal(value), number, lambda person: [])
        ]

    lots = Lots()
    assert said(lots, "B1", "2025-03-03", "500") == []
    assert said(lots, "B2", "2025-03-04", "300") == []  # 800.00 is within the limit
    assert said(lots, "B3", "2025-03-04", "0.01") == ["S321-SPLIT"]
    assert said(lots, "B4", "2025-03-05", "50") == []  # told once
    assert (
        said(lots, "B5", "2025-03-05", "700", order="SO-2") == said(lots, "B6", "2025-03-06", "700", order="SO-3") == []
    )
    assert said(lots, "B7", "2025-03-06", "700", order="SO-2", person="q") == []
    lots = Lots()
    assert (
        said(lots, "B1", "2025-03-03", "500") == said(lots, "B2", "2025-03-03", "500") == []
    )  # of one day: S321-AGG-800


def test_lots_of_one_order_are_told_over_several_files():
    draft = {"references": [{"type": "order_number", "value": "SO-1"}]}
    ((_, key),) = orders_of(draft, "p")

    def said(*before: Lot, number: str = "B9", day: str = "2025-03-04") -> list[str]:
        found = Lots().check(
            draft, orders_of(draft, "p"), "p", day, Decimal("300"), number, lambda person: list(before)
        )
        return [f.message.partition(" belongs")[0] for f in found]

    lot = Lot("2025-03-03", Decimal("500.01"), f"other {key}", "B1")
    assert said(lot) == ["Shipment B1, accepted before,"]
    assert said(replace(lot, key="test:B1")) == ["Shipment B1, accepted before,"]
    assert said(replace(lot, key="")) == ["A shipment accepted before"], "of another partner: its number stays there"
    assert said(replace(lot, value_usd=Decimal("250")), replace(lot, value_usd=Decimal("251"), key="B2")) != []
    assert said(replace(lot, value_usd=Decimal("500"))) == [], "800.00 is within the limit"
    assert said(replace(lot, orders="other")) == []
    assert said(replace(lot, day="2025-03-04")) == [], "of one day: S321-AGG-800"
    assert said(replace(lot, day="2025-02-01")) == [], "too long ago"
    assert said(lot, number="B1") == [], "an amendment takes the place of its original"


def test_two_files_with_lots_of_one_order():
    history = MemoryHistory()

    def sent(number: int, day: str) -> list[str]:
        one = bill(
            number=1,
            bill=BILL.replace("0001*", f"{number:04d}*"),
            references=(f"N9*2I*1ZTRK00000000{number}", "N9*PO*SO-77"),
        )
        one = [line.replace("*18*K", "*500*K") for line in one]
        data = truck(one, head=("M10*NRTX*J*CA***NRTX25A01***W", f"P4*0901*{day}***1430"))
        result = drop(data.replace(b"000000001", b"%09d" % number), history=history)
        assert result.outcome.counts.accepted == 1
        return told(result, "S321-SPLIT")

    assert sent(1, "20250303") == []
    (words,) = sent(2, "20250304")
    assert words.startswith("Shipment NRTX00450001, accepted before, belongs to the same order")


def test_similar_persons_at_one_address_who_pass_the_limit_together_are_told_once():
    near = Neighbours()
    assert near.check(person("JORDAN EXAMPLE"), "p1", "2025-03-01", Decimal("500.00"), "B1") == []
    (finding,) = near.check(person("J. EXAMPEL", "12 Sample Lane APT 4"), "p2", "2025-03-01", Decimal("300.01"), "B2")
    assert (finding.rule, finding.severity, finding.value) == ("S321-AGG-NEAR", Severity.WARNING, "800.01")
    assert "B1" in finding.message and "EXAMPLE" not in finding.message  # no name of a person
    assert near.check(person("J. EXAMPEL"), "p2", "2025-03-01", Decimal("5.00"), "B3") == []  # told already


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [
        (person("JORDAN EXAMPLE", "P.O. BOX 12"), person("J. EXAMPLE", "POB 12"), True),
        (person("JORDAN EXAMPLE", "PO BOX 12"), person("J. EXAMPLE", "PO BOX 13"), False),
        (person("JORDAN EXAMPLE", "C/O ROE, 12 SAMPLE LN"), person("J. EXAMPLE", "12 SAMPLE LANE"), True),
        (person("JORDAN EXAMPLE C/O BARTHOLOMEW"), person("J. EXAMPLE"), True),
        (person("JORDAN EXAMPLE C/O BARTHOLOMEW"), person("R. ROE C/O BARTHOLOMEW"), False),
    ],
)
def test_addresses_of_similar_persons_are_compared_without_care_of_and_boxes_by_their_number(first, second, near):
    neighbours = Neighbours()
    neighbours.check(first, "p1", "2025-03-01", Decimal("500.00"), "B1")
    assert bool(neighbours.check(second, "p2", "2025-03-01", Decimal("300.01"), "B2")) is near


@pytest.mark.parametrize(
    ("second", "day", "value"),
    [
        (person("RILEY SAMPLE"), "2025-03-01", "300.01"), (person("JORDAN EXAMPLE JR", "14 SAMPLE LN"), "2025-03-01", "300.01"),
        (person("JORDAN EXAMPLE JR", zip_code="16501"), "2025-03-01", "300.01"),
        (person("JORDAN EXAMPLE JR"), "2025-03-02", "300.01"), (person("JORDAN EXAMPLE JR"), "2025-03-01", "300.00"),
    ],
)  # fmt: skip
def test_other_names_addresses_days_and_smaller_sums_are_not_near(second, day, value):
    near = Neighbours()
    near.check(person("JORDAN EXAMPLE"), "p1", "2025-03-01", Decimal("500.00"), "B1")
    assert near.check(second, "p2", day, Decimal(value), "B2") == []


def test_persons_at_a_hub_are_not_compared():
    near = Neighbours()
    names = [
        *(f"{a}{b}{a}EE{c}" for a, b, c in itertools.islice(itertools.permutations("BCDFGHJK", 3), 20)),
        "TWIN",
        "TWIN",
    ]
    for number, name in enumerate(names):
        assert (
            near.check(person(name), f"p{number}", "2025-03-01", Decimal("500.00"), f"B{number}") == [] or number < 20
        )
    assert near.check(person("TWIN"), "p99", "2025-03-01", Decimal("500.00"), "B99") == []


def test_what_is_remembered_of_a_file_is_bounded():
    recent: Recent[int] = Recent(10)
    for number in range(100):
        recent.put(number, number)
        kept = [n for n in range(number + 1) if recent.get(n) == n]
        assert kept == list(range(number + 1))[-len(kept) :]
        assert min(number + 1, 5) <= len(kept) <= 10
    twins = Twins(4)
    for number in range(9):
        twins.check(GOOD, f"p{number}", "2025-03-01", f"B{number}")
    assert twins.check(GOOD, "p0", "2025-03-01", "B99") == []  # too long ago
    assert len(twins.check(GOOD, "p8", "2025-03-01", "B99")) == 1
