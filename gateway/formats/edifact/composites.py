"""The components of an element, as meant; the separators that part them."""

from __future__ import annotations

from gateway.formats.delimited import split_released, unrelease
from gateway.records import Node, Separators


def components(node: Node, element: int, s: Separators) -> list[str]:
    """Return the components of the first repetition of an element, as meant."""
    elements = node.elements
    if element >= len(elements):
        return []
    text = elements[element]
    if s.repetition and s.repetition in text:
        text = split_released(text, s.repetition, s.release)[0]
    if s.release and s.release in text:
        return [unrelease(part, s.release) for part in split_released(text, s.component, s.release)]
    return text.split(s.component)


def first_components(node: Node, element: int, count: int, s: Separators) -> list[str]:
    """Return so many components of the first repetition of an element, "" for those that are absent."""
    return [*components(node, element, s), *[""] * count][:count]


def separators_of(root: Node) -> Separators:
    """Return the separators of a message. root: its MessageRoot; the mapping hands it on as a node."""
    return root.separators  # type: ignore[attr-defined,no-any-return]
