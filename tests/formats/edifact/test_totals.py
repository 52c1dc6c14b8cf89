"""CNT against what was read: of the message and of each consignment."""

from __future__ import annotations

import pytest

from tests.drops import drop, sample
from tests.test_beyond_samples import HEADER, air, consignment, said
from tests.test_edifact_cases import BEFORE, moved

RULE = "EDIFACT-TOTAL"


def with_total(*cnt: str) -> list[str]:
    """Return a consignment whose RFF has totals of its own."""
    lines = consignment()
    at = next(n for n, line in enumerate(lines) if line.startswith("RFF")) + 1
    return [*lines[:at], *cnt, *lines[at:]]


@pytest.mark.parametrize(
    ("cnt", "words"),
    [
        ("CNT+11:1", ""),
        ("CNT+11:3", "CNT+11 says 3 packages, its goods lines have 1."),
        ("CNT+5:1", ""),
        ("CNT+5:2", "CNT+5 says 2 goods lines, its goods lines have 1."),
        ("CNT+7:0.450:KGM", ""),
        ("CNT+7:0.992:LBR", ""),
        ("CNT+7:0.2:KGM", "CNT+7 says 0.2 kg, its goods lines have 0.45."),
        ("CNT+7:2.45:KGM", "CNT+7 says 2.45 kg, its goods lines have 0.45."),
        ("CNT+44:9", ""),
        ("CNT+11:X", ""),
    ],
)
def test_totals_of_a_consignment(cnt, words):
    result = drop(air(with_total(cnt)))
    assert said(result, RULE) == [words] * bool(words)
    assert {f.severity.value for f in result.findings() if f.rule == RULE} <= {"info" if "2.45" in cnt else "warning"}
    assert result.outcome.counts.accepted == (cnt != "CNT+11:X")


def two() -> list[list[str]]:
    other = [line.replace("CNI+1", "CNI+2").replace("HWB1", "HWB2") for line in consignment()]
    return [consignment(), other]


@pytest.mark.parametrize(
    ("cnt", "words"),
    [
        ("CNT+11:2", ""),
        ("CNT+11:5", "CNT+11 says 5 packages, the consignments have 2."),
        ("CNT+7:0.9:KGM", ""),
        ("CNT+7:0.5:KGM", "CNT+7 says 0.5 kg, the consignments have 0.9."),
        ("CNT+5:3", "CNT+5 says 3 goods lines, the consignments have 2."),
        ("CNT+16:1", "CNT+16 says 1 pieces of equipment (EQD), the message has 0."),
    ],
)
def test_totals_of_the_message(cnt, words):
    result = drop(air(*two(), head=[*HEADER, cnt]))
    assert said(result, RULE) == [words] * bool(words)
    assert {f.scope.value for f in result.findings() if f.rule == RULE} <= {"message"}


def test_a_sum_that_lacks_a_weight_is_not_compared():
    first, other = two()
    other = [line for line in other if not line.startswith("MEA")]
    assert said(drop(air(first, other, head=[*HEADER, "CNT+7:0.1:KGM"])), RULE) == []


def test_a_message_that_is_one_shipment():
    data = moved(sample("edifact/15")).replace(b"CNT+11:1'", b"CNT+11:4'")
    (told,) = (f for f in drop(data, now=BEFORE).findings() if f.rule == RULE)
    assert (told.message, told.scope.value) == ("CNT+11 says 4 packages, its goods lines have 1.", "shipment")


def test_receptacles_of_a_dispatch():
    data = moved(sample("edifact/18")).replace(b"CNT+7:4.7", b"CNT+7:3.7")
    (told,) = (f for f in drop(data, now=BEFORE).findings() if f.rule == RULE)
    assert (told.message, told.scope.value) == ("CNT+7 says 3.7 kg, the consignments have 4.7.", "message")


def test_samples_of_groupage_weigh_more_than_their_goods():
    (told,) = (f for f in drop(moved(sample("edifact/13")), now=BEFORE).findings() if f.rule == RULE)
    assert (told.message, told.severity.value) == ("CNT+7 says 12.6 kg, the consignments have 4.6.", "info")
