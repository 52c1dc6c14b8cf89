"""What no manifest carries, from the partner file: constants of partners/NAME.toml, exchange rates, single values.

    [constants]                                  {"known_carrier_customer_flag": True, "security_scan": {"performed": True}}

They are looked at when they are loaded, with the fields and types of the canonical model (`fields_of`): a name that is
none, or a value that cannot be one, would else be seen in shipments only, or never. Patterns and conditions are left to
the schema. Rows of an enrichment file: gateway.enrichment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from gateway.canonical.model import decimal_text, fields_of
from gateway.errors import ConfigError, did_you_mean
from gateway.mapping.transforms.codes import is_country

FIELDS = "The fields of a shipment stand in gateway/canonical/schema.json; those of a part are written seller.name."
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")


class FieldError(ValueError):
    """A value is not what a field takes; the text says what it takes."""


# --- constants --------------------------------------------------------------------------------------------------------


def constants_of(file: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the constants of a partner file as values of a draft. Raises ConfigError."""
    return _part(file, "constants.", "shipment", given)


def _part(file: str, above: str, level: str, given: dict[str, Any]) -> dict[str, Any]:
    fields = fields_of(level)
    made = {}
    for name, value in given.items():
        if name not in fields:
            raise ConfigError(f"{file}: {above}{name} is no field of a {level}.", did_you_mean(name, fields, FIELDS))
        made[name] = _constant(file, above + name, fields[name], value)
    return made


def _constant(file: str, name: str, tag: str, value: Any) -> Any:
    """Return one constant. Objects and lists of them are gone through."""
    kind, inner = kind_of(tag)
    if kind == "object":
        if not isinstance(value, dict):
            raise ConfigError(f"{file}: {name} has parts.", f"Write a section [{name}].")
        return _part(file, f"{name}.", inner, value)
    if kind == "list":
        if not isinstance(value, list) or not value:
            raise ConfigError(f"{file}: {name} is a list.", "Write at least one entry.")
        own = inner if inner.startswith("str") else f"object:{inner}"
        return [_constant(file, name, own, one) for one in value]
    try:
        return value_of(name, tag, value)
    except FieldError as error:
        raise ConfigError(f"{file}: {name} is not what the field takes.", f"Write {error}.") from None


def kind_of(tag: str) -> tuple[str, str]:
    """Return the kind of a tag and what it is made of; money is an object."""
    kind, _, inner = tag.partition(":")
    return ("object", "money") if kind == "money" else (kind, inner)


def rates_of(file: str, given: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return the USD that a unit of each currency is worth. Raises ConfigError."""
    rates = {}
    for currency, rate in given.items():
        if not re.fullmatch("[A-Z]{3}", currency):
            raise ConfigError(f'{file}: fx_usd: "{currency}" is no currency.', "Write its three letters: CAD.")
        text = (
            "" if isinstance(rate, bool) else format(Decimal(str(rate)), "f") if isinstance(rate, float) else str(rate)
        )
        if not _NUMBER.fullmatch(text) or not Decimal(text):
            raise ConfigError(
                f"{file}: fx_usd.{currency} is no rate.", f'Write the USD for one {currency}: {currency} = "0.70".'
            )
        rates[currency] = Decimal(text)
    return rates


# --- single values ----------------------------------------------------------------------------------------------------


def value_of(name: str, tag: str, given: Any) -> Any:
    """Return a value of a draft. tag: see `fields_of`; given: a text, or a TOML value. Raises ValueError with what is taken."""
    kind, _, rest = tag.partition(":")
    made = _MAKERS[kind](name, rest, given.strip() if isinstance(given, str) else given)
    if made is None:
        raise FieldError(_TAKES[kind].format(rest.replace("|", ", ")))
    return made


def _flag(_name: str, _rest: str, given: Any) -> bool | None:
    if isinstance(given, str):
        return {"true": True, "false": False}.get(given.lower())
    return given if isinstance(given, bool) else None


def _count(_name: str, _rest: str, given: Any) -> int | None:
    text = "" if isinstance(given, bool | float) else str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None


def _decimal(name: str, scale: str, given: Any) -> str | None:
    text = "" if isinstance(given, bool) else str(given)
    most = 2 if name.endswith("_usd") else 4
    return decimal_text(Decimal(text), int(scale), most) if _NUMBER.fullmatch(text) else None


def _day(_name: str, _rest: str, given: Any) -> str | None:
    try:
        day = given if isinstance(given, date) and not isinstance(given, datetime) else date.fromisoformat(str(given))
    except ValueError:
        return None
    return day.isoformat()


def _instant(_name: str, _rest: str, given: Any) -> str | None:
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).replace("Z", "+00:00"))
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else None
    except (ValueError, OverflowError):  # a day before the first one
        return None


def _word(_name: str, words: str, given: Any) -> str | None:
    return given if isinstance(given, str) and given in words.split("|") else None


def _country(_name: str, _rest: str, given: Any) -> str | None:
    return given if isinstance(given, str) and is_country(given) else None


def _text(_name: str, most: str, given: Any) -> str | None:
    return given if isinstance(given, str) and 0 < len(given) <= int(most) and given.isprintable() else None


_MAKERS: dict[str, Callable[[str, str, Any], Any]] = {
    "bool": _flag, "int": _count, "dec": _decimal, "date": _day, "ts": _instant, "enum": _word, "country": _country, "str": _text,
}  # fmt: skip
_TAKES = {
    "bool": "true or false", "int": "a whole number from 1", "dec": "a number like 12.50", "date": "a day like 2025-03-02",
    "ts": "a time with its zone, like 2025-03-02T10:00:00Z", "enum": "one of: {}", "country": "the two letters of a country (ISO 3166-1): US",
    "str": "1 to {} characters of one line",
}  # fmt: skip
