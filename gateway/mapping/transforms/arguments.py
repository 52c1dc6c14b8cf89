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


def _number(text: str) -> str:
    return "" if re.fullmatch("[0-9]{1,4}", text) else "a number"


def _from_one(text: str) -> str:
    return "" if re.fullmatch("[1-9][0-9]{0,3}", text) else "a number from 1"


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
    "drop": (_number,),
    "dtm": (_zone,),
    "implied": (_number,),
    "iso": (_zone,),
    "keep": (_number,),
    "cut": (_number,),
    "join_within": (_number,),
    "kg": (_unit,),
    "lines": (_from_one,),
    "lines_from": (_from_one,),
    "only": (_shape, _length),
    "rounded": (_number,),
    "shape": (_shape, _length),
    "split": (_any, _from_one),
    "uncode": (_any, _one_of("first")),
    "weight_unit": (_one_of("empty"),),
}
FREE = frozenset(
    ("agency_id", "const", "join", "party_id", "prefix", "product_id", "product_ids", "product_list", "replace")
)
"""Transforms whose arguments are any text, or the name of a code table."""
