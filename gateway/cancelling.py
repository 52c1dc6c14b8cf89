"""What a cancellation must be right in: which shipment it withdraws. All the rest of it may be missing or unusable.

A party without its city, a value that is no number: told, left out, no reason to refuse. What names the shipment, the
mode and the purpose are checked as in any message. Not here: whether the original is known (gateway.settling).
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.findings import Finding, Scope, Severity

IDENTIFIERS = ("house_bill_number", "house_bill_issuer", "shipment_tracking_number", "master_bill_number")

NAMED = frozenset((*IDENTIFIERS, "shipment_id", "_amended_bill", "mode_of_transportation", "transmission_purpose"))
"""What a cancellation must say: which shipment, and that it is one."""


def leave_out(draft: dict[str, Any], faults: list[Finding]) -> list[Finding]:
    """Take the parts that the schema refuses out of a cancellation's draft; return what is said of each, [] for none.

    faults: findings of the schema with their pointers. What names the shipment stays, and with it its fault.
    """
    said = []
    for part in dict.fromkeys(_part(f.pointer) for f in faults):
        if part not in draft or part in NAMED:
            continue
        del draft[part]
        if part == "gross_weight_kg":
            draft.pop("weight_source_unit", None)
        of_it = [f for f in faults if _part(f.pointer) == part]
        unusable = any(f.value is not None for f in of_it)
        message = f"{part} was left out of the cancellation, which needs none: {of_it[0].message}"
        severity = Severity.WARNING if unusable else Severity.INFO
        said.append(Finding("MAP-NOT-PASSED", severity, Scope.SHIPMENT, message, pointer=of_it[0].pointer, target=part))
    return said


def tell(findings: list[Finding], draft: dict[str, Any]) -> list[Finding]:
    """Drop what is said of missing parts, make remarks of errors in parts that do not name the shipment."""
    told = []
    for finding in findings:
        if not finding.target or _part(finding.pointer or finding.target) in NAMED:
            told.append(finding)
        elif finding.value is not None or not is_absent(draft, finding.pointer) or finding.rule == "MAP-NOT-PASSED":
            remark = finding.severity is Severity.ERROR
            told.append(msgspec.structs.replace(finding, severity=Severity.WARNING) if remark else finding)
    return told


def is_absent(draft: dict[str, Any], pointer: str) -> bool:
    """True when the pointer leads to nothing: the finding is about something that is not there."""
    place: Any = draft
    parts = [p for p in pointer.split("/") if p]
    if not parts:
        return False
    for part in parts:
        if isinstance(place, list):
            place = place[int(part)] if part.isdigit() and int(part) < len(place) else None
        else:
            place = place.get(part) if isinstance(place, dict) else None
        if place in (None, "", [], {}):
            return True
    return False


def _part(pointer: str) -> str:
    """Return the field of the shipment that a pointer or a target leads into: /items/0/hts_number -> items."""
    return pointer.lstrip("/").split("/", 1)[0].split(".", 1)[0]
