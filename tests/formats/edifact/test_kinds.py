"""Shipments whose segments came before: put into their tree at once, and mapped by functions that know where all stands.

Both say what single segments and closures say: of every sample, and of bills made of whatever a CNI group may hold.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.findings import Finding, Severity
from gateway.formats.edifact import read
from gateway.formats.edifact.structure import plans
from gateway.formats.edifact.structure.matcher import Matcher
from gateway.kinds import Kinds
from gateway.mapping.folder import MappingSet
from gateway.records import Node, Unit
from gateway.site import base_mappings, base_site
from tests.formats.edifact.samples import CASES, FILES, HEAD, bills, interchange, message
from tests.formats.of_known_kinds import made_at_once, said

PROFILE = base_site().partners["gwsender"].profile


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made_at_once(monkeypatch, plans)


def units(data: bytes) -> Iterator[Unit]:
    return (e for e in read([data], PROFILE) if isinstance(e, Unit))


def flat(node: Node) -> list[tuple[Any, ...]]:
    return [(n.tag, n.elements, n.offset, n.length, n.line, n.position, n.parent and n.parent.tag) for n in node.walk()]


def found(data: bytes) -> list[Finding]:
    return [e for e in read([data], PROFILE) if isinstance(e, Finding)]


def check(data: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare both ways; return how many shipments were of known kinds."""
    mappings = MappingSet(base_mappings())
    known, trees = 0, []
    for unit in units(data):
        trees.append(flat(unit.node))
        known += unit.node.kinds is not None
        root = unit.message.root
        usual, quick = root.usual, said(mappings, unit, PROFILE)
        root.usual = False
        assert said(mappings, unit, PROFILE) == quick
        root.usual = usual
    with monkeypatch.context() as patch:
        patch.setattr(Matcher, "take", lambda self, parts, number, at, factor, line, *, gaps: (number, at, line))
        assert [flat(unit.node) for unit in units(data)] == trees
        slowly = found(data)
    assert found(data) == slowly
    return known


@pytest.mark.parametrize("path", [*FILES, *CASES], ids=lambda path: path.stem)
def test_samples_become_the_same_both_ways(path, monkeypatch):
    check(path.read_bytes(), monkeypatch)


def item(draw: random.Random) -> Iterator[str]:
    """Yield what stands below a goods line."""

    def some(*choices: str, most: int = 2) -> list[str]:
        return draw.choices(choices, k=draw.randint(0, most))

    yield from some("PAC+3++BX", most=1)
    yield from some("FTX+AAA+++COTTON SHIRTS", "FTX+AAA+++MORE: TEXT", "FTX+AAA+++MEN ?:SHIRTS??", "FTX+ZZZ+++NOTE")
    yield from some(
        "MEA+AAE+G+KGM:0.450",
        "MEA+AAE+N+KGM:0.300",
        "MEA+WT+G+LBR:2",
        "MEA+CT++NMB:2",
        "MEA+AAE+G+KGM:0.5",
        most=3,
    )
    yield from some("MOA+40:24.90:USD", "MOA+40:24,90:USD", "MOA+38:24.90", "MOA+40:30:EUR", "MOA+63:9.00:USD")
    yield from some("SGP+XXXU1234560", "SGP+V1:215")
    yield from some("DGS+IMD+3+1263", most=1)
    yield from some("CST+1+6109100012:122", "CST++610910:122+I:117", most=1)
    yield from some("LOC+27+CN:162:5", "LOC+27+VN", "LOC+9+CNSZX")
    yield from some("QTY+1:2:PCE", "QTY+52:6", "QTY+47:3")


def bill(draw: random.Random) -> Iterator[str]:
    """Yield a consignment of what may stand in one, in the order of the table."""

    def some(*choices: str, most: int = 2) -> list[str]:
        return draw.choices(choices, k=draw.randint(0, most))

    yield draw.choice(("CNI+1+GWH1", "CNI+1", "CNI+1+GWH1:23"))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        yield draw.choice(
            (
                "RFF+HWB:GWH1",
                "RFF+BM:GWBM1",
                "RFF+ON:O-1",
                "RFF+XC:P 1",
                "RFF+MWB:999-12345675",
                "RFF+SRN:1Z9",
            )
        )
        yield from some("CNT+7:2.5:KGM", "CNT+11:3", "CNT+5:1")
        yield from some(
            "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6", "LOC+27+CN:162:5", "LOC+11+4701::77", "LOC+35+CN", most=4
        )
        yield from some("CUX+2:USD:9", "CUX+1:EUR")
        for carriage in some("TDT+20+XX901+4++XX:172:3", "TDT+10+AA1", "TDT+11+XX902+3"):
            yield carriage
            yield from some("LOC+11+USJFK:139:6", "LOC+60+USLAX:139:6", "LOC+5+CNSZX:139:6")
            yield from some(
                "DTM+132:202510011830:203", "DTM+132:20251001:102", "DTM+133:202510010200:203", "DTM+132:1830:401"
            )
            yield from some("RFF+MWB:999-12345675", "RFF+HWB:GWH1", "RFF+ON:O-2", "RFF+HWB:GWH2")
        for party in some("NAD+CZ+++DEMO LTD+1 ROAD+YIWU++322000+CN", "NAD+CN+++ALEX EXAMPLE+77 DEMO STREET+AUSTIN+TX+78701+US", "NAD+CN++JO:2 ST:YUMA AZ", "NAD+BY+0614141000012::9+++YUMA", "NAD+CZ+++JO?:S ?+ SONS:1 ?: 2??+1 ?+A+YIWU++322000+CN", most=4):  # fmt: skip
            yield party
            yield from some("RFF+VA:DE101010", "RFF+IT:A1", most=1)
            if draw.random() < 0.3:
                yield "CTA+IC+:A"
                yield from some("COM+5550100100:TE", "COM+a@example.org:EM")
        alike = list(item(draw)) if draw.random() < 0.5 else []
        for number in range(draw.choice((1, 1, 2, 3))):
            yield f"GID+{number}{draw.choice((f'+{number}:CT', '', '+2:BX'))}"
            yield from alike or item(draw)


def _some_odd(segments: list[str], draw: random.Random) -> list[str]:
    """Put a segment that takes a closer look in the place of another one, now and then."""
    odd = draw.choice(
        (
            "MOA+40:1?:1:USD",
            "NAD+CZ+++JO ?CO+1 ROAD+YIWU++322000+CN",
            "RFF+ HWB :X2",
            "LOC+27",
            "FTX+AAA+++MEN?'S",
            "FTX+AAA+++M\xdcTZE",
        )
    )
    same = [number for number, segment in enumerate(segments) if segment[:3] == odd[:3]]
    if same and draw.random() < 0.2:
        segments[draw.choice(same)] = odd
    return segments


@pytest.mark.parametrize("seed", range(6))
def test_any_bill_becomes_the_same_both_ways(seed, monkeypatch):
    draw = random.Random(seed)
    head = [*HEAD, *draw.sample(("TDT+20+XX902+4", "RFF+AWB:999-12345675", "RFF+MB:M1"), k=draw.randint(0, 1))]
    made = [segment for _ in range(60) for segment in _some_odd(list(bill(draw)), draw)]
    assert check(interchange(message([*head, *made])), monkeypatch) > 30


def test_kinds_are_those_of_the_segments_and_the_same_for_the_same():
    first, second, *_ = (unit.node.kinds for unit in units(interchange(message(bills(1, 2, 3, 4)))))
    assert first is second and isinstance(first, Kinds)
    (reference,) = first.seats["RFF"]
    assert reference.codes == ("HWB",)
    assert [seat.codes for seat in reference.kinds.seats["NAD"]] == [("CZ",), ("CN",)]
    (goods,) = reference.kinds.seats["GID"]
    assert goods.codes == () and goods.kinds.seats["MEA"][0].codes == ("AAE", "G")
    assert goods.kinds.above == ("RFF", reference.kinds) and first.above is None


def test_kinds_of_another_sequence_with_the_same_tags_are_others():
    body = [*bills(1), *bills(2)[len(HEAD) :], "GID+2+1:CT", "FTX+AAA+++SOCKS"]
    one, two = (unit.node.kinds for unit in units(interchange(message(body))))
    assert set(one) == set(two) and one != two
    assert two.seats["RFF"][0].kinds.seats["GID"] is None  # several alike


def test_a_tag_that_looks_like_a_head_is_none(monkeypatch):
    """With * between elements RFF+HWB is a tag, and an odd one: nothing of it may be taken for an RFF."""
    good = interchange(message(bills(1, 2, 3, 4, 5, 6))).decode("latin-1").replace("+", "*")
    data = ("UNA:*.? '" + good.replace("RFF*HWB:GWH5", "RFF+HWB*GWH5")).encode("latin-1")
    check(data, monkeypatch)
    assert [f.rule for f in found(data) if f.severity is Severity.ERROR and "RFF+HWB" in f.message] == ["EDIFACT-TAG"]


@pytest.mark.parametrize("between", ["UNS+S", "UNA+1", "UNE+1+1", "ZZZ+1"])
def test_a_shipment_that_goes_on_behind_a_segment_of_no_message_is_read_to_its_end(between, monkeypatch):
    more = [
        between,
        "GID+2+3:CT",
        "FTX+AAA+++SOCKS",
        "MEA+AAE+G+KGM:1",
        "MOA+40:5:USD",
        "CST+2+6115950000:122",
        "LOC+27+VN",
    ]
    data = interchange(message([*bills(1, 2, 3), *more, *bills(4)[len(HEAD) :], *more, *more]))
    check(data, monkeypatch)
    *_, third, last = units(data)
    for unit, lines in ((third, 2), (last, 3)):
        draft, _, _ = said(MappingSet(base_mappings()), unit, PROFILE)
        assert [line["enhanced_product_description"] for line in draft["items"]] == ["COTTON SHIRTS"] + ["SOCKS"] * (
            lines - 1
        )
