"""Leaves read from the text of their element alone, for messages with the usual service characters (: ? *).

Each function returns None for a text that takes more than splitting at colons: leaves.py reads that one. A number with
a comma is such a text: what the comma means is said by the interchange.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gateway.dialect import InLineElement
from gateway.formats.edifact.leaves import SAME, SUM, SUMS, join_texts, layout_of, parted, places, sum_of
from gateway.formats.edifact.structure.layouts import NUMBERS

Read = Callable[[str], Any]


@cache
def elements_of(tag: str, leaves: tuple[str, ...]) -> tuple[InLineElement, ...] | None:
    """Return how leaves are read from the texts of their elements, as one when one element holds all; None when it takes more."""
    if SUM in leaves or leaves[0].endswith("@same") or (tag == "FTX" and "4440" in leaves):
        return None
    at = [places(tag, leaf) for leaf in leaves]
    if not all(len({element for element, _ in where}) == 1 for where in at):
        return None
    numbers = [where[0][0] for where in at]
    reads = [_read(tag, leaf, where) for leaf, where in zip(leaves, at, strict=True)]
    if len(leaves) > 1 and len(set(numbers)) == 1:
        return (InLineElement(numbers[0], _several(reads), "", min(where[0][1] for where in at) > 1),)
    return tuple(
        InLineElement(number, read, _service(leaf, where), where[0][1] > 1, max(where[0][1] - 1, 0))
        for number, read, leaf, where in zip(numbers, reads, leaves, at, strict=True)
    )


@cache
def of_every(tag: str, leaves: tuple[str, ...]) -> tuple[int, Callable[[Any], Any]] | None:
    """Return how leaves, the first `@sum` or `@same`, are read from an element of all segments, one of each goods line; None when it takes more."""
    at = [places(tag, leaf) for leaf in leaves]
    units = places(tag, "6411") if tag == "MEA" else ()
    if (
        not all(len(where) == 1 and where[0][1] for where in at)
        or len({where[0][0] for where in (*at, *filter(None, (units,)))}) > 1
    ):
        return None
    (element, component), *_ = at[0]
    number = SUMS.get(tag, "") if leaves[0] == SUM else leaves[0].removesuffix(SAME)
    others = [(where[0][1] - 1, leaf in NUMBERS) for where, leaf in zip(at[1:], leaves[1:], strict=True)]

    def read(raws: tuple[str, ...]) -> Any:
        texts = parted(raws, component - 1, number in NUMBERS)
        measures = parted(raws, units[0][1] - 1, False) if units else ()
        more = [parted(raws[:1], index, of_number) for index, of_number in others]
        if texts is None or measures is None or None in more:
            return None
        text = sum_of(texts, measures) if leaves[0] == SUM else texts[0] if len(set(texts)) == 1 else ""
        if not more:
            return text
        values = (text, *(one[0] for one in more if one))
        return values if any(values) else ""

    return element, read


def _service(leaf: str, at: tuple[tuple[int, int], ...]) -> str:
    """Return the characters with which the text of an element takes more than its components being parted, where that is enough."""
    if at[0][1] > 1 and len(at) > 1:
        return ""  # several components, to be joined
    return ("" if at[0][1] > 1 else ":") + ("?*," if leaf in NUMBERS else "?*")


def _several(reads: list[Read]) -> Read:
    def read(text: str) -> Any:
        values = tuple([one(text) for one in reads])
        return None if None in values else values if any(values) else ""

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
        parts = text.split(":")[first:last]
        if any(len(part) >= longest for part in parts[:-1]):
            return None  # the directory of the message tells whether it is full
        return join_texts(parts, longest)

    return read


_LINE = 70  # characters of a component of FTX 4440 in the directory with the shortest: one of fewer is full in none

FREE_TEXT = InLineElement(4, _joined(0, 5, _LINE), ":?*")
"""FTX 4440 of a segment without neighbours, which its text may go on in (leaves.py)."""
