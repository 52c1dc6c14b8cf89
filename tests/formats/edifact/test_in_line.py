"""The quick ways of reading EDIFACT say the same as the careful ones: a stretch at a time, mapping functions in line."""

from __future__ import annotations

import msgspec
import pytest

from gateway.formats.edifact import read
from gateway.formats.edifact.root import message_root
from gateway.formats.edifact.structure.matcher import Matcher
from gateway.records import Unit
from gateway.site import base_site
from tests.formats.edifact.samples import bills, interchange, message

PROFILE = base_site().partners["gwsender"].profile
ODD = [
    ["RFF+HWB:GWH?+1"], ["RFF+HWB*BH:X1"], ["NAD+CN+++JO ?: CO:B+1 ST:APT ?'4+AUSTIN+TX+78701+US"], ["MOA+40:24,90:USD"],
    ["NAD+CN++JO CO:2 ST:AUSTIN"], ["RFF+ HWB :X2"], ["LOC+27"], ["MEA+AAE+G+KGM"], ["CNI+1", "RFF+SRN:1Z9", "RFF+HWB:H9"],
    ["NAD+BY+++BUYER+3 ST+YUMA+AZ+85364+US", "CTA+IC+:A", "COM+555?+1:TE"], ["GID+1+::", "FTX+AAA+++MORE: TEXT"],
]  # fmt: skip


def units(data: bytes) -> list[Unit]:
    return [e for e in read([data], PROFILE) if isinstance(e, Unit)]


def with_odd(odd: list[str]) -> bytes:
    """Bills of which the second has other segments in place of (or behind) its own with the same tags."""
    first, second, third = bills(1), list(bills(1)), bills(1)
    for segment in odd:
        tag = segment[:3]
        at = next((i for i, s in enumerate(second) if s.startswith(tag)), len(second) - 1)
        second[at : at + (tag in {s[:3] for s in second})] = [segment]
    return interchange(message([*first, *second, *third]))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[0][:20])
def test_functions_in_line_fill_what_closures_fill(odd):
    found = units(with_odd(odd))
    assert found
    program = PROFILE.programs("edifact_cuscar", "CUSCAR", "D.03A")
    for unit in found:
        assert unit.message.root.usual
        unit.message.cache.clear()  # what the header gives is told with the first shipment only
        quick = program.run(unit.message, unit.node, PROFILE)
        unit.message.root.usual = False
        unit.message.cache.clear()
        slow = program.run(unit.message, unit.node, PROFILE)
        unit.message.root.usual = True
        assert quick.draft == slow.draft
        assert quick.findings == slow.findings


def flat(unit: Unit) -> list[tuple]:
    return [
        (n.tag, n.elements, n.offset, n.length, n.line, n.position, n.parent and n.parent.tag) for n in unit.node.walk()
    ]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[0][:20])
def test_a_stretch_taken_at_once_is_what_single_segments_give(odd, monkeypatch):
    data = with_odd(odd)
    at_once = [flat(unit) for unit in units(data)]
    monkeypatch.setattr(Matcher, "take", lambda self, parts, number, at, factor, line, *, gaps: (number, at, line))
    assert [flat(unit) for unit in units(data)] == at_once


def test_only_the_usual_service_characters_are_read_in_line():
    (unit, *_) = units(interchange(message(bills(1))))
    root = unit.message.root
    for name, character in (("component", "|"), ("release", "!"), ("repetition", "^")):
        other = msgspec.structs.replace(root.separators, **{name: character})
        assert not message_root(root, other).usual


def test_every_shipment_knows_its_way_up_until_it_is_judged():
    found = units(interchange(message([s for n in range(40) for s in bills(1)])))
    assert all(node.parent is not None for unit in found for node in unit.node.walk())
