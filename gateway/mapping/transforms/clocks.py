"""A day and a time of day that stand apart; results are RFC 3339 instants in UTC."""

from __future__ import annotations

import re

from gateway.mapping.transforms.dates import port_iso
from gateway.mapping.transforms.registry import Tables, Unusable, transform

_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]?([0-9]{2}))(?:[:.]([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?")
_DAY = len("2025-03-04")


@transform(
    "2025-03-04; 21:30; 2720 => 2025-03-05T05:30:00Z",
    "2025-03-04; 9:30 PM; 2720 => 2025-03-05T05:30:00Z",
    "2025-03-04; 0930; 0901 => 2025-03-04T14:30:00Z",
    "2025-03-04; ; 2720 => 2025-03-04T20:00:00Z",
    "2025-03-04; 25:00; 2720 => !MAP-VALUE",
    many=True,
    tables=True,
    result="timestamp",
)
def port_day_time(values: list[str], tables: Tables | None) -> str:
    """ISO date, time of day (21:30, 9:30 PM, 2130; missing: noon) and port, see port_iso: local time -> UTC.

    A date that holds a time already must hold the same one.
    """
    day, clock, *ports = (*values, "", "")
    day, told = day.strip(), _told(clock.strip())
    if not told:
        return port_iso([day, *ports], tables)
    if len(day) > _DAY:
        if day[_DAY + 1 :].startswith(told[:5]):
            return port_iso([day, *ports], tables)
        raise Unusable(f'"{day}" has a time already, and "{clock.strip()}" is another one')
    return port_iso([f"{day}T{told}", *ports], tables)


def _told(clock: str) -> str:
    """Return a time of day as HH:MM:SS, "" for none."""
    if not clock:
        return ""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise Unusable(f'"{clock}" is not a time of day such as 21:30')
    hour, half = int(found[1]), (found[4] or "").upper()
    if half:
        hour = hour % 12 + (12 if half == "P" else 0) if 1 <= hour <= 12 else 99
    if hour > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise Unusable(f'"{clock}" is not a time of day such as 21:30')
    return f"{hour:02d}:{found[2]}:{found[3] or '00'}"
