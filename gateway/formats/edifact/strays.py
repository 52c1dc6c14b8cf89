"""Segments outside every message: one finding for each run of them, so that a lost UNH does not flood the report."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, count_of
from gateway.formats.edifact.envelope import fault
from gateway.records import Node

_SECURITY = frozenset(("USH", "USA", "USC", "USR", "UST", "USD", "USU"))
_OTHER_ENVELOPES = frozenset(("UNO", "UNP", "UIB", "UIH", "UIT", "UIZ"))


class Strays:
    """Counts the segments of a run; `end` yields its finding, if there was one."""

    def __init__(self) -> None:
        self._first: Node | None = None
        self._count = self._bills = 0

    def add(self, node: Node) -> None:
        """Take one segment."""
        if self._first is None:
            self._first = node
        self._count += 1
        self._bills += node.tag == "CNI"

    def end(self) -> Iterator[Finding]:
        """Yield what the run was and start anew."""
        if self._first is None:
            return
        node, count, bills = self._first, self._count, self._bills
        self._first, self._count, self._bills = None, 0, 0
        tag = node.tag[:10]
        rule, code, said = "EDIFACT-SEG-OUTSIDE", "33", f"Outside a message: {count_of(count, 'segment')} from {tag} on"
        if tag in _SECURITY:
            rule, code, said = "EDIFACT-SECURITY", "27", f"Security segment {tag} is not supported"
        elif tag in _OTHER_ENVELOPES:
            rule, code = "EDIFACT-ENVELOPE", "47"
            said = f"Segment {tag} belongs to an envelope that is not supported (packages, interactive)"
        lost = f", {bills} of them CNI: these consignments were not read" if bills else ""
        yield fault(rule, code, "UCI", tag, f"{said}{lost}.", node.place())
