"""Units of known kinds are mapped by one function each; what it makes of them is compared with closures in tests/formats/*/test_kinds.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import written
from gateway.formats import edifact, x12
from gateway.formats.edifact.finders import in_line_helpers
from gateway.formats.edifact.structure import plans as edifact_plans
from gateway.formats.x12 import plans as x12_plans
from gateway.mapping.folder import MappingSet
from gateway.mapping.program import CompiledProgram
from gateway.mapping.seats import Seats
from gateway.profile import Profile
from gateway.records import Unit
from gateway.site import base_mappings, base_site
from tests.drops import profile_for
from tests.formats.edifact.samples import bills, interchange, message
from tests.formats.of_known_kinds import made_at_once, said
from tests.formats.x12.test_plans import file_of

GWSENDER = base_site().partners["gwsender"].profile
BILL = [
    "M11*00450001*80107*2*PCS*3.5*K***13***NRTX~",
    "N9*2I*1ZTRK000000001~",
    "N9*SCA*MKTP~",
    "N9*BM*B-7~",
    "N1*SH*LUCKY  STAR GARMENT~",
    "N3*1 GARMENT RD~",
    "N4*YIWU**322000*CN~",
    "N1*CN*JORDAN EXAMPLE~",
    "N3*1200 TEST AVENUE~",
    "N4*ERIE*PA*16501*US~",
    "VID*TL**TRL5501*SEAL778812~",
    "N10*3*COTTON T-SHIRT**A*610910*30*K*0.9**PCS*CN*US*USD~",
    "N10*1*LAMP**A*940520*12*K*0.2**PCS*CN*US*USD~",
]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made_at_once(monkeypatch, x12_plans)
    made_at_once(monkeypatch, edifact_plans)


def units(read: Any, data: bytes, profile: Profile) -> Iterator[Unit]:
    return (event for event in read([data], profile) if isinstance(event, Unit) and event.node.kinds is not None)


def of_309(*bills: list[str]) -> list[Unit]:
    data = file_of([BILL, BILL, *bills])
    found = list(units(x12.read, data, profile_for(data)))
    assert found
    return found


def of_cuscar(*segments: str) -> list[Unit]:
    return list(units(edifact.read, interchange(message([*bills(1, 2), *segments])), GWSENDER))


def program_of(unit: Unit, mappings: MappingSet, profile: Profile) -> CompiledProgram:
    message = unit.message
    program = mappings.program(message.format, message.type, message.version)
    assert program is not None
    return program.choose(message, profile)


def whole_of(unit: Unit, profile: Profile) -> Any:
    return program_of(unit, MappingSet(base_mappings()), profile)._whole.of(unit.node, unit.message.root)


def test_a_unit_of_known_kinds_has_a_function_of_its_own():
    for unit, profile in ((of_309()[0], profile_for(file_of([BILL]))), (of_cuscar()[0], GWSENDER)):
        assert whole_of(unit, profile) is not None
        unit.message.root.usual = False
        assert whole_of(unit, profile) is None


def test_references_are_those_whose_code_is_one_and_come_once():
    again = [*BILL[:4], "N9*BM*B-7~", *BILL[4:]]
    for one in of_309(again, again):
        draft, _, _ = said(MappingSet(base_mappings()), one, profile_for(file_of([again])))
        assert [(each["type"], each["value"]) for each in draft["references"]] == [
            ("tracking", "1ZTRK000000001"),
            ("house_bill", "B-7"),
            ("container", "TRL5501"),
            ("seal", "SEAL778812"),
        ]
        assert draft["shipment_initiator"]["name"] == "LUCKY STAR GARMENT"


def test_a_finding_points_to_the_line_and_the_party_that_it_is_of():
    mappings, profile = MappingSet(base_mappings()), profile_for(file_of([BILL]))
    for unit in of_309():
        unit.node.children["VID"][0].children["N10"][1].elements[6] = "1.2.3"
        unit.node.children["N1"][1].children["N4"][0].elements[1] = ""
        draft, findings, _ = said(mappings, unit, profile)
        assert {"/items/1/total_value/amount", "/final_deliver_to_party/city"} <= {f.pointer for f in findings}
        assert len(draft["items"]) == 2


def test_functions_of_one_text_have_code_of_their_own():
    one, other = (written.function("give()", ["return value"], {"value": number}) for number in (1, 2))
    assert (one(), other()) == (1, 2)
    assert one.__code__ == other.__code__ and one.__code__ is not other.__code__


ONE_GID = ("RFF+HWB:X1", "GID+1+1:CT", "MEA+AAE+G+KGM:1")


@pytest.mark.parametrize(
    ("segments", "known"),
    [
        (ONE_GID, True),
        ((*ONE_GID, "GID+2+1:CT", "MEA+AAE+G+KGM:2"), True),
        ((*ONE_GID, "MEA+AAE+N+KGM:1"), False),  # two of a goods line
        ((*ONE_GID, "GID+2+1:CT"), False),  # none of the second
        ((*ONE_GID, "RFF+BM:X2", "GID+1+1:CT", "MEA+AAE+G+KGM:2"), False),  # goods lines in two places
    ],
)
def test_segments_are_one_of_each_goods_line_or_it_is_not_known(segments, known):
    unit = of_cuscar("CNI+3+X1", *segments)[-1]
    seats = Seats(unit.node.kinds, in_line_helpers())
    found = seats.of((("RFF", (), ""), ("GID", (), ""), ("MEA", (), "")))
    assert bool(found and seats.one_of_each(found)) is known
