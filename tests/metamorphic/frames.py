"""Samples taken apart, so that their shipments can be put together again in any order, changed, alone or with others.

    Frame    what stands around the shipments of a file; `build` puts shipments into it, with the counts that belong to them
    Piece    one shipment (or message, interchange): its segments, each a list of elements: [["LX", "1"], ["M11", "0045", ...]]

Rows of a table, lines of Cargo-IMP, leaves of XML and of JSON are segments too. What must stay as it is (tags, the first
segment of a shipment) is not `free`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Segment = list[str]
Piece = list[Segment]
Spans = list[tuple[int, int]]
"""Where each piece stands in the file: (first byte, byte behind the last)."""


@dataclass(frozen=True)
class Frame:
    """write: pieces -> the bytes before, of each piece, between and behind. free: (segment, its number) -> elements to change.

    number: gives a piece another number (10 to 99) wherever it names itself. unit: what a piece is: "shipment", "message" or
    "interchange". flexible: segments may have more and fewer elements. before: shipments that stand before the pieces in every file.
    keeps: segments that are changed, but neither left out nor moved. partner: of fixtures/profiles/tabular, "" = the one that the sample names as sender.
    """

    name: str
    pieces: tuple[Piece, ...]
    write: Callable[[Sequence[Piece]], tuple[bytes, list[bytes], bytes]]
    free: Callable[[Segment, int], Sequence[int]]
    number: Callable[[Piece, int], Piece]
    unit: str = "shipment"
    between: bytes = b""
    pools: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    file_name: str = "m"
    flexible: bool = True
    before: int = 0
    partner: str = ""
    keeps: frozenset[str] = frozenset()

    def build(self, pieces: Sequence[Piece]) -> tuple[bytes, Spans]:
        """Return a file of these pieces, and where each stands."""
        head, bodies, tail = self.write(pieces)
        spans, at = [], len(head)
        for body in bodies:
            spans.append((at, at + len(body)))
            at += len(body) + len(self.between)
        return head + self.between.join(bodies) + tail, spans

    def numbered(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return the pieces with numbers of their own, so that none is another one again."""
        return [self.number(piece, number) for number, piece in enumerate(pieces, 10)]


def pools_of(pieces: Sequence[Piece]) -> dict[tuple[str, int], list[str]]:
    """Return tag and element -> what stands there in any piece."""
    found: dict[tuple[str, int], set[str]] = {}
    for segment in itertools.chain.from_iterable(pieces):
        for number, text in enumerate(segment):
            found.setdefault((segment[0], number), set()).add(text)
    return {key: sorted(values) for key, values in found.items()}
