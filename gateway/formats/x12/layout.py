"""Structure tables: which segments and loops a transaction set of one X12 release has. Data in tables/*.json.

A table is compiled from a pyx12 map (pyx12_maps.py); reading one needs no pyx12. versions.csv says which releases we
read and with which layout: a release that is not listed is not supported (AK905 2), never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from gateway.formats.x12.elements import SegmentDef
from gateway.shipped import files, table_rows


class SegmentUse(msgspec.Struct, frozen=True, tag="segment"):
    """A segment's place in a loop. definition: index into SetTable.segments; max: 0 = no limit; use: R, S or N."""

    definition: int
    use: str
    max: int
    pos: int


class LoopDef(msgspec.Struct, frozen=True, tag="loop"):
    """A loop; its first child is the segment that starts it. repeat: 0 = no limit. The root (ST) holds no ST and SE."""

    id: str
    name: str
    use: str
    repeat: int
    pos: int
    children: list[SegmentUse | LoopDef]


class SetTable(msgspec.Struct, frozen=True, eq=False):
    """One transaction set of one release."""

    set_id: str
    version: str
    name: str
    functional_ids: list[str]  # GS01
    segments: list[SegmentDef]
    root: LoopDef


Structures = Mapping[tuple[str, str], SetTable]
"""(ST01, GS08) -> table: a partner's own maps (`pyx12_maps.compile_folder`), asked before the tables of the package."""


def encode_table(table: SetTable) -> bytes:
    """Return a table as JSON, one segment definition a line so that a change shows in a diff."""
    segments = b",\n ".join(msgspec.json.encode(segment) for segment in table.segments)
    head = {
        "set_id": table.set_id,
        "version": table.version,
        "name": table.name,
        "functional_ids": table.functional_ids,
    }
    root = msgspec.json.format(msgspec.json.encode(table.root), indent=1)
    return msgspec.json.encode(head)[:-1] + b',\n"segments":[\n ' + segments + b'],\n"root":' + root + b"}\n"


def load_table(set_id: str, version: str, structures: Structures | None = None) -> SetTable | None:
    """Return the structure of a set, None when the set or its release is not known.

    version: GS08; an industry suffix after six characters (`004060USCBP`) is ignored unless a partner map names it.
    """
    if structures:
        own = structures.get((set_id, version)) or structures.get((set_id, version[:6]))
        if own is not None:
            return own
    layout = supported_versions().get(version[:6])
    return _read_table(set_id, layout) if layout else None


@cache
def data_elements(set_id: str, version: str) -> Mapping[tuple[str, int], str]:
    """Return (segment, element) -> data element number of a set; empty for a set or release without a table."""
    table = load_table(set_id, version)
    segments = table.segments if table is not None else []
    return {(s.tag, number): e.de for s in segments for number, e in enumerate(s.elements, 1)}


@cache
def supported_versions() -> dict[str, str]:
    """Return release -> release whose layout is used (versions.csv)."""
    text = files(__package__).joinpath("versions.csv").read_text("utf-8")
    return {row["version"]: row["layout"] for row in table_rows(text)}


@cache
def releases_of(set_id: str) -> tuple[str, ...]:
    """Return the releases (GS08) whose layout of a set we have, oldest first."""
    return tuple(sorted(version for version in supported_versions() if load_table(set_id, version) is not None))


@cache
def _read_table(set_id: str, layout: str) -> SetTable | None:
    if set_id not in table_sets():
        return None
    path = files(__package__).joinpath("tables", f"{set_id}.{layout}.json")
    return msgspec.json.decode(path.read_bytes(), type=SetTable) if path.is_file() else None


@cache
def table_sets() -> frozenset[str]:
    """Return the sets (ST01) that have structure tables."""
    folder = files(__package__).joinpath("tables")
    return frozenset(entry.name.split(".")[0] for entry in folder.iterdir() if entry.name.endswith(".json"))


@cache
def known_segments() -> frozenset[str]:
    """Return the segment ids of the X12 dictionary that we know by name (segments.txt): AK304 6 instead of 1."""
    return frozenset(files(__package__).joinpath("tables", "segments.txt").read_text("utf-8").split())
