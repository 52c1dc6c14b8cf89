"""Thousands of damaged sets: what we say of structure and elements is what a slow second reading of the maps says."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from gateway.findings import Finding
from gateway.formats.x12.layout import load_table, supported_versions
from gateway.formats.x12.levels import choose, layouts, with_levels
from gateway.records import Node
from gateway.site import base_mappings
from tests.formats.x12 import naive
from tests.formats.x12.sets import FIXTURES, SEPARATORS, Reading, read, sample_sets

UNITS = {"309": "LX", "104": "FOB", "110": "LX"}
Segments = list[list[str]]

TAGS = ["ZZZ", "N1", "N3", "N4", "LX", "M11", "M10", "P4", "N10", "VID", "REF", "DTM", "PER", "HL", "S5", "L5", "X1", "H1", "MAN", "NTE", "L11", "R4", "N9", "MEA", "TD5", "V9", "N", "ABCD", "n1", ""]  # fmt: skip
VALUES = ["A", "1A", "-1", "1.", ".5", "-", "", "00", "9" * 20, "X" * 90, "20251340", "20240229", "20230229", "250230", "2561", "1200", "235960", "24", "CN", "ZZZ", "  ", " ", "A>B", "A>B>C>D>E>F>G>H>I>J", ">", "A^B", "^", "a", "\u00e9", "\x07", "12345", "0", "US", "1E3", "+5", "1,5"]  # fmt: skip


def _bases() -> dict[tuple[str, str], list[Segments]]:
    """Return (set, release) -> sets of the samples that are read with a structure."""
    found: dict[tuple[str, str], list[Segments]] = defaultdict(list)
    paths = [*(FIXTURES / "x12").glob("*.edi"), *(FIXTURES / "cases").glob("*.edi"), *base_mappings().glob("x12*/examples/*.edi")]  # fmt: skip
    for path in sorted(paths):
        for sample in sample_sets(path):
            version = sample.version[:6]
            known = version in supported_versions() and load_table(sample.set_id, version) is not None
            if known and sample.separators.component == ">" and len(sample.segments) < 80:
                found[sample.set_id, version].append(sample.segments)
    return found


BASES = _bases()


def _damage(r: random.Random, segments: Segments) -> Segments:
    segments = [list(s) for s in segments]
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        at = r.randrange(len(segments))
        segment = segments[at]
        cell = r.randrange(1, len(segment)) if len(segment) > 1 else 0
        match r.randrange(16):
            case 0 if len(segments) > 1:
                del segments[at]
            case 1:
                segments[at:at] = [list(segment) for _ in range(r.choice([1, 1, 2, 4, 5, 10, 20]))]
            case 2:
                segments.insert(r.randrange(len(segments)), segments.pop(at))
            case 3:
                segment[0] = r.choice(TAGS)
            case 4:
                segments.insert(at, [r.choice(TAGS), *r.choices(["1", "A", "CN", ""], k=r.randrange(4))])
            case 5:
                segments.insert(at, list(r.choice(segments)))
            case 6:
                segment += [""] * r.randrange(1, 3)
            case 7:
                segment += r.choices(VALUES, k=r.randrange(1, 9))
            case 8 if cell:
                del segment[r.randrange(1, len(segment)) :]
            case 9 if cell:
                del segment[cell]
            case 10 if cell:
                segment[cell] = r.choice([segment[cell][:1], segment[cell] * 2, segment[cell] * 5, segment[cell] + "A"])
            case 11 if cell:
                other = r.randrange(1, len(segment))
                segment[cell], segment[other] = segment[other], segment[cell]
            case _ if cell:
                segment[cell] = r.choice(VALUES)
    return segments


def _ours(set_id: str, version: str, segments: Segments) -> Reading:
    table, unit = load_table(set_id, version), UNITS.get(set_id, "")
    assert table is not None
    if layouts(set_id):
        layout = choose(set_id, Node(segments[0][0], segments[0], 0, 0, 2, 2), "pack")
        return read(segments, set_id, version, unit=layout.unit, table=with_levels(table, layout.levels))
    return read(segments, set_id, version, unit=unit)


def _other_stop(segments: Segments) -> bool:
    """True when a 204 has a stop that is neither pick-up nor delivery: such a loop of the map has no goods (ours)."""
    return any(s[0] == "S5" and "".join(s[2:3]) not in {"CL", "CU", "LD", "PL", "PU", "UL"} for s in segments)


def _structural(finding: Finding) -> bool:
    """True for a fault of the structure itself; which level may stand where, and under which HL, is checked by its elements."""
    return finding.ack.get("AK304", "8") != "8" and not (
        finding.position.segment == "HL" and finding.ack["AK304"] == "7"
    )


def _element_faults(findings: list[Finding]) -> list[tuple[int | None, int | None, str]]:
    return [(f.position.element, f.position.component, f.ack["AK403"]) for f in findings if "AK403" in f.ack]


@pytest.mark.parametrize("key", sorted(BASES), ids="-".join)
def test_samples_are_judged_alike(key: tuple[str, str]) -> None:
    set_id, version = key
    r = random.Random("".join(key))
    root = naive.read_map(set_id, supported_versions()[version])
    known: dict[str, list[naive.Use]] = defaultdict(list)
    for use in naive.uses(root):
        known[use.tag].append(use)
    both = 0
    for _ in range(200):
        segments = _damage(r, r.choice(BASES[key]))
        found = _ours(set_id, version, segments).findings
        # of an 856 the map has all levels, a set only those it names
        if not layouts(set_id) and not _other_stop(segments):
            fine = naive.legal(root, segments)
            assert fine == (not any(map(_structural, found))), segments
            both += fine
        at: dict[int | None, list[Finding]] = defaultdict(list)
        for finding in found:
            at[finding.position.segment_position].append(finding)
        for position, segment in enumerate(segments, 2):
            if segment[0] in known and not any(f.ack.get("AK304") in {"2", "5", "6", "7"} for f in at[position]):
                _compare(segment, known[segment[0]], _element_faults(at[position]), version)
    assert layouts(set_id) or 15 < both < 185, "damage that leaves sets legal, and damage that does not"


def _compare(
    segment: list[str], places: list[naive.Use], said: list[tuple[int | None, int | None, str]], version: str
) -> None:
    """Our faults are those of one of the places where the segment may stand, each with a code that fits."""
    layout = supported_versions()[version]
    wanted = [naive.faults(use, segment, SEPARATORS.component, SEPARATORS.repetition, layout) for use in places]
    period = [f for f in said if segment[0] == "DMG" and f[0] == 2 and f[2] == "8"]  # 1250 and 1251: ours alone
    rest = [f for f in said if f not in period]
    assert len(set(rest)) == len(rest), f"one cause told twice: {segment} {rest}"
    assert any(
        sorted((e, c or 0) for e, c, _ in one) == sorted((e, c or 0) for e, c, _ in rest)
        and all(any((e, c) == (element, part) and code in codes for e, c, codes in one) for element, part, code in rest)
        for one in wanted
    ), (segment, said, wanted)
