"""What the tokenizer yields: headers, segments (gateway.records.Node) and findings, with offsets of the received file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.findings import Finding
from gateway.records import Node, Separators


class Header(msgspec.Struct, frozen=True):
    """One ISA segment. elements[0] = "ISA", elements[1..16] padded as received; faults: what is irregular about it."""

    elements: list[str]
    separators: Separators
    offset: int
    line: int
    length: int
    faults: tuple[Finding, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """Segments that follow each other, each with its elements, as columns; Nodes are made of them one by one or together."""

    tags: list[str]
    segments: list[list[str]]
    offsets: Sequence[int]
    lengths: Sequence[int]
    lines: Sequence[int]

    def node(self, at: int) -> Node:
        """Return one segment."""
        return Node(self.tags[at], self.segments[at], self.offsets[at], self.lengths[at], self.lines[at], 0)

    def part(self, begin: int, end: int) -> Run:
        """Return the segments from `begin` to before `end` as a run."""
        return Run(*self._columns(slice(begin, end)))

    def nodes(self, begin: int, end: int, position: int) -> list[Node]:
        """Return the segments from `begin` to before `end`. position: of the first."""
        return list(map(Node, *self._columns(slice(begin, end)), range(position, position + end - begin)))

    def _columns(self, here: slice) -> tuple[list[str], list[list[str]], Sequence[int], Sequence[int], Sequence[int]]:
        return self.tags[here], self.segments[here], self.offsets[here], self.lengths[here], self.lines[here]


Token = Header | Node | Finding
