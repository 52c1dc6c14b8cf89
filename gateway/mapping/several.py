"""Several parties of one role where a shipment has one: what is said of those that were left out.

Who gets the goods and who sends them decide what is declared: taking the first of two different ones would be a guess.
Of all other roles the first is taken, with a warning. Where one stands for another by the order that a table gives
(NAD+DP before NAD+CN), that order tells which is meant; what the other says is told.
"""

from __future__ import annotations

from typing import Any

from gateway.findings import Finding, Position, Scope, Severity

_DECIDING = ("final_deliver_to_party", "shipment_initiator")
_WHO_AND_WHERE = (
    ("name",), ("address_line_1", "address_line_2", "address_line_3"), ("city",), ("state_province",), ("postal_code",), ("country_code",),
)  # fmt: skip
"""What tells one party from another; a street may be cut into lines in several ways."""

RULES = ("MAP-PARTY-TWICE", "MAP-FIRST-TAKEN")


def left_out(role: str, taken: dict[str, Any], other: dict[str, Any], place: Position) -> Finding:
    """Return what is said of a party that was left out because another of its role, `taken`, came first."""
    words = role.replace("_", " ")
    if role in _DECIDING and differ(taken, other):
        said = f"Two different parties were sent as {words}: which of them is meant cannot be told."
        return Finding("MAP-PARTY-TWICE", Severity.ERROR, Scope.SHIPMENT, said, place, role)
    said = f"Several parties were sent as {words}; the first was taken, this one was not passed on."
    return Finding("MAP-FIRST-TAKEN", Severity.WARNING, Scope.SHIPMENT, said, place, role)


def passed_by(role: str, taken: str, label: str, place: Position) -> Finding:
    """Return what is said of a party that would have filled a role if another had not been there; both as in "NAD CN"."""
    said = f"{taken} was taken as {role.replace('_', ' ')}; what {label} says otherwise was not passed on."
    return Finding("MAP-FIRST-TAKEN", Severity.WARNING, Scope.SHIPMENT, said, place, role)


def says_otherwise(taken: dict[str, Any], other: dict[str, Any]) -> bool:
    """True when a party says anything that the one taken does not say too."""
    single = [(field,) for field in other if not any(field in fields for fields in _WHO_AND_WHERE)]
    return any((text := _text(other, fields)) and text != _text(taken, fields) for fields in (*_WHO_AND_WHERE, *single))


def differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """True when both say something else of name or address; what one of them leaves out is no difference."""
    for fields in _WHO_AND_WHERE:
        here, there = _text(one, fields), _text(other, fields)
        if here and there and here != there:
            return True
    return False


def _text(party: dict[str, Any], fields: tuple[str, ...]) -> str:
    """Return letters and digits only: case, blanks and points are no difference."""
    return "".join(c for field in fields for c in str(party.get(field, "")).casefold() if c.isalnum())


def gravest(found: list[Finding]) -> Finding:
    """Return the first that refuses, else the first: one role is told once."""
    return next((f for f in found if f.refuses), found[0])


def told_already(findings: list[Finding], place: Position) -> bool:
    """True when a row of the table says so in its own words, or another role of the same party did."""
    return any(
        (f.rule == "MAP-AMBIGUOUS" and not f.target and f.position.segment and f.position.segment == place.segment)
        or (f.rule in RULES and f.position == place)
        for f in findings
    )
