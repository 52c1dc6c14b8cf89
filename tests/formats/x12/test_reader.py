"""The events of a file nest, whatever the file: what opens is closed, and findings stay with their shipment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.findings import Finding, Scope
from gateway.formats import x12
from gateway.formats.x12.reader import sniff
from gateway.records import (
    Acknowledged,
    GroupBegin,
    GroupEnd,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    MessageEnd,
    Unit,
)
from tests.drops import profile_for, sample, x12_samples
from tests.formats.x12.tokens import damaged

PLAIN = sample("x12/01")
LEVELS = {InterchangeBegin: 0, GroupBegin: 1, MessageBegin: 2}
ENDS = {InterchangeEnd: 0, GroupEnd: 1, MessageEnd: 2}


def _events(data: bytes, **changes: Any) -> list[Any]:
    return list(x12.read((data,), profile_for(data, **changes)))


def _nests(events: list[Any]) -> None:
    open_: list[int] = []
    for event in events:
        kind = type(event)
        if kind in LEVELS:
            assert open_ == list(range(LEVELS[kind])), f"{kind.__name__} inside {open_}"
            open_.append(LEVELS[kind])
        elif kind in ENDS:
            assert open_, f"{kind.__name__} of nothing"
            assert open_.pop() == ENDS[kind], f"{kind.__name__} leaves something open"
        elif kind is Unit:
            assert open_ == [0, 1, 2]
        elif kind is Finding and event.scope in (Scope.MESSAGE, Scope.SHIPMENT):
            assert 2 in open_
        elif kind is Finding and event.scope is Scope.GROUP:
            assert 1 in open_
        elif kind is Finding and event.scope is Scope.INTERCHANGE:
            # segments without a header belong to an interchange that nobody can name
            assert 0 in open_ or event.rule == "FILE-SEGMENTS-LOST"
    assert open_ == []


@pytest.mark.parametrize("path", x12_samples(), ids=lambda p: p.stem)
def test_events_of_a_sample_nest(path: Path) -> None:
    _nests(_events(path.read_bytes()))


@pytest.mark.parametrize("name", ["01", "04", "35", "53", "54", "22", "26"])
def test_events_of_damaged_files_nest(name: str) -> None:
    for data in damaged(sample(f"x12/{name}"), 80, seed=100 + int(name)):
        _nests(_events(data))


def test_events_of_a_file_cut_at_any_byte_nest() -> None:
    for cut in range(0, len(PLAIN), 3):
        _nests(_events(PLAIN[:cut]))


def test_a_missing_trailer_is_told_by_the_trailer_that_comes() -> None:
    for gone, rules in (
        (b"SE*28*0001~\n", ["X12-SE-MISSING"]),
        (b"GE*1*1~\n", ["X12-GE-MISSING"]),
        (b"SE*28*0001~\nGE*1*1~\n", ["X12-SE-MISSING", "X12-GE-MISSING"]),
        (b"IEA*1*000000001~\n", ["X12-TRUNCATED"]),
    ):
        events = _events(PLAIN.replace(gone, b""))
        _nests(events)
        assert [e.rule for e in events if isinstance(e, Finding)] == rules
        assert sum(isinstance(e, Unit) for e in events) == 2


def test_a_st_inside_a_set_ends_the_set_before() -> None:
    events = _events(PLAIN.replace(b"LX*2~", b"SE*15*0001~\nST*309*0002~\nLX*2~").replace(b"SE*15*0001~\n", b""))
    _nests(events)
    assert [e.message.control_number for e in events if isinstance(e, MessageEnd)] == ["0001", "0002"]
    assert next(e.rule for e in events if isinstance(e, Finding)) == "X12-SE-MISSING"


def _by_unit(events: list[Any]) -> dict[str, list[str]]:
    """Return label of a unit -> rules of the shipment findings before it."""
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for event in events:
        if isinstance(event, Finding) and event.scope is Scope.SHIPMENT:
            waiting.append(f"{event.rule} {event.position.segment}")
        elif isinstance(event, Unit):
            found[event.label] = waiting
            waiting = []
    found["after"] = waiting
    return found


@pytest.mark.parametrize(
    ("old", "new", "unit", "said"),
    [
        (b"LX*2~\nM11", b"LX*2**~\nM11", "LX 2", ["X12-TRAILING-SEP LX"]),
        (b"*2*PCS*1.2*K***13***NRTX~\nN9*2I*1ZTRK000000002", b"*2*PCS*1.2*K***99***NRTX~\nN9*2I*1ZTRK000000002", "LX 2", ["X12-ELE-CODE M11"]),
        (b"*2*PCS*1.2*K***13***NRTX~\nN9*2I*1ZTRK000000001", b"*2*PCS*1.2*K***99***NRTX~\nN9*2I*1ZTRK000000001", "LX 1", ["X12-ELE-CODE M11"]),
        (b"0.8**PCS*CN*US*USD~\nLX*2", b"0,8**PCS*CN*US*USD~\nLX*2", "LX 1", ["X12-ELE-CHAR N10"]),
        (b"0.8**PCS*CN*US*USD~\nSE*", b"0,8**PCS*CN*US*USD~\nSE*", "LX 2", ["X12-ELE-CHAR N10"]),
    ],
)  # fmt: skip
def test_a_fault_belongs_to_the_bill_it_stands_in(old: bytes, new: bytes, unit: str, said: list[str]) -> None:
    assert PLAIN.count(old) == 1
    found = _by_unit(_events(PLAIN.replace(old, new), salvage="shipment"))
    assert found == {"LX 1": [], "LX 2": [], "after": []} | {unit: said}


def test_units_count_from_one_in_each_set_and_carry_their_segments() -> None:
    events = _events(sample("x12/53"))
    units = [e for e in events if isinstance(e, Unit)]
    assert [(u.message.control_number, u.number, u.label) for u in units] == [
        ("0001", 1, "LX 1"), ("0002", 1, "LX 2"), ("0003", 1, "LX 3"),
    ]  # fmt: skip
    assert units[0].node.children["N1"][1].children["N3"][0].elements == ["N3", "905 BIRCH AVE"]
    assert [e.message.index for e in events if isinstance(e, MessageBegin)] == [0, 1, 2]
    ends = [(e.declared, e.received) for e in events if isinstance(e, GroupEnd | InterchangeEnd)]
    assert ends == [("3", 3), ("1", 1)]


def test_segment_positions_count_from_st_and_end_at_se() -> None:
    events = _events(PLAIN)
    second = [e for e in events if isinstance(e, Unit)][1]
    assert second.node.position == 16
    assert [n.position for n in second.node.walk()] == list(range(16, 28))
    assert [e.segments for e in events if isinstance(e, MessageEnd)] == [28]


def test_chunks_make_no_difference() -> None:
    def told(chunks: Any) -> list[Any]:
        return [
            e.node.elements if isinstance(e, Unit) else e if isinstance(e, Finding) else type(e).__name__
            for e in x12.read(chunks, profile_for(PLAIN))
        ]

    data = sample("x12/53") + sample("x12/35")
    assert told(bytes((b,)) for b in data) == told((data,))


def test_envelope_facts_hold_no_passwords() -> None:
    data = PLAIN.replace(b"*00*          *02", b"*00*SECRETPASS*02")
    begin = next(e for e in _events(data) if isinstance(e, MessageBegin))
    assert begin.message.envelope["ISA06"] == "NRTX"
    assert begin.message.envelope["ST02"] == "0001"
    assert "SECRETPASS" not in str(begin.message.envelope)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20", [("group", "1", "A")]),
        ("22", [("group", "1", "P"), ("set", "0002", "R")]),
        ("23", [("group", "1", "R"), ("set", "0001", "R")]),
        ("24", [("group", "1", "E"), ("set", "0001", "E")]),
        ("26", [("interchange", "000000001", "A")]),
        ("27", [("interchange", "000000001", "R")]),
    ],
)
def test_answers_that_come_back_are_read(name: str, expected: list[tuple[str, str, str]]) -> None:
    events = [e for e in _events(sample(f"x12/{name}")) if isinstance(e, Acknowledged)]
    assert [(e.kind, e.control_number, e.result) for e in events] == expected


def test_the_sniffer_knows_isa_behind_noise_and_not_in_words() -> None:
    assert sniff(PLAIN) == 1.0
    assert sniff(b"\xef\xbb\xbf\r\n" + PLAIN) == 1.0
    assert 0 < sniff(b"From: someone\r\n\r\n" + PLAIN) < 1
    assert sniff(b"ISABEL ordered a book") == 0.0
    assert sniff(b"") == 0.0
    assert sniff(b"UNB+UNOC:3+A+B'") == 0.0
