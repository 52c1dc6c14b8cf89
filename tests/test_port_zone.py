"""PORT-ZONE: a local arrival time at a place whose time zone is not known is read as UTC, and told.

That XFFM has the local time of its airport shows mappings/cargo_xml_xffm/examples.
"""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from gateway.mapping.codes import CodeTables
from gateway.mapping.transforms import Noted, find_transform
from gateway.site import base_mappings
from tests.drops import drop, sample

NOW = parse_instant("2025-02-27T10:00:00Z")
TABLES = CodeTables({p.stem: p.read_bytes() for p in (base_mappings() / "codes").glob("*.csv")})


def told(data: bytes) -> tuple[list[str], str]:
    result = drop(data, now=NOW)
    said = [f"{f.severity.value}: {f.message}" for f in result.findings() if f.rule == "PORT-ZONE"]
    arrivals = [s["estimated_arrival_at"] for m in result.messages() for s in m["shipments"]]
    return said, next(iter(arrivals), "")


def elsewhere(airport: bytes, zone: bytes = b"") -> bytes:
    """Return a waybill whose last leg ends at another airport."""
    data = re.sub(rb"(T16:40:00)", rb"\g<1>" + zone, sample("xml/02"))
    assert b">LAX<" in data
    return data.replace(b">LAX<", b">" + airport + b"<")


def test_a_known_airport_or_a_zone_is_not_told():
    assert told(sample("xml/02"))[0] == []
    assert told(elsewhere(b"XQX", b"-08:00")) == ([], "2025-03-03T00:40:00Z")


def test_a_local_time_at_an_airport_that_is_not_known_is_told_once():
    words = 'warning: The arrival is a local time and the time zone of "XQX" is not known: it was read as UTC.'
    assert told(elsewhere(b"XQX")) == ([words], "2025-03-02T16:40:00Z")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("port_iso", ["2025-03-02T14:30:00", ""], True),
        ("port_iso", ["2025-03-02 14:30:00", "9999"], True),
        ("port_iso", ["2025-03-02 14:30:00", "2720"], False),
        ("port_iso", ["2025-03-02T14:30:00Z", ""], False),
        ("port_iso", ["2025-03-02", ""], False),  # noon, the same day anywhere
        ("port_time", ["20250302", "1430", "9999"], True),
        ("port_time", ["20250302", "", "9999"], False),
        ("port_time", ["20250302", "1430", "3004"], False),
        ("flight_time", ["02MAR", "XQX", "2025-02-27"], False),
    ],
)
def test_a_time_is_told_and_a_day_is_not(name, values, said):
    result = find_transform(name).function(values, TABLES)
    assert isinstance(result, Noted) is said
    if said:
        assert [rule for rule, _ in result.notes] == ["PORT-ZONE"]
        assert result == "2025-03-02T14:30:00Z"
