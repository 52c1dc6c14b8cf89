"""Code transforms: code tables, countries."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from gateway.mapping.transforms.registry import Noted, Tables, Unusable, transform
from gateway.shipped import files, table_rows


def _kind(table: Any, code: str, day: str = "") -> str | None:
    """Return the value of a code (on a day) as it is written, else in any letters."""
    key = code.strip()
    found: str | None = table.get(key, day)
    if found is None:
        found = table.get(key.upper(), day)
    return table.capitals.get(key.upper()) if found is None else found


@transform("J => truck", args=(1, 2), tables=True)
def code(value: str, tables: Tables | None, table: str, unknown: str = "error") -> str:
    """Look a code up: `code mode`; unknown codes: error, `code mode keep` keeps them, `code mode empty` drops them."""
    return code_on([value, ""], tables, table, unknown)


def code_on(values: list[str], tables: Tables | None, table: str, unknown: str = "error") -> str:
    """Look a code up in a table of days, as `code` does. values: the code, the day of receipt (2025-03-04)."""
    key = values[0].strip()
    assert tables is not None
    found = _kind(tables[table], key, values[-1])
    if not key or found is not None:
        return found or ""
    if unknown == "keep":
        return key
    if unknown == "empty":
        return ""
    if key in tables[table].dated:
        raise Unusable(f'code table {table} has no value for "{key}" on {values[-1]}')
    entries = [*tables[table].entries, *tables[table].dated]
    known, more = ", ".join(entries[:12]), ", ..." if len(entries) > 12 else ""
    raise Unusable(f'"{key}" is none of the codes that are known here ({known}{more})')


@transform(
    "1; 123456789 => duns 123456789",
    "24; 12-3456789 => ein 12-3456789",
    "34; 123 => ",
    many=True,
    args=(1, 1),
    tables=True,
)
def party_id(values: list[str], tables: Tables | None, table: str) -> str:
    """Kind and number of a party's identification, by a code table: `party_id x12_party_id`; nothing of a kind that is not in it."""
    assert tables is not None
    kind, number = _kind(tables[table], values[0]), "".join(values[-1].split())
    return f"{kind} {number}" if kind and 0 < len(number) <= _NUMBER else ""


@transform(
    "31-424-2022; 16 => duns 31-424-2022",
    "0614141000012; 9 => gln 0614141000012",
    "QX7734; 999 => ",
    "QX7734;  => ",
    "0614141000012; 9; DE101010; VA => gln 0614141000012\ntax_id DE101010",
    many=True,
    args=(1, 1),
    tables=True,
)
def agency_id(values: list[str], tables: Tables | None, table: str) -> str:
    """Kind and number of a party's identifications, as party_id, where each number stands before the agency that gave it, or its kind: `agency_id edifact_party_id`."""
    pairs = zip_longest(values[::2], values[1::2], fillvalue="")
    found = [(number, party_id([kind, number], tables, table)) for number, kind in pairs if number.strip()]
    text = BETWEEN.join(dict.fromkeys(one for _, one in found if one))
    lost = text and any(not one for _, one in found)
    return Noted(text, ("MAP-NOT-PASSED", _OTHER_AGENCY)) if lost else text


_OTHER_AGENCY = "One of the numbers of the party is of an agency or kind that is not known; it was not passed on."


@transform("USCI91440101SAMPLE0001 => tax_id USCI91440101SAMPLE0001", "EORIDE1234567 => eori DE1234567", "ABC1 => ")
def trader_id(value: str) -> str:
    """Kind and number of a trader as a customs note T writes them: EORI, USCI (China) and CNPJ (Brazil); nothing of another kind."""
    text = "".join(value.split()).upper()
    kind = _TRADERS.get(text[:4], "")
    number = text[4:] if kind == "eori" else text
    return f"{kind} {number}" if kind and 4 < len(text) <= _NUMBER else ""


_TRADERS = {"EORI": "eori", "USCI": "tax_id", "CNPJ": "tax_id"}
_NUMBER = 35  # characters that the canonical model has for an identification


@transform(
    "SK; A1; CH; CN; UP; 036000291452 => sku A1\nupc 036000291452",
    "SK; A1; SK; A1; ZZ; B => sku A1",
    "HS; 610910 => ",
    many=True,
    args=(1, 1),
    tables=True,
    part=True,
)
def product_ids(values: list[str], tables: Tables | None, table: str) -> str:
    """From pairs of kind and number those that identify the product, by a code table: `product_ids x12_product_id`; each once."""
    assert tables is not None
    known, found, long = tables[table], dict[str, None](), False
    for code_, number in zip(values[::2], values[1::2], strict=False):
        if number and (kind := _kind(known, code_)) and (one := product_id(number, kind)):
            found[one] = None
        elif number and kind:
            long = long or bool(number.strip())
    text = BETWEEN.join(found)
    return Noted(text, ("MAP-NOT-PASSED", _LONG)) if long else text


@transform("SA A1 => sku A1", "HS 5701109000 => ", args=(1, 1), tables=True, part=True)
def product_list(value: str, tables: Tables | None, table: str) -> str:
    """From lines of kind and number those that identify the product, by a code table: `product_list edifact_product_id`."""
    pairs = [text for line in value.split("\n") for text in (line.partition(" ")[0], line.partition(" ")[2])]
    return product_ids(pairs, tables, table)


@transform("SKU  77 => sku SKU 77", args=(1, 1))
def product_id(value: str, kind: str) -> str:
    """Kind and number of a product: `product_id sku`."""
    number = " ".join(value.split())
    return f"{kind} {number}" if 0 < len(number) <= _PRODUCT else ""


BETWEEN = "\n"
"""Between several identifications of one product; blanks of any kind in a number are one space."""

_PRODUCT = 70  # characters that the canonical model has for the number of a product
_LONG = f"A number of the product has more than {_PRODUCT} characters; it was not passed on."


@transform("xry => XRY", args=(1, 2), tables=True)
def uncode(value: str, tables: Tables | None, table: str, several: str = "") -> str:
    """The code that stands for a value: `uncode mode`; of several the first one only with `uncode mode first`."""
    key = value.strip()
    assert tables is not None
    found = tables[table].reverse(key)
    if not found:
        raise Unusable(f'table {table} has no code for "{key}"')
    if len(found) > 1 and several != "first":
        raise Unusable(f'"{key}" has several codes in table {table}: {", ".join(found[:6])}')
    return str(found[0])


@cache
def _countries() -> tuple[frozenset[str], dict[str, str]]:
    """Return (alpha-2 codes, alpha-3 and numeric code -> alpha-2), ISO 3166-1 from pycountry."""
    countries = _iso("3166-1")
    two = frozenset(c["alpha_2"] for c in countries)
    return two, {code: c["alpha_2"] for c in countries for code in (c["alpha_3"], c["numeric"])}


def _iso(name: str) -> list[dict[str, str]]:
    """Return a table of pycountry, without the package around it: importing that costs more than a small file."""
    spec = find_spec("pycountry")
    places = spec.submodule_search_locations if spec is not None else None
    assert places is not None
    table = Path(places[0], "databases", f"iso{name}.json").read_bytes()
    found: list[dict[str, str]] = msgspec.json.decode(table)[name]
    return found


def is_country(code: str) -> bool:
    """True for a country as the canonical model has it: ISO 3166-1 alpha-2, or XK."""
    return code in _countries()[0] or code == "XK"


@lru_cache(4096)
def _country(value: str, names: str = "") -> str:
    text = value.strip()
    word = text.upper()
    two, three = _countries()
    notes: list[tuple[str, str]] = []
    if text != word:
        notes.append(("CODE-CASE-FOLDED", f'Country code "{text}" was read as {word}.'))
    if word in three:
        kind = "is a number" if word.isdigit() else "has 3 letters"
        notes.append(("CODE-COUNTRY-ALPHA3", f"Country code {word} {kind}; it was read as {three[word]}."))
        word = three[word]
    elif word == "UK":
        notes.append(("CODE-COUNTRY-UK", "Country code UK is not an ISO code; it was read as GB."))
        word = "GB"
    elif word in _KOSOVO:
        read = "" if word == "XK" else f"; {word} was read as XK"
        notes.append(("CODE-COUNTRY-OTHER", f"Kosovo has no code in ISO 3166-1, XK is in use{read}."))
        return Noted("XK", *notes)
    elif word in _PROVINCES:
        notes.append(
            ("CODE-COUNTRY-OTHER", f"{word} is CBP's code for goods of {_PROVINCES[word]}; it was read as CA.")
        )
        word = "CA"
    named = "" if word in two else _country_names().get(_letters(word), "")
    if named and names:
        said = f'The country is written as a name, "{text}"; it was read as {named}.'
        return Noted(named, ("CODE-COUNTRY-NAME", said))
    if word not in two:
        hint = f": write {named}" if named else _hint(word)
        raise Unusable(f'"{text}" is not an ISO 3166-1 country code{hint}')
    return Noted(word, *notes) if notes else word


def _letters(name: str) -> str:
    """Return a name for comparison: its letters, in capitals, without accents and without "the" in front."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.upper()) if c.isalpha())
    return plain.removeprefix("THE")


@cache
def _country_names() -> dict[str, str]:
    """Return the letters of a name -> ISO alpha-2: names of ISO 3166-1, and others in use (country_names.csv)."""
    found = {
        _letters(c[key]): c["alpha_2"]
        for c in _iso("3166-1")
        for key in ("name", "official_name", "common_name")
        if key in c
    }
    text = files(__package__).joinpath("country_names.csv").read_text("utf-8")
    return found | {_letters(row["name"]): row["code"] for row in table_rows(text)}


_KOSOVO = frozenset(("XK", "XKX", "XKK", "KV"))  # in use by the EU, by Unicode, and by the US government (FIPS, KV)
_PROVINCES = {
    "XA": "Alberta", "XB": "New Brunswick", "XC": "British Columbia", "XM": "Manitoba", "XN": "Nova Scotia", "XO": "Ontario",
    "XP": "Prince Edward Island", "XQ": "Quebec", "XS": "Saskatchewan", "XT": "the Northwest Territories", "XV": "Nunavut",
    "XW": "Newfoundland and Labrador", "XY": "Yukon",
}  # fmt: skip
"""Origins in CBP's list besides ISO 3166-1 (CATAIR Appendix B); unverified: from memory."""

_MEANT = {
    "EU": "name the country of the union",
    "EL": "Greece is GR",
    "XI": "Northern Ireland is GB",
    "EN": "England is GB",
    "SF": "Finland is FI",
}


def _hint(word: str) -> str:
    """Return what to write instead of a code that is none, as the end of a sentence; "" when nothing is known of it."""
    if word in _MEANT:
        return f": {_MEANT[word]}"
    old = [c for c in _iso("3166-3") if word in (c["alpha_2"], c["alpha_3"])]
    last = max(old, key=lambda c: c["withdrawal_date"], default=None)  # CS was two countries
    return f" any more ({last['name']}, until {last['withdrawal_date'][:4]}): name the country of today" if last else ""


@transform(
    "CN => CN", "cn => CN", "CHN => CN", "156 => CN", "UK => GB", "XO => CA", "XKX => XK", "ZZ => !MAP-VALUE", "AN => !MAP-VALUE",
    args=(0, 1), result="country",
)  # fmt: skip
def country(value: str, names: str = "") -> str:
    """A country as ISO alpha-2, with `country names` in words too (United States); alpha-3 and numeric codes, small letters, UK, XK (Kosovo) and CBP's codes of Canadian provinces are read with a remark."""
    return _country(value, names)


@transform("or => OR")
def region(value: str) -> str:
    """A state or province code: trimmed, in capitals (small letters are read with a remark)."""
    text = value.strip()
    word = text.upper()
    return word if word == text else Noted(word, ("CODE-CASE-FOLDED", f'State code "{text}" was read as {word}.'))


@transform("usd => USD")
def currency(value: str) -> str:
    """A currency code of 3 letters (small letters are read with a remark)."""
    text = value.strip()
    word = text.upper()
    if len(word) != 3 or not word.isalpha():
        raise Unusable(f'"{text}" is not a currency code of 3 letters')
    return word if word == text else Noted(word, ("CODE-CASE-FOLDED", f'Currency code "{text}" was read as {word}.'))


@cache
def _states() -> dict[str, str]:
    """Return name in capitals -> code for the states and provinces of US, CA and MX (ISO 3166-2 from pycountry)."""
    return {s["name"].upper(): s["code"][3:] for s in _iso("3166-2") if s["code"][:2] in ("US", "CA", "MX")}


def state_code(text: str) -> str:
    """Return the code of a state: without the country before it, of a full name too; a text that is none in capitals."""
    word = text.strip().upper()
    if len(word) > 3 and word[2] == "-" and word[:2].isalpha():
        return word[3:]
    if not word.isascii() and word not in _states():  # QUÉBEC; of Mexico's states ISO has the accents too
        plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
        return _states().get(plain, word)
    return _states().get(word, word) if len(word) > 3 else word


@transform("US-CA => CA", "ny => NY", "New York => NY", "Québec => QC", "Jalisco => JAL")
def state(value: str) -> str:
    """A state or province code: without the country before it; full names of US, CA and MX become codes."""
    text = value.strip()
    word = state_code(text)
    if word == text:
        return word
    return Noted(word, ("CODE-CASE-FOLDED", f'State "{text}" was read as {word}.')) if word == text.upper() else word
