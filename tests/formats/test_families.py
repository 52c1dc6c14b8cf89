"""What every reader promises, for every message that is translated: any chunks, any damage, nothing lost quietly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.check import parse_instant
from gateway.findings import Finding
from gateway.formats import NAMES, format_module, sniffers
from gateway.formats.detect import HEAD, detect
from gateway.mapping.folder import MappingSet
from gateway.records import (
    Event,
    GroupBegin,
    GroupEnd,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    MessageEnd,
    Unit,
)
from gateway.site import base_mappings, base_site
from tests.drops import chunks_of, drop

EXAMPLES: dict[str, Path] = {}
"""Mapping -> its first whole-file example: every message that has a table is here."""
for _facts in MappingSet(base_mappings()).facts:
    _found = sorted(p for p in (base_mappings() / _facts.id / "examples").glob("*") if p.suffix != ".json")
    if _found:
        EXAMPLES[_facts.id] = _found[0]

NOW = parse_instant("2025-01-14T10:00:00Z")
_PAIRS = {InterchangeEnd: InterchangeBegin, GroupEnd: GroupBegin, MessageEnd: MessageBegin}


def folder_of(data: bytes) -> str:
    return detect(data[:HEAD], "", sniffers(), "", "").format


def read(data: bytes, folder: str, sizes: Iterable[int] = ()) -> list[Event]:
    profile = base_site().profile_for(data)
    return list(format_module(folder).read(chunks_of(data, sizes), profile, (0, 1)))


def shape(events: list[Event]) -> list[object]:
    out: list[object] = []
    for event in events:
        if isinstance(event, Unit):
            out.append((event.number, event.role, event.label))
        elif isinstance(event, Finding):
            out.append((event.rule, event.message, event.position))
        else:
            out.append(type(event).__name__)
    return out


def nests(events: list[Event]) -> bool:
    open_: list[type] = []
    for event in events:
        if isinstance(event, InterchangeBegin | GroupBegin | MessageBegin):
            open_.append(type(event))
        elif type(event) in _PAIRS and (not open_ or open_.pop() is not _PAIRS[type(event)]):
            return False
    return not open_


def units(events: list[Event]) -> int:
    return sum(isinstance(e, Unit) for e in events)


@cache
def found_in(name: str) -> int:
    """How many shipments the undamaged example has; masters of a consolidation are none."""
    return drop(EXAMPLES[name].read_bytes(), now=NOW, name="m").outcome.counts.found


def test_every_family_has_an_example():
    assert {folder_of(p.read_bytes()) for p in EXAMPLES.values()} == set(NAMES) - {
        "own"
    }  # of a site: test_own_documents


@pytest.mark.parametrize("name", EXAMPLES)
def test_whole_byte_by_byte_and_in_any_chunks_are_the_same(name):
    data = EXAMPLES[name].read_bytes()
    folder = folder_of(data)
    whole = read(data, folder)
    assert units(whole) > 0
    assert nests(whole)
    assert shape(read(data, folder, itertools.repeat(1))) == shape(whole)
    rng = random.Random(name)
    for most in (7, 90, 700):
        sizes = (rng.randint(1, most) for _ in itertools.count())
        assert shape(read(data, folder, sizes)) == shape(whole)


@pytest.mark.parametrize("name", EXAMPLES)
@given(where=st.floats(0, 0.999), how=st.sampled_from(["cut", "flip", "double", "drop", "swap"]))
@settings(max_examples=30, deadline=None)
def test_damage_never_raises_and_loses_no_shipment_quietly(name, where, how):
    data = EXAMPLES[name].read_bytes()
    folder = folder_of(data)
    at = int(where * len(data))
    damaged = {
        "cut": data[:at], "flip": data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :],
        "double": data[:at] + data[at : at + 30] + data[at:], "drop": data[:at] + data[at + 12 :],
        "swap": data[:at] + data[at + 20 : at + 40] + data[at : at + 20] + data[at + 40 :],
    }[how]  # fmt: skip
    assert nests(read(damaged, folder))
    result = drop(damaged, now=NOW, name="m")
    if result.outcome.counts.found < found_in(name) and damaged.rstrip() != data.rstrip():
        assert result.outcome.verdict != "accept", (how, at, result.outcome.counts)
    assert result.outcome.counts.balanced


@pytest.mark.parametrize("name", EXAMPLES)
@given(noise=st.lists(st.one_of(st.binary(max_size=12), st.floats(0, 0.99)), max_size=12))
@settings(max_examples=15, deadline=None)
def test_pieces_of_a_good_file_between_noise_never_raise(name, noise):
    data = EXAMPLES[name].read_bytes()
    folder = folder_of(data)
    text = data[:80] + b"".join(
        piece if isinstance(piece, bytes) else data[int(piece * len(data)) :][:60] for piece in noise
    )
    assert nests(read(text, folder))


FUNCTIONAL = {"997", "999", "CONTRL", "XFNM", "FMA", "FNA", "CUSRSP"}
"""Answers of syntax, and those of dialects that have one answer for all."""


def test_a_partner_who_wants_no_functional_answer_gets_none_in_any_dialect():
    seen = set()
    for path in EXAMPLES.values():
        data = path.read_bytes()
        seen |= FUNCTIONAL & set(drop(data, now=NOW).answers)
        assert not FUNCTIONAL & set(drop(data, now=NOW, acks={"functional": "none"}).answers), path.name
    assert seen >= {"997", "999", "CONTRL", "XFNM", "CUSRSP"} and seen & {"FMA", "FNA"}
