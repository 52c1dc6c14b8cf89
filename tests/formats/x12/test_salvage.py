"""`salvage = "shipment"` refuses the bill that a fault lies in, and never delivers another one under the wrong port."""

from __future__ import annotations

import re

import pytest

from gateway.findings import Scope, Severity
from tests.drops import SAMPLES_NOW, Drop, drop, sample

PLAIN = sample("x12/01")
SECOND_PORT = b"P4*3004*20250116***0900~\n"


def _drop(old: bytes, new: bytes, **changes: object) -> Drop:
    assert PLAIN.count(old) == 1
    data = PLAIN.replace(old, new)
    count = data[data.index(b"ST*") : data.index(b"SE*")].count(b"~") + 1
    return drop(re.sub(rb"SE\*[0-9]+", b"SE*%d" % count, data), now=SAMPLES_NOW, **changes)


def _ports(dropped: Drop) -> list[str]:
    return [shipment["first_us_port"] for message in dropped.messages() for shipment in message["shipments"]]


def _refused_sets(dropped: Drop) -> list[str]:
    return [
        f"{f.rule} {f.position.segment}"
        for f in dropped.findings()
        if f.scope is Scope.MESSAGE and f.severity is Severity.ERROR
    ]


def test_bills_stand_under_their_ports() -> None:
    assert _ports(_drop(b"LX*2~", SECOND_PORT + b"LX*2~", salvage="shipment")) == ["0901", "3004"]


@pytest.mark.parametrize("tag", [b"p4", b"P4 ", b"PX", b"P5", b"P"])
def test_a_port_that_is_not_understood_refuses_the_bills_behind_it(tag: bytes) -> None:
    dropped = _drop(b"LX*2~", SECOND_PORT.replace(b"P4", tag) + b"LX*2~", salvage="shipment")
    assert dropped.counts() == (2, 0, 2, 0)
    assert _refused_sets(dropped) == [f"X12-SEG-UNKNOWN {tag.decode()}"]
    assert dropped.segments("999")[-3:-1] == ["IK5*R*5", "AK9*R*1*1*0"]


def test_a_port_and_the_bill_behind_it_that_are_not_understood_refuse_all() -> None:
    dropped = _drop(b"LX*2~", SECOND_PORT.replace(b"P4", b"PX") + b"L*2~", salvage="shipment")
    assert _refused_sets(dropped) == ["X12-SEG-SEQUENCE M11"]


def test_a_second_header_between_the_bills_refuses_the_set() -> None:
    dropped = _drop(b"LX*2~", b"M10*NRTX*J*CA***OTHER99**2*W~\nLX*2~", salvage="shipment")
    assert _refused_sets(dropped) == ["X12-SEG-SEQUENCE M10"]


@pytest.mark.parametrize("lost", [b"", b"LZ*2~\n", b"lx*2~\n"])
def test_a_bill_whose_start_is_lost_is_not_taken_for_a_part_of_the_one_before(lost: bytes) -> None:
    dropped = _drop(b"LX*2~\n", lost, salvage="shipment")
    assert "X12-SEG-SEQUENCE M11" in _refused_sets(dropped)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"LX*2~", b"N9*BM*1~\nLX*2~"),  # a segment of the bill at the wrong place
        (b"N9*2I*1ZTRK000000001~", b"ZZZ*1~\nN9*2I*1ZTRK000000001~"),  # unknown, in the midst of the bill
        (b"N1*CN*JORDAN", b"NX*CN*JORDAN"),
    ],
)
def test_other_faults_refuse_their_bill_alone(old: bytes, new: bytes) -> None:
    dropped = _drop(old, new, salvage="shipment")
    assert dropped.counts() == (2, 1, 1, 0)
    assert _refused_sets(dropped) == []


def test_where_unknown_segments_are_let_pass_one_before_a_bill_is_a_remark() -> None:
    dropped = _drop(b"LX*2~", b"ZZZ*1~\nLX*2~", salvage="shipment", ignore_unknown_segments=True)
    assert dropped.counts() == (2, 2, 0, 0)
    assert "IK5*E*5" in dropped.segments("999")
