"""Several main carriages (TDT+20): the values of a shipment are those of the one that arrives, or it is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.drops import Drop, drop, sample
from tests.test_edifact_cases import BEFORE, moved
from tests.test_written_otherwise import air, consignment, forwarding, only

BARE = b"TDT+20+AA1+4++AA:172:3'"
FIRST = b"TDT+20+AA1+4++AA:172:3'LOC+9+CNSZX'LOC+11+KRICN'DTM+132:202503030400:203'"
HEADERS = {"cuscar": "edifact/01", "ifcsum": "edifact/14", "iftmin": "edifact/15"}
HEAD = ("BGM+785+MAN1+9", "DTM+137:202503031155:203", "RFF+MWB:999-12345675")


def _drop(data: bytes, added: bytes, cut: bytes = b"") -> Drop:
    """Drop a file with a right UNT."""
    more = added.count(b"'") - cut.count(b"'")
    return drop(re.sub(rb"UNT\+(\d+)", lambda m: b"UNT+%d" % (int(m[1]) + more), data), now=BEFORE)


def _told(result: Drop) -> list[tuple[str, str]]:
    return [
        (f.severity.value, f.message) for f in result.findings() if f.rule == "MAP-AMBIGUOUS" and "TDT" in f.message
    ]


def _carriage(shipment: dict[str, Any]) -> list[Any]:
    names = ("mode_of_transportation", "carrier_code", "conveyance_reference", "first_us_port", "estimated_arrival_at")
    return [shipment.get(name) for name in names]


LEG1 = ("TDT+20+AA1+4++AA:172:3", "LOC+9+CNSZX:139:6", "LOC+11+KRICN:139:6", "DTM+132:202503030400:203")
LEG2 = ("TDT+20+XX901+4++XX:172:3", "LOC+9+KRICN:139:6", "LOC+11+USJFK:139:6", "DTM+132:202503031830:203")
LEG3 = ("TDT+20+XX902+4++YY:172:3", "LOC+9+USJFK:139:6", "LOC+11+USLAX:139:6", "DTM+132:202503032330:203")
THROUGH = (
    "TDT+20+AA1+4++AA:172:3",
    "LOC+9+CNSZX:139:6",
    "LOC+11+KRICN:139:6",
    "LOC+8+USJFK:139:6",
)  # where the goods go
BARE2 = ("TDT+20+XX901+4",)
ARRIVES = ["air", "XX", "XX901", "4701", "2025-03-03T18:30:00Z"]


@pytest.mark.parametrize(
    "legs",
    [
        (LEG1, LEG2),
        (LEG2, LEG1),
        (LEG1, LEG2, LEG3),
        (LEG3, LEG2),
        (LEG2, ("TDT+20+ZZ9+1++ZZZZ:172:182",)),
        (THROUGH, LEG2),
    ],
)
def test_the_leg_that_arrives_in_the_us_counts_for_all_values(legs: tuple[tuple[str, ...], ...]) -> None:
    lines = tuple(line for leg in legs for line in leg)
    in_header = drop(air(consignment(), head=(*HEAD, *lines)))
    at_bill = drop(air(consignment(bill=lines)))
    assert _carriage(only(in_header)) == ARRIVES == _carriage(only(at_bill))
    ((weight, words),) = _told(in_header)
    assert (weight, "XX901, which arrives in the US, was taken" in words) == ("warning", True)
    ((weight, words),) = _told(at_bill)
    assert (weight, words.startswith("The consignment has several")) == ("warning", True)


@pytest.mark.parametrize(
    "legs",
    [
        (BARE2, ("TDT+20+AA1+4++AA:172:3",)),
        (("TDT+20+XX901",), ("TDT+20++4++XX:172:3", "LOC+11+USJFK:139:6"), ("TDT+20+XX2", "LOC+11+USLAX:139:6")),
        ((*BARE2, "LOC+11+ICN:145:3"), (*LEG2[:1], "LOC+11+JFK:145:3")),
    ],
    ids=["no places", "two that arrive", "airports alone"],
)
def test_legs_of_which_none_is_told_as_the_one_that_arrives_refuse(legs: tuple[tuple[str, ...], ...]) -> None:
    lines = tuple(line for leg in legs for line in leg)
    in_header, at_bill = drop(air(consignment(), head=(*HEAD, *lines))), drop(air(consignment(bill=lines)))
    for result in (in_header, at_bill):
        assert result.counts() == (1, 0, 1, 0)
        assert [weight for weight, _ in _told(result)] == ["error"]


def test_a_cancellation_is_not_refused_for_its_legs() -> None:
    legs = (*BARE2, "TDT+20+AA1+4++AA:172:3")
    result = drop(air(consignment(), head=("BGM+785+MAN1+1", *HEAD[1:], *legs)))
    assert result.counts()[1] == 1


@pytest.mark.parametrize("lacks", ["3127", "8028", "8067", "DTM", "LOC", ""])
def test_a_bill_that_leaves_a_value_to_undecided_legs_is_refused(lacks: str) -> None:
    legs = (*BARE2, "TDT+20+AA1+4++AA:172:3")
    own = {
        "3127": ("TDT+20+XX9+4", *LEG2[2:]), "8028": ("TDT+20++4++XX:172:3", *LEG2[2:]), "8067": ("TDT+20+XX9+++XX:172:3", *LEG2[2:]),
        "DTM": LEG2[:3], "LOC": (LEG2[0], LEG2[3]), "": LEG2,
    }[lacks]  # fmt: skip
    result = drop(air(consignment(bill=own), head=(*HEAD, *legs)))
    assert result.counts() == ((1, 0, 1, 0) if lacks else (1, 1, 0, 0)), result.findings()


def test_one_carriage_told_in_two_groups_is_one() -> None:
    result = drop(air(consignment(), head=(*HEAD, *LEG2[:2], LEG2[0], *LEG2[2:])))
    assert (_carriage(only(result)), _told(result)) == (ARRIVES, [])


@pytest.mark.parametrize("kind", ["IFCSUM:D:03A:UN", "IFTMIN:D:03A:UN"])
def test_forwarding_messages_do_the_same(kind: str) -> None:
    one = "TDT+20+XX901+4++XX:172:3"
    legs = f"{one}'DTM+132:202503031830:203'LOC+60+USJFK:139:6'TDT+20+AA1+4++AA:172:3'DTM+132:202503030400:203'LOC+60+KRICN:139:6"
    result = drop(forwarding(one, legs, kind))
    assert (_carriage(only(result)), [weight for weight, _ in _told(result)]) == (ARRIVES, ["warning"])
    data = forwarding(one, f"{one}'TDT+20+AA1+4++AA:172:3", kind)
    undecided = drop(data.replace(b"LOC+60+USJFK:139:6'", b"LOC+9+CNSZX:139:6'"))
    assert undecided.counts() == (1, 0, 1, 0)


@pytest.mark.parametrize("name", HEADERS.values(), ids=HEADERS)
def test_samples_with_a_bare_second_leg_take_the_one_that_arrives(name: str) -> None:
    data = moved(sample(name))
    at = data.index(b"TDT+20")
    before, after = (drop(data, now=BEFORE), _drop(data[:at] + BARE + data[at:], BARE))
    assert [s["shipments"] for s in before.messages()] == [s["shipments"] for s in after.messages()]


@pytest.mark.parametrize("name", HEADERS.values(), ids=HEADERS)
def test_a_leg_before_the_main_carriage_is_none_of_it(name: str) -> None:
    data = moved(sample(name))
    at = data.index(b"TDT+20")
    added = FIRST.replace(b"TDT+20", b"TDT+10")
    assert _told(_drop(data[:at] + added + data[at:], added)) == [] == _told(drop(data, now=BEFORE))


def test_a_carriage_that_leaves_its_arrival_to_another_voyage_is_told() -> None:
    result = drop(air(consignment(bill=("TDT+20+XX902+4",))))
    ((weight, words),) = _told(result)
    assert (weight, words) == (
        "warning",
        "The consignment goes with XX902 (TDT), which names no port and no arrival: that of XX901 in the header was taken.",
    )
    assert _told(drop(air(consignment(bill=("TDT+20+XX901+4",))))) == []
