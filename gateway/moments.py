"""Dates and times as ISO 8601 writes them, in the few forms that are meant here.

    2025-03-04   2025-03-04T21:30   2025-03-04 21:30:00   2025-03-04T21:30:00.123Z   2025-03-04T21:30:00-08:00

No shipment has a time of other years than 1900 to 2199: programs write 0001-01-01T00:00:00 where they have none.
Python's own reader takes weeks (2025-W10-2), days without dashes, from 3.14 on 24:00, and more; what is not documented is
not taken, by any version.
"""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ONLY_DAY = re.compile(_DAY)
_MOMENT = re.compile(
    rf"{_DAY}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-9]{{2}}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?"
)
_CENTURIES = ("19", "20", "21")


def is_day(text: str) -> bool:
    """True for a day of the calendar written CCYY-MM-DD."""
    try:
        return _ONLY_DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def read_moment(text: str) -> datetime:
    """Return the moment of a text; without an offset it has no time zone, a day alone is midnight. Raises ValueError.

    >>> read_moment("2025-03-04 21:30").isoformat()
    '2025-03-04T21:30:00'
    """
    try:
        if _MOMENT.fullmatch(text) is not None and text[:2] in _CENTURIES:
            return datetime.fromisoformat(text.replace(" ", "T").replace("Z", "+00:00"))
    except ValueError:  # 30 February
        pass
    raise ValueError(f'"{text}" is not a date and time such as 2025-03-04T21:30:00Z')


def is_moment(text: str) -> bool:
    """True for a text that `read_moment` reads."""
    try:
        return bool(read_moment(text))
    except ValueError:
        return False


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return an aware moment as another zone writes it.

    At the ends of the calendar (1 January of year 1, 31 December 9999) the other zone's day may not exist: there the
    clock stays as it is. No shipment has such a day, and the schema refuses it; the reader must not fall over it.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.replace(tzinfo=zone)
