"""Dates and times: the documented forms are taken, what Python takes besides is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.check import Checker, parse_instant
from gateway.findings import Severity
from gateway.mapping.transforms import Unusable, registry
from gateway.moments import is_day, read_moment
from gateway.responses import ResponseError, read_responses
from gateway.site import base_site
from tests.drops import FIXTURES, drop, sample
from tests.formats.tabular.test_json import parcel

GOOD = [
    "2025-03-04", "2025-03-04T21:30", "2025-03-04 21:30:00", "2025-03-04T21:30:00.1234567Z", "2025-03-04T21:30:00-08:00",
    "2025-03-04T21:30:00+0530", "2025-03-04T21:30+05",
]  # fmt: skip
BAD = [
    "2025-W10-2", "2025-W10-2T10:00:00Z", "2025W102", "20250304", "20250304T2130", "2025-03-04T2130", "2025-03-04T21", "2025-063",
    "2025-03-04x21:30", "2025-02-30", "2025-13-01", "2025-03-04T25:00", "2025-03-04T24:00", "2025-03-04T24:00:00Z", "2025-03-04T23:60", "2025-3-4", "\uff12\uff10\uff12\uff15-03-04", "",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_the_documented_forms_are_read(text):
    assert read_moment(text).strftime("%Y-%m-%d") == "2025-03-04"
    assert registry()["iso_day"].function(text) == "2025-03-04"


@pytest.mark.parametrize("text", BAD)
def test_other_forms_are_not(text):
    with pytest.raises(ValueError, match="is not a date and time"):
        read_moment(text)
    assert not is_day(text)
    for name in ("iso", "iso_day"):
        with pytest.raises(Unusable):
            registry()[name].function(text)
    for name in ("shape", "only"):
        assert registry()[name].function(text, "day") == ""
    with pytest.raises(ValueError, match="is not a date and time"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["2025-W10-2", "2025W102", "2025-063"])
def test_no_such_day_of_arrival_is_delivered(text):
    data = json.dumps({**parcel("GWJ1"), "arrival_date": text}).encode()
    result = drop(data, name="m.json", now=parse_instant("2025-03-03T10:00:00Z"))
    assert b"2025-03-04T" not in b"".join(d.data for d in result.deliveries)
    assert any(f.target == "estimated_arrival_at" for f in result.findings())


@pytest.mark.parametrize(
    "text", ["202510 5", "2025100", "\u0662\u0660\u0662\u0665\u0661\u0660\u0660\u0661", "2025-1-1"]
)
def test_a_date_by_a_pattern_is_made_of_its_digits(text):
    with pytest.raises(Unusable):
        registry()["date"].function(text, "CCYYMMDD")
    assert registry()["date"].function("20251005", "CCYYMMDD") == "2025-10-05"
    assert registry()["date"].function("05.10.2025", "DD.MM.CCYY") == "2025-10-05"


def test_the_time_of_a_response_is_read_as_strictly():
    one = {"shipment_id": "A", "status": "accepted", "at": "2025-W10-2T10:00:00+00:00"}
    with pytest.raises(ResponseError, match="no time with an offset"):
        read_responses(json.dumps({"responses": [one]}).encode())
    one["at"] = "2025-03-04T10:00:00Z"
    assert read_responses(json.dumps({"responses": [one]}).encode())


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-08-29T03:59:00Z", "2025-08-28"),  # one minute to midnight in New York
        ("2025-08-29T04:01:00Z", "2025-08-29"),
        ("2025-08-29T06:00:00+08:00", "2025-08-28"),  # a system in Hong Kong writes its own time
        ("2025-08-28T23:59:00-04:00", "2025-08-28"),
        ("2025-08-29 00:30", "2025-08-29"),
        ("2025-08-29", "2025-08-29"),
    ],
)
def test_the_day_of_a_moment_in_a_table_is_that_at_the_port(written: str, day: str) -> None:
    """A time in UTC was cut to its date: the law and the sum of the person were those of the day after."""
    data = sample("csv/01").replace(b",2025-03-02,2720,", f",{written},4701,".encode())
    lenient = {"S321-REGIME": Severity.WARNING}
    options = {"tabular": {"values": {"mode": "truck"}}}
    result = drop(data, now=datetime(2025, 8, 27, 10, tzinfo=UTC), severities=lenient, options=options)
    days = {s["regime_verdict"]["as_of_date"] for m in result.messages() for s in m["shipments"]}
    assert days == {day}


@pytest.mark.parametrize("at", ["2025-02-27T10:00:00Z", "2025-02-27T10:00:00.000120Z"])
def test_the_instant_of_receipt_is_delivered_to_its_last_digit(at):
    """Two versions of a shipment may come within a second; which came last is told by their messages alone."""
    found = Checker(base_site(), parse_instant(at)).file(FIXTURES / "x12" / "01_309_truck_5020_s321.edi")
    assert [m["source"]["received_at"] for m in found["messages"]] == [at]


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59", "1753-01-01T00:00:00"]
)
def test_what_programs_write_where_they_have_no_time_is_none(text):
    with pytest.raises(ValueError, match="is not a date and time"):
        read_moment(text)
    now = parse_instant("2025-02-27T10:00:00Z")
    house = sample("xml/03").replace(b"2025-03-01T08:15:00Z", text.encode())
    result = drop(house, now=now)
    assert result.messages()[0]["created_at"] == "2025-02-27T10:00:00Z"
    assert "XML-HEADER" in result.rules()
    direct = sample("xml/02")
    arrival = b"<ram:ScheduledOccurrenceDateTime>2025-03-02T16:40:00<"
    assert arrival in direct
    result = drop(direct.replace(arrival, arrival.replace(b"2025-03-02T16:40:00", text.encode())), now=now)
    assert "estimated_arrival_at" not in result.messages()[0]["shipments"][0]
    assert "S321-TIME" in result.rules()
