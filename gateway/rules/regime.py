"""The law by date: what the regime table says of a shipment on its day of arrival."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.rules.tables import Regime, Tables


def arrival_day(draft: dict[str, Any], tables: Tables) -> str:
    """Return the local day of arrival at the first US port, "" when no arrival is known."""
    own = draft.get("_arrival_day")
    if isinstance(own, str) and own:
        return own
    verdict = draft.get("regime_verdict")
    if isinstance(verdict, dict) and verdict.get("as_of_date"):
        return str(verdict["as_of_date"])
    return _local_day(
        str(draft.get("estimated_arrival_at", "")), tables.zones.get(str(draft.get("first_us_port", "")), "UTC")
    )


@lru_cache(4096)
def _local_day(instant: str, zone: str) -> str:
    try:
        moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    except ValueError:
        return ""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")


def regime_of(draft: dict[str, Any], tables: Tables, day: str) -> Regime | None:
    """Return the strictest row for any origin in the shipment on a day; None when the day precedes the table."""
    channel = "postal" if draft.get("mode_of_transportation") == "mail" else "non_postal"
    origins = tuple(
        sorted({str(i.get("country_of_origin", "")) for i in draft.get("items") or () if isinstance(i, dict)} or {""})
    )
    return _lookup(tables.regimes, day, origins, channel)


@lru_cache(2048)
def _lookup(regimes: tuple[Regime, ...], day: str, origins: tuple[str, ...], channel: str) -> Regime | None:
    found = [r for o in origins for r in regimes if r.covers(day, o, channel)]
    return next((r for r in found if r.verdict != "eligible_800"), found[0] if found else None)


def today(now: datetime) -> str:
    """Return the calendar day of an instant in the eastern time of CBP's headquarters."""
    return now.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d")


def is_late(draft: dict[str, Any], tables: Tables, now: datetime) -> float | None:
    """Return by how many hours a shipment comes too late for its mode, None when it is in time or has no arrival."""
    try:
        arrival = datetime.fromisoformat(str(draft.get("estimated_arrival_at", "")).replace("Z", "+00:00"))
    except ValueError:
        return None
    hours = tables.hours.get(str(draft.get("mode_of_transportation", "")), 0.0)
    margin = (arrival - now.astimezone(UTC)).total_seconds() / 3600 - hours
    return -margin if margin < 0 else None


def valid_day(text: str) -> bool:
    """True for an ISO calendar date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
