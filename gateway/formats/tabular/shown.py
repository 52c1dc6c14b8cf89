"""Number formats of a workbook: what Excel shows for a number, where that is more than the number.

00000          2116 -> 02116           "GW"0000     12 -> GW0012        0.00%        0.15 -> 15.00%
00000-0000     21160042 -> 02116-0042  0000"."00    610910 -> 6109.10   [$€-407] 0.00  12.5 -> €12.50

A number, an amount or a weight is read as the cell holds it; of a number that names something (ZIP code, tariff number,
bill, telephone) the sender means what he sees. Dates are openpyxl's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

_BUILT_IN = 164
"""Formats below this number are built in: General, 0.00, #,##0 and the like; those of money are the reader's own currency."""
_PERCENT = {9: "0%", 10: "0.00%"}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<digit>[0#?])|(?P<other>.)', re.S
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9.]+)")
_HOLDS = {"<": -1, ">": 1}
_DATE_OR_TEXT = re.compile(r"General|[dmyhsDMYHSE@/]")
_CURRENCIES = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY CNY",
    "￥": "JPY CNY",
    "₹": "INR",
    "₩": "KRW",
    "zł": "PLN",
    "kr": "SEK NOK DKK",
}
_DOLLARS = "USD CAD AUD NZD HKD SGD TWD MXN BZD BMD BSD BBD KYD TTD XCD JMD"
_CODES = re.compile(
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NOK|NZD|PHP|PLN|SAR|SEK|SGD|THB|TRY|TWD|USD|VND|ZAR"
)
_UNITS = {"kg": "kg", "kgs": "kg", "g": "g", "gr": "g", "lb": "lb", "lbs": "lb", "oz": "oz"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What Excel shows for one cell. changed: percent or thousands: not the number that the cell holds.

    named: the format is one of numbers that name something, not of amounts. currencies, unit: what stands beside the number.
    """

    text: str
    named: bool = True
    changed: bool = False
    currencies: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of a format. tokens: digits 0 # ?, the point, and texts; condition: "", or as [<=99999]."""

    tokens: tuple[tuple[str, str], ...]
    condition: str = ""
    plain: bool = True  # shows the number and no more
    percent: bool = False
    scale: int = 0  # commas behind the last digit: thousands left out
    grouped: bool = False


def formats_of(book: Any) -> Mapping[int, str]:
    """Return style -> format code of the styles that show more than a number."""
    found = {}
    for style, cell in enumerate(book._cell_styles):
        number = cell.numFmtId
        if number >= _BUILT_IN and number - _BUILT_IN < len(book._number_formats):
            code = str(book._number_formats[number - _BUILT_IN])
        else:
            code = _PERCENT.get(number, "")
        if code and any(not section.plain for section in _sections(code)):
            found[style] = code
    return found


def shown(code: str, value: float) -> Shown | None:
    """Return what Excel shows, None when it is the number itself.

    >>> shown("00000", 2116).text, shown("00000-0000", 21160042).text, shown('"GW"0000', 12).text
    ('02116', '02116-0042', 'GW0012')
    >>> shown("[<=99999]00000;00000-0000", 2116).text, shown("(000) 000-0000", 6175550001).text
    ('02116', '(617) 555-0001')
    >>> shown("0.0%", 0.155).text, shown("[$€-407] #,##0.00", 1234.5), shown("#,##0.00", 1234.5)
    ('15.5%', Shown(text='€ 1,234.50', named=False, changed=False, currencies=('EUR',), unit=''), None)
    """
    section, negative = _choose(_sections(code), value)
    if section is None or section.plain:
        return None
    texts = [text for kind, text in section.tokens if kind == "text"]
    try:
        number = abs(Decimal(repr(value))) * (100 if section.percent else 1) / 1000**section.scale
        shown_text = ("-" if negative else "") + _filled(section, number)
    except ArithmeticError:  # more places than numbers have
        return None
    currencies = tuple(sorted({c for text in texts for c in currencies_of(text)}))
    unit = next((_UNITS[w] for text in texts if (w := text.strip(" .").lower()) in _UNITS), "")
    named = not (section.grouped or section.scale or currencies or unit)
    return Shown(shown_text, named, section.percent or section.scale > 0, currencies, unit)


def currencies_of(text: str) -> set[str]:
    """Return the currencies that a sign or code may mean, none for other words.

    >>> currencies_of("€"), sorted(currencies_of("¥")), currencies_of("kg")
    ({'EUR'}, ['CNY', 'JPY'], set())
    """
    return set(_currency(text.strip()).split())


def _currency(word: str) -> str:
    if word in _CURRENCIES:
        return _CURRENCIES[word]
    if "$" in word:
        return "USD" if word in ("US$", "USD$") else _DOLLARS
    return "CNY" if word == "RMB" else word if _CODES.fullmatch(word) else ""


@lru_cache(256)
def _sections(code: str) -> tuple[_Section, ...]:
    return tuple(_section(part) for part in _parts(code))


def _parts(code: str) -> list[str]:
    """Return the parts between semicolons that are no text."""
    parts = [""]
    for found in _TOKEN.finditer(code):
        if found[0] == ";":
            parts.append("")
        else:
            parts[-1] += found[0]
    return parts


def _section(part: str) -> _Section:
    tokens: list[tuple[str, str]] = []
    condition, bare = "", ""
    for found in _TOKEN.finditer(part):
        bracket, quoted, escaped = found["bracket"], found["quoted"], found["escaped"]
        if bracket is not None:
            if bracket.startswith("$") and bracket[1:].partition("-")[0]:
                tokens.append(("text", bracket[1:].partition("-")[0]))
            elif _CONDITION.fullmatch(bracket):
                condition = bracket
        elif quoted is not None or escaped is not None:
            tokens.append(("text", quoted if quoted is not None else escaped))
        elif found["digit"]:
            tokens.append(("digit", found["digit"]))
        elif found["other"]:
            bare += found["other"]
            kind = {".": "point", ",": "comma", "%": "percent"}.get(found["other"], "text")
            tokens.append((kind, found["other"]))
    if _DATE_OR_TEXT.search(bare) or not any(kind == "digit" for kind, _ in tokens):
        return _Section((), condition)
    return _of_tokens(_joined(tokens), condition)


def _joined(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the tokens with texts that follow each other as one: \\k\\g is kg."""
    joined: list[tuple[str, str]] = []
    for kind, text in tokens:
        if kind == "text" and joined and joined[-1][0] == "text":
            joined[-1] = ("text", joined[-1][1] + text)
        else:
            joined.append((kind, text))
    return joined


def _of_tokens(tokens: list[tuple[str, str]], condition: str) -> _Section:
    digits = [n for n, (kind, _) in enumerate(tokens) if kind == "digit"]
    point = next((n for n, (kind, _) in enumerate(tokens) if kind == "point"), len(tokens))
    whole = [n for n in digits if n < point]
    last = whole[-1] if whole else -1
    scale = sum(kind == "comma" and last < n < point for n, (kind, _) in enumerate(tokens))
    scale += sum(kind == "comma" and n > digits[-1] > point for n, (kind, _) in enumerate(tokens))
    grouped = any(kind == "comma" and n < last for n, (kind, _) in enumerate(tokens))
    percent = any(kind == "percent" for kind, _ in tokens)
    padded = sum(tokens[n][1] == "0" for n in whole) > 1
    inside = any(kind == "text" and digits[0] < n < digits[-1] for n, (kind, _) in enumerate(tokens))
    said = any(kind == "text" and text.strip(" ()-+") for kind, text in tokens)
    kept = tuple(token for token in tokens if token[0] != "comma")
    return _Section(kept, condition, not (padded or inside or said or percent or scale), percent, scale, grouped)


def _choose(sections: tuple[_Section, ...], value: float) -> tuple[_Section | None, bool]:
    """Return the section that shows a value, and whether a minus sign stands before it."""
    if any(s.condition for s in sections):
        found = next((s for s in sections if not s.condition or _fits(s.condition, value)), None)
        return found, value < 0
    if value < 0 and len(sections) > 1:
        return sections[1], False
    return sections[2 if value == 0 and len(sections) > 2 else 0], value < 0


def _fits(condition: str, value: float) -> bool:
    found = _CONDITION.fullmatch(condition)
    assert found is not None
    sign, limit = found[1], float(found[2])
    if sign == "<>":
        return value != limit
    return (value == limit and "=" in sign) or (sign != "=" and (value - limit) * _HOLDS[sign[0]] > 0)


def _filled(section: _Section, number: Decimal) -> str:
    """Put the digits of a number into the places of a section, from the right."""
    tokens = section.tokens
    point = next((n for n, (kind, _) in enumerate(tokens) if kind == "point"), len(tokens))
    places = sum(kind == "digit" for kind, _ in tokens[point:])
    whole, _, fraction = format(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f").partition(".")
    rest = list("" if whole == "0" else whole)
    first = next(n for n, (kind, _) in enumerate(tokens) if kind == "digit")
    out: list[str] = []
    count = 0
    for n in range(min(point, len(tokens)) - 1, -1, -1):
        kind, text = tokens[n]
        if kind != "digit":
            out.append(text)
            continue
        taken = [rest.pop() if rest else {"0": "0", "?": " "}.get(text, "")]
        while n == first and rest:
            taken.append(rest.pop())
        for digit in taken:
            if section.grouped and count and count % 3 == 0 and digit:
                out.append(",")
            out.append(digit)
            count += 1
    left = list(fraction)
    behind = [left.pop(0) if kind == "digit" and left else text for kind, text in tokens[point:]]
    return "".join(reversed(out)) + "".join(behind)
