"""Dates as spreadsheets and exports write them -> ISO; what can be read in two ways is said."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_NAMED = re.compile(
    r"([0-9]{1,2})[- ](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[- ,]{1,2}(?:([0-9]{4})|([0-9]{2}))",
    re.I,
)
_CLOCK = re.compile(r"(.*?[0-9])[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AP])M)?", re.I)


def _clock(text: str) -> tuple[str, str]:
    """Return (day, "T14:05:00" or "") of a date that may have a time behind it.

    >>> _clock("3/2/2025 2:05 PM"), _clock("02.03.2025")
    (('3/2/2025', 'T14:05:00'), ('02.03.2025', ''))
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        return text, ""
    hour = int(found[2]) % 12 + (12 if found[5].upper() == "P" else 0) if found[5] else int(found[2])
    if hour > 23 or int(found[3]) > 59:
        return text, ""
    return found[1], f"T{hour:02d}:{found[3]}:{found[4] or '00'}"


def _iso(year: int, month: int, day: int) -> str:
    """Return the day in ISO form, "" when there is none; a year of 2 digits is of this century."""
    try:
        return date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return ""


@lru_cache(4096)
def read_date(text: str, order: str) -> tuple[str, str, str]:
    """Return (ISO date, rule, sentence) of a date as spreadsheets write it; what is no date stays as it is.

    order: "dmy", "mdy" or "" (not agreed). 45717 is 2025-03-01: days since 1899-12-30, the 1900 system of spreadsheets.

    >>> read_date("45717.25", "")[0]
    '2025-03-01T06:00:00'
    >>> read_date("45717", "")[0], read_date("20250302", "")[0], read_date("28.02.2025", "")[0]
    ('2025-03-01', '2025-03-02', '2025-02-28')
    >>> read_date("2-Mar-25", "")[0], read_date("2025/3/2 14:05", "")[0]
    ('2025-03-02', '2025-03-02T14:05:00')
    """
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text, re.S):
        return text, "", ""
    if re.fullmatch(r"[0-9]{8}", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}", "", ""
    if re.fullmatch(r"[2-5][0-9]{4}(?:\.[0-9]{1,15})?", text):
        day = (date(1899, 12, 30) + timedelta(days=int(text[:5]))).isoformat()
        if seconds := min(round(float("0" + text[5:]) * 86400), 86399):  # a part of a day is a time
            day += f"T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return day, "CSV-EXCEL-DATE", f"The date is the spreadsheet number {text}; it was read as {day}."
    day, clock = _clock(text)
    if found := _NAMED.fullmatch(day):
        iso = _iso(int(found[3] or found[4]), _MONTHS[found[2].lower()], int(found[1]))
        return iso + clock if iso else text, "", ""
    if found := re.fullmatch(r"([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})", day):
        iso = _iso(int(found[1]), int(found[3]), int(found[4]))
        return iso + clock if iso else text, "", ""
    found = re.fullmatch(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})", day)
    if not found:
        return text, "", ""
    first, second = int(found[1]), int(found[3])
    known = order or ("dmy" if found[2] == "." or first > 12 else "mdy")
    day_of, month = (first, second) if known == "dmy" else (second, first)
    iso = _iso(int(found[4]), month, day_of)
    if not iso:
        return text, "", ""
    iso += clock
    if not order and found[2] != "." and first <= 12 and second <= 12 and first != second:
        return (
            iso,
            "CSV-DATE-AMBIGUOUS",
            f"The date {text} can be read in two ways; it was read as month/day/year: {iso}.",
        )
    return iso, "", ""


_PART_OF_DAY = re.compile(r"0?[.,](?:[0-9]|[0-9]{3,17})")  # 0.30 as text is half past midnight
_OF_CELL = re.compile(r"0?\.[0-9]{1,17}")


def part_of_day(cell: str, *, typed: bool) -> str:
    """Return the time of day of a cell that holds it as spreadsheets store it, "" for any other cell. typed: it was a number.

    >>> part_of_day("0.8958333333", typed=False), part_of_day("0.30", typed=False), part_of_day("0.25", typed=True)
    ('21:30:00', '', '06:00:00')
    """
    text = cell.strip()
    if not (_OF_CELL if typed else _PART_OF_DAY).fullmatch(text):
        return ""
    minutes, seconds = divmod(min(round(Decimal(text.replace(",", ".")) * 86400), 86399), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
