"""Control numbers: an interchange of which nothing stands may come again, mended; tests count by themselves."""

from __future__ import annotations

import pytest

from gateway.history import MemoryHistory
from gateway.message_facts import reused
from gateway.records import Interchange
from tests.drops import drop, profile_for
from tests.test_beyond_samples import LINE, air, bill, consignment, truck

GOOD = truck(bill())
DUP = {"X12-ISA13-DUP", "ENV-CONTROL-DUP"}
REFUSED = {
    "cut": GOOD[: GOOD.index(b"VID")],
    "count of IEA": GOOD.replace(b"IEA*1*", b"IEA*2*"),
    "set": GOOD.replace(b"M10*", b"M10***"),
    "group": GOOD.replace(b"GE*1*", b"GE*3*"),
    "only bill": truck(bill(goods=("VID*TL**TRL5501", LINE.replace("*18*", "*950*")))),
    "no mapping": truck(bill(), set_id="310", group="IO", version="005020"),
    "trailer of a message": air(consignment()).replace(b"UNT+", b"UNT+9"),
    "bill of a message": air(consignment()).replace(b"MOA+40:24.90", b"MOA+40:-1"),
}


@pytest.mark.parametrize("first", REFUSED.values(), ids=REFUSED)
def test_what_was_refused_as_a_whole_comes_again_mended_under_its_number(first: bytes):
    history, good = MemoryHistory(), air(consignment()) if first.startswith(b"UN") else GOOD
    assert drop(first, history=history, name="first.edi").outcome.counts.accepted == 0
    again = drop(good, history=history, name="again.edi")
    assert again.outcome.counts.accepted == 1 and not again.rules() & DUP
    third = drop(good.replace(b"24.90", b"25.90").replace(b"*18*", b"*19*"), history=history)
    assert third.rules() & DUP, "now the number is used up"


@pytest.mark.parametrize("first", REFUSED.values(), ids=REFUSED)
def test_a_partner_may_have_each_number_once(first: bytes):
    history, good = MemoryHistory(), air(consignment()) if first.startswith(b"UN") else GOOD
    for data, refused in ((first, False), (good, True)):
        result = drop(data, history=history, profile=profile_for(data, refused_numbers="used"))
        assert bool(result.rules() & DUP) == refused


@pytest.mark.parametrize("cut", [GOOD[: GOOD.index(b"VID")], air(consignment())[:-40]])
@pytest.mark.parametrize("numbers", ["free", "used"])
def test_the_mend_of_a_cut_file_names_the_number_that_will_be_taken(cut: bytes, numbers: str):
    result = drop(cut, profile=profile_for(cut, refused_numbers=numbers))
    (mend,) = {r["how to mend it"] for r in result.rejects() if r["rule"].endswith("-TRUNCATED") and not r["shipment"]}
    assert ("new control number" in mend) == (numbers == "used")


def test_what_was_accepted_in_part_keeps_its_number():
    dear = bill(number=2, bill="M11*00450002*80107*2*PCS*1.2*K***13***NRTX", goods=("VID*TL**TRL5501", LINE.replace("*18*", "*950*")))  # fmt: skip
    history = MemoryHistory()
    assert drop(truck(bill(), dear), history=history).outcome.verdict == "partial"
    assert "X12-ISA13-DUP" in drop(truck(bill(), bill(number=2)), history=history).rules()


def test_what_was_reported_before_keeps_its_number():
    history = MemoryHistory()
    drop(GOOD, history=history)
    second = GOOD.replace(b"*000000001*0", b"*000000002*0").replace(b"IEA*1*000000001", b"IEA*1*000000002")
    assert drop(second, history=history).outcome.counts.duplicate == 1
    assert "X12-ISA13-DUP" in drop(second.replace(b"*18*", b"*19*"), history=history).rules()


def test_an_acknowledged_set_keeps_its_number():
    history = MemoryHistory()
    first = truck(set_id="210", group="IM", version="004010")
    assert drop(first, history=history).outcome.verdict == "accept_with_warnings"
    assert "X12-ISA13-DUP" in drop(first.replace(b"NRTX25A01", b"NRTX25A02"), history=history).rules()


@pytest.mark.parametrize(
    ("good", "old", "new"),
    [(GOOD, b"*0*P*>", b"*0*T*>"), (air(consignment()), b"'\nUNH", b"++++++1'\nUNH")],
    ids=["x12", "edifact"],
)
def test_a_test_and_production_do_not_share_numbers(good: bytes, old: bytes, new: bytes):
    assert old in good
    history = MemoryHistory()
    test = good.replace(old, new, 1)
    for data in (test, good):
        result = drop(data, history=history)
        assert result.outcome.counts.accepted == 1 and not result.rules() & DUP
    assert drop(test.replace(b"24.90", b"25.90").replace(b"*18*", b"*19*"), history=history).rules() & DUP


def test_a_document_without_a_sender_is_told_without_a_gap_where_one_would_stand():
    plain, named = (
        Interchange("own", 0, control_number="B1"),
        Interchange("x12", 0, sender_id="NRTX", control_number="B1"),
    )
    assert reused(plain, "a.xml", []).message == "Control number B1 was used before in a.xml, with other content."
    assert (
        reused(named, "a.edi", []).message == "Control number B1 of NRTX was used before in a.edi, with other content."
    )
