"""Shipments handed out whose trees know the way up: a cycle of references, which the cycle collector would have to find."""

from __future__ import annotations

from collections import deque

from gateway.records import Node

HELD = 64
"""Shipments that keep their way up: they are judged some dozens at once, and what is said of them looks for its place then."""


class HandedOut:
    """The last shipments of one file. Older ones lose the way up, and are freed as soon as nobody holds them."""

    def __init__(self) -> None:
        self._nodes: deque[tuple[Node, list[Node] | None]] = deque()

    def add(self, node: Node, below: list[Node] | None = None) -> None:
        """Count a shipment that was handed out, or the root of a message that has ended. below: all its nodes, if at hand."""
        self._nodes.append((node, below))
        if len(self._nodes) > HELD:
            node, below = self._nodes.popleft()
            if below is None:
                node.cut_way_up()
            else:
                for one in below:
                    one.parent = None
