"""python -m tests.metamorphic.run SECONDS [SEED [FRAME...]]: look for a file that breaks a relation, for a while.

Each file is read in this process, which has read all files before: whole, shipment by shipment, in chunks. Some are read in a
fresh process too (fresh.py), which takes ten times as long.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections import Counter
from typing import Any

from tests.metamorphic.changes import changed, drawn
from tests.metamorphic.compared import changed_later, differences, everything, in_chunks, together
from tests.metamorphic.families import frames
from tests.metamorphic.frames import Frame, Piece
from tests.metamorphic.fresh import Ask, forget, nursery, warm_up
from tests.metamorphic.profiles import WAYS, profile_of
from tests.metamorphic.told import File

FRESH = 0.04
"""Part of the files that are asked of a fresh process."""

SHOWN = 4
"""Files of one frame that are shown."""


def alone(name: str, pieces: list[Piece], way: str) -> list[File]:
    """Return what becomes of each piece in a file of its own."""
    return [together(frames()[name], [piece], profile_of(name, way)) for piece in pieces]


def whole(name: str, pieces: list[Piece], way: str) -> list[Any]:
    """Return all that becomes of a file of these pieces."""
    frame = frames()[name]
    return everything(frame.build(pieces)[0], profile_of(name, way), frame.file_name)


def pieces_of(frame: Frame, chance: random.Random) -> list[Piece]:
    """Return some pieces in any order: as they are, changed, many of one kind behind each other."""
    many = () if frame.unit != "shipment" or frame.keeps else (40,)
    count = chance.choice((1, 2, 2, 3, 4, 5, 8, *many))
    if frame.unit == "interchange" and len(frame.pieces) == 1:
        count = 1
    found: list[Piece] = []
    numbers = list(range(len(frame.pieces)))
    chance.shuffle(numbers)
    for number in range(count):
        piece = frame.pieces[numbers[number % len(numbers)]]
        if count < 40 or chance.random() < 0.3:
            piece = changed(frame, piece, drawn(chance))
        found += [piece] * (chance.choice((1, 1, 1, 6)) if frame.unit == "shipment" and count < 4 else 1)
    return frame.numbered(found)


def broken(frame: Frame, pieces: list[Piece], way: str, chance: random.Random, ask: Ask) -> list[str]:
    """Return which relations the file of these pieces breaks, and how."""
    data, _ = frame.build(pieces)
    profile, fresh = profile_of(frame.name, way), chance.random() < FRESH
    apart = ask(alone, (frame.name, pieces, way)) if fresh else alone(frame.name, pieces, way)
    said = differences(together(frame, pieces, profile), apart)
    here = everything(data, profile, frame.file_name)
    there = (
        ask(whole, (frame.name, pieces, way))
        if fresh
        else everything(in_chunks(data, chance), profile, frame.file_name)
    )
    if here != there:
        said.append("other than fresh" if fresh else "other in chunks")
        said += [f"{one!r}\n{other!r}"[:3000] for one, other in zip(here, there, strict=True) if one != other]
    return said + changed_later(data, profile, frame.file_name)


def main(seconds: float, seed: int, names: list[str]) -> None:
    """Look for broken relations until the time is up; print them, and how many files of each frame were read and broke one."""
    chance, end = random.Random(seed), time.monotonic() + seconds
    runs: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with nursery(_prepare) as ask:
        while time.monotonic() < end:
            frame, way = frames()[chance.choice(names or list(frames()))], chance.choice(list(WAYS))
            pieces = pieces_of(frame, chance)
            runs[frame.name] += 1
            try:
                said = broken(frame, pieces, way, chance, ask)
            except Exception:
                said = [traceback.format_exc()]
            found[frame.name] += bool(said)
            if said and found[frame.name] <= SHOWN:
                text = frame.build(pieces)[0].decode("utf-8", "replace")
                print(f"--- {frame.name}, {way}", *[one[:1500] for one in said[:2]], text[:4000], sep="\n", flush=True)
    print({name: (count, found[name]) for name, count in sorted(runs.items())})


def _prepare() -> None:
    warm_up(frames())
    forget()


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()), sys.argv[3:])
