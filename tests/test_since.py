"""Where a look back begins."""

from __future__ import annotations

import pytest

from gateway.check import parse_instant
from gateway.commands.since import start_of
from gateway.errors import ConfigError

NOW = parse_instant("2025-03-04T12:00:00Z")


@pytest.mark.parametrize(
    ("since", "start"), [("7d", "2025-02-25T12:00:00Z"), ("12h", "2025-03-04T00:00:00Z"), ("2025-03-01", "2025-03-01")]
)
def test_days_hours_and_dates_are_read(since: str, start: str) -> None:
    assert start_of(since, NOW) == parse_instant(start)


@pytest.mark.parametrize("since", ["soon", "7 days", "2025-03-05", "2025-02-30", "999999999d", "99999999999h", "-1d"])
def test_what_is_no_time_of_before_is_refused_with_its_mend(since: str) -> None:
    with pytest.raises(ConfigError) as told:
        start_of(since, NOW)
    assert "7d" in told.value.advice
