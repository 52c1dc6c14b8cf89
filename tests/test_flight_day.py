"""The day of arrival of CBP Air messages (ARR) and air waybills (FLT): it carries no year, FLT no month either."""

from __future__ import annotations

import pytest

from gateway.check import parse_instant
from tests.drops import Drop, drop, sample

FRI, FWB = "cargoimp/12", "cargoimp/02"


def sent(name: str, old: bytes, new: bytes, at: str) -> Drop:
    data = sample(name)
    assert old in data
    return drop(
        data.replace(old, new, 1),
        name="m.txt",
        now=parse_instant(f"{at}T10:00:00Z"),
        severities={"S321-REGIME": "warning"},
    )


def arrival(result: Drop) -> tuple[str, str, str]:
    shipment = result.messages()[0]["shipments"][0]
    return shipment["estimated_arrival_at"], shipment["regime_verdict"]["as_of_date"], shipment["conveyance_reference"]


@pytest.mark.parametrize(
    ("name", "old", "new", "at", "found"),
    [
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880/02MAR", "2025-02-27", ("2025-03-02T20:00:00Z", "2025-03-02", "XX880")),
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880/02JAN-A", "2024-12-30", ("2025-01-02T20:00:00Z", "2025-01-02", "XX880")),
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880/31DEC", "2025-01-01", ("2024-12-31T20:00:00Z", "2024-12-31", "XX880")),
        (FWB, b"FLT/XX880/02", b"FLT/XX880/02", "2025-02-27", ("2025-03-02T20:00:00Z", "2025-03-02", "XX880")),
        (FWB, b"FLT/XX880/02", b"FLT/XX880/28", "2025-03-02", ("2025-02-28T20:00:00Z", "2025-02-28", "XX880")),
        (FWB, b"FLT/XX880/02", b"FLT/XX880/31/YY12/01", "2025-03-30", ("2025-04-01T19:00:00Z", "2025-04-01", "YY12")),
    ],
)  # fmt: skip
def test_the_day_is_that_nearest_to_the_day_of_receipt(name, old, new, at, found):
    assert arrival(sent(name, old, new, at)) == found


def test_the_law_is_that_of_the_day_of_arrival():
    before = sent(FRI, b"ARR/XX880/02MAR", b"ARR/XX880/28AUG", "2025-08-27").rules()
    after = sent(FRI, b"ARR/XX880/02MAR", b"ARR/XX880/29AUG", "2025-08-27")
    assert "S321-REGIME-DAY" not in before
    assert arrival(after)[1] == "2025-08-29"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880/31FEB"),
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880/02MRZ"),
        (FRI, b"ARR/XX880/02MAR", b"ARR/XX880"),
        (FWB, b"FLT/XX880/02", b"FLT/XX880/32"),
    ],
)
def test_a_day_that_is_none_is_told_and_the_day_of_processing_counts(name, old, new):
    result = sent(name, old, new, "2025-02-27")
    assert [f.severity for f in result.findings() if f.rule == "S321-TIME"] == ["warning"]
    assert "S321-REGIME-DAY" in result.rules()


LEGS = b"FLT/XX880/02\r\nRTG/LAXXX"


@pytest.mark.parametrize(
    ("legs", "found", "port"),
    [
        (b"FLT/XX880/02/YY12/03\r\nRTG/LAXXX/ORDYY", ("2025-03-02T20:00:00Z", "2025-03-02", "XX880"), "2720"),
        (b"FLT/XX880/02/YY12/03\r\nRTG/ICNXX/LAXYY", ("2025-03-03T20:00:00Z", "2025-03-03", "YY12"), "2720"),
        (b"FLT/XX880/02/YY12/03\r\nRTG/ICNXX/NRTYY", ("2025-03-03T20:00:00Z", "2025-03-03", "YY12"), "2720"),
        (b"FLT/XX880/02/YY12/03\r\nRTG/ICNXX/NRTYY/SEAZZ", ("2025-03-03T20:00:00Z", "2025-03-03", "YY12"), "3029"),
        (b"FLT/XX880/02/YY12/03\r\nRTG/LAXXX", ("2025-03-03T20:00:00Z", "2025-03-03", "YY12"), "2720"),
        (b"FLT/XX880/02\r\nRTG/LAXXX/ORDYY", ("2025-03-02T20:00:00Z", "2025-03-02", "XX880"), "2720"),
    ],
)  # fmt: skip
def test_of_two_flights_the_one_into_the_us_counts_whatever_follows_it(legs, found, port):
    result = sent(FWB, LEGS, legs, "2025-02-27")
    assert arrival(result) == found
    (shipment,) = result.messages()[0]["shipments"]
    assert (shipment["first_us_port"], shipment["carrier_code"]) == (port, found[2][:2])
