"""Shipments that can be told only when all of their set was read: sets.csv writes their unit with a / before it.

    /ST                  the whole set is one shipment
    /S5[02=UL|PU|CU]     each S5 with such a code in element 2 is one: its goods may stand at another S5

Also here, because the end of the set is what tells it: that a set names no shipment at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.formats.x12.levels import layouts
from gateway.records import Message, Unit


def late_units(message: Message, before: int, *, whole: bool) -> Iterator[Unit | Finding]:
    """Yield the late shipments of a set, whose paths begin at ST, and the finding of a set without any.

    before: shipments that the set has so far; whole: its SE came (of a set that was cut nothing is said to be missing).
    """
    if message.unit.startswith("/"):
        yield from _at_the_end(message, before, whole=whole)
    elif layouts(message.type) and not before and whole:
        levels = message.unit.rpartition("=")[2].rstrip("]")
        said = f"Set {message.type} {message.control_number} names no shipment: no HL of level {levels}."
        yield Finding("X12-NO-SHIPMENT", Severity.INFO, Scope.MESSAGE, said, message.root.place())


def _at_the_end(message: Message, units: int, *, whole: bool) -> Iterator[Unit | Finding]:
    root = message.root
    tag, _, choice = message.unit[1:].rstrip("]").partition("[")
    element, _, codes = choice.partition("=")
    found = [root] if tag == root.tag else (root.children or {}).get(tag, [])
    for node in found:
        if not codes or node.element(int(element)) in codes.split("|"):
            units += 1
            yield Unit(message, units, node, f"{node.tag} {node.element(2 if node is root else 1)}")
    if not units and whole:
        wanted = " or ".join(codes.replace("|", ", ").rsplit(", ", 1))
        said = (
            f"Set {message.type} {message.control_number} names no shipment: no {tag} with {wanted} in {tag}-{element}."
        )
        yield Finding("X12-NO-SHIPMENT", Severity.ERROR, Scope.MESSAGE, said, root.place())
