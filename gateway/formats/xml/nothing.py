"""Documents, and receptacles in them, that name no shipment: nobody would notice what is not there.

predes > receptacle > item       no item in the document; no item in one of its receptacles
XFHL   > MasterConsignment > IncludedHouseConsignment
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.no_shipment import REPORTING, no_shipment

_REPORTS = REPORTING | {"creation", "create", "original"}
_NAMED = 20  # empty groups that are told one by one


def nothing_in(name: str, unit: str, purpose: str, place: Position) -> Finding:
    """Say that a document names no shipment; purpose: its code or word."""
    reports = purpose.strip().lower() in _REPORTS
    return no_shipment("XML-NO-SHIPMENT", name, f"it has no {unit}", reports, f'its purpose "{purpose[:20]}"', place)


class Empties:
    """The groups of one document that were closed without a unit. group, unit: names of their elements."""

    def __init__(self, group: str, unit: str) -> None:
        self.group, self._unit = group, unit
        self._before = 0
        self._places: list[Position] = []
        self._count = 0

    def close(self, units: int, place: Position) -> None:
        """A group ends. units: of the document so far."""
        if units == self._before:
            self._count += 1
            if len(self._places) < _NAMED:
                self._places.append(place)
        self._before = units

    def take(self) -> Iterator[Finding]:
        """Yield what is to be said of the groups; a receptacle may hold nothing that is listed."""
        for number, place in enumerate(self._places, 1):
            more = self._count - _NAMED if number == _NAMED else 0
            others = f" So have {more} more." if more > 0 else ""
            said = f"A {self.group} has no {self._unit}: nothing of it is kept.{others}"
            yield Finding("XML-NO-SHIPMENT", Severity.INFO, Scope.MESSAGE, said, place)
