"""What an X12 set says of its own size, and syntax rules inside composites."""

from __future__ import annotations

import re

import pytest

from tests.drops import SAMPLES_NOW, drop, profile_for, sample
from tests.test_beyond_samples import BILL, bill, said, truck

MARKETPLACE = sample("x12/15")


def bills(*numbers: int) -> list[list[str]]:
    return [
        bill(number=n, bill=BILL.replace("0001*", f"{at:04d}*"), references=(f"N9*2I*1ZTRK00000000{at}",))
        for at, n in enumerate(numbers, 1)
    ]


@pytest.mark.parametrize("numbers", [(1, 2, 3), (1, 3, 7), (10, 20, 30)])
def test_numbers_of_lx_that_rise_are_right(numbers):
    assert said(drop(truck(*bills(*numbers))), "X12-LX-ORDER") == []


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((1, 1, 2), "LX-01 does not rise: 1 after 1. "),
        ((1, 2, 1), "LX-01 does not rise: 1 after 2. "),
        ((1,) * 8, "LX-01 does not rise: 1 after 1, 1 after 1, 1 after 1, 1 after 1, 1 after 1 and 2 more. "),
    ],
)
def test_numbers_of_lx_that_come_again_are_told_once(numbers, words):
    result = drop(truck(*bills(*numbers)))
    (told,) = said(result, "X12-LX-ORDER")
    assert told.startswith(words)
    assert result.outcome.counts.accepted == len(numbers)


@pytest.mark.parametrize(("count", "told"), [("8", 0), ("3", 0), ("7", 1), ("2", 1)])
def test_ctt_counts_all_levels_or_the_items(count, told):
    result = drop(MARKETPLACE.replace(b"CTT*8", b"CTT*" + count.encode()), now=SAMPLES_NOW)
    expected = [f"CTT-01 says {count} lines, but the set has 8 HL, 3 of them items (HL-03 I)."]
    assert said(result, "X12-LINE-COUNT") == expected * told
    assert result.outcome.counts.accepted == 2


def test_a_manifest_by_sea_names_its_vessel():
    data = sample("x12/07")
    head = re.search(rb"M10\*[^~\x15]*", data).group()
    parts = head.split(b"*")
    assert said(drop(data, now=SAMPLES_NOW), "X12-ELE-CONDITION") == []
    parts[4:6] = [b"", b""]
    result = drop(data.replace(head, b"*".join(parts[:10])), now=SAMPLES_NOW)
    (told,) = said(result, "X12-ELE-CONDITION")
    assert told.startswith("M10 names no vessel")
    assert "AK5*E*5" in result.segments("997") and result.outcome.counts.accepted
    assert said(drop(truck(bill())), "X12-ELE-CONDITION") == []


def test_a_pair_of_components_goes_together():
    result = drop(truck(bill(references=("N9*2I*1ZTRK000000001*****BM>123>MB",))))
    (told,) = said(result, "X12-ELE-CONDITION")
    assert told == ("N9-07-4: element 127 (Reference Identification) is needed here: N9-07-3 and N9-07-4 go together.")
    assert any(s.startswith("IK4*7>4*127*2") for s in result.segments("999"))
    assert said(drop(truck(bill(references=("N9*2I*1ZTRK000000001*****BM>123>MB>1",)))), "X12-ELE-CONDITION") == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"SLN*1**I*1*EA*4.99", b"SLN*1**I*1**4.99", "SLN-05"),
        (b"REF*SI*MKTP-S0001", b"REF*SI", "REF-02"),
        (b"MAN*CP*LPX0000001", b"MAN*CP*LPX0000001**GM", "MAN-05"),
    ],
)
def test_pairs_of_an_856_go_together(old, new, place):
    assert old in MARKETPLACE
    data = MARKETPLACE.replace(old, new, 1)
    (told,) = said(drop(data, now=SAMPLES_NOW), "X12-ELE-CONDITION")
    assert told.startswith(f"{place}: ")
    accepted = drop(data, now=SAMPLES_NOW).outcome.counts.accepted
    assert accepted == (0 if place[:3] == "MAN" else 2)
    strict = drop(data, now=SAMPLES_NOW, profile=profile_for(data, tolerance="strict"))
    assert strict.outcome.counts.accepted == 0


def test_a_reference_of_an_856_may_have_its_further_numbers():
    data = MARKETPLACE.replace(b"REF*SI*MKTP-S0001", b"REF*SI*MKTP-S0001**BM>77", 1)
    assert drop(data, now=SAMPLES_NOW).outcome.counts.accepted == 2
