"""Changes of one piece: what makes the neighbour of a shipment another one than the shipment."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.metamorphic.frames import Frame, Piece

Change = tuple[str, float, float, float]
"""(kind, which segment, which element, which value), the last three as parts of what there is: 0.0 to below 1.0."""

KINDS = ("drop", "double", "blank", "set", "other", "other", "other", "swap", "longer", "shorter", "graft", "again")

VALUES = (
    "", " ", "0", "-1", "0.00", "1.5", "1,5", "1.234,50", "999999", "1E5", "USD", "CAD", "EUR", "SGD", "ZZZ", "US", "CN", "KG", "LB", "LBR", "GRM",
    "G", "K", "20250230", "20250116", "2025-03-02", "2025-02-30", "T-SHIRT", "GIFT", "DOCUMENTS", "TEST", "J. EXAMPLE", "A" * 90, "X" * 36,
    "MÜLLER & SÖHNE", "日本 東京", "ÉCLAIR", "12 MAIN ST  APT 4", "PO BOX 12", "C/O JORDAN", "a b c", "lower", "9" * 18, "12345", "43004-1234", "#REF!",
    "=1+1", "N/A", "TRUE", "1", "2", "13", "99", "CT", "PCS", "EA", "6109100012", "610910", "12", "1ZSAMPLE0000000001", "LX123456785GB",
)  # fmt: skip
"""What may stand where another value stood: good, odd and wrong ones of many fields."""


def changed(frame: Frame, piece: Piece, changes: Sequence[Change]) -> Piece:
    """Return the piece with all changes."""
    for change in changes:
        piece = _one(frame, piece, change)
    return piece


def _one(frame: Frame, piece: Piece, change: Change) -> Piece:
    kind, where, which, value = change
    free = [number for number, segment in enumerate(piece) if frame.free(segment, number)]
    if not free:
        return piece
    new = [list(segment) for segment in piece]
    at = free[int(where * len(free))]
    places = frame.free(piece[at], at)
    place = places[int(which * len(places))]
    if piece[at][0] in frame.keeps and kind not in ("blank", "set", "other"):
        return piece
    if kind == "drop" and len(free) > 1:
        del new[at]
    elif kind == "double":
        new.insert(at, list(piece[at]))
    elif kind == "again":
        new.append(list(piece[at])) if _ends(frame, piece) else new.insert(free[-1], list(piece[at]))
    elif kind == "blank":
        new[at][place] = ""
    elif kind == "set":
        new[at][place] = VALUES[int(value * len(VALUES))]
    elif kind == "other":
        there = frame.pools.get((piece[at][0], place)) or VALUES
        new[at][place] = there[int(value * len(there))]
    elif kind == "swap":
        other = free[(free.index(at) + 1) % len(free)]
        if piece[other][0] not in frame.keeps:
            new[at], new[other] = new[other], new[at]
    elif kind == "longer" and frame.flexible:
        new[at] = [*new[at], VALUES[int(value * len(VALUES))]] if place == len(new[at]) - 1 else new[at]
    elif kind == "shorter" and frame.flexible and len(new[at]) > 2 and places[-1] == len(new[at]) - 1:
        del new[at][-1]
    elif kind == "graft":
        others = frame.pieces[int(which * len(frame.pieces))]
        those = [segment for number, segment in enumerate(others) if frame.free(segment, number)] or [piece[at]]
        new.insert(at, list(those[int(value * len(those))]))
    return new


def _ends(frame: Frame, piece: Piece) -> bool:
    """True when the last segment of a piece may be changed: then others may follow it."""
    return bool(frame.free(piece[-1], len(piece) - 1))


def drawn(chance: random.Random, most: int = 4) -> list[Change]:
    """Return some changes, often none."""
    count = chance.choice((0, 1, 1, 1, 2, most))
    return [(chance.choice(KINDS), chance.random(), chance.random(), chance.random()) for _ in range(count)]
