"""Relations between files: what a shipment comes to does not depend on what stands around it, before it, or was read before.

Order, one by one, union, a neighbour: the shipments of any file come to what each comes to in a file of its own, with programs that
have read nothing yet. So in any order they come to the same. With messages and interchanges as pieces the same is union.
Again: profiles that read many files give for the last what a fresh one gives. Chunks: any split of the bytes gives the same output.

Not held, by design (told.py and compared.py name the rules): the same shipment again, one person's goods of a day, parcels that look
alike; what counts the shipments of a message or is told once for it; the place in the file. For long searches: tests/metamorphic/run.py.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gateway.judge
from gateway.check import Checker
from gateway.history import MemoryHistory
from gateway.mapping.folder import MappingSet
from gateway.profile import Profile
from gateway.rules.rulebook import Rulebook
from gateway.site import base_site
from tests.metamorphic.changes import KINDS, changed
from tests.metamorphic.compared import changed_later, differences, everything, in_chunks, together
from tests.metamorphic.families import frames
from tests.metamorphic.frames import Frame, Piece
from tests.metamorphic.profiles import WAYS, profile_of
from tests.metamorphic.told import NOW, OF_SEVERAL

SOME = settings(max_examples=3, derandomize=True, suppress_health_check=list(HealthCheck))  # new ones: metamorphic.run
FEW = settings(SOME, max_examples=2)

parts = st.floats(0, 0.999)
neighbours = st.lists(
    st.tuples(parts, st.lists(st.tuples(st.sampled_from(KINDS), parts, parts, parts), max_size=3), st.sampled_from((1, 1, 6))),
    min_size=1, max_size=4,
)  # fmt: skip
"""Which piece, what is changed of it, how often it stands behind itself."""


def pieces_of(frame: Frame, drawn: list[tuple[float, list[Any], int]]) -> list[Piece]:
    """Return the pieces that hypothesis chose, each with a number of its own."""
    found: list[Piece] = []
    for which, changes, times in drawn:
        piece = changed(frame, frame.pieces[int(which * len(frame.pieces))], changes)
        found += [piece] * (times if frame.unit == "shipment" else 1)
    return frame.numbered(found[:1] if frame.unit == "interchange" and len(frame.pieces) == 1 else found)


def fresh(profile: Profile) -> Profile:
    """Return the profile with programs and rules that have read nothing."""
    tables = MappingSet(profile.tables.base, profile.tables.overrides)
    return replace(
        profile,
        tables=tables,
        programs=tables.program,
        rules=Rulebook(replace(profile.rules.tables, looked_up={}, plain_items=set())),
    )


@pytest.mark.parametrize("name", frames())
@given(drawn=neighbours, way=st.sampled_from(list(WAYS)))
@SOME
def test_a_shipment_comes_to_the_same_in_any_company(name: str, drawn: list[Any], way: str) -> None:
    frame, profile = frames()[name], profile_of(name, way)
    pieces, unread = pieces_of(frame, drawn), fresh(profile)
    assert differences(together(frame, pieces, profile), [together(frame, [one], unread) for one in pieces]) == []
    assert changed_later(frame.build(pieces)[0], profile, frame.file_name) == []


@pytest.mark.parametrize("name", frames())
@given(drawn=neighbours, way=st.sampled_from(list(WAYS)), seed=st.integers(0, 999))
@FEW
def test_a_file_comes_to_the_same_after_others_and_in_any_chunks(
    name: str, drawn: list[Any], way: str, seed: int
) -> None:
    frame, profile = frames()[name], profile_of(name, way)
    data, _ = frame.build(pieces_of(frame, drawn))
    expected = everything(data, fresh(profile), frame.file_name)
    assert everything(data, profile, frame.file_name) == expected
    assert everything(in_chunks(data, random.Random(seed)), profile, frame.file_name) == expected
    if len(data) < 3000:
        assert everything([data[n : n + 1] for n in range(len(data))], profile, frame.file_name) == expected


@pytest.mark.parametrize("name", frames())
def test_files_of_one_shipment_come_to_the_same_with_one_history_over_all(name: str) -> None:
    frame, profile, history = frames()[name], profile_of(name, "as it is"), MemoryHistory()
    pieces = frame.numbered(frame.pieces)
    whole = together(frame, pieces, profile)
    assert differences(whole, [together(frame, [one], profile, history) for one in pieces]) == []
    assert (
        differences(
            together(frame, pieces, profile, MemoryHistory()), [together(frame, [one], profile) for one in pieces]
        )
        == []
    )


def test_every_frame_has_shipments_that_are_compared() -> None:
    silent = {
        name
        for name, frame in frames().items()
        if not together(frame, frame.numbered(frame.pieces), profile_of(name, "all told")).shipments
    }
    assert silent == {"xffm"}  # facts of masters: no shipments of its own


def test_what_a_shipment_has_from_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, profile = frames()["309 truck"], profile_of("309 truck", "all told")
    pieces = frame.numbered(frame.pieces[:2])
    alone = [together(frame, [one], profile) for one in pieces]
    assert differences(together(frame, pieces, profile), alone) == []
    encode, names = gateway.judge.encode_shipments, itertools.chain(["A"], itertools.repeat("B"))

    def leaking(drafts: list[dict[str, Any]]) -> list[bytes]:
        return encode([{**draft, "carrier_code": next(names)} for draft in drafts])

    monkeypatch.setattr(gateway.judge, "encode_shipments", leaking)
    assert len(differences(together(frame, pieces, profile), alone)) == 2


def test_a_finding_that_stands_at_another_shipment_is_seen() -> None:
    frame, profile = frames()["309 truck"], profile_of("309 truck", "all told")
    long = [[s[0], "X" * 90] if s[0] == "N3" else s for s in frame.pieces[0]]
    pieces = frame.numbered([frame.pieces[1], long])
    alone = [together(frame, [one], profile) for one in pieces]
    assert differences(together(frame, pieces[::-1], profile), alone) != []
    assert differences(together(frame, pieces[::-1], profile), alone[::-1]) == []


def test_a_checker_says_of_each_file_what_a_new_one_says(tmp_path: Path) -> None:
    """One checker, one history, one site for the files of all families, one after the other."""
    one = Checker(base_site(), NOW)
    for number, (name, frame) in enumerate(frames().items()):
        if profile_of(name, "as it is").join_hours:
            continue  # PREDES and ITMATT of one partner are joined: each is completed by the other
        path = tmp_path / f"{number}-{frame.file_name}"
        path.write_bytes(frame.build([changed(frame, piece, MANY) for piece in frame.numbered(frame.pieces)])[0])
        here, there = (_without_the_past(checker.file(path)) for checker in (one, Checker(base_site(), NOW)))
        assert here == there, name


MANY = [("double", 0.5, 0.1, 0.1), ("set", 0.8, 0.5, 0.5), ("blank", 0.3, 0.9, 0.1)]


def _without_the_past(said: dict[str, Any]) -> list[Any]:
    """Return format and findings without those about other files, and the shipments that no such finding is about."""
    past = OF_SEVERAL | {"X12-ISA13-DUP", "ENV-CONTROL-DUP"}
    about = {f["shipment"] for f in said["findings"] if f["rule"] in past}
    shipments = [s for m in said["messages"] for s in m["shipments"] if s.get("shipment_id") not in about]
    return [said["format"], [f for f in said["findings"] if f["rule"] not in past], shipments if not about else []]
