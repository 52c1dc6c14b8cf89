"""The law by date: what the regime table says of a shipment on its day of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.moments import in_zone
from gateway.rules.tables import Regime, Tables

_EASTERN = ZoneInfo("America/New_York")
_ONE_MINUTE = timedelta(minutes=1)
_NOON = time(12)  # stands for a time that is not known


def arrival_day(draft: dict[str, Any], tables: Tables) -> str:
    """Return the local day of arrival at the first US port, "" when no arrival is known."""
    own = draft.get("_arrival_day")
    if isinstance(own, str) and own:
        return own
    verdict = draft.get("regime_verdict")
    if isinstance(verdict, dict) and verdict.get("as_of_date"):
        return str(verdict["as_of_date"])
    return _local_day(str(draft.get("estimated_arrival_at", "")), tables.zone(str(draft.get("first_us_port", ""))))


@lru_cache(4096)
def _local_day(instant: str, zone: str) -> str:
    moment = _moment(instant)
    return in_zone(moment, ZoneInfo(zone)).date().isoformat() if moment else ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def law_day(draft: dict[str, Any], tables: Tables, day: str) -> str:
    """Return the day whose law counts for an arrival on a local day: laws begin at 12:01 a.m. Eastern, everywhere.

    At ten in the evening of the day before, a lorry in Seattle arrives under the new law. Where the time of the arrival
    is not known (noon stands for it) the local day counts.
    """
    if day not in tables.turns:
        return day
    zone = tables.zone(str(draft.get("first_us_port", "")))
    return _eastern_day(str(draft.get("estimated_arrival_at", "")), zone) or day


@lru_cache(4096)
def _eastern_day(instant: str, zone: str) -> str:
    moment = _moment(instant)
    if moment is None or moment.tzinfo is None or in_zone(moment, ZoneInfo(zone)).time() == _NOON:
        return ""
    return today(moment)


def regime_of(draft: dict[str, Any], tables: Tables, day: str) -> Regime | None:
    """Return the strictest row for any origin in the shipment on a day; None when the day precedes the table."""
    channel = "postal" if draft.get("mode_of_transportation") == "mail" else "non_postal"
    origins = frozenset([str(i.get("country_of_origin", "")) for i in draft.get("items") or () if isinstance(i, dict)])
    key = (day, origins, channel)
    if key not in tables.looked_up:
        if len(tables.looked_up) > 4096:
            tables.looked_up.clear()
        tables.looked_up[key] = _strictest(tables.regimes, day, origins or frozenset(("",)), channel)
    return tables.looked_up[key]


def _strictest(regimes: tuple[Regime, ...], day: str, origins: frozenset[str], channel: str) -> Regime | None:
    found = [r for r in regimes if any(r.covers(day, o, channel) for o in origins)]
    return next((r for r in found if r.verdict != "eligible_800"), found[0] if found else None)


def today(now: datetime) -> str:
    """Return the day whose law is in force at an instant: it begins at 12:01 a.m. in the eastern time zone."""
    return (in_zone(now, _EASTERN) - _ONE_MINUTE).strftime("%Y-%m-%d")


def is_late(draft: dict[str, Any], tables: Tables, now: datetime) -> float | None:
    """Return by how many hours a shipment comes too late for its mode, None when it is in time or has no arrival."""
    hours = tables.hours.get(str(draft.get("mode_of_transportation", "")), 0.0)
    return _lateness(str(draft.get("estimated_arrival_at", "")), hours, now)


@lru_cache(4096)
def _lateness(arrival: str, hours: float, now: datetime) -> float | None:
    moment = _moment(arrival)
    if moment is None:
        return None
    margin = (moment - now.astimezone(UTC)).total_seconds() / 3600 - hours
    return -margin if margin < 0 else None
