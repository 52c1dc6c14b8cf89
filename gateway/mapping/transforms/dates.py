"""Date and time transforms; results are ISO dates or RFC 3339 instants in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.mapping.transforms.registry import Noted, Tables, Unusable, transform
from gateway.moments import in_zone, read_moment

_PARTS = (("CCYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("SS", "%S"), ("YY", "%y"))
_DTM = {
    "2": "DDMMYY",
    "3": "MMDDYY",
    "4": "DDMMCCYY",
    "5": "DDMMCCYYHHmm",
    "10": "CCYYMMDDTHHmm",
    "101": "YYMMDD",
    "102": "CCYYMMDD",
    "201": "YYMMDDHHmm",
    "202": "YYMMDDHHmmSS",
    "203": "CCYYMMDDHHmm",
    "204": "CCYYMMDDHHmmSS",
    "205": "CCYYMMDDHHmmZZZ",
    "301": "YYMMDDHHmmZZZ",
    "302": "YYMMDDHHmmSSZZZ",
    "303": "CCYYMMDDHHmmZZZ",
    "304": "CCYYMMDDHHmmSSZZZ",
}
"""2379 -> form, the codes of UNTDID that name one day; periods, weeks and days without a year do not."""
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-5][0-9])?")
_NOON = timedelta(hours=12)
"""Where a date stands without a time: noon is the same day in all of the US, midnight is not."""
_ZONES = {"UTC": "UTC", "GMT": "UTC", "Z": "UTC", "ZZZ": "UTC"}
"""Zone texts behind a DTM that mean one thing everywhere; EST, CST, IST and the like do not."""


@lru_cache(256)
def _pattern(words: str) -> tuple[str, re.Pattern[str]]:
    """Return (strptime pattern, what the value must look like) of a pattern such as CCYYMMDDHHmm; MM after HH are minutes too.

    strptime itself takes a blank for a leading zero, and digits of other scripts.
    """
    pattern = words.replace("HHMM", "HHmm")
    shape = re.escape(pattern)
    for word, code in _PARTS:
        pattern = pattern.replace(word, code)
        shape = shape.replace(word, f"[0-9]{{{len(word)}}}")
    return pattern, re.compile(shape)


@lru_cache(2048)
def _read(value: str, words: str) -> datetime:
    pattern, shape = _pattern(words)
    text = value.strip()
    if shape.fullmatch(text) is None:
        raise Unusable(f'"{text}" is not a date of the form {words}')
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  the zone is given by the caller
    except ValueError:
        raise Unusable(f'"{text}" is not a date of the form {words}') from None
    except re.error:  # a part of the date stands twice in the pattern
        raise Unusable(f'"{words}" is not a form of dates; write for example CCYYMMDDHHmm') from None


@transform("20251001 => 2025-10-01", "202510011830 => 2025-10-01T18:30:00Z", args=(1, 2), result="date")
def date(value: str, words: str, zone: str = "UTC") -> str:
    """A date or a date and time by a pattern: `date CCYYMMDD`, `date CCYYMMDDHHmm America/New_York`."""
    moment = _read(value, words)
    return utc(moment, zone) if "HH" in words else moment.date().isoformat()


@transform("202510011830 => 2025-10-01T18:30:00Z", args=(1, 2), name="datetime", result="timestamp")
def datetime_(value: str, words: str, zone: str = "UTC") -> str:
    """A date and time by a pattern, local in a zone: `datetime CCYYMMDDHHmm America/New_York`; a date alone is noon."""
    return utc(_read(value, words) + (timedelta() if "HH" in words else _NOON), zone)


@transform(
    "202510011830; 203 => 2025-10-01T18:30:00Z",
    "202510011830+08; 303 => 2025-10-01T10:30:00Z",
    "202510011830EST; 303 => !MAP-VALUE",
    "20251001; 102 => 2025-10-01T12:00:00Z",
    "20251001; 102; 0615 => 2025-10-01T06:15:00Z",
    "011025; 2 => 2025-10-01T12:00:00Z",
    "20251001; 718 => !MAP-VALUE",
    many=True,
    args=(0, 1),
    result="timestamp",
)
def dtm(values: list[str], zone: str = "UTC") -> str:
    """EDIFACT DTM: value and format code 2379 (102, 203, 204, 303 ...); a date alone is noon, unless the time follows.

    Without a code the length of the value tells the form.

    A zone behind the value (303, 304) counts; without one the time is local in `zone`: `dtm America/Chicago`.
    """
    moment, offset = _dtm(values)
    if not offset or offset.upper() in _ZONES:
        return utc(moment, _ZONES.get(offset.upper(), zone) if offset else zone)
    found = _OFFSET.fullmatch(offset)
    if found is None:
        raise Unusable(f'the time zone "{offset}" is not known; write it as +00 or UTC')
    distance = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if distance >= timedelta(hours=24):
        raise Unusable(f'the time zone "{offset}" is not known; write it as +00 or UTC')
    return utc(moment.replace(tzinfo=timezone(distance if found[1] == "+" else -distance)), "UTC")


@transform(
    "202510011830; 203 => 2025-10-01", "20251001; 102 => 2025-10-01", "202510010330UTC; 303 => ",
    many=True, result="date", part=True,
)  # fmt: skip
def dtm_day(values: list[str]) -> str:
    """The calendar day of an EDIFACT DTM as written, that is the local day; of one with a zone of its own nothing: the moment tells it."""
    moment, offset = _dtm(values)
    return "" if offset else moment.date().isoformat()


def _dtm(values: list[str]) -> tuple[datetime, str]:
    """Return the moment as written and the text of its zone, "" without one.

    values: date or date and time, 2379, and the time HHMM where it stands in a segment of its own.
    """
    value = values[0].strip()
    code = values[1].strip() if len(values) > 1 else ""
    form = _DTM.get(code)
    if form is None and code:  # 010325 is a day of March in code 2 and of January in code 3: no guess against a code
        raise Unusable(f'"{code}" (2379) is no form of a date that is read; write 102 or 203')
    if form is None:
        form = {8: "CCYYMMDD", 12: "CCYYMMDDHHmm", 6: "YYMMDD"}.get(len(value), "CCYYMMDDHHmm")
    offset = ""
    if form.endswith("ZZZ"):
        form = form[:-3]
        value, offset = value[: len(form)], value[len(form) :].strip()
    if "HH" not in form:  # noon is the same day in all of the US, midnight is not
        return _read(value + ((values[2].strip() if len(values) > 2 else "") or "1200"), form + "HHmm"), offset
    return _read(value, form), offset


@transform(
    "2025-03-04T21:30:00-08:00 => 2025-03-05T05:30:00Z", "2025-03-04 => 2025-03-04T12:00:00Z", args=(0, 1), result="timestamp"
)  # fmt: skip
def iso(value: str, zone: str = "UTC") -> str:
    """An ISO 8601 date and time; without an offset it is local in the zone (default UTC), a date alone is noon."""
    text = value.strip()
    try:
        moment = read_moment(text)
    except ValueError:
        raise Unusable(f'"{text}" is not an ISO date and time') from None
    return utc(moment if len(text) > len("2025-03-04") else moment + _NOON, zone)


@transform(
    "2025-03-04T21:30:00 => 2025-03-04", "2025-03-04 => 2025-03-04", "2025-03-05T05:30:00Z => ", "soon => ",
    result="date", part=True,
)  # fmt: skip
def written_day(value: str) -> str:
    """The calendar day of an ISO date (and time) as written, that is the local day; of one with a zone nothing: the moment tells it.

    Of what is none nothing either: it is told where the moment is read.
    """
    try:
        iso(value)
        moment = read_moment(value.strip())
    except ValueError:
        return ""
    return "" if moment.tzinfo else moment.date().isoformat()


@transform("2025-03-04T21:30:00-08:00 => 2025-03-04", result="date")
def iso_day(value: str) -> str:
    """The calendar day of an ISO date and time as written, that is the local day."""
    iso(value)
    return value.strip()[:10]


@transform(
    "20250304; 0615; 3004 => 2025-03-04T14:15:00Z",
    "20250304; 061559; 3004 => 2025-03-04T14:15:59Z",
    many=True,
    tables=True,
    result="timestamp",
)
def port_time(values: list[str], tables: Tables | None) -> str:
    """Date CCYYMMDD, time HHmm or HHmmSS (may be missing: noon) and Schedule D port: local time at the port -> UTC."""
    day, clock, port = (*values, "", "")[:3]
    moment = _port_time(day.strip(), clock.strip(), _zone(port.strip(), tables))
    return _told(moment, port.strip(), tables) if clock.strip() else moment


@transform(
    "2025-03-04; 2720 => 2025-03-04T20:00:00Z",
    "2025-03-02 14:30:00; 0901 => 2025-03-02T19:30:00Z",
    "2025-03-04T21:30:00-08:00; 2720 => 2025-03-05T05:30:00Z",
    "2025-03-02T10:00:00; ; LAX => 2025-03-02T18:00:00Z",
    many=True,
    tables=True,
    result="timestamp",
)
def port_iso(values: list[str], tables: Tables | None) -> str:
    """ISO date (and time) and port (Schedule D, or airport code; the first that is there): local time -> UTC; a date alone is noon."""
    port = next((place for value in values[1:] if (place := value.strip())), "")
    if port.isalpha() and tables is not None and "iata_port" in tables:
        port = tables["iata_port"].get(port.upper()) or port
    text = values[0].strip()
    moment = _port_iso(text, _zone(port, tables))
    if len(text) == len("2025-03-02") or _known_zone(port, tables) or read_moment(text).tzinfo:
        return moment
    return _told(moment, port, tables)


@transform(
    "2025-03-05T05:30:00Z; 2720 => 2025-03-04", "2025-03-05T05:30:00Z; => 2025-03-05", many=True, tables=True, result="date"
)  # fmt: skip
def port_day(values: list[str], tables: Tables | None) -> str:
    """The calendar day of an instant at a Schedule D port; without a port (or its zone) the day in UTC."""
    moment = read_moment(iso(values[0]))
    return in_zone(moment, ZoneInfo(_zone((*values, "")[1].strip(), tables))).date().isoformat()


@transform(
    "02MAR; LAX; 2025-02-27 => 2025-03-02T20:00:00Z",
    "02; 999-12345675HKGLAX; 2025-02-27 => 2025-03-02T20:00:00Z",
    "31FEB; LAX; 2025-02-27 => !MAP-VALUE",
    many=True,
    tables=True,
    result="timestamp",
)
def flight_time(values: list[str], tables: Tables | None) -> str:
    """Noon at the airport (last 3 letters of the second value) on the day of a flight, see flight_day."""
    day, airport, received = (*values, "", "")[:3]
    return port_iso([flight_day([day, received]), airport.strip()[-3:]], tables)


@transform(
    "02MAR; 2025-02-27 => 2025-03-02",
    "30DEC-A; 2025-01-02 => 2024-12-30",
    "02; 2025-02-27 => 2025-03-02",
    "31; 2025-03-02 => 2025-03-31",
    "32; 2025-02-27 => !MAP-VALUE",
    many=True,
    result="date",
)
def flight_day(values: list[str]) -> str:
    """The day DDMON (a part behind a dash is left out) or DD of a flight: that nearest to the day of receipt, the second value."""
    text, received = values[0].partition("-")[0].strip().upper(), (*values, "")[1].strip()
    found = _FLIGHT_DAY.fullmatch(text)
    if found is None or (found[2] and found[2] not in _MONTHS):
        raise Unusable(f'"{values[0].strip()}" is not a day of a flight such as 02MAR or 02')
    if not received:
        raise Unusable("the day of receipt is not known, which tells the year")
    clock = datetime.strptime(received, "%Y-%m-%d")  # noqa: DTZ007  days are compared
    month = _MONTHS.index(found[2]) + 1 if found[2] else 0
    days = list(_days(int(found[1]), month, clock))
    if not days:
        raise Unusable(f'"{text}" is not a day of the calendar')
    return min(days, key=lambda day: abs(day - clock)).date().isoformat()


@transform("1226 => 2026-12-31", "0228 => 2028-02-29", "1326 => ", result="date")
def month_end(value: str) -> str:
    """The last day of a month MMYY, as customs notes write the expiry of a regulated agent; of another text nothing, which is told."""
    text = value.strip()
    if not re.fullmatch(r"(?:0[1-9]|1[0-2])[0-9]{2}", text):
        return ""
    year, month = 2000 + int(text[2:]), int(text[:2])
    return f"{year}-{month:02d}-{monthrange(year, month)[1]:02d}"


_FLIGHT_DAY = re.compile(r"([0-9]{2})([A-Z]{3})?")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _days(day: int, month: int, clock: datetime) -> Iterator[datetime]:
    """Yield the days of this number around a clock: of the month named, or of the months before and after."""
    for away in (-12, 0, 12) if month else (-2, -1, 0, 1, 2):
        number = clock.year * 12 + (month or clock.month) - 1 + away
        with suppress(ValueError):
            yield datetime(number // 12, number % 12 + 1, day)  # noqa: DTZ001  days are compared


@lru_cache(1024)
def _port_iso(text: str, zone: str) -> str:
    if len(text) != len("2025-03-02"):
        return iso(text, zone)
    try:
        return iso(text + "T12:00:00", zone)
    except Unusable:
        raise Unusable(f'"{text}" is not a day of the calendar such as 2025-03-02') from None


@lru_cache(2048)
def _port_time(day: str, clock: str, zone: str) -> str:
    seconds = len(clock) >= len("HHmmSS")  # TM: HHmm, HHmmSS or with decimals of a second
    return utc(
        _read(day + (clock[:6] if seconds else clock[:4] or "1200"), "CCYYMMDDHHmmSS" if seconds else "CCYYMMDDHHmm"),
        zone,
    )


def _zone(port: str, tables: Tables | None) -> str:
    return _known_zone(port, tables) or "UTC"


def _known_zone(port: str, tables: Tables | None) -> str:
    if tables is None or "port_zone" not in tables:
        return ""
    zones = tables["port_zone"]
    return zones.get(port) or zones.get(port[:2]) or ""  # a port of its own, or as its district


def _told(moment: str, port: str, tables: Tables | None) -> str:
    """Return the moment of a local time; with a remark, when the zone of its port is not known. Noon of a day is the same day anywhere."""
    if _known_zone(port, tables):
        return moment
    where = f'the time zone of "{port[:8]}" is not known' if port else "no port or airport tells its zone"
    return Noted(moment, ("PORT-ZONE", f"The arrival is a local time and {where}: it was read as UTC."))


@lru_cache(2048)
def utc(moment: datetime, zone: str) -> str:
    """Return an RFC 3339 instant in UTC; a moment without offset is local in `zone`."""
    if moment.tzinfo is None:
        moment = _local(moment, ZoneInfo(zone))
    return in_zone(moment, UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    there = moment.replace(tzinfo=zone)
    if MINYEAR < moment.year < MAXYEAR:
        back = there.astimezone(UTC).astimezone(zone)
        if back.replace(tzinfo=None) != moment:
            return there + timedelta(hours=1)  # the hour that a daylight saving change leaves out
    return there
