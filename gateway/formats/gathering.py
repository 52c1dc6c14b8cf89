"""Leaves that read all segments found, not the first: `04@sum`, `02@join`, `04@sum_each`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.dialect import Finder
from gateway.formats.sums import total
from gateway.records import Node


def _joined(texts: Sequence[str]) -> str:
    return " ".join(text for one in texts if (text := one.strip()))


def _shared(texts: Sequence[str]) -> str:
    return texts[0] if len({text.strip() for text in texts}) == 1 else ""


EACH = "_each"
"""What a word ends with when a line without such a segment counts too."""

GATHER: dict[str, Callable[[Sequence[str]], str]] = {
    "sum": total,
    "join": _joined,
    "rest": lambda texts: _joined(texts[1:]),
    "same": _shared,
    "sum_each": total,
    "same_each": _shared,
}
"""What is made of the texts, by the word behind the @."""


def of_each(owners: list[Node], own: Finder, number: int, root: Node) -> list[str]:
    """Return an element of all segments below each line (owner), "" for a line that has none.

    A line behind another that has its number and a text only goes on with the text of that one.
    """
    texts: list[str] = []
    for owner in owners:
        if nodes := own(owner, root):
            texts += [one.element(number) for one in nodes]
        elif not texts or any(owner.elements[3:]):
            texts.append("")
    return texts


def gathers(leaf: str) -> bool:
    """True when a leaf reads all segments found (`04@sum`), not the first."""
    number, mark, word = leaf.partition("@")
    return bool(mark) and number.isascii() and number.isdigit() and word in GATHER


def number_of(leaf: str) -> int:
    """Return the number of the element that a leaf names, 0 for none: 04-1, 04@sum -> 4."""
    head = leaf.partition("-")[0].partition("@")[0]
    return int(head) if head.isascii() and head.isdigit() else 0
