"""Pieces and weight of an FWB against those of its rate lines."""

from __future__ import annotations

import pytest

from tests.drops import drop, sample

FWB = sample("cargoimp/02").replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"T2K3.2", b"T2K3.2", ""),
        (b"T2K3.2", b"T3K3.2", "The waybill has 3 pieces/3.2, its rate lines (RTD) 2/3.2."),
        (b"T2K3.2", b"T2K4.0", "The waybill has 2 pieces/4.0, its rate lines (RTD) 2/3.2."),
        (b"T2K3.2", b"T2L7.0", ""),  # other units are not compared
        (b"RTD/1/P2/K3.2/", b"RTD/1/P2//", ""),  # nor is a line without a weight
        (b"RTD/1/P2/K3.2/CQ/W4/R4.00/T16.00\n", b"RTD/1/P1/K1.2/CQ/W4/R4.00/T16.00\n", "2 pieces/3.2, its rate lines (RTD) 1/1.2"),
    ],
)  # fmt: skip
def test_rate_lines_add_up(old, new, words):
    assert old in FWB
    told = [f.message for f in drop(FWB.replace(old, new, 1)).findings() if f.rule == "CARGO-IMP-TOTAL"]
    assert len(told) == bool(words) and words in "".join(told)


def test_rate_lines_below_the_first_count_too():
    data = FWB.replace(b"T2K3.2/", b"T3K4.2/", 1).replace(b"T2K3.2\n", b"T3K4.2\n", 1)
    data = data.replace(b"/2/NG/USB-C CHARGING CABLE", b"/2/P1/K1.0/CQ\n/2/NG/USB-C CHARGING CABLE", 1)
    assert b"T3K4.2" in data and b"P1/K1.0" in data
    assert "CARGO-IMP-TOTAL" not in drop(data).rules()
