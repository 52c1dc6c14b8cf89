"""One fault, one finding.

One fault of one element is told once: a remark of the reader goes where the mapping says of the same element that it cannot be used.

XML-UNIT   unitCode "XYZ" of GrossWeightMeasure is none of KGM and LBR        -> MAP-WEIGHT, of each shipment, with its value
XML-TWICE  OriginCountry stands there again: the first was read               -> MAP-AMBIGUOUS, which refuses: none was read
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from gateway.cancelling import is_absent
from gateway.canonical.model import PARTY_ROLES
from gateway.findings import Finding, Position, Severity

Place = tuple[int | str | None, int | str | None]
"""See place_key."""

TWICE = "XML-TWICE"
"""What stands in the head of a message waits for its shipments: all of them may be refused for it."""


def unsaid(remarks: list[Finding], mapped: list[Finding]) -> list[Finding]:
    """Return the reader's findings about a shipment that the mapping's findings do not say in better words."""
    return [remark for remark in remarks if not any(_says(finding, remark) for finding in mapped)]


def _says(finding: Finding, remark: Finding) -> bool:
    there, here = finding.position.xpath.replace("[1]", ""), remark.position.xpath.replace("[1]", "")
    if not there:
        return False
    if remark.rule == "XML-UNIT":  # a unit that is known in other words, beside a weight that is none, is another fault
        return there == here and f'unit "{remark.value}" is not known' in finding.message
    if remark.rule == TWICE and finding.refuses:
        first = re.sub(r"\[[0-9]+\]$", "", here)
        return there == first or there.startswith(f"{first}/")
    return False


def place_key(position: Position) -> Place | None:
    """Return what tells one place of a message from another: segment and element, or row and column; None = no telling."""
    if position.segment_position is not None:
        return position.segment_position, position.element
    return (position.row, position.column) if position.row is not None and position.column else None


def tidy(findings: list[Finding]) -> list[Finding]:
    """Drop switched-off findings and later ones that say of the same field what an earlier, nearer one said.

    Order of nearness: syntax, mapping, then schema and rules. A field is reported once, not by each layer; the same
    field of another goods line is another field.
    """
    if len(findings) < 2:  # nothing was said before it
        return [finding for finding in findings if finding.severity is not Severity.OFF]
    kept: list[Finding] = []
    known: set[tuple[Any, ...]] = set()  # what is in kept; a list of thousands would be walked for each
    faulty: set[tuple[str, str]] = set()
    letters = told_letters(findings)
    for finding in findings:
        if finding.severity is Severity.OFF:
            continue
        if finding.rule == "Q-NON-LATIN" and place_key(finding.position) in letters:
            continue  # the reader told of these letters
        target = finding.target
        if target[:1] == "_" and any(
            k.position == finding.position and (k.refuses or not finding.refuses) for k in kept
        ):
            continue  # a field of our own, read from what was told of already
        if _follows(finding, faulty):
            continue
        if target:
            line, echo = _line(finding.pointer), finding.rule in _ECHOES
            said = (line, target) in faulty
            if echo and (said or (line, target.rpartition(".")[0]) in faulty or _in_parts(line, target, faulty)):
                continue
            if finding.severity is Severity.ERROR:
                if said:
                    continue
                faulty.add((line, target))
                if finding.rule == "S321-CUR-MISSING":
                    faulty.update((line, other) for other in _CURRENCIES)
        same = (finding.rule, finding.severity, finding.message, finding.position, finding.pointer, finding.value)
        if same in known:
            continue
        known.add(same)
        kept.append(finding)
    return kept


def _follows(finding: Finding, faulty: set[tuple[str, str]]) -> bool:
    """True when a field is called missing because another one, told of before, could not be used."""
    if finding.rule == "S321-ID-1OF" or finding.target == "shipment_id":
        return finding.rule != "S321-SCHEMA" and not faulty.isdisjoint(_NUMBERS)
    return finding.rule == "S321-VAL-MISSING" and ("", "total_value.amount") in faulty


def _in_parts(line: str, target: str, faulty: set[tuple[str, str]]) -> bool:
    """True when it was told of a whole that its parts are missing: a party that has no name, a price without an amount."""
    if target.rpartition(".")[2] in PARTY_ROLES:
        return (line, f"{target}.name") in faulty
    return any(at == line and name.startswith(f"{target}.") for at, name in faulty)


def told_letters(findings: list[Finding]) -> set[Place | None]:
    """Return the places whose letters the X12 reader told of; nobody tells of them again."""
    return {place_key(f.position) for f in findings if f.rule == "X12-ELE-CHAR"} - {None}


def one_weight(findings: list[Finding]) -> list[Finding]:
    """Drop the remark that a weight is not usable where its unit is refused: that is why."""
    if not any(f.target == "weight_source_unit" and f.refuses for f in findings):
        return findings
    return [f for f in findings if f.target != "gross_weight_kg" or f.refuses]


def _line(pointer: str) -> str:
    """Return which line of a list a pointer leads into, "" for none: /items/2/hts_number -> 2."""
    return next((part for part in pointer.split("/") if part.isdigit()), "")


def not_asked_of_amendments(
    findings: list[Finding], draft: dict[str, Any], flagged: Collection[Place]
) -> list[Finding]:
    """Drop what is called missing of a bill that was not sent, where its amendment (M13 alone) is at fault."""
    if not _OF_BILL.isdisjoint(draft):
        return findings
    if not ("amendment" in draft and flagged) and not any(f.position.segment == "M13" and f.refuses for f in findings):
        return findings
    return [f for f in findings if f.rule not in _ECHOES or f.value is not None or not is_absent(draft, f.pointer)]


def is_unread(finding: Finding, draft: dict[str, Any], flagged: Collection[Place]) -> bool:
    """True when a field is called missing whose element is there, with a syntax error told of it before."""
    if not flagged or finding.rule not in _ECHOES or finding.position.element is None:
        return False
    return place_key(finding.position) in flagged and is_absent(draft, finding.pointer)


_NUMBERS = frozenset(("", name) for name in ("shipment_tracking_number", "house_bill_number", "master_bill_number"))

_CURRENCIES = ("items.unit_value.currency", "items.listed_price.currency")
"""What lacks its currency where the value of the line does: it is told once."""
_ECHOES = frozenset(
    ("S321-SCHEMA", "S321-ROLE-REQ", "S321-ADDR-ZIP", "S321-ADDR-STATE", "S321-ORIG-REQ", "S321-VAL-MISSING")
)

_OF_BILL = frozenset(
    (
        "package_count",
        "package_unit",
        "gross_weight_kg",
        "port_of_lading",
        "items",
        "shipment_initiator",
        "final_deliver_to_party",
    )
)  # one of them at least every bill has
