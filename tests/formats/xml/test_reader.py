"""The XML reader: any chunks, whole texts, nothing loaded, nothing lost quietly, memory of one unit."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.findings import Finding, Scope
from gateway.formats import format_module
from gateway.records import InterchangeEnd, MessageEnd, Unit
from gateway.site import base_site
from tests.drops import SAMPLES_NOW, drop, sample
from tests.formats.xml.support import events, findings, shape

FIXTURES = Path(__file__).parents[3] / "fixtures"
XML = sorted((FIXTURES / "xml").glob("*.xml")) + sorted((FIXTURES / "cases").glob("*.xml"))
HOUSE = (FIXTURES / "xml" / "03_xfzb_clean_v3.xml").read_bytes()
LIST = (FIXTURES / "xml" / "05_xfhl_3houses_v3.xml").read_bytes()
ITEMS = (FIXTURES / "xml" / "15_itmatt_gateway_profile.xml").read_bytes()


def test_the_samples_are_there():
    assert len(XML) > 40


@pytest.mark.parametrize("path", XML, ids=lambda p: p.stem[:40])
def test_byte_by_byte_gives_what_the_whole_file_gives(path):
    data = path.read_bytes()
    if len(data) > 20_000:
        data = data[:20_000]
    assert shape(events(data, sizes=itertools.repeat(1))) == shape(events(data))


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_chunks_give_what_the_whole_file_gives(sizes):
    for data, folder in ((HOUSE, "cargo_xml"), (LIST, "cargo_xml"), (ITEMS, "postal")):
        assert shape(events(data, folder, itertools.cycle(sizes))) == shape(events(data, folder))


@given(st.integers(0, len(LIST) - 1), st.sampled_from(["cut", "flip", "double", "drop"]))
@settings(max_examples=60, deadline=None)
def test_damage_never_raises_and_is_never_silent(at, how):
    data = {
        "cut": LIST[:at], "flip": LIST[:at] + bytes([LIST[at] ^ 0x15]) + LIST[at + 1 :],
        "double": LIST[:at] + LIST[at : at + 40] + LIST[at:], "drop": LIST[:at] + LIST[at + 9 :],
    }[how]  # fmt: skip
    found = events(data)
    assert isinstance(found[-1], InterchangeEnd)
    if how == "cut" and data.strip() and at < len(LIST.rstrip()) - 1:
        assert any(f.refuses and f.scope in (Scope.INTERCHANGE, Scope.FILE) for f in findings(found))


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_behind_a_good_start_never_raise(rest):
    assert isinstance(events(HOUSE[:900] + rest)[-1], InterchangeEnd)


def unit(data: bytes, folder: str = "cargo_xml") -> Unit:
    return next(e for e in events(data, folder) if isinstance(e, Unit))


def text(node, *path: str) -> str:
    for step in path:
        node = node.children[step][0]
    return node.text


def test_texts_are_whole_over_comments_cdata_and_references():
    name = b"<ram:Name>JORDAN EXAMPLE</ram:Name>"
    assert HOUSE.count(name) == 1
    odd = b"<ram:Name>JO<!-- x -->RDAN <![CDATA[EX<A>&]]>MPL&#69;<?pi x?></ram:Name>"
    where = ("MasterConsignment", "IncludedHouseConsignment", "ConsigneeParty", "Name")
    assert text(unit(HOUSE.replace(name, odd)).node, *where) == "JORDAN EX<A>&MPLE"


def test_nil_is_no_value_and_prefixes_mean_nothing():
    nil = HOUSE.replace(
        b"<ram:Name>JORDAN EXAMPLE</ram:Name>",
        b'<ram:Name xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">X</ram:Name>',
    )
    where = ("MasterConsignment", "IncludedHouseConsignment", "ConsigneeParty", "Name")
    assert text(unit(nil).node, *where) == ""
    other = (
        HOUSE.replace(b"ram:", b"q9:")
        .replace(b"xmlns:ram", b"xmlns:q9")
        .replace(b"rsm:", b"")
        .replace(b"xmlns:rsm", b"xmlns")
    )
    assert text(unit(other).node, *where) == "JORDAN EXAMPLE"


def test_an_element_knows_its_line_its_byte_and_its_path():
    house = [e for e in events(LIST) if isinstance(e, Unit)][1].node
    number = house.children["TransportContractDocument"][0].children["ID"][0]
    place = number.here()
    assert place.xpath == "/HouseManifest/MasterConsignment/IncludedHouseConsignment[2]/TransportContractDocument/ID"
    assert LIST.splitlines()[place.line - 1].strip().startswith(b"<ram:")
    assert LIST[place.offset :].startswith(b"<ram:ID>GWH0001002<")
    assert LIST.count(b"\n", 0, place.offset) == place.line - 1


@pytest.mark.parametrize(
    ("sample", "rule"),
    [
        ("h01_xxe_file_read", "XML-DTD"), ("h02_xxe_parameter_entity", "XML-DTD"), ("h03_external_dtd", "XML-DTD"),
        ("h04_billion_laughs", "XML-LIMIT"), ("h05_quadratic_blowup", "XML-LIMIT"), ("h06_deep_nesting_100k", "XML-LIMIT"),
        ("h07_latin1_bytes_declared_utf8", "XML-ENCODING"), ("h08_utf8_bytes_declared_latin1", "XML-MOJIBAKE"),
        ("h11_truncated", "FILE-TRUNCATED"), ("h12_utf7_doctype_smuggle", "XML-ENCODING"), ("h14_internal_entity_in_value", "XML-DTD"),
        ("h15_two_documents", "XML-NOT-WF"), ("h16_control_char_ref", "XML-NOT-WF"), ("h17_unknown_namespace", "XML-NS-UNKNOWN"),
        ("h18_no_namespace", "XML-NS-UNKNOWN"), ("h20_undeclared_prefix", "XML-NOT-WF"), ("h23_raw_ampersand", "XML-NOT-WF"),
        ("h24_blank_line_before_decl", "FILE-LEADING-NOISE"), ("h25_trailing_ctrl_z", "FILE-TRAILING-NOISE"),
    ],
)  # fmt: skip
def test_hostile_files_are_told_at_once(sample, rule):
    data = (FIXTURES / "xml" / f"{sample}.xml").read_bytes()
    start = time.process_time()
    found = events(data)
    assert time.process_time() - start < 1
    assert rule in {f.rule for f in findings(found)}
    refused = rule not in ("XML-MOJIBAKE", "FILE-LEADING-NOISE", "FILE-TRAILING-NOISE")
    assert any(f.refuses for f in findings(found)) is refused
    assert b"root:" not in repr(found).encode()


def test_an_ampersand_is_told_how_to_write():
    data = (FIXTURES / "xml" / "h23_raw_ampersand.xml").read_bytes()
    assert any("&amp;" in f.message for f in findings(events(data)))


def test_xinclude_is_not_processed():
    data = (FIXTURES / "xml" / "h21_xinclude.xml").read_bytes()
    assert [f for f in findings(events(data)) if f.refuses] == []
    assert "root:" not in repr(shape(events(data)))


def test_a_wrong_byte_is_told_with_its_offset():
    data = HOUSE.replace(b"SAMPLECLERK", b"SAMPLE\x92LERK")
    (finding,) = [f for f in findings(events(data)) if f.rule == "XML-ENCODING"]
    assert finding.position.offset == data.index(b"\x92")
    assert "Windows-1252 would fit" in finding.message


def test_memory_is_that_of_one_unit_however_many_there_are():
    head, _, tail = ITEMS.partition(b"  <item")
    item = b"  <item" + tail.partition(b"  <item")[0]

    def chunks(count: int):
        yield head
        for _ in range(count):
            yield item
        yield b"</itmatt>"

    def peak(count: int) -> int:
        tracemalloc.start()
        units = sum(
            isinstance(e, Unit)
            for e in format_module("postal").read(chunks(count), base_site().partners["gwsender"].profile)
        )
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert units == count
        return size

    small = peak(200)
    assert peak(4000) < small + 1_500_000  # the offsets of the last 65536 lines among it


def test_elements_without_end_outside_of_units_are_a_limit():
    start, _, _ = ITEMS.partition(b"  <item")
    data = start + b"<x/>" * 100_100 + b"</itmatt>"
    assert "XML-LIMIT" in {f.rule for f in findings(events(data, "postal"))}


def test_the_message_ends_even_when_nothing_could_be_read():
    found = events(b"<nothing/>")
    assert any(isinstance(e, MessageEnd) for e in found)
    (told,) = [e for e in found if isinstance(e, Finding) and e.rule == "XML-NS-UNKNOWN"]
    for family in ("}HouseWaybill", "}itmatt", "ubl:schema:xsd:Waybill-2}Waybill", "DocumentMetaData"):
        assert family in told.message


@pytest.mark.parametrize("size", [5, 30, 60, 100, 150])
def test_a_file_that_ends_before_its_first_element_is_called_cut(size):
    data = sample("xml/03")[:size]
    result = drop(data, name="cut.xml")
    assert "FILE-TRUNCATED" in result.rules(), result.rules()
    assert result.outcome.verdict == "reject"


# --- where a file stops being XML --------------------------------------------------------------------------------------

FLAT = b"".join(line.strip() for line in HOUSE.splitlines())


def syntax_of(data: bytes, sizes: tuple[int, ...] = (1 << 16,)) -> list[Finding]:
    found = findings(events(data, sizes=itertools.cycle(sizes)))
    return [f for f in found if f.rule in ("XML-NOT-WF", "FILE-TRUNCATED")]


@pytest.mark.parametrize("sizes", [(1 << 16,), (1,), (700, 13)])
@pytest.mark.parametrize("lead", [b"", b"\n\n \n"])
@pytest.mark.parametrize(
    "whole", [HOUSE, FLAT, HOUSE.replace(b"\n", b"\r\n"), HOUSE.replace(b"GOLDEN", "GÖLDEN".encode())]
)
def test_what_is_no_xml_is_told_with_the_byte_at_which_its_line_starts(whole, lead, sizes):
    data = lead + whole.replace(b"JORDAN EXAMPLE", b"JORDAN & EXAMPLE")
    at = data.index(b"& EXAMPLE")
    start = data.rfind(b"\n", 0, at) + 1
    (told,) = syntax_of(data, sizes)
    assert (told.rule, told.position.line, told.position.offset) == ("XML-NOT-WF", data.count(b"\n", 0, at) + 1, start)
    assert (
        f"(line {told.position.line} starts at byte {start}; the reader stopped at about its character " in told.message
    )
    column = int(told.message.partition("about its character ")[2].partition(")")[0])
    assert -6 <= start + column - at <= 12


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_the_byte_of_a_line_counts_in_utf_16_as_it_was_sent(codec):
    text = HOUSE.decode().replace("UTF-8", "UTF-16").replace("JORDAN EXAMPLE", "JÖRDAN & EXAMPLE")
    result = drop(("\ufeff" + text).encode(codec), now=SAMPLES_NOW)
    (told,) = [f for f in result.findings() if f.rule == "XML-NOT-WF"]
    assert told.position.offset == len(("\ufeff" + text[: text.rfind("\n", 0, text.index("& EX")) + 1]).encode(codec))


@pytest.mark.parametrize("whole", [HOUSE.rstrip(), FLAT, FLAT.replace(b"GOLDEN", "GÖLDEN".encode())])
def test_only_a_file_that_ends_too_early_is_called_cut_off(whole):
    for cut in range(300, len(whole), 97):
        rules = {f.rule for f in syntax_of(whole[:cut])}
        assert rules == {"XML-NOT-WF", "FILE-TRUNCATED"}, whole[cut - 30 : cut]
    for old, new in (
        (b"JORDAN", b"JORDAN &"),
        (b"JORDAN", b"<b>JORDAN"),
        (b"</ram:Name>", b"</ram:N>"),
        (b"</rsm:HouseWaybill>", b"</rsm:HouseWaybill><a/>"),
    ):
        assert [f.rule for f in syntax_of(whole.replace(old, new))] == ["XML-NOT-WF"], new


def test_lines_are_counted_from_the_first_one_of_the_file():
    data = b"\n\n" + HOUSE.replace(b">43.98<", b">abc<")
    (told,) = [f for f in drop(data, now=SAMPLES_NOW).findings() if f.rule == "MAP-VALUE"]
    assert told.position.line == data.count(b"\n", 0, data.index(b">abc<")) + 1


@pytest.mark.parametrize(
    ("head", "codec", "rule", "severity"),
    [
        ("\ufeff", "utf-8", "ENC-BOM-SKIPPED", "info"), ("\ufeff", "utf-16-le", "ENC-TRANSCODED", "info"), ("", "utf-16-be", "ENC-TRANSCODED", "warning"),
    ],
)  # fmt: skip
def test_a_byte_order_mark_belongs_to_xml(head, codec, rule, severity):
    text = HOUSE.decode().replace("UTF-8", codec[:6])
    result = drop((head + text).encode(codec), now=SAMPLES_NOW)
    assert [f.severity.value for f in result.findings() if f.rule == rule] == [severity]
    assert result.counts() == (1, 1, 0, 0)
    assert (result.outcome.verdict == "accept") is (severity == "info")
