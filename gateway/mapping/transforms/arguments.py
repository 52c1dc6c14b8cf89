"""The arguments of transforms as a table writes them: what is wrong with one is told when the table is loaded, not by each shipment."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from gateway.mapping.transforms import dates
from gateway.mapping.transforms.identifiers import shape
from gateway.mapping.transforms.numbers import KILOGRAMS
from gateway.mapping.transforms.registry import Unusable

Check = Callable[[str], str]
"""Returns what an argument should be, "" when it is."""

_ANY = 99
SOURCES: dict[str, tuple[int, int]] = {
    "agency_id": (2, _ANY), "bill": (2, 2), "bill_alone": (1, 2), "contact": (2, _ANY), "dtm": (1, 3), "dtm_day": (1, 3), "extended": (1, 5),
    "flight_day": (2, 2), "flight_time": (3, 3), "into_us": (2, _ANY), "into_us_day": (3, _ANY), "into_us_time": (3, _ANY), "kg": (1, 2), "master_bill": (2, 3), "money": (1, 2), "party_id": (2, 2), "port_day": (1, 2),
    "port_time": (1, 3), "premises": (3, _ANY), "product_ids": (2, _ANY), "product_list": (1, 1), "same_bill": (4, 6), "same_pieces": (2, 2), "zip": (1, 2),
}  # fmt: skip
"""Transforms of several values -> how many they read at least and at most; the others read any number."""


def sources_fault(name: str, args: tuple[str, ...], sources: int) -> tuple[str, str]:
    """Return what is wrong with the number of values that a transform of ours gets, and the mend; "" when nothing is."""
    if name == "kg" and args and sources > 1:
        said = f"kg {args[0]} takes each weight for {args[0]}: nothing looks at the second source"
        return said, "write kg alone, which reads the unit there, or leave the second source out"
    least, most = SOURCES.get(name, (1, _ANY))
    if sources < least:
        return (
            f"{name} needs {least} values, and gets {sources}",
            "name them in the source, parted by ;, and make it the first step",
        )
    if sources > most:
        return (
            f"{name} reads {most} values at most, and gets {sources}",
            "leave the others out of the source: nothing reads them",
        )
    return "", ""


def argument_fault(name: str, args: tuple[str, ...]) -> str:
    """Return what is wrong with the arguments of a transform of ours, "" when nothing is; their number was checked."""
    for text, check in zip(args, _CHECKS.get(name, ()), strict=False):
        if should := check(text):
            return f'"{text}" of {name} is not {should}'
    return ""


def count_words(least: int, most: int) -> str:
    """Return how many arguments a transform takes, in words.

    >>> count_words(0, 0), count_words(1, 1), count_words(1, 2)
    ('no argument', '1 argument', '1 or 2 arguments')
    """
    if most == 0:
        return "no argument"
    if least == most:
        return f"{least} argument{'s' if least != 1 else ''}"
    return f"{least} {'or' if most == least + 1 else 'to'} {most} arguments"


def _any(_text: str) -> str:
    return ""


def _from_one(text: str) -> str:
    return "" if re.fullmatch("[1-9][0-9]{0,3}", text) else "a number from 1"


def _decimals(text: str) -> str:
    return "" if re.fullmatch("[0-9]", text) else "a number of decimals from 0 to 9"


def _text(text: str) -> str:
    return "" if text else "a text to look for"


def _one_of(*words: str) -> Check:
    return lambda text: "" if text in words else f"one of {', '.join(words)}" if len(words) > 1 else words[0]


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return "a time zone such as America/Chicago"
    return ""


def _pattern(text: str) -> str:
    sample = text.replace("HHMM", "HHmm")
    for word, example in (
        ("CCYY", "2025"),
        ("MM", "03"),
        ("DD", "04"),
        ("HH", "05"),
        ("mm", "06"),
        ("SS", "07"),
        ("YY", "25"),
    ):
        sample = sample.replace(word, example)
    try:
        dates.date(sample, text)
    except Unusable:
        return "a form of dates such as CCYYMMDD"
    return "" if "YY" in text and "MM" in text and "DD" in text else "a form of dates: it needs CCYY or YY, MM and DD"


def _unit(text: str) -> str:
    return "" if text.upper() in KILOGRAMS else "a unit of weight such as KG or L"


def _shape(text: str) -> str:
    try:
        shape("1", text)
    except Unusable:
        return "a shape: digits, alnum, firms, day or unit"
    return ""


def _kind(text: str) -> str:
    return "" if re.fullmatch("[A-Z]{2,3}", text) else "a kind of contact such as TE or EM"


def _length(text: str) -> str:
    return "" if re.fullmatch("[0-9]+(,[0-9]*)?", text) else "a length"


_CHECKS: dict[str, tuple[Check, ...]] = {
    "code": (_any, _one_of("keep", "empty", "error")),
    "contact": (_kind,) * 4,
    "country": (_one_of("names"),),
    "date": (_pattern, _zone),
    "datetime": (_pattern, _zone),
    "decimal": (_one_of(",", "."),),
    "drop": (_from_one,),
    "dtm": (_zone,),
    "implied": (_decimals,),
    "iso": (_zone,),
    "keep": (_from_one,),
    "cut": (_from_one,),
    "join_within": (_from_one,),
    "kg": (_unit,),
    "lines": (_from_one,),
    "lines_from": (_from_one,),
    "only": (_shape, _length),
    "replace": (_text,),
    "rounded": (_decimals,),
    "shape": (_shape, _length),
    "split": (_text, _from_one),
    "uncode": (_any, _one_of("first")),
    "weight_unit": (_one_of("empty"),),
}
NAMING = frozenset(
    ("agency_id", "code", "into_us", "into_us_day", "into_us_time", "party_id", "product_ids", "product_list", "uncode")
)
"""Transforms whose first argument is the name of a code table."""
FREE = frozenset(
    (
        "agency_id",
        "into_us",
        "into_us_day",
        "into_us_time",
        "const",
        "join",
        "party_id",
        "prefix",
        "product_id",
        "product_ids",
        "product_list",
    )
)
"""Transforms whose arguments are any text, or the name of a code table."""
