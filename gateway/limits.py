"""How much of one shipment is kept, and how much is told of one file: whoever sends millions of faults gets an answer of bounded size, in bounded time.

A part (shipment, message, what stands between messages) tells MOST findings as long as the file has told less than FILE,
then its first FEW; a rule that comes for the first time is always told. The rest is counted in one FILE-MORE-FINDINGS.
What is not told still counts: it refuses what it stands in. Refused shipments are all named, so an answer may be as long
as the file has shipments.
"""

from __future__ import annotations

from gateway.findings import Finding, Scope, Severity

MOST, FILE, FEW = 5_000, 50_000, 1
INTERCHANGES = 2_000
"""Interchanges of one file, each with answers of its own; more are held for a person."""

SEGMENTS = 200_000
"""Segments of one shipment that are kept while it is read (some 100 MB); ten thousand goods lines have half as many."""

_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2, Severity.OFF: 3}


class Telling:
    """Asked of each finding whether it is told; `rest` ends a part. few: what each part may always tell."""

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._part = self._file = self._left = 0
        self._rules: set[str] = set()  # told so far
        self._first: Finding | None = None
        self._worst = Severity.OFF

    def lets(self, finding: Finding) -> bool:
        """Count a finding of the open part; True when it is to be told."""
        self._part += 1
        if self._part <= (MOST if self._file < FILE else self._few) or finding.rule not in self._rules:
            self._rules.add(finding.rule)
            self._file += 1
            return True
        self._left += 1
        self._first = self._first or finding
        self._worst = min(self._worst, finding.severity, key=lambda s: _RANK[s])
        return False

    def rest(self, scope: Scope | None = None) -> Finding | None:
        """End the part; return what stands for the findings that were not told. scope: default that of the first."""
        left, first, worst = self._left, self._first, self._worst
        self._part = self._left = 0
        self._first, self._worst = None, Severity.OFF
        if first is None:
            return None
        said = f"{left} more findings from here on are not listed; they count all the same (first: {first.rule})."
        return Finding("FILE-MORE-FINDINGS", worst, scope or first.scope, said, first.position)
