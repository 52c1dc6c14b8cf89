"""How likely a column of a sample is one of the standard ones: by the words of its name and by what its cells could be."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import cache

import pycountry

from gateway.formats.tabular.rows import plain_name
from gateway.formats.tabular.vocabulary import Column, meaning
from gateway.shipped import files, table_rows


def likeness(name: str, values: list[str], column: Column) -> tuple[float, str]:
    """Return (confidence, why) that a column of a table is the standard one."""
    if _of_another(name, column):
        return 0.0, ""
    words = max(_alike(name, alias) for alias in _names_in_use()[column.name])
    fit = _fit(column, values)
    if fit is None:
        return words * 0.8, f"name {words:.0%} alike"
    if fit < 0.5:
        return 0.0, ""
    if column.name in _TELLING and fit > 0.95:  # e-mail, URL, currency, air waybill: the cells say it
        return max(
            0.6 if words > 0.2 else 0.5, words * 0.6 + fit * 0.35
        ), f"name {words:.0%} alike, {fit:.0%} of the cells fit"
    return words * 0.65 + (fit * 0.3 if words >= 0.5 else 0), f"name {words:.0%} alike, {fit:.0%} of the cells fit"


_ROLES = frozenset(("consignee", "shipper", "seller"))
_OF_GOODS = frozenset(("item", "items", "line", "unit", "product", "article", "sku", "piece"))


def _of_another(name: str, column: Column) -> bool:
    """True when a name says that it is of another party, or of one goods line where the column is of the shipment."""
    words, role = _words(name), column.name.partition("_")[0]
    if words & _ROLES and role in _ROLES and role not in words:
        return True
    goods = _apart(name) & _OF_GOODS if column.level == "shipment" else frozenset()
    return bool(goods) and not goods <= {word for one in _names_in_use()[column.name] for word in _apart(one)}


def is_of_payer(name: str) -> bool:
    """True for the name of a column about who paid, which is not always who receives."""
    return bool(_apart(name) & {"buyer", "customer", "billing", "bill", "payer", "invoice"})


def is_of_receiver(name: str) -> bool:
    """True for the name of a column that says that it is about who receives."""
    told = "consignee" in _words(name) or bool(_apart(name) & {"ship", "shipping"})
    return (told and not is_of_payer(name)) or (not name.isascii() and meaning(name).startswith("consignee_"))


def _alike(one: str, other: str) -> float:
    """Return how alike two names are, 0 to 1: as words in any order (recipient = consignee), or as letters."""
    first, second = _words(one), _words(other)
    shared = len(first & second) / len(first | second) if first | second else 0.0
    return max(shared, SequenceMatcher(None, plain_name(one), plain_name(other)).ratio() * 0.7)


def _words(name: str) -> frozenset[str]:
    words = _apart(name) - {"of", "the", "full", "gross", "item"}
    return frozenset(_synonyms().get(w, w) for w in words)


def _apart(name: str) -> frozenset[str]:
    """Return the words of a name as they are written, in small letters."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    return frozenset(re.split(r"[\W_]+", split)) - {""}


@cache
def _synonyms() -> dict[str, str]:
    """Return word -> word of the standard columns (onboard_words.csv)."""
    text = files(__package__).joinpath("onboard_words.csv").read_text("utf-8")
    return {row["word"]: row["means"] for row in table_rows(text)}


@cache
def _names_in_use() -> dict[str, tuple[str, ...]]:
    """Return column -> its names in use as they are written, its own first."""
    text = files("gateway.formats.tabular").joinpath("columns.csv").read_text("utf-8")
    rows = table_rows(text)
    return {row["column"]: (row["column"], *filter(None, row["aliases"].split("|"))) for row in rows}


def is_air_waybill(text: str) -> bool:
    """True for the number of an air waybill, 123-12345675 or without the hyphen, whose check digit is right."""
    return bool(re.fullmatch(r"\d{3}-?\d{8}", text)) and int(text.replace("-", "")[3:10]) % 7 == int(text[-1])


_COUNTRIES = {c.alpha_2 for c in pycountry.countries} | {c.alpha_3 for c in pycountry.countries}
_STATES = {s.code[3:] for s in pycountry.subdivisions if s.country_code == "US"}
_CURRENCIES = {c.alpha_3 for c in pycountry.currencies}
_UNITS = {"K", "KG", "KGS", "KGM", "G", "GR", "GRM", "L", "LB", "LBS", "LBR", "OZ", "ONZ"}
_MODES = {"AIR", "TRUCK", "OCEAN", "SEA", "RAIL", "MAIL", "POST", "10", "11", "20", "30", "40", "50"}
_SHAPES: dict[str, str] = {
    "date": r"\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*|\d{8}|\d{1,2}-[A-Za-z]{3}-\d{2,4}", "zip": r"[A-Z0-9][A-Z0-9 -]{2,9}",
    "phone": r"\+?[\d ()./-]{7,20}", "number": r"\d{1,6}([.,]0+)?", "weight": r"\d{1,5}([.,]\d{1,4})?", "money": r"-?[$€£]?\s?\d{1,3}([.,]?\d{3})?([.,]\d{1,2})?", "hts": r"\d{4}[.\d]{2,9}",
    "time": r"\d{1,2}[:.h]?\d\d([:.]\d\d)?( ?[AaPp]\.?[Mm]\.?)?", "name": r"[^\d@]{4,}", "address": r"(?=.*\d)[^@]*[A-Za-z][^@]*|[^\d@]{6,}", "city": r"[^\d@]{3,}", "id": r"[A-Z0-9][A-Za-z0-9/-]{3,35}", "text": r".*[A-Za-z].*",
}  # fmt: skip
_SETS: dict[str, Callable[[str], bool]] = {
    "currency": lambda v: v.upper() in _CURRENCIES, "weight_unit": lambda v: v.upper() in _UNITS, "mode": lambda v: v.upper() in _MODES,
    "origin": lambda v: v.upper() in _COUNTRIES, "consignee_state": lambda v: v.upper() in _STATES,
    "consignee_email": lambda v: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", v)),
    "shipper_email": lambda v: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", v)),
    "product_url": lambda v: v.startswith(("http://", "https://")),
    "master_bill": is_air_waybill,
    "arrival_port": lambda v: bool(re.fullmatch(r"\d{4}", v)), "foreign_port": lambda v: bool(re.fullmatch(r"\d{5}|[A-Z]{3}|[A-Z]{5}", v)),
    "carrier_code": lambda v: bool(re.fullmatch(r"[A-Z0-9]{2,4}", v)),
}  # fmt: skip
_SETS |= {f"{role}_country": _SETS["origin"] for role in ("shipper", "consignee", "seller")}
_TELLING = frozenset(("currency", "consignee_email", "product_url", "master_bill"))


def _fit(column: Column, values: list[str]) -> float | None:
    """Return the share of cells that the column could hold; None when there are none or nothing is asked."""
    if not values:
        return None
    test = _SETS.get(column.name)
    if test is None and column.kind in _SHAPES:
        pattern = re.compile(_SHAPES[column.kind])
        return sum(bool(pattern.fullmatch(v)) for v in values) / len(values)
    return sum(map(test, values)) / len(values) if test is not None else None
