"""CUSCAR: port of arrival and last foreign port in the header itself, without a place below TDT."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drops import drop, sample
from tests.test_edifact_cases import BEFORE, moved

TDT, PLACES, BILL = (
    b"TDT+20+XX901+4++XX:172:3'\n",
    b"LOC+5+CNSZX:139:6'\nLOC+60+USJFK:139:6'\n",
    b"LOC+11+USJFK:139:6'\n",
)


def shipment(header: bytes, carriage: bytes = TDT, places: bytes = b"") -> dict[str, Any]:
    data = moved(sample("edifact/01"))
    head, bills = data.split(b"CNI+1+", 1)
    assert TDT + PLACES in head and BILL in bills
    bills = bills.replace(TDT, b"").replace(b"RFF+MWB:999-12345675'\n", b"").replace(BILL, b"")
    head = head.replace(TDT + PLACES, carriage + places).replace(b"RFF+MWB:", header + b"RFF+MWB:", 1)
    body = head + b"CNI+1+" + bills
    count = body[body.index(b"UNH+") :].count(b"'\n") - 1
    result = drop(body.replace(b"UNT+60", b"UNT+%d" % count), now=BEFORE)
    assert result.counts() == (3, 3, 0, 0), result.findings()
    found: dict[str, Any] = result.messages()[0]["shipments"][0]
    return found


@pytest.mark.parametrize(
    ("header", "mode", "port"),
    [
        (b"LOC+60+USJFK:139:6'\n", b"4", "4701"),
        (b"LOC+60+JFK:145:3'\n", b"4", "4701"),
        (b"LOC+11+USJFK:139:6'\n", b"40", "4701"),
        (b"LOC+60+USLAX:139:6'\n", b"1", "2704"),
        (b"LOC+60+USDET:139:6'\n", b"3", "3801"),
        (b"LOC+60+3004:77'\n", b"3", "3004"),
    ],
)
def test_the_port_of_arrival_may_stand_in_the_header(header, mode, port):
    found = shipment(header + b"LOC+5+CNSZX:139:6'\n", TDT.replace(b"+4+", b"+" + mode + b"+"))
    assert (found["first_us_port"], found["foreign_port"]) == (port, "CNSZX")


def test_the_departure_may_stand_in_the_header():
    assert shipment(b"DTM+133:202502280200:203'\n")["estimated_departure_at"] == "2025-02-28T02:00:00Z"


@pytest.mark.parametrize(
    "name", ["edifact/01", "edifact/13", "edifact/14"], ids=["CUSCAR", "IFCSUM D.96A", "IFCSUM D.03A"]
)
def test_the_actual_arrival_is_read_where_no_estimated_one_is_told(name):
    def arrivals(old: bytes, new: bytes) -> set[str]:
        head, _, bills = moved(sample(name)).partition(b"CNI+1+")
        assert old in head
        result = drop(head.replace(old, new) + b"CNI+1+" + bills, now=BEFORE)
        return {s["estimated_arrival_at"] for m in result.messages() for s in m["shipments"]}

    estimated = arrivals(b"DTM+132:", b"DTM+132:")
    assert len(estimated) == 1
    assert arrivals(b"DTM+132:", b"DTM+178:") == estimated


def test_the_places_below_the_carriage_count_first():
    found = shipment(b"LOC+60+USLAX:139:6'\nLOC+5+CNSHA:139:6'\n", places=PLACES)
    assert (found["first_us_port"], found["foreign_port"]) == ("4701", "CNSZX")
