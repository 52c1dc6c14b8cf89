"""The trees of shipments that were handed out are freed at once, without the cycle collector: memory stays flat."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.formats import format_module
from gateway.records import Node, Unit
from gateway.site import base_site

FIXTURES = Path(__file__).parents[2] / "fixtures"
SHIPMENTS = 600


def _repeated(name: str, unit: str) -> bytes:
    """Return a sample whose first shipment stands SHIPMENTS times."""
    text = (FIXTURES / name).read_text("utf-8")
    found = re.search(unit, text, re.DOTALL)
    assert found is not None
    return (text[: found.start()] + SHIPMENTS * found[0] + text[found.end() :]).encode()


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("folder", "name", "unit"),
    [
        ("cargo_xml", "xml/05_xfhl_3houses_v3.xml", "<ram:IncludedHouseConsignment>.*?</ram:IncludedHouseConsignment>"),
        ("postal", "xml/15_itmatt_gateway_profile.xml", "<item .*?</item>"),
        ("edifact", "edifact/01_cuscar_d03a_air_3hawb.edi", "CNI.*?(?=CNI)"),
        ("x12", "x12/01_309_truck_5020_s321.edi", r"LX\*.*?(?=LX|SE\*)"),
        ("x12", "x12/15_856_marketplace_parcels.edi", r"HL\*2.*?(?=HL\*5)"),
        ("x12", "x12/15_856_marketplace_parcels.edi", r"ST\*.*?SE\*58\*0001~"),
        ("edifact", "edifact/01_cuscar_d03a_air_3hawb.edi", "UNH.*UNT[^']*'"),
        ("edifact", "edifact/15_iftmin_d03a_single.edi", "UNH.*UNT[^']*'"),
        ("edifact", "edifact/17_itmatt_edifact_profile.edi", "CNI.*?(?=CNI)"),
        ("edifact", "edifact/18_predes_edifact_profile.edi", "CNI.*?(?=CNI)"),
    ],
)  # fmt: skip
def test_no_tree_waits_for_the_cycle_collector(folder, name, unit, uncollected):
    data = _repeated(name, unit)
    before, nodes, units = _trees(), 0, 0
    for event in format_module(folder).read([data], base_site().partners["gwsender"].profile, (0, 1)):
        if isinstance(event, Unit):
            units += 1
            nodes += sum(1 for _ in event.node.walk())
    del event
    assert units >= SHIPMENTS
    assert _trees() - before < nodes / 3  # the last some dozens


def _trees() -> int:
    return sum(1 for thing in gc.get_objects() if isinstance(thing, Node))
