"""Shipments handed out whose trees know the way up: a cycle of references, which the cycle collector would have to find."""

from __future__ import annotations

from collections import deque

from gateway.records import Node

HELD = 64
"""Shipments that keep their way up: they are judged some dozens at once, and what is said of them looks for its place then."""


class HandedOut:
    """The last shipments of one file. Older ones lose the way up, and are freed as soon as nobody holds them."""

    def __init__(self) -> None:
        self._nodes: deque[Node] = deque()

    def add(self, node: Node) -> None:
        """Count a shipment that was handed out, or the root of a message that has ended."""
        self._nodes.append(node)
        if len(self._nodes) > HELD:
            self._nodes.popleft().cut_way_up()
