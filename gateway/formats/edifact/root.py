"""The UNH node: what absolute paths walk, with the service characters that its segments are split by."""

from __future__ import annotations

from gateway.records import Node, Separators


class MessageRoot(Node, eq=False, kw_only=True):
    """UNH with the header segments below it. separators: of the interchange.

    usual: no other characters than : ? * have a meaning inside an element, see EdifactDialect.in_line.
    """

    separators: Separators
    usual: bool = False


def message_root(unh: Node, separators: Separators) -> MessageRoot:
    """Return UNH as the root of its message."""
    s = separators
    usual = s.component == ":" and s.release in ("", "?") and s.repetition in ("", "*")
    return MessageRoot("UNH", unh.elements, unh.offset, unh.length, unh.line, 1, separators=s, usual=usual)
