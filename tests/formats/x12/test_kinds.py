"""Bills whose segments came before are mapped by functions that know where all stands (gateway.kinds): to what any others make of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from gateway.formats import x12
from gateway.formats.x12 import plans
from gateway.kinds import Kinds
from gateway.mapping.folder import MappingSet
from gateway.records import Unit
from gateway.site import base_mappings
from tests.drops import profile_for, sample, x12_samples
from tests.formats.of_known_kinds import made_at_once, said
from tests.formats.x12.test_plans import file_of


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made_at_once(monkeypatch, plans)


def units(data: bytes) -> Iterator[Unit]:
    return (event for event in x12.read([data], profile_for(data)) if isinstance(event, Unit))


def check(data: bytes) -> int:
    """Compare both ways; return how many shipments were of known kinds."""
    mappings, known = MappingSet(base_mappings()), 0
    for unit in units(data):
        root = unit.message.root
        known += unit.node.kinds is not None
        quick = said(mappings, unit, profile_for(data))
        root.usual = False
        assert said(mappings, unit, profile_for(data)) == quick
        root.usual = True
    return known


@pytest.mark.parametrize("path", x12_samples(), ids=lambda path: path.stem)
def test_samples_become_the_same_both_ways(path):
    check(path.read_bytes())


def bill(draw: random.Random) -> Iterator[str]:
    """Yield what may stand in a bill behind its LX, in the order of the table."""

    def some(*choices: str, most: int = 2) -> list[str]:
        return draw.choices(choices, k=draw.randint(0, most))

    yield draw.choice(("M11*00450001*80107*2*PCS*3.5*K***13***NRTX~", "M11*00450001*80107*1*PCS*3.5*L***13**OCNV1*NRTX*OCNV~", "M11*004500B1*80107*1*PCS*1.2*K***35***NRTX~"))  # fmt: skip
    yield from some(
        "N9*2I*1ZTRK000000001~",
        "N9*MB*OCNVMBL1~",
        "N9*SCA*MKTP~",
        "N9*BM*B-7~",
        "N9*2I**1ZTRK000000002~",
        "N9*IN*I-1~",
        most=5,
    )
    for _ in range(draw.randint(0, 4)):
        yield draw.choice(("N1*SH*LUCKY STAR GARMENT~", "N1*CN*JORDAN EXAMPLE~", "N1*SE*SELLER LTD*ZZ*S1~", "N1*ST*SHOP 1~", "N1*N1*NOTIFIED INC~", "N1*CN*OTHER EXAMPLE~"))  # fmt: skip
        yield from some("N3*1 GARMENT RD*FLOOR 2~", "N3*1200 TEST AVENUE~", "N3*UNIT 4~")
        yield from some("N4*YIWU**322000*CN~", "N4*ERIE*PA*16501*US~", "N4*TORONTO**M5V2T6*CA*SP*ON~", most=1)
        yield from some("PER*IC*ALEX EXAMPLE*TE*5550100100~", "PER*EA**EM*alex@example.com~", most=1)
    yield from some("M12*61*123456789~", "M12*62*123456780***CA~", most=1)
    for _ in range(draw.choice((1, 1, 1, 2))):
        yield draw.choice(("VID*TL**TRL5501*SEAL778812~", "VID*CN*OCNU*4455667*SEAL1~", "VID*TL**TRL5502~"))
        goods = ("N10*3*COTTON T-SHIRT*1ZTRK000000001*A*610910*30*K*0.9**PCS*CN*US*USD~", "N10*1*PHONE CASE**A*392690*12*L*0.2**PCS*VN**CAD~", "N10**MORE WORDS~", "N10*1*LAMP~")  # fmt: skip
        yield from draw.choices(goods, k=draw.choice((1, 1, 2, 3)))


@pytest.mark.parametrize("seed", range(8))
def test_any_bill_becomes_the_same_both_ways(seed):
    draw = random.Random(seed)
    assert check(file_of([list(bill(draw)) for _ in range(80)])) > 25


@pytest.mark.parametrize("name", ["x12/07", "x12/08", "x12/16", "x12/17", "x12/18"])
def test_other_sets_become_the_same_both_ways_whatever_their_codes(name):
    lines = sample(name).decode().splitlines()
    coded = [at for at, line in enumerate(lines) if line[:3] in ("N1*", "N9*", "L11", "REF", "R4*", "DTM")]
    draw = random.Random(name)
    for _ in range(12):
        changed = list(lines)
        one, other = draw.sample(coded, 2)
        if changed[one].partition("*")[0] == changed[other].partition("*")[0]:
            first, second = (changed[at].split("*") for at in (one, other))
            first[1], second[1] = second[1], first[1]
            changed[one], changed[other] = "*".join(first), "*".join(second)
        check("\n".join(changed).encode())


def test_kinds_tell_the_codes_of_segments_and_are_the_same_for_the_same():
    lines = [
        "M11*00450001*80107*2*PCS*3.5*K***13***NRTX~",
        "N9*2I*1Z1~",
        "N9*MB*OCNV1~",
        "N1*SH*A B~",
        "N3*1 RD~",
        "N4*YIWU**322000*CN~",
        "VID*TL**T1~",
        "N10*1*LAMP~",
        "N10*2*CUP~",
    ]
    same = [line.replace("1Z1", "1Z2") for line in lines]
    other = [line.replace("N9*MB", "N9*BM") for line in lines]
    first, second, third = (unit.node.kinds for unit in units(file_of([lines, same, other, lines])) if unit.node.kinds)
    assert first is second
    assert isinstance(first, Kinds) and first != third
    assert [seat.codes for seat in first.seats["N9"]] == [("2I",), ("MB",)]
    (party,) = first.seats["N1"]
    assert party.codes == ("SH",) and set(party.kinds) == {"N3", "N4"}
    (trailer,) = first.seats["VID"]
    assert trailer.kinds.seats["N10"] is None  # several alike
