"""Element checks of one segment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.x12.elements import TRAILING, SegmentCheck, SegmentDef
from gateway.formats.x12.layout import load_table
from gateway.formats.x12.values import ElementDef, charset, is_date, is_time, value_code

CHARS = charset("005020", ">", "^")


def _check(tag: str, version: str = "005020", *, set_id: str = "309") -> SegmentCheck:
    table = load_table(set_id, version)
    assert table is not None
    definition = next(segment for segment in table.segments if segment.tag == tag)
    return SegmentCheck(definition, charset(version, ">", "^"))


def _faults(text: str, version: str = "005020") -> list[tuple[int, str]]:
    """Return (element, code) and check that the fast answer is the same as the slow one."""
    elements = text.split("*")
    check = _check(elements[0], version)
    faults = check.faults(elements)
    assert check.passes(elements) == (not faults)
    assert check.passes(elements) == (not faults), "the second time the memory answers"
    return [(fault.element, fault.code) for fault in faults]


@pytest.mark.parametrize(
    "text",
    [
        "LX*1",
        "M11*00450001*80107*2*PCS*1.2*K***13***NRTX",
        "M11*00450001*80107*2*PCS*5.*K***13***NRTX",  # 5. is a legal R
        "N10*-1*COTTON T-SHIRT**A*610910*18*K*0.4**PCS*CN*US*USD",
        "N10*1*COTTON T-SHIRT****24.90*K*0.4**PCS*CN*US*USD",  # element 602 is text: the point is a mapping rule's
        "N9*2I*1ZTRK000000001",
        "N9*2I**A TEXT",
        "N9*2I*1Z*****BM>123>MB>456",
        "P4*0901*20240229***1430",
        "P4*0901*20240229***143059",
        "N1*CN*CASEY    EXAMPLE",
        "N1*CN*CASEY EXAMPLE   ",
        "DMG*D8*19800101*M****CA",
    ],
)
def test_a_right_segment_has_no_fault(text: str) -> None:
    assert _faults(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LX*", [(1, "1"), (1, TRAILING)]),
        ("LX", [(1, "1")]),
        ("LX* ", [(1, "6")]),
        ("LX*A", [(1, "6")]),
        ("LX*1.5", [(1, "6")]),
        ("LX*1234567", [(1, "5")]),
        ("N3* ", [(1, "1")]),
        ("M11*0045000112345*80107*2*PCS*1.2*K***13***NRTX", [(1, "5")]),
        ("M11*00450001*80107*2*PCS*1.2*X***13***NRTX", [(6, "7")]),
        ("M11*00450001*80107*2*PCS*1.2*K***99***NRTX", [(9, "7")]),
        ("M11*00450001*80107*2*PCS*1.2*K***13", [(12, "1")]),
        ("M11*00450001*80107*2*PCS*1.2*K*2**13***NRTX", [(8, "2")]),
        ("M11*00450001*80107*2*PCS*1.2*K***13**MSTR*NRTX", [(13, "2")]),
        ("P4*0901*20250230***1430", [(2, "8")]),
        ("P4*0901*2025AB01***1430", [(2, "8")]),
        ("P4*0901*250304", [(2, "4")]),
        ("P4*0901*20250304***2460", [(5, "9")]),
        ("P4*0901*20250304***2400", [(5, "9")]),
        ("P4*0901*20250304***14305", [(5, "9")]),
        ("N10*1*SHIRT****7*K*0.4**PCS*CN*US*USD", [(6, "4")]),
        ("N10*1*SHIRT****18*K*0.4**PCS*CN*US", [(13, "2")]),
        ("N10*1*SHIRT****18*K*0.4**PCS*CN*US*USD*X", [(14, "3")]),
        ("N10*1*SHIRT********PCS*CN*US***", [(13, TRAILING)]),
        ("N9*2I", [(2, "2")]),
        ("N9*2I*1Z****ET", [(5, "2")]),
        ("N9*2I*1Z1^1Z2", [(2, "12")]),
        ("N9*2I*1Z*****BM>1>MB>2>OB>3>XX>4", [(7, "13")]),
        ("N9*2I*1Z*****BM>>MB>2", [(7, "1")]),
        ("N10*1*CABLE > USB", [(2, "6")]),
        ("N1*CN*JOS\u00c9", [(2, "6")]),
        ("N1*CN*A\tB", [(2, "6")]),
        ("N1*CN*CASEY*91", [(4, "2")]),
        ("N4*PORTLAND*OR*97201*US*", [(5, TRAILING)]),
        ("DMG*D8*19800231", [(2, "8")]),
        ("DMG*D8", [(2, "2")]),
    ],
)
def test_each_fault_has_its_element_and_its_code(text: str, expected: list[tuple[int, str]]) -> None:
    assert _faults(text) == expected


def test_one_of_two_in_bond_numbers_from_004040_on() -> None:
    assert _faults("M12*61*123*0712***456", "004040") == [(6, "10")]
    assert _faults("M12*61**0712", "004010") == [(2, "2")]


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("005020", "N10*1*SHIRT****18*K*0.4", [(13, "2")]),
        ("006050", "N10*1*SHIRT****18*K*0.4", []),
        ("004010", "N10*1*SHIRT****18*K*0.4", []),
        ("004010", "VID*TL**TRL12345678", [(3, "5")]),
        ("005020", "VID*TL**TRL12345678", []),
        ("004010", "M10*NRTX*J**", [(3, "1"), (6, "1"), (9, "1"), (3, TRAILING)]),
        ("006050", "M10*NRTX*J", []),
        ("005020", "M11*1*80107*****2", [(3, "1"), (4, "1"), (5, "1"), (6, "1"), (8, "2"), (12, "1")]),
        ("006050", "M11*1*80107*2*********NRTX", [(4, "2")]),
    ],
)
def test_lengths_and_rules_are_those_of_the_release(version: str, text: str, expected: list[tuple[int, str]]) -> None:
    assert sorted(_faults(text, version)) == sorted(expected)


def test_the_accent_grave_is_in_the_extended_set_from_005010_on() -> None:
    assert _faults("N1*CN*O`NEIL", "005020") == []
    assert _faults("N1*CN*O`NEIL", "004010") == [(2, "6")]


def test_separators_of_the_interchange_are_not_text() -> None:
    text = ElementDef("93", "Name", "S", "AN", 1, 60)
    assert value_code("A:B", text, charset("005020", ">", "^")) == ""
    assert value_code("A:B", text, charset("005020", ":", "^")) == "6"
    assert value_code("A]B", text, charset("005020", "]", "")) == "6"


def test_a_syntax_rule_l_wants_one_of_the_others() -> None:
    elements = [ElementDef(str(n), "x", "S", "AN", 1, 5) for n in range(1, 4)]
    check = SegmentCheck(SegmentDef("ZZ", "x", elements, ["L010203"]), CHARS)
    assert check.passes(["ZZ", "a", "", "c"])
    assert [(f.element, f.code) for f in check.faults(["ZZ", "a"])] == [(2, "2")]
    assert check.passes(["ZZ", "", "b"])


def test_a_bare_tag_breaks_a_rule_that_wants_one_element_of_several() -> None:
    elements = [ElementDef(str(n), "x", "S", "AN", 1, 5) for n in range(1, 4)]
    check = SegmentCheck(SegmentDef("ZZ", "x", elements, ["R0103"]), CHARS)
    assert not check.passes(["ZZ"])
    assert [(f.element, f.code) for f in check.faults(["ZZ"])] == [(1, "2")]
    bare = _check("L11", "004010", set_id="310")
    assert not bare.passes(["L11"])


def test_one_cause_is_one_fault() -> None:
    two_rules = _check("L11", "004010", set_id="204")
    assert {rule[0] for rule in two_rules.definition.syntax} == {"P", "R"}
    assert [(f.element, f.code) for f in two_rules.faults(["L11", "", "BM"])] == [(1, "2")]
    assert _faults("DMG*D8*" + "1" * 40) == [(2, "5")]
    assert _faults("DMG*D8*1980\u00c90101") == [(2, "6")]


def test_an_element_marked_not_used_must_be_empty() -> None:
    elements = [ElementDef("1", "x", "R", "AN", 1, 5), ElementDef("2", "x", "N", "AN", 1, 5)]
    check = SegmentCheck(SegmentDef("ZZ", "x", elements), CHARS)
    assert check.passes(["ZZ", "a"])
    assert not check.passes(["ZZ", "a", "b"])
    assert [(f.element, f.code) for f in check.faults(["ZZ", "a", "b"])] == [(2, "10")]


def test_a_repeatable_element_is_checked_value_by_value() -> None:
    check = SegmentCheck(SegmentDef("ZZ", "x", [ElementDef("1", "x", "R", "ID", 2, 2, ["AA", "BB"], 3)]), CHARS)
    assert check.passes(["ZZ", "AA^BB"])
    assert [f.code for f in check.faults(["ZZ", "AA^CC"])] == ["7"]
    assert [f.code for f in check.faults(["ZZ", "AA^AA^AA^AA"])] == ["12"]


def test_the_memory_of_values_stays_small() -> None:
    check = _check("N3")
    for number in range(5000):
        assert check.passes(["N3", f"{number} ELM ST"])
    assert len(check.known[1]) <= 600


@given(st.dates(), st.times())
def test_every_day_and_minute_is_accepted(day: object, time: object) -> None:
    assert is_date(f"{day:%Y%m%d}".zfill(8))
    assert is_time(f"{time:%H%M}")
    assert is_time(f"{time:%H%M%S}")


ALPHABET = "AK19.-> ^\u00e9\tx"
CELL = st.one_of(
    st.just(""),
    st.sampled_from(["K", "13", "20250304", "1430", "NRTX", "12.5", "5.", "D8", "SH"]),
    st.text(ALPHABET, max_size=14),
)
TAGS = ["M10", "P4", "LX", "M11", "M13", "N9", "N1", "N3", "N4", "M12", "VID", "N10", "DMG", "H1", "MAN", "REF"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TAGS), st.lists(CELL, max_size=16))
def test_the_fast_answer_is_the_slow_answer(tag: str, cells: list[str]) -> None:
    check = _FAST.setdefault(tag, _check(tag))
    elements = [tag, *cells]
    assert check.passes(elements) == (not check.faults(elements))


_FAST: dict[str, SegmentCheck] = {}
