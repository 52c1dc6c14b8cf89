"""The XFNM of a list: it names the list, and tells errors before warnings when there is no room for all."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from gateway.check import parse_instant
from gateway.history import MemoryHistory
from gateway.results import Outcome
from gateway.site import base_site
from gateway.translate import translate

SAMPLE = Path(__file__).parents[3] / "fixtures" / "xml" / "05_xfhl_3houses_v3.xml"
RAM = {"ram": "iata:datamodel:3", "rsm": "iata:response:3"}


def answer(houses: int) -> etree._Element:
    """Return the XFNM of a list of so many houses without parties: three errors and a warning each."""
    text = SAMPLE.read_text("utf-8")
    found = re.findall(r" *<ram:IncludedHouseConsignment>.*?</ram:IncludedHouseConsignment>\n", text, re.S)
    assert len(found) == 3
    start, end = text.index(found[0]), text.index(found[2]) + len(found[2])
    many = "".join(found[0].replace("GWH0001001", f"GWL{number:07}") for number in range(houses))
    data = (text[:start] + many + text[end:]).encode()
    profile = base_site().partners["gwsender"].profile
    (*_, outcome) = translate([data], profile, parse_instant("2025-02-27T10:00:00Z"), MemoryHistory(), name="m.xml")
    assert isinstance(outcome, Outcome)
    return etree.fromstring({a.kind: b"".join(a.chunks) for a in outcome.acks}["XFNM"])


def test_the_answer_to_a_list_names_the_list_and_no_house():
    assert answer(3).findtext("rsm:BusinessHeaderDocument/ram:ID", namespaces=RAM) == "999-12345675_FHL0001"


def test_errors_are_told_before_warnings_and_what_is_left_out_is_counted():
    tree = answer(30)
    told = [c.text for c in tree.iterfind(".//ram:ConditionCode", RAM)]
    assert told.count("Error") == 90
    assert len(told) == 100
    assert tree.findtext("rsm:ResponseDetail", namespaces=RAM).partition(" ")[0] == str(
        4 * 30 + 3 - 100  # and three totals of the head
    )


def test_no_more_is_told_than_the_partner_wants():
    tree = answer(40)
    told = [c.text for c in tree.iterfind(".//ram:ConditionCode", RAM)]
    assert (told.count("Error"), len(told)) == (100, 100)
    assert tree.findtext("rsm:ResponseDetail", namespaces=RAM).partition(" ")[0] == str(4 * 40 + 3 - 100)
