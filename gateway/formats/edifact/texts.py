"""Leaves read from the text of their element alone, for messages with the usual service characters (: ? *).

Each function returns None for a text that takes more than splitting at colons: leaves.py reads that one. A number with
a comma is such a text: what the comma means is said by the interchange.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gateway.formats.edifact.leaves import NUMBERS, join_texts, layout_of, places

Read = Callable[[str], Any]


@cache
def text_reader(tag: str, leaves: tuple[str, ...]) -> tuple[int, Read, bool] | None:
    """Return (element, text -> text, deep) of a leaf, or text -> texts of several leaves of one element.

    deep: there is nothing to read in a text of one component. None when it takes more than one element.
    """
    if "@sum" in leaves or (tag == "FTX" and "4440" in leaves):
        return None
    at = [places(tag, leaf) for leaf in leaves]
    elements = {element for places_of_leaf in at for element, _ in places_of_leaf}
    if not all(at) or len(elements) != 1:
        return None
    reads = [_read(tag, leaf, where) for leaf, where in zip(leaves, at, strict=True)]
    deep = at[0][0][1] > 1
    (element,) = elements
    return (element, reads[0], deep) if len(reads) == 1 else (element, _several(reads), deep)


def _several(reads: list[Read]) -> Read:
    first, *others = reads

    def read(text: str) -> Any:
        value = first(text)
        if not value:
            return value
        values = (value, *[other(text) for other in others])
        return None if None in values else values

    return read


def _read(tag: str, leaf: str, at: tuple[tuple[int, int], ...]) -> Read:
    if len(at) > 1:
        return _joined(at[0][1] - 1, at[-1][1], layout_of(tag)[leaf].longest)
    return _component(at[0][1], number=leaf in NUMBERS)


def _component(place: int, *, number: bool) -> Read:
    index = place - 1

    def read(text: str) -> str | None:
        if "?" in text or "*" in text or (number and "," in text):
            return None
        if ":" not in text:
            return text.strip() if index < 1 else ""
        if index < 0:
            return text
        parts = text.split(":")
        return parts[index].strip() if index < len(parts) else ""

    return read


def _joined(first: int, last: int, longest: int) -> Read:
    def read(text: str) -> str | None:
        if "?" in text or "*" in text:
            return None
        if ":" not in text:
            return text.strip() if not first else ""
        return join_texts(text.split(":")[first:last], longest)

    return read
