"""The law by date: what the regime table says of a shipment on its day of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.findings import Finding, Scope, Severity
from gateway.moments import in_zone
from gateway.rules.tables import Regime, Tables

_EASTERN = ZoneInfo("America/New_York")
_ONE_MINUTE = timedelta(minutes=1)
_NOON = time(12)  # stands for a time that is not known
_LONG_PAST = 48  # hours


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


def refused_by_law(draft: dict[str, Any], tables: Tables, verdict: dict[str, Any]) -> Finding:
    """Return S321-REGIME: the exemption that the program claims is not to be had. verdict: regime_verdict of the draft."""
    row = next((r for r in tables.regimes if r.rule_id == verdict["rule_id"]), None)
    origins = ", ".join(sorted({str(i.get("country_of_origin", "?")) for i in draft["items"]}))
    words = "the exemption is repealed" if verdict["verdict"] == "repealed" else "the exemption is suspended"
    when = f"{'arrival' if draft.get('estimated_arrival_at') else 'processed'} {verdict['as_of_date']}"
    if draft.get("_arrival_day", verdict["as_of_date"]) != verdict["as_of_date"]:
        when += " in Eastern time, by which laws begin"
    said = f"Origin {origins}, {when}: {words} ({row.citation if row else verdict['rule_id']}); {row.entries if row else ''}."
    gift, mail = draft.get("transaction_nature") == "gift", draft.get("mode_of_transportation") == "mail"
    if gift:
        said = f"{said} {tables.regime_words['gift']}"
    mend = tables.regime_words.get("mend" + "_gift" * gift + "_mail" * mail, "")
    return Finding(
        "S321-REGIME", Severity.ERROR, Scope.SHIPMENT, said,
        target="regime_verdict", pointer="/items/0/country_of_origin", value=origins, fix=mend,
    )  # fmt: skip


def today(now: datetime) -> str:
    """Return the day whose law is in force at an instant: it begins at 12:01 a.m. in the eastern time zone."""
    return (in_zone(now, _EASTERN) - _ONE_MINUTE).strftime("%Y-%m-%d")


def late_words(draft: dict[str, Any], tables: Tables, now: datetime) -> str:
    """Return what is said of a shipment that comes too late for its mode, "" when it is in time or has no arrival.

    Where the time of the arrival is not known, it is late when it would be at the end of that day.
    """
    mode, arrival = str(draft.get("mode_of_transportation", "")), str(draft.get("estimated_arrival_at", ""))
    lead = tables.hours.get(mode, 0.0)
    late = _lateness(arrival, lead, now)
    if late is None:
        return ""
    day, zone = arrival_day(draft, tables), tables.zone(str(draft.get("first_us_port", "")))
    if not _is_day_only(arrival, zone, mode):
        if late > _LONG_PAST:
            return f"The arrival {arrival} was already past when the data came."
        return f"The data came {late:.1f} hours later than advance data for this mode should (arrival {arrival})."
    past = _past_day(arrival, zone, now)
    if past > 0:
        return f"The day of arrival, {day}, was already over when the data came; the time of the arrival is not known."
    if past + lead <= 0:
        return ""
    return f"The data came later than advance data for this mode should, even if the goods arrive at the end of {day}; the time of the arrival is not known."


@lru_cache(4096)
def _lateness(arrival: str, hours: float, now: datetime) -> float | None:
    moment = _moment(arrival)
    if moment is None:
        return None
    margin = (moment - now.astimezone(UTC)).total_seconds() / 3600 - hours
    return -margin if margin < 0 else None


def _is_day_only(arrival: str, zone: str, mode: str) -> bool:
    """True where noon stands for a time that is not known: noon at the port, or in UTC (a DTM of EDIFACT).

    Noon in UTC is seven or eight in the morning at the eastern border, a usual time of lorries and trains.
    """
    moment = _moment(arrival)
    if moment is None or moment.tzinfo is None:
        return False
    return in_zone(moment, ZoneInfo(zone)).time() == _NOON or (mode not in ("truck", "rail") and moment.time() == _NOON)


def _past_day(arrival: str, zone: str, now: datetime) -> float:
    """Return by how many hours the local day of an arrival is over; less than 0 while it is not."""
    local = in_zone(datetime.fromisoformat(arrival), ZoneInfo(zone))
    end = datetime.combine(local.date() + timedelta(days=1), time(), ZoneInfo(zone))
    return (now.astimezone(UTC) - end.astimezone(UTC)).total_seconds() / 3600
