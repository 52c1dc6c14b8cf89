"""Whether shipments come to the same in a file with others as alone, and files to the same after others as first."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gateway.formats import format_module, sniffers
from gateway.formats.detect import HEAD, Transcoded, detect
from gateway.history import History
from gateway.profile import Profile
from gateway.records import Unit
from gateway.results import Outcome
from tests.metamorphic.frames import Frame, Piece
from tests.metamorphic.told import FIRST, ONCE, File, Told, run, told

OF_THE_MESSAGE = frozenset(
    (
        "S321-REGIME-DAY",  # how many shipments of a message have no arrival
        "JOIN-OFF",  # once for a message
        "FHL-MASTER-TOTAL",  # the pieces and the weight of all houses
        "EDIFACT-TOTAL",  # the same of consignments
        "X12-TOTAL",  # L3, CTT: the same of an X12 set
        "CARGO-NOTES",  # the kinds of notes of all its shipments, in one finding
        "X12-LX-ORDER",  # the number of an LX beside those before it
        "X12-LINE-COUNT",
        "CSV-TOTAL",
        "EDIFACT-NO-SHIPMENT",  # a message without any
        "CSV-MISSING-COLUMN",  # a column (key) that no row has
        "X12-ISA13-DUP",  # the control number of another file
        "ENV-CONTROL-DUP",
    )
)
"""Rules whose findings are about the number of shipments, or stand once for all of them."""


def together(frame: Frame, pieces: Sequence[Piece], profile: Profile, history: History | None = None) -> File:
    """Return what becomes of a file of these pieces."""
    data, spans = frame.build(pieces)
    found = told(data, spans, profile, frame.file_name, history)
    return replace(found, shipments=found.shipments[frame.before :])


def differences(whole: File, alone: Sequence[File]) -> list[str]:
    """Return what is otherwise in the file of all pieces than in the files of one piece each."""
    if len({file.format for file in (whole, *alone)}) > 1:
        return []  # a piece that lacks what tells its format
    found: list[str] = []
    count = sum(len(one.shipments) for one in alone)
    if len(whole.shipments) != count:
        return [
            f"{len(whole.shipments)} shipments together, {count} alone: {[s.id for s in whole.shipments]} {[[s.id for s in one.shipments] for one in alone]}"
        ]
    rest = iter(whole.shipments)
    for number, one in enumerate(alone):
        for shipment in one.shipments:
            found += _of_shipment(number, next(rest), shipment)
        if _above(whole.above[number]) != _above(one.above[0]):
            found += [f"piece {number}, above: {_sides(_above(whole.above[number]), _above(one.above[0]))}"]
    here = _around(whole)
    there = set().union(*map(_around, alone))
    if here != there:
        found.append(f"around: only together {sorted(here - there)}, only alone {sorted(there - here)}")
    return found


def _around(file: File) -> set[tuple[str, str]]:
    """Return rules, and what is told once, of what is not said of one piece."""
    once = {(f[0], "" if f[0] in FIRST else f[3]) for f in itertools.chain(file.around, *file.above) if f[0] in ONCE}
    return once | {(f[0], "") for f in file.around if f[0] not in OF_THE_MESSAGE | ONCE}


def _above(findings: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted((one for one in findings if one[0] not in OF_THE_MESSAGE | ONCE), key=repr)


def _of_shipment(number: int, one: Told, other: Told) -> list[str]:
    found = []
    for name in ("id", "identifiers", "findings"):
        here, there = getattr(one, name), getattr(other, name)
        if name == "findings":
            here = tuple((where if where < 0 else where - number, said) for where, said in here)
        if here != there:
            sides = _sides(here, there) if name == "findings" else f"{here!r} together, {there!r} alone"
            found.append(f"piece {number}, {name}: {sides}")
    if not (one.apart or other.apart) and (one.verdict, one.canonical) != (other.verdict, other.canonical):
        found.append(
            f"piece {number}: {one.verdict} {one.canonical!r} together,\n {other.verdict} {other.canonical!r} alone"
        )
    return found


def _sides(here: Sequence[Any], there: Sequence[Any]) -> str:
    return f"only together {[f for f in here if f not in there]}, only alone {[f for f in there if f not in here]}"


def everything(data: bytes | list[bytes], profile: Profile, name: str) -> list[Any]:
    """Return all that becomes of a file: deliveries, records, answers."""
    outcome, pieces = run(data, profile, name)
    return [list(pieces), list(outcome.records), _answers(outcome), outcome.verdict, dict(outcome.refused)]


def _answers(outcome: Outcome) -> list[tuple[str, bytes]]:
    return [(ack.name, b"".join(ack.chunks)) for ack in outcome.acks]


def in_chunks(data: bytes, chance: random.Random) -> list[bytes]:
    """Return the file in pieces of any size."""
    most = chance.choice((1, 3, 40, 300, 5000)) if len(data) < 4000 else chance.choice((17, 40, 300, 5000))
    chunks, at = [], 0
    while at < len(data):
        size = chance.randint(1, most)
        chunks.append(data[at : at + size])
        at += size
    return chunks


def changed_later(data: bytes, profile: Profile, name: str) -> list[str]:
    """Return the shipments whose segments are others when the file was read than when they were handed out."""
    seen = detect(data[:HEAD], name, sniffers(), profile.encoding, "")
    if seen.hold is not None or not seen.format:
        return []
    handed: list[tuple[Unit, Any]] = []
    events = format_module(seen.format).read(Transcoded([data], seen), profile, (seen.skip, seen.factor))
    for event in events:
        if isinstance(event, Unit):
            handed.append((event, _tree(event.node)))
    return [unit.label for unit, tree in handed if _tree(unit.node) != tree]


def _tree(node: Any) -> Any:
    below = node.children or {}
    return list(node.elements), node.offset, [(tag, [_tree(one) for one in nodes]) for tag, nodes in below.items()]
