"""What is said of a message or document that names no shipment, by the purpose it was sent for."""

from __future__ import annotations

from gateway.findings import Finding, Position, Scope, Severity

REPORTING = frozenset(("", "2", "7", "9", "22", "31", "35", "46", "47"))
"""UN 1225 codes that report: a message without shipments reports that there are none."""


def no_shipment(rule: str, name: str, lacks: str, reports: bool, purpose: str, place: Position) -> Finding:
    """Say that a message names no shipment. A change or cancellation would change nothing, whatever its sender meant: an error.

    lacks: what of it is not there ("no CNI group"); reports: its purpose is to report; purpose: in words for the clerk.
    """
    severity = Severity.WARNING if reports else Severity.ERROR
    done = "nothing is delivered" if reports else f"{purpose} has nothing to act on"
    return Finding(rule, severity, Scope.MESSAGE, f"{name} names no shipment: {lacks}; {done}.", place)
