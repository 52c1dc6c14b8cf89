"""Identifiers: air waybills, postal items, tariff numbers, ports, phones."""

from __future__ import annotations

import re

from gateway.mapping.transforms.codes import state_code
from gateway.mapping.transforms.registry import Noted, Unusable, transform
from gateway.moments import is_day
from gateway.spreadsheets import LOST_DIGITS, SURELY_LOST

_S8 = r"[A-Z]{6}[A-Z]{6}[A-D][A-Z]{2}[0-9]{5}"
_ZERO_STATES = frozenset(("CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VT", "VI", "AE"))
_DOUBLE_ZERO = {"NY": "5", "PR": "679", "VI": "8"}
"""States with ZIP codes that begin with 00 -> their third digits (00501 Holtsville NY; 006, 007, 009 PR; 008 VI)."""


@transform("999-12345675 => 99912345675", "999-12345676 => !S321-ID-CHK")
def awb(value: str) -> str:
    """An air waybill as 11 digits; the last is digits 4 to 10 modulo 7."""
    number = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"[0-9]{11}", number):
        raise Unusable(f'"{value.strip()}" is not an air waybill of 3 + 8 digits', "S321-ID-CHK")
    if int(number[3:10]) % 7 != int(number[10]):
        raise Unusable(
            f"air waybill {number[:3]}-{number[3:]} has check digit {number[10]}, expected {int(number[3:10]) % 7}",
            "S321-ID-CHK",
        )
    return number


@transform("99912345675 => 999-12345675")
def awb_dash(value: str) -> str:
    """An air waybill as messages write it: the dash behind the airline's 3 digits."""
    number = awb(value)
    return f"{number[:3]}-{number[3:]}"


@transform("RR 473124829 GB => RR473124829GB", "RR473124828GB => !S321-ID-CHK")
def s10(value: str) -> str:
    """A postal item identifier (UPU S10), check digit included."""
    number = re.sub(r"[ -]", "", value).upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{9}[A-Z]{2}", number):
        raise Unusable(f'"{value.strip()}" is not a postal item number such as RR473124829GB', "S321-ID-CHK")
    rest = 11 - sum(int(d) * w for d, w in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(rest, rest)
    if check != int(number[10]):
        raise Unusable(f"postal item {number} has check digit {number[10]}, expected {check}", "S321-ID-CHK")
    return number


@transform("1Z5R89390357567127 => 1Z5R89390357567127", "rr473124829gb => RR473124829GB", "BOX 1 OF 2 => ", part=True)
def parcel_number(value: str) -> str:
    """A text that cannot be anything but the number of a parcel (1Z and 16 characters, or UPU S10 with its check digit); nothing of other marks."""
    number = re.sub(r"[ -]", "", value).upper()
    if re.fullmatch(r"1Z[0-9A-Z]{15}[0-9]", number):
        return number
    try:
        return s10(number)
    except Unusable:
        return ""


@transform("CNSZXAUSJFKAAUN50273001010035 => CNSZXAUSJFKAAUN50273001010035", "CNSZXA1 => !S321-ID-CHK")
def s9(value: str) -> str:
    """A postal receptacle identifier (UPU S9): two centres of 6, category, subclass 2, year, despatch 4, receptacle 3, two flags, weight 4."""
    number = re.sub(r"[ -]", "", value).upper()
    if not re.fullmatch(_S8 + r"[0-9]{9}", number):
        raise Unusable(f'"{value.strip()}" is not a receptacle identifier of 29 characters (UPU S9)', "S321-ID-CHK")
    return number


@transform("CNSZXAUSJFKAAUN50273001010035 => CNSZXAUSJFKAAUN50273", "CNSZXAUSJFKAAUN50273 => CNSZXAUSJFKAAUN50273")
def s8(value: str) -> str:
    """A postal despatch identifier (UPU S8), also out of the receptacle identifier (S9) that begins with it."""
    number = re.sub(r"[ -]", "", value).upper()
    return number if re.fullmatch(_S8, number) else s9(value)[:20]


_AS_DECIMAL = re.compile(r"\s*(\+?[0-9]{5,15})\.0\s*")
"""A number that a program kept as one with decimals: a table with empty cells gives 409000000.0."""


@transform("6110.20.2079 => 6110202079", "6109100012.0 => 6109100012", "40900.0 => 40900")
def hts(value: str) -> str:
    """A tariff number: dots and blanks removed. Of one that was kept as a number with decimals (`.0`) they are no digits of it."""
    if found := _AS_DECIMAL.fullmatch(value):
        said = f'"{value.strip()}" ends as a number with decimals does; it was read as {found[1]}.'
        return Noted(found[1], ("CSV-NUMBER-FORM", said))
    return re.sub(r"[ .]", "", value)


@transform(
    "610910; 6109.10.0012 => 6109100012", "I; 610910 => 610910", "I => ", "ABC123 => ABC123", many=True, part=True
)
def tariff(values: list[str]) -> str:
    """Of several codes the longest tariff number, dots and blanks removed; a status code of a letter or two is none."""
    codes = [c for c in map(hts, values) if c]
    numbers = [c for c in codes if c.isascii() and c.isdigit()]
    if numbers:
        longest = max(numbers, key=len)
        others = [n for n in numbers if not longest.startswith(n)]
        said = f"The goods line has tariff numbers of different goods ({', '.join([longest, *others])}); {longest} was taken."
        return Noted(longest, ("MAP-AMBIGUOUS", said)) if others else longest
    return next((c for c in codes if len(c) > 2 or not c.isalpha()), "")  # refused for what it is


@transform("nrtx => NRTX")
def scac(value: str) -> str:
    """A carrier code of 2 to 4 letters."""
    word = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{2,4}", word):
        raise Unusable(f'"{value.strip()}" is not a carrier code (SCAC) of 2 to 4 letters')
    return word


UNITS = frozenset(("K", "L", "KG", "LB", "KGM", "LBR", "GRM", "GR", "TNE", "OZ", "ONZ"))
"""Weight units as the canonical model names them."""

_SHAPES = {"digits": "[0-9]", "alnum": "[A-Z0-9]"}


def _fits(text: str, pattern: str, length: str) -> bool:
    if pattern == "day":
        return is_day(text)
    if pattern == "firms":
        return re.fullmatch("[A-Z][A-Z0-9]{3}", text) is not None
    if pattern == "unit":
        return text in UNITS
    if pattern == "package":
        return re.fullmatch("[A-Z0-9]{1,3}", text) is not None
    if pattern not in _SHAPES:
        raise Unusable(f'"{pattern}" is no shape; known: {", ".join(_SHAPES)}, firms, day, unit, package')
    return re.fullmatch(f"{_SHAPES[pattern]}{{{length or '1,50'}}}", text) is not None


@transform("80107 => 80107", "Toronto => ", args=(1, 2))
def shape(value: str, pattern: str, length: str = "") -> str:
    """Keep the value only if it fits, else it is told and not passed on: `shape digits 5`, `shape firms`, `shape day` (a calendar day), `shape unit` (of weight), `shape package` (a code of pieces or packages)."""
    text = value.strip()
    return text if _fits(text, pattern, length) else ""


@transform("80107 => 80107", "LAX => ", args=(1, 2), part=True)
def only(value: str, pattern: str, length: str = "") -> str:
    """As `shape`, but nothing is said of another value: for one that another row reads or tells of."""
    text = value.strip()
    return text if _fits(text, pattern, length) else ""


@transform(
    "97201 => 97201",
    "972011234 => 97201-1234",
    "97201 1234 => 97201-1234",
    "2116; MA => 02116",
    "501; NY => 00501",
    "21161234; MA => 02116-1234",
    "2116; Massachusetts => 02116",
    many=True,
)
def zip_(values: list[str]) -> str:
    """ZIP code (and state): 9 digits get their hyphen; a lost leading zero is put back only if the state agrees."""
    text, state = values[0].strip(), (state_code(values[1]) if len(values) > 1 else "")
    if re.fullmatch(r"[0-9]{5} ?[0-9]{4}", text):
        return f"{text[:5]}-{text[-4:]}"
    lost = {4: state in _ZERO_STATES, 3: text[:1] in _DOUBLE_ZERO.get(state, "-"), 8: state in _ZERO_STATES}
    if lost.get(len(text)) and text.isdigit():
        full = text.zfill(9 if len(text) == 8 else 5)
        zeros = (
            "two leading zeros that a spreadsheet drops were"
            if len(text) == 3
            else "leading zero that a spreadsheet drops was"
        )
        said = f"The ZIP code had {len(text)} digits; the {zeros} put back, as the state begins with 0."
        return Noted(f"{full[:5]}-{full[5:]}" if len(full) == 9 else full, ("Q-ZIP-PADDED", said))
    return text


_EXTENSION = re.compile(r"(?<=[0-9)])[\s,;/]*(?:ext(?:ension)?\b|durchwahl|app\.|#|x)[\s.:]*[0-9]{1,8}", re.I)


@transform(
    "(555) 010-1234 => 5550101234", "+1 555 010 1234 => +15550101234", "+1 206-555-0100 ext. 12345 => +12065550100",
    "555-0100 x7 => 5550100", "5550101234.0 => 5550101234", "555-0100 / 555-0101 => 5550100", "0711/5550100 => 07115550100",
    "1.5550101e10 => ",
)  # fmt: skip
def phone(value: str) -> str:
    """A phone number: digits, with a leading + if there was one. An extension, and a second number, are left out with a remark."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return text
    if found := _AS_DECIMAL.fullmatch(text):
        said = "The telephone number ends as a number with decimals does (.0); it was read without."
        return Noted(found[1], ("CSV-NUMBER-FORM", said))
    if _ROUNDED.fullmatch(text):
        return ""  # its digits are lost
    first, *others = _several_phones(text)
    text = _EXTENSION.sub("", first)
    number = ("+" if text.startswith("+") else "") + re.sub(r"[^0-9]", "", text)
    if number and (others or text != first):
        what = "A second number" if others else "The extension of the telephone number"
        return Noted(number, ("MAP-NOT-PASSED", f"{what} was not passed on."))
    return number


_BETWEEN_PHONES = re.compile(r"\s*(?:[/;|,&\n]|\bor\b|\band\b|\bu\.)\s*", re.I)
_LEAST_DIGITS = 7  # of a telephone number


def _several_phones(text: str) -> list[str]:
    """Return the telephone numbers of a text; a text whose parts are too short to be numbers of their own is one."""
    parts = _BETWEEN_PHONES.split(text)
    whole = all(sum(map(str.isdigit, part)) >= _LEAST_DIGITS for part in parts)
    return parts if whole else [text]


_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}")


def _zeros(text: str) -> str:
    """Return a number that ends in 00 with a remark when a spreadsheet may have lost its digits, "" when not; refuse it when it has."""
    if SURELY_LOST.fullmatch(text):
        raise Unusable(
            f'"{text}" ends in zeros behind 15 digits: a spreadsheet keeps 15 and loses the rest', "ID-SCIENTIFIC"
        )
    if not LOST_DIGITS.fullmatch(text):
        return ""
    said = f'"{text}" has nothing but zeros behind 15 digits, as a number has whose last digits a spreadsheet lost.'
    return Noted(text, ("ID-SCIENTIFIC", said))


@transform(
    "123456789012345678 => 123456789012345678",
    "1.23457E+17 => !ID-SCIENTIFIC",
    "12345678901234500000 => !ID-SCIENTIFIC",
    "123456789012345000 => 123456789012345000",
)
def identifier(value: str) -> str:
    """A number that identifies something: trimmed; refused when a spreadsheet lost its digits (1.2E+17, five zeros behind 15), with a remark when it may have (two zeros)."""
    text = value.strip()
    if _ROUNDED.fullmatch(text):
        raise Unusable(f'"{text}" is a number that a spreadsheet rounded; digits are lost', "ID-SCIENTIFIC")
    if text.endswith("00") and (told := _zeros(text)):
        return told
    if text.startswith("'") and len(text) > 1:
        return Noted(
            text[1:], ("CSV-TEXT-PREFIX", "An apostrophe before the value (spreadsheet text mark) was left out.")
        )
    return text
