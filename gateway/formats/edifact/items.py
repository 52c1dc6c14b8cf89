"""Shipments inside a group (PREDES: each GID of a CNI): which of them a syntax finding about the group belongs to.

    CNI  CNT  GID  RFF  GID  RFF  CNI        findings in CNI, CNT: of each item; in GID, RFF: of that item

The items are handed out when their group is whole, and a finding of scope shipment belongs to the shipment that comes next:
so it waits. One of a group without items has no shipment to refuse; it is the message's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from gateway.findings import Finding, Scope, Severity
from gateway.limits import MOST
from gateway.records import Node

MISSING = "EDIFACT-SEG-MISSING"
"""Told when the segment behind what is missing has come: it belongs to the item before that segment."""


class ItemFindings:
    """The findings that wait in one open group. tag: of the segment that begins an item."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._held: list[tuple[int, Finding]] = []  # number of the item, 0 = above the items

    def hold(self, found: Iterable[Finding], group: Node | None, last: Node) -> Iterator[Finding]:
        """Keep findings about shipments; yield all others. group: the open one; last: the segment that was read."""
        count = len(self.items(group)) if group is not None else 0
        for finding in found:
            if finding.scope is not Scope.SHIPMENT or group is None or len(self._held) >= MOST:
                yield finding
                continue
            before = finding.rule == MISSING and last.tag == self._tag
            self._held.append((count - before, finding))

    def items(self, group: Node) -> Sequence[Node]:
        """Return the items of a group so far."""
        return (group.children or {}).get(self._tag, ())

    def none_in(self, group: Node) -> Finding | None:
        """Say that a whole group has no item. One that names items elsewhere would lose them: an error."""
        if self.items(group):
            return None
        numbers = sum(rff.element(1).startswith("AAS") for rff in (group.children or {}).get("RFF", ()))
        lost = f"; each of its {numbers} item numbers (RFF+AAS) must stand below a {self._tag}" if numbers else ""
        said = f"A {group.tag} names no item (no {self._tag} below it): nothing of it is kept{lost}."
        severity = Severity.ERROR if lost else Severity.INFO
        return Finding("EDIFACT-NO-SHIPMENT", severity, Scope.MESSAGE, said, group.place())

    def of_items(self, group: Node) -> Iterator[tuple[Node | None, list[Finding]]]:
        """Yield each item of a whole group with what is said of it; None for a group without any."""
        held, self._held = self._held, []
        items = self.items(group)
        if not items and held:
            yield None, [replace(finding, scope=Scope.MESSAGE) for _, finding in held]
        for number, item in enumerate(items, 1):
            yield item, [finding for of, finding in held if of in (0, number)]
