"""The UNH node: what absolute paths walk, with the service characters that its segments are split by."""

from __future__ import annotations

from gateway.records import Node, Separators


class MessageRoot(Node):
    """UNH with the header segments below it. separators: of the interchange."""

    __slots__ = ("separators",)

    def __init__(self, unh: Node, separators: Separators) -> None:
        super().__init__("UNH", unh.elements, unh.offset, unh.length, unh.line, 1)
        self.separators = separators
