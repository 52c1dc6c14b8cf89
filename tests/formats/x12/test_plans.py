"""A shipment that is taken whole, by the plan of its tags, comes to what its segments one by one come to."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.findings import Finding
from gateway.formats import x12
from gateway.formats.x12.layout import load_table
from gateway.formats.x12.plans import Plans
from gateway.formats.x12.structure import Matcher
from gateway.formats.x12.transitions import machine
from gateway.records import Node, Unit
from tests.drops import profile_for, sample

LINES = sample("x12/01").decode().splitlines()
HEAD, BILL, END = LINES[:5], LINES[6:17], ("SE*{}*0001~", "GE*1*1~", "IEA*1*000000001~")
PAGE = LINES[4]
BAD = ("N4*ERIE*PA*16501*USA~", "N9*2I~", "XX*1~", "M11*1*80107~", "N1*SH*LUCKY STAR***~", "P4*0901*20250115***1430~")


def file_of(bills: list[list[str]], end: str = "\n") -> bytes:
    """Return a 309 with these bills."""
    body = [segment for number, bill in enumerate(bills, 1) for segment in (f"LX*{number}~", *bill)]
    count = len(HEAD) - 2 + len(body) + 1
    head = [line.replace("**2*W", f"**{len(bills)}*W") for line in HEAD]
    return end.join([*head, *body, *(one.format(count) for one in END)]).encode() + end.encode()


def told(data: bytes, *, by_one: bool = False) -> list[Any]:
    """Return the events of a file as values; by_one: read segment by segment, without plans."""
    if by_one:
        with patch("gateway.formats.x12.structure.plans_of", lambda machine: None):
            return told(data)
    facts: list[Any] = []
    for event in x12.read([data], profile_for(data)):
        if isinstance(event, Unit):
            parent = event.node.parent
            facts.append((event.number, event.label, tree(event.node), parent and (parent.tag, parent.offset)))
        else:
            facts.append(event if isinstance(event, Finding) else type(event).__name__)
    return facts


def tree(node: Node) -> tuple[Any, ...]:
    """Return a segment and all below it as a value; the order of the children counts."""
    children = [(tag, [tree(one) for one in nodes]) for tag, nodes in (node.children or {}).items()]
    return node.elements, node.offset, node.length, node.line, node.position, children


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What `take_unit` answered, in order."""
    answers: list[bool] = []
    take = Matcher.take_unit

    def noted(self: Matcher, *given: Any) -> bool:
        answers.append(take(self, *given))
        return answers[-1]

    monkeypatch.setattr(Matcher, "take_unit", noted)
    return answers


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_shipments_like_others_are_taken_whole(taken: list[bool], end: str) -> None:
    data = file_of([BILL[:-1], BILL] * 20, end)
    whole = told(data)
    assert taken.count(True) >= 30
    del taken[:]
    assert whole == told(data, by_one=True)
    assert not any(taken)
    assert sum(type(fact) is tuple for fact in whole) == 40


@pytest.mark.parametrize("bad", BAD)
def test_a_fault_among_shipments_that_are_taken_whole(taken: list[bool], bad: str) -> None:
    bills = [BILL] * 20
    bills[12] = [*BILL[:4], bad, *BILL[4:]]
    data = file_of(bills)
    assert told(data) == told(data, by_one=True)
    assert any(taken)
    assert not taken[12]


def test_a_new_header_among_shipments_that_are_taken_whole(taken: list[bool]) -> None:
    bills = [BILL] * 24
    bills[11] = [*BILL, PAGE.replace("0901", "0712")]
    data = file_of(bills)
    whole = told(data)
    assert whole == told(data, by_one=True)
    assert taken.count(True) > 12
    pages = [fact[3] for fact in whole if type(fact) is tuple]
    assert pages[11] != pages[12]


def test_a_value_that_is_too_long_in_a_fill_pattern_that_is_known(taken: list[bool]) -> None:
    bills = [BILL] * 20
    bills[15] = [one.replace("COTTON T-SHIRT", "X" * 90) for one in BILL]
    data = file_of(bills)
    whole = told(data)
    assert whole == told(data, by_one=True)
    assert [fact.position.segment for fact in whole if isinstance(fact, Finding)] == ["N10"]


def test_few_plans_are_kept_however_many_ways_there_are() -> None:
    matcher_plans = Plans(_unit())
    for times in range(700):
        for _ in range(6):
            matcher_plans.make(("LX", *("N9",) * (times % 190), "VID" * (times // 190)))
    assert len(matcher_plans._plans) <= 512
    assert len(matcher_plans._often) <= 4096


def _unit() -> Any:
    table = load_table("309", "005020", profile_for(sample("x12/01")).structures)
    assert table is not None
    return machine(table, "LX", ">", "^").unit


segments = st.sampled_from([*BILL, *BAD, *BILL])
bills = st.one_of(
    st.just(BILL),
    st.lists(segments, max_size=9),
    st.lists(st.sampled_from(range(len(BILL))), max_size=11, unique=True).map(lambda at: [BILL[n] for n in sorted(at)]),
)


@given(st.lists(bills, min_size=1, max_size=4), st.sampled_from(["", "\n", "\r\n"]))
def test_the_same_events_as_segment_by_segment(some: list[list[str]], end: str) -> None:
    data = file_of(some * 7, end)
    assert told(data) == told(data, by_one=True)
