"""Composites that a segment has several times, put where the mapping reads them.

CST+1+I:1*6109100012:122'           syntax 4      ->  CST+1+I:1+6109100012:122'
COM+15550100:TE+A@EXAMPLE.ORG:EM'   D.03A and up  ->  COM+15550100:TE'  COM+A@EXAMPLE.ORG:EM'
"""

from __future__ import annotations

from gateway.formats.delimited import split_released
from gateway.formats.edifact.structure.layouts import Layout, most_repetitions
from gateway.records import Node, Separators


def spread(node: Node, layout: Layout, separators: Separators) -> None:
    """Put the repetitions of an element (syntax 4) into the elements where older syntax has its composite again."""
    for number in range(1, min(len(layout), len(node.elements) - 1) + 1):
        parts = split_released(node.elements[number], separators.repetition, separators.release)
        room = not any(node.elements[number + 1 : number + len(parts)])
        if 1 < len(parts) <= most_repetitions(layout, number) and room:
            node.elements[number : number + len(parts)] = parts


def part(node: Node, parent: Node) -> None:
    """Make segments of their own of the composites behind the first."""
    head = len(node.tag) + 1
    starts = [node.offset + node.start_of(number) - head for number in range(len(node.elements))]
    for text, start in zip(node.elements[2:], starts[2:], strict=True):
        if text:
            parent.add(Node(node.tag, [node.tag, text], start, head + len(text), node.line, node.position))
    del node.elements[2:]
