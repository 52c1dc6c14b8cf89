"""The UNH node: what absolute paths walk, with the service characters that its segments are split by."""

from __future__ import annotations

from gateway.formats.edifact.structure.layouts import longest_of
from gateway.records import Node, Separators


class MessageRoot(Node, eq=False, kw_only=True):
    """UNH with the header segments below it. separators: of the interchange.

    usual: no other characters than : ? * have a meaning inside an element, see EdifactDialect.in_line.
    longest_text: characters of one component of FTX 4440 in the directory of the message (70 in D.95B, 512 in D.03A): a
    text goes on behind a full one without a blank. release: the directory ("03A"), for other texts.
    """

    separators: Separators
    release: str = ""
    longest_text: int
    usual: bool = False


def message_root(unh: Node, separators: Separators, release: str = "") -> MessageRoot:
    """Return UNH as the root of its message."""
    s = separators
    usual = s.component == ":" and s.release in ("", "?") and s.repetition in ("", "*")
    return MessageRoot(
        "UNH", unh.elements, unh.offset, unh.length, unh.line, 1,
        separators=s, release=release, usual=usual, longest_text=longest_of(release, "FTX", "4440"),
    )  # fmt: skip
