"""Values of X12 elements: characters, numbers, dates, times, lengths, codes (X12.6); AK403 codes 1 and 4 to 9."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from string import ascii_lowercase, ascii_uppercase, digits

import msgspec

from gateway.shipped import files, table_rows

_NUMBER = {"N": re.compile(r"-?[0-9]+"), "R": re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")}
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?")
_DIGITS = re.compile(r"[0-9]+")
_BASIC = ascii_uppercase + digits + "!\"&'()*+,-./:;?= "
_EXTENDED = ascii_lowercase + "%~@[]_{}\\|<>#$"


class ElementDef(msgspec.Struct, frozen=True, omit_defaults=True):
    """One element or component. use: R required, S optional, N not used; components, syntax: only for a composite.

    type: ID, AN, DT, TM, R, N0..N9, B; min, max: characters (sign and point of a number do not count).
    """

    de: str
    name: str
    use: str
    type: str = "AN"
    min: int = 1
    max: int = 1
    codes: list[str] = []
    repeat: int = 1
    pattern: str = ""
    components: list[ElementDef] = []
    syntax: list[str] = []


class Charset(msgspec.Struct, frozen=True):
    """What text may hold: the X12 extended set of a release without the separators of the interchange."""

    letters: str  # body of a regular expression class
    component: str
    repetition: str


def charset(version: str, component: str, repetition: str) -> Charset:
    """Return the characters legal in AN and ID elements; ^ and ` belong to the extended set from 005010 on."""
    more = "^`" if version[:6] >= "005010" else ""
    return Charset(
        "".join(re.escape(c) for c in _BASIC + _EXTENDED + more if c not in (component, repetition)),
        component,
        repetition,
    )


def value_code(value: str, element: ElementDef, chars: Charset) -> str:
    """Return the AK403 code of the first thing wrong with one filled simple value, "" when it is right."""
    kind = element.type[0]
    if kind in "NR":
        if not _NUMBER[kind].fullmatch(value):
            return "6"
        size = len(value) - value.count(".") - value.count("-")
    else:
        size = len(value)
        if element.use == "R" and value.isspace():
            return "1"
        if element.type in ("AN", "ID") and not _text(chars).fullmatch(value):
            return "6"
    if size < element.min:
        return "4"
    if size > element.max:
        return "" if (element.de, value) in _longer() else "5"
    if element.codes and value not in element.codes:
        return "7"
    if element.type in _SHAPED and not _SHAPED[element.type](value):
        return "9" if element.type == "TM" else "8"
    return "7" if element.pattern and not re.search(element.pattern, value) else ""


@cache
def _longer() -> frozenset[tuple[str, str]]:
    """Return (data element, code): codes that customs asks for though X12 has no room for them."""
    text = files(__package__).joinpath("longer.csv").read_text("utf-8")
    return frozenset((row["data_element"], row["code"]) for row in table_rows(text))


@cache
def _text(chars: Charset) -> re.Pattern[str]:
    return re.compile(f"[{chars.letters}]+")


@cache
def quick_test(kind: str, least: int, most: int, letters: str) -> Callable[[str], object]:
    """Return a test that only right values pass; right values that fail it (decimals) are looked at closer."""
    if kind in "RN":
        return re.compile(f"[0-9]{{{least},{most}}}").fullmatch
    return re.compile(f"(?! *$)[{letters}]{{{least},{most}}}").fullmatch


def is_date(value: str) -> bool:
    """True for a real calendar day: CCYYMMDD, or YYMMDD where the element allows six characters."""
    if not _DIGITS.fullmatch(value) or len(value) not in (6, 8):
        return False
    text = value if len(value) == 8 else "20" + value
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def is_time(value: str) -> bool:
    """True for HHMM, HHMMSS, HHMMSSD or HHMMSSDD from 0000 to 235959."""
    return _TIME.fullmatch(value) is not None


_SHAPED: dict[str, Callable[[str], bool]] = {"DT": is_date, "D8": is_date, "D6": is_date, "TM": is_time}
