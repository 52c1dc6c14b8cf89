"""What an X12 set says of its own size, and syntax rules inside composites."""

from __future__ import annotations

import re

import pytest

from gateway.site import base_mappings
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


@pytest.mark.parametrize(("ctt", "told"), [("8*4", 0), ("8*3", 1), ("8*7.5", 1), ("8", 0)])
def test_the_hash_total_of_an_856_is_that_of_its_pieces(ctt, told):
    pieces = sum(int(n) for n in re.findall(rb"SN1\*[^*]*\*(\d+)", MARKETPLACE))
    assert pieces == 4
    result = drop(MARKETPLACE.replace(b"CTT*8", b"CTT*" + ctt.encode()), now=SAMPLES_NOW)
    total = ctt.partition("*")[2]
    expected = [f"CTT-02 says {total}, but the pieces (SN1-02) of the set add up to 4."]
    assert said(result, "X12-TOTAL") == expected * told
    assert result.outcome.counts.accepted == 2


def test_a_hash_total_may_leave_out_the_points():
    data = MARKETPLACE.replace(b"SN1*1*1*", b"SN1*1*1.5*", 1)
    assert data != MARKETPLACE
    right = [b"8*4.5", b"8*18"]  # 1.5 + 1 + 2, and 15 + 1 + 2
    assert [said(drop(data.replace(b"CTT*8", b"CTT*" + one), now=SAMPLES_NOW), "X12-TOTAL") for one in right] == [
        [],
        [],
    ]


OCEAN = sample("x12/18")
AIR = (base_mappings() / "x12_110" / "examples" / "two_shipments.edi").read_bytes()


@pytest.mark.parametrize(
    ("data", "old", "new", "told"),
    [
        (OCEAN, b"", b"", []),
        (OCEAN, b"L3*6*G***12500******2", b"L3*6*G***12500******3", ["L3-11 says 3, but the pieces (L0-08) of the set add up to 2."]),
        (OCEAN, b"L3*6*G", b"L3*7*G", ["L3-01 says 7, but the weights (L0-04) of the set add up to 6."]),
        (OCEAN, b"L3*6*G", b"L3*7*N", []),  # of another kind
        (OCEAN, b"L0*1*2*CT*6*G*0.2*X*2", b"L0*1*2*CT*6*G*0.2*X*", []),  # nothing to compare with
        (AIR, b"", b"", []),
        (AIR, b"L3*0.6*G", b"L3*0.9*G", ["L3-01 says 0.9, but the weights (L0-04) of the set add up to 0.6."]),
        (AIR, b"L3*0.6*G***9000", b"L3*0.6*G***9000******4", ["L3-11 says 4, but the pieces (L0-08) of the set add up to 3."]),
    ],
)  # fmt: skip
def test_l3_is_compared_with_the_lines_of_the_set(data, old, new, told):
    assert old in data
    assert said(drop(data.replace(old, new), now=SAMPLES_NOW), "X12-TOTAL") == told
