"""What a default, a constant or a code of a table must look like for the field it is written into: nothing changes it on the way."""

from __future__ import annotations

import re
from typing import Any

from gateway.canonical.model import PARTY_ROLES
from gateway.canonical.validate import fault_of_value
from gateway.mapping.transforms.codes import is_country

_FORMS = {
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a day such as 2025-03-04"),
    "ts": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
        "a time such as 2025-03-04T14:15:00Z",
    ),
    "country": (re.compile(r"[A-Z]{2}"), "a country code of two capitals such as CN"),
}
_FIELDS = {
    "first_us_port": (re.compile(r"[0-9]{4}"), "a port of four digits (a spreadsheet drops the zero of 0901)"),
    "port_of_lading": (
        re.compile(r"[0-9]{5}|(?=[0-9]*[A-Z])[A-Z0-9]{3,5}"),
        "a port: five digits (Schedule K), or a code such as SZX or CNSZX",
    ),
    "currency": (re.compile(r"[A-Z]{3}"), "a currency code of three capitals such as USD"),
}
"""Fields of text that have a form of their own; by the last part of the target."""


def refused(level: str, target: str, value: Any) -> str:
    """Return why the canonical schema refuses a finished value of a field, "" when it does not."""
    keys = target.split(".")
    draft: dict[str, Any] = {keys[-1]: value}
    for key in reversed(keys[:-1]):
        draft = {key: draft}
    if level in ("item", "reference"):
        place, draft = f"/{level}s/0", {f"{level}s": [draft]}
    elif level in PARTY_ROLES:
        place, draft = (
            f"/{level}",
            {level: {"country_code": "US", **draft} if level == "final_deliver_to_party" else draft},
        )
    else:
        place = ""
    return fault_of_value(draft, f"{place}/{'/'.join(keys)}").rstrip(".")


def unfit(tag: str, target: str, text: str) -> str:
    """Return why a text does not fit a field, "" when it does. tag: type of the field, see canonical.model.fields_of.

    >>> unfit("str:4", "first_us_port", "901")
    '"901" is not a port of four digits (a spreadsheet drops the zero of 0901)'
    >>> unfit("enum:air|truck", "mode_of_transportation", "lorry"), unfit("str:3", "package_unit", "CTN")
    ('"lorry" is none of air, truck', '')
    """
    kind, _, detail = tag.partition(":")
    form = _FORMS.get(kind) or _FIELDS.get(target.rpartition(".")[2])
    if kind == "enum":
        words = detail.split("|")
        return "" if text in words else f'"{text}" is none of {", ".join(words)}'
    if form is not None and form[0].fullmatch(text) is None:
        return f'"{text}" is not {form[1]}'
    if kind == "country" and not is_country(text):
        return f'"{text}" is not a country of ISO 3166-1'
    if kind == "str" and detail.isdecimal() and len(text) > int(detail):
        return f'"{text}" has {len(text)} characters, the field takes {detail}'
    return ""
