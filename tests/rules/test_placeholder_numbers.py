"""Numbers that are none: N/A, NONE, zeros. A shipment is not known by them, whatever its format."""

from __future__ import annotations

import pytest

from gateway.findings import Severity
from tests.drops import SAMPLES_NOW, Drop, drop, sample

WORDS = ["N/A", "n/a", "NONE", "None", "null", "NaN", "undefined", "TBD", "UNKNOWN", "0", "000000", ".", "--", "XXXX"]


def _told(dropped: Drop) -> list[tuple[str, Severity]]:
    return [(f.target, f.severity) for f in dropped.findings() if f.rule == "S321-ID-FAKE"]


def _309(old: bytes, new: bytes) -> Drop:
    data = sample("x12/01")
    assert old in data
    return drop(data.replace(old, new, 1), now=SAMPLES_NOW)


@pytest.mark.parametrize("word", WORDS)
def test_a_bill_is_not_known_by_a_placeholder(word: str) -> None:
    dropped = _309(b"M11*00450001*", b"M11*" + word.encode() + b"*")
    assert _told(dropped) == [("house_bill_number", Severity.ERROR)]
    assert dropped.counts() == (2, 1, 1, 0)


@pytest.mark.parametrize("word", WORDS)
def test_beside_a_bill_a_placeholder_is_a_remark(word: str) -> None:
    dropped = _309(b"N9*2I*1ZTRK000000001~", b"N9*2I*" + word.encode() + b"~")
    assert _told(dropped) == [("shipment_tracking_number", Severity.WARNING)]
    assert dropped.counts() == (2, 2, 0, 0)


@pytest.mark.parametrize("number", ["00450010", "1", "A1", "N/A1", "NONESUCH", "ABCDEFGH", "0X0"])
def test_other_numbers_are_numbers(number: str) -> None:
    assert _told(_309(b"M11*00450001*", b"M11*" + number.encode() + b"*")) == []


def test_a_parcel_is_not_known_by_a_placeholder_and_the_next_one_is_no_double_of_it() -> None:
    data = (
        sample("x12/15").replace(b"MAN*CP*LPX0000001~", b"MAN*CP*N/A~").replace(b"MAN*CP*LPX0000002~", b"MAN*CP*N/A~")
    )
    dropped = drop(data, now=SAMPLES_NOW)
    assert _told(dropped) == [("shipment_tracking_number", Severity.ERROR)] * 2
    assert dropped.counts() == (2, 0, 2, 0)


def test_a_cancellation_of_such_a_shipment_is_passed_on() -> None:
    bill = b"M13*NRTX*0901*D*N/A**03***NRTX~"
    data = sample("x12/01")
    begin, end = data.index(b"M11*00450001"), data.index(b"LX*2~")
    data = data[:begin] + bill + b"\n" + data[end:].replace(b"SE*28", b"SE*18")
    assert _told(drop(data, now=SAMPLES_NOW)) == []
