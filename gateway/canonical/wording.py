"""The words of a SchemaError: one sentence a clerk can act on, never the text of a library.

    Consignee ZIP code is missing: a US address needs a ZIP code.
    Item 2, tariff number (HTS) must be a tariff number of 6, 8 or 10 digits without dots; found "6110.20".

Fields have the words of the answers (field_words.csv). What a value must be comes from the `title` in schema.json. Values of personal fields are not quoted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from gateway.canonical.control import Path
from gateway.canonical.model import PARTY_ROLES, PERSONAL_FIELDS
from gateway.canonical.requirements import ROLE_WORDS, Requirement
from gateway.shipped import files, table_rows

LONGEST_QUOTE = 40  # characters of a found value that a message repeats
_ONE_OF = {
    "items": "item",
    "references": "reference",
    "shipments": "shipment",
    "identifiers": "identifier",
    "product_identifiers": "product identifier",
    "product_picture": "picture",
    "pga_codes": "agency code",
    "raw": "raw line",
}
_TYPES = {"object": "an object", "array": "a list", "string": "text", "integer": "a whole number"}
_PUBLIC_OF_PARTY = frozenset({"country_code", "state_province"})


class Place(NamedTuple):
    """Where the fault is and who must send what. whole: "shipment" or "message"; asked: the row that requires it."""

    path: Path
    whole: str
    filer_type: object
    country: object
    asked: Requirement | None


def label(path: Path, whole: str = "shipment") -> str:
    """Return the place in words; entries of lists count from 1.

    >>> label(("items", 1, "unit_value", "amount")), label(())
    ('item 2, unit_value.amount', 'the shipment')
    """
    words = ""
    for position, step in enumerate(path):
        if isinstance(step, int):
            head = words[: len(words) - len(str(path[position - 1]))]
            name = str(path[position - 1])
            words = f"{head}{_ONE_OF.get(name, name)} {step + 1}"
        elif position and isinstance(path[position - 1], int):
            words += f", {step}"
        else:
            words += f".{step}" if words else str(step)
    return words or f"the {whole}"


def in_words(path: Path, whole: str = "shipment") -> str:
    """Return the place in the words of the answers; a field without such words as `label` names it.

    >>> in_words(("items", 1, "hts_number")), in_words(("final_deliver_to_party", "city"))
    ('item 2, tariff number (HTS)', 'consignee city')
    """
    names = [str(step) for step in path if not isinstance(step, int)]
    words = field_words().get(".".join(names[1:] if names[:1] == ["shipments"] else names))
    at = next(
        (position for position, step in enumerate(path) if isinstance(step, int) and names[0] != "shipments"), None
    )
    if not words or (at is not None and at == len(path) - 1):
        return label(path, whole)
    return words if at is None else f"{label(path[: at + 1])}, {words}"


@cache
def field_words() -> dict[str, str]:
    """Return canonical target -> business words."""
    text = files(__package__).joinpath("field_words.csv").read_text("utf-8")
    return {row["target"]: row["words"] for row in table_rows(text)}


def words_of(target: str) -> str:
    """Return a canonical field in business words, the words of the answers.

    >>> words_of("items.total_value.amount"), words_of("final_deliver_to_party.postal_code")
    ('value of the line', 'consignee ZIP code')
    """
    known, name = field_words(), target
    while name and name not in known:
        name = name.rpartition(".")[0]
    return known.get(name) or target.replace("_", " ").replace(".", " ")


def _capital(text: str) -> str:
    """Return a sentence with a capital in front, but for a name of ours."""
    return text[:1].upper() + text[1:] if "_" not in text.partition(" ")[0] else text


def sentence(keyword: str, value: Any, limit: Any, node: Mapping[str, Any], place: Place) -> str:
    """Return the message of a fault. node: the subschema with the keyword, whose `title` says what is expected."""
    what = _capital(in_words(place.path, place.whole))
    if keyword == "required":
        what = "The goods lines" if place.path == ("items",) else what
        return f"{what} {'are' if place.path == ('items',) else 'is'} missing: {_why_needed(place)}."
    if keyword == "anyOf":
        choices = ", or ".join(" and ".join(in_words((name,)) for name in choice["required"]) for choice in limit)
        return f"{what} lacks {choices}: one of these is needed."
    if keyword == "additionalProperties":
        return f"{json.dumps(what)[1:-1]} is not a field of the canonical model 1.0."
    if keyword == "control":
        return f"{json.dumps(what)[1:-1]} holds the character U+{ord(limit):04X}, which is not allowed in a message."
    return f"{what} {_expected(keyword, limit, node)}; found {_found(value, place.path)}."


def _why_needed(place: Place) -> str:
    field, party = place.path[-1], len(place.path) >= 2 and place.path[-2] in PARTY_ROLES
    if place.asked:
        who = ROLE_WORDS[str(place.filer_type)]
        number, _, title = place.asked.element.partition(" ")
        name = f" (element {number} of the Section 321 data set: {title})" if title else ""
        modes = f" when the mode is {' or '.join(place.asked.modes)}" if place.asked.modes else ""
        return f"{who} must send {'them' if place.path == ('items',) else 'it'}{modes}{name}"
    if party and field == "postal_code":
        return "a US address needs a ZIP code"
    if party and field == "state_province":
        if place.country == "MX":
            return "a Mexican address needs the three-letter ISO code of its state, such as NLE"
        return f"a {place.country} address needs a two-letter state or province code"
    if party:
        return "every party needs it"
    return f"{in_words(place.path[:-1], place.whole)} needs it"


def _expected(keyword: str, limit: Any, node: Mapping[str, Any]) -> str:
    title = node.get("title")
    if keyword in {"pattern", "format", "not"} and title:
        return f"must be {title}"
    match keyword:
        case "type":
            if title and limit == "string":
                return f"must be text: {title}"
            return "must be true or false" if limit == "boolean" else f"must be {_TYPES[limit]}"
        case "enum":
            return f"must be one of {', '.join(limit)}"
        case "minLength":
            return "must not be empty"
        case "minItems":
            return "must have at least one entry"
        case "maxLength":
            return f"must have at most {limit} characters"
        case "minimum":
            return f"must be {limit} or more"
        case "maximum":
            return f"must be {limit} or less"
    return f"does not meet {keyword} {limit}"


def _found(value: Any, path: Path) -> str:
    """Return the found value in quotes, shortened; only its kind when it may be personal."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if _is_personal(path):
        return f"{len(value)} characters" if isinstance(value, str) else "a number"
    if not isinstance(value, str):
        return str(value)[:LONGEST_QUOTE]
    if len(value) <= LONGEST_QUOTE:
        return json.dumps(value, ensure_ascii=False)
    return f'{json.dumps(value[:LONGEST_QUOTE], ensure_ascii=False)[:-1]}..." ({len(value)} characters)'


def _is_personal(path: Path) -> bool:
    names = [step for step in path if isinstance(step, str)]
    in_party = any(name in PARTY_ROLES for name in names)
    if in_party:
        return names[-1] not in _PUBLIC_OF_PARTY
    return len(names) > 1 and names[-1] in PERSONAL_FIELDS.get(names[-2], ())
