"""From the raw errors of a JSON Schema engine to SchemaErrors: one per fault, with rule id and our own words.

Both engines report the same leaf errors, and several for one fault: an empty code breaks enum, pattern and minLength,
a party that two definitions ask for is missing twice. Here each place keeps its plainest error; a missing property
and an unknown one are reported at their own pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from gateway.canonical import wording
from gateway.canonical.control import Path
from gateway.canonical.model import PARTY_ROLES
from gateway.canonical.requirements import requirement_of, rule_of_group

SCHEMA_RULE = "S321-SCHEMA"
ROLE_RULE = "S321-ROLE-REQ"
ADDRESS_RULES = {"postal_code": "S321-ADDR-ZIP", "state_province": "S321-ADDR-STATE"}
STATE_COUNTRIES = frozenset({"US", "CA", "MX"})

# Plainest first: when one value breaks several keywords, the first of these is told.
_PLAINEST = ("control", "type", "required", "additionalProperties", "enum", "pattern", "minLength", "maxLength")
_RANK = {keyword: rank for rank, keyword in enumerate(_PLAINEST)}


class RawError(NamedTuple):
    """One leaf error of an engine. node: the subschema that holds the keyword; limit: the keyword's value there."""

    path: Path
    keyword: str
    limit: Any
    node: Mapping[str, Any]
    instance: Any


class SchemaError(msgspec.Struct, frozen=True):
    """One fault of a draft.

    pointer: RFC 6901, of the faulty value; for `required` of the place where the missing property belongs; for an
    at-least-one group (`anyOf`) of the object that lacks all of them.
    missing: names of the missing properties (one for `required`, all of the group for `anyOf`), else empty.
    keyword: JSON Schema keyword, or `control` for a character that no message may hold.
    """

    pointer: str
    keyword: str
    missing: tuple[str, ...]
    value: Any
    limit: Any
    message: str
    rule: str


class Fault(NamedTuple):
    """A raw error, split to one place: a missing or unknown property at its own path."""

    path: Path
    keyword: str
    missing: tuple[str, ...]
    value: Any
    limit: Any
    node: Mapping[str, Any]


def schema_errors(
    raws: Iterable[RawError], instance: Any, filer_type: object, *, message: bool
) -> tuple[SchemaError, ...]:
    """Return one SchemaError per fault, sorted by pointer (array positions in number order).

    instance: the checked draft, or the whole message when `message` is true.
    """
    best: dict[tuple[Any, ...], Fault] = {}
    for fault in (part for raw in raws for part in _split(raw)):
        place = (fault.path, fault.missing if fault.keyword == "anyOf" else ())
        if place not in best or _weight(fault) < _weight(best[place]):
            best[place] = fault
    ordered = sorted(best.values(), key=lambda fault: [(isinstance(s, str), s) for s in fault.path])
    return tuple(_finish(fault, instance, filer_type, message) for fault in ordered)


def pointer_of(path: Path) -> str:
    """Return the RFC 6901 pointer of a path.

    >>> pointer_of(("items", 0, "a/b"))
    '/items/0/a~1b'
    """
    text = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return text.encode("utf-8", "replace").decode()  # a key with a lone surrogate, written "?"


def _split(raw: RawError) -> Iterator[Fault]:
    if raw.keyword == "required":
        for name in raw.limit:
            if name not in raw.instance:
                yield Fault((*raw.path, name), "required", (name,), None, raw.limit, raw.node)
    elif raw.keyword == "additionalProperties":
        for name in raw.instance:
            if name not in raw.node["properties"]:
                yield Fault((*raw.path, name), raw.keyword, (), raw.instance[name], raw.limit, raw.node)
    elif raw.keyword == "anyOf":
        names = tuple(dict.fromkeys(name for choice in raw.limit for name in choice["required"]))
        yield Fault(raw.path, "anyOf", names, None, raw.limit, raw.node)
    else:
        yield Fault(raw.path, raw.keyword, (), raw.instance, raw.limit, raw.node)


def _weight(fault: Fault) -> tuple[int, str, str]:
    return _RANK.get(fault.keyword, len(_RANK)), fault.keyword, str(fault.limit)


def _finish(fault: Fault, instance: Any, filer_type: object, message: bool) -> SchemaError:
    """Add rule id and words. The path inside the shipment decides both."""
    prefix = 2 if message and fault.path[:1] == ("shipments",) and len(fault.path) >= 2 else 0
    in_shipment = bool(prefix) or not message
    path = tuple("*" if isinstance(step, int) else step for step in fault.path[prefix:]) if in_shipment else ()
    shipment = _value_at(instance, fault.path[:prefix])
    country = _party_country(shipment, path)
    whole = "message" if message else "shipment"
    if fault.keyword == "required":
        mode = shipment.get("mode_of_transportation") if isinstance(shipment, dict) else None
        known = (one if isinstance(one, str) else None for one in (filer_type, mode, country))
        rule, text = _missing(fault.path, path, whole, *known)
    else:
        group = rule_of_group(path, fault.missing) if fault.keyword == "anyOf" and in_shipment else ""
        rule = group or (SCHEMA_RULE if fault.keyword == "anyOf" else _rule(fault.keyword, path, country))
        words = wording.Place(fault.path, whole, filer_type, country, None)
        text = wording.sentence(fault.keyword, fault.value, fault.limit, fault.node, words)
    return SchemaError(pointer_of(fault.path), fault.keyword, fault.missing, fault.value, fault.limit, text, rule)


@lru_cache(1024)
def _missing(
    at: Path, path: tuple[str, ...], whole: str, filer_type: str | None, mode: str | None, country: str | None
) -> tuple[str, str]:
    """Return rule and words of what is missing: thousands of shipments lack the same. path: inside the shipment."""
    asked = requirement_of(filer_type, mode, path)
    words = wording.Place(at, whole, filer_type, country, asked)
    return asked.rule if asked else _rule("required", path, country), wording.sentence(
        "required", None, None, {}, words
    )


def _rule(keyword: str, path: tuple[str, ...], country: object) -> str:
    """Return the rule id of a fault the requirements table does not name."""
    if len(path) != 2 or path[0] not in PARTY_ROLES:
        return SCHEMA_RULE
    needs = country == "US" if path[1] == "postal_code" else country in STATE_COUNTRIES
    if path[1] in ADDRESS_RULES and needs:
        return ADDRESS_RULES[path[1]]
    return ROLE_RULE if keyword == "required" else SCHEMA_RULE


def _party_country(shipment: Any, path: tuple[str, ...]) -> object:
    party = shipment.get(path[0]) if path and path[0] in PARTY_ROLES and isinstance(shipment, dict) else None
    country = party.get("country_code") if isinstance(party, dict) else None
    return country if isinstance(country, str) else None


def _value_at(instance: Any, path: Path) -> Any:
    for step in path:
        instance = instance[step]
    return instance
