"""Several main carriages (TDT+20) in one header or consignment: what is read of them may be of two legs, so it is told."""

from __future__ import annotations

import re

import pytest

from tests.drops import Drop, drop, sample
from tests.test_edifact_cases import BEFORE, moved

EARLIER = b"TDT+20+AA1+4++AA:172:3'"
HEADERS = {"cuscar": "edifact/01", "ifcsum": "edifact/14", "iftmin": "edifact/15"}


def _drop(data: bytes, added: bytes, cut: bytes = b"") -> Drop:
    """Drop a file with a right UNT."""
    more = added.count(b"'") - cut.count(b"'")
    return drop(re.sub(rb"UNT\+(\d+)", lambda m: b"UNT+%d" % (int(m[1]) + more), data), now=BEFORE)


def _told(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "MAP-AMBIGUOUS" and "TDT+20" in f.message]


@pytest.mark.parametrize("name", HEADERS.values(), ids=HEADERS)
def test_two_legs_of_a_header_are_told_of_each_shipment_that_reads_them(name: str) -> None:
    data = moved(sample(name))
    at = data.index(b"TDT+20")
    head, below = data[:at], data[at:]
    cut = b""
    if b"CNI+1" in below:  # each consignment has a carriage of its own: the first loses it
        own = below.index(b"TDT+20", below.index(b"CNI+1"))
        cut = below[own : below.index(b"NAD+", own)]
        below = below[:own] + below[own + len(cut) :]
    (words,) = _told(_drop(head + EARLIER + below, EARLIER, cut))
    assert words.startswith("The header has several voyages or flights (TDT+20)")


def test_two_legs_of_a_consignment_are_told() -> None:
    data = moved(sample("edifact/01"))
    at = data.index(b"TDT+20", data.index(b"CNI+1"))
    (words,) = _told(_drop(data[:at] + EARLIER + data[at:], EARLIER))
    assert words.startswith("The consignment has several voyages or flights (TDT+20)")


@pytest.mark.parametrize("name", HEADERS.values(), ids=HEADERS)
def test_a_leg_before_the_main_carriage_is_none_of_it(name: str) -> None:
    data = moved(sample(name))
    at = data.index(b"TDT+20")
    added = EARLIER.replace(b"TDT+20", b"TDT+10")
    assert _told(_drop(data[:at] + added + data[at:], added)) == [] == _told(drop(data, now=BEFORE))
