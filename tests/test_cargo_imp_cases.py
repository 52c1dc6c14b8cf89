"""Cargo-IMP end to end: the samples with the verdict of their index, values, answers; and the reader under damage."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.check import Checker, parse_instant, run_cases
from gateway.findings import Finding, Severity
from gateway.formats import format_module
from gateway.history import MemoryHistory
from gateway.records import Acknowledged, InterchangeEnd, MessageEnd, Unit
from gateway.results import Outcome
from gateway.site import base_site
from gateway.translate import translate
from tests.drops import chunks_of, drop

FIXTURES = Path(__file__).parent.parent / "fixtures"
SAMPLES = sorted((FIXTURES / "cargoimp").glob("*.txt"))
BEFORE = parse_instant("2025-02-27T10:00:00Z")
TOTAL, ORIGIN = "FHL-MASTER-TOTAL", "S321-ORIG-REQ"
SEVERAL = "MAP-AMBIGUOUS"  # two HTS lines for one text of the goods
PARTS = {"S321-ROLE-REQ", "S321-VAL-MISSING", ORIGIN}

# number -> (verdict, found, accepted, rules above info)
EXPECTED = {
    "01": ("accept", 0, 0, set()),
    "02": ("accept", 1, 1, set()),
    # ours: the master's other houses may come (as case S120 asks), and FHL has no field for the origin
    "03": ("accept_with_warnings", 1, 1, {TOTAL, ORIGIN, SEVERAL}),
    "04": ("reject", 3, 0, PARTS),
    "05": ("accept_with_warnings", 1, 1, {TOTAL, ORIGIN}),
    "06": ("accept", 0, 0, set()),
    "07": (
        "reject", 1, 0,
        {TOTAL, "S321-ID-CHK", "S321-ADDR-ZIP", "S321-ADDR-FAKE", "S321-VAL-800", "S321-NAME-FAKE", "S321-DESC-VAGUE", "S321-HTS-LEN", "Q-NOT-SECURED",
         ORIGIN},
    ),
    "08": ("accept_with_warnings", 0, 0, {"ACK-REFUSED"}),
    "09": ("accept", 0, 0, set()),
    "10": ("accept_with_warnings", 1, 1, {TOTAL, ORIGIN, SEVERAL}),
    "11": (
        "reject", 1, 0,
        {"CARGO-IMP-LINE", "CARGO-IMP-LONG", "CARGO-IMP-CHAR", TOTAL, "NUM-COMMA", "MAP-VALUE", "S321-ROLE-REQ",
         "S321-ADDR-STATE", ORIGIN},
    ),
    "12": ("accept", 1, 1, set()),
    "13": ("accept", 0, 0, set()),
    "14": ("accept_with_warnings", 0, 0, {"ACK-REFUSED"}),
    "15": ("accept_with_warnings", 1, 1, {"S321-AMEND-NF"}),
}  # fmt: skip


def sample(number: str) -> bytes:
    return next(p for p in SAMPLES if p.name.startswith(number)).read_bytes()


def answers(data: bytes) -> dict[str, bytes]:
    profile = base_site().partners["gwsender"].profile
    (*_, outcome) = translate([data], profile, BEFORE, MemoryHistory(), name="m.txt")
    assert isinstance(outcome, Outcome)
    return {a.kind: b"".join(a.chunks) for a in outcome.acks}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_sample_gets_its_verdict(path):
    result = Checker(base_site(), BEFORE).file(path)
    counts = result["shipments"]
    said = {f["rule"] for f in result["findings"] if f["severity"] in ("error", "warning")}
    assert (result["verdict"], counts["found"], counts["accepted"], said) == EXPECTED[path.name[:2]]
    assert all(
        f["line"] and f["offset"] is not None and f["fix"] for f in result["findings"] if f["severity"] != "info"
    )


def test_every_case_is_as_expected():
    cases = list(run_cases(FIXTURES / "cases" / "cases.jsonl", base_site(), "cargo_imp"))
    assert cases
    assert [differences for _, _, differences in cases] == [[]] * len(cases)


@pytest.mark.parametrize(
    ("number", "pointer", "value"),
    [
        ("02", "master_bill_number", "99976543213"), ("02", "fair_retail_value_usd", "129.50"), ("02", "gross_weight_kg", "3.200"),
        ("02", "package_count", 2), ("02", "final_deliver_to_party.name", "PAT SAMPLE"), ("02", "final_deliver_to_party.postal_code", "97201"),
        ("02", "items.1.enhanced_product_description", "USB-C CHARGING CABLE"), ("02", "items.1.hts_number", "8544429090"),
        ("02", "items.0.country_of_origin", "CN"),
        ("03", "house_bill_number", "GWH0001001"), ("03", "fair_retail_value_usd", "43.98"), ("03", "first_us_port", "2720"),
        ("03", "final_deliver_to_party.address_line_1", "12 SAMPLE LN"), ("03", "final_deliver_to_party.phone", "16315550122"),
        ("03", "items.0.enhanced_product_description", "MENS T-SHIRT KNITTED 100 PCT COTTON SIZE L 2 PCS SOCKS KNITTED COTTON 5 PAIRS"),
        ("05", "final_deliver_to_party.city", "MIAMI"), ("05", "fair_retail_value_usd", "18.20"),
        ("12", "house_bill_number", "GWH0001001"), ("12", "fair_retail_value_usd", "43.00"), ("12", "items.0.hts_number", "6109100012"),
        ("12", "first_us_port", "2720"), ("12", "package_count", 1), ("12", "gross_weight_kg", "1.300"),
    ],
)  # fmt: skip
def test_canonical_values(number, pointer, value):
    path = next(p for p in SAMPLES if p.name.startswith(number))
    at = Checker(base_site(), BEFORE).file(path)["messages"][0]["shipments"][0]
    for step in pointer.split("."):
        at = at[int(step)] if step.isdigit() else at[step]
    assert at == value


def test_an_accepted_message_is_answered_like_the_golden_fma():
    assert answers(sample("03"))["FMA"] == sample("09")
    assert "FNA" not in answers(sample("03"))


def test_a_refused_message_is_answered_with_its_reasons_and_itself():
    told = answers(sample("07"))
    assert "FMA" not in told
    lines = told["FNA"].decode().split("\r\n")
    assert lines[0] == "FNA/1"
    assert lines[1].startswith("ACK/S321-ID-CHK L2 MBI ")
    assert told["FNA"].endswith(sample("07"))
    assert any(line.startswith("/S321-ADDR-ZIP L14 ") for line in lines)
    assert max(map(len, lines)) <= 69
    reasons = "".join(lines[1 : lines.index("FHL/4")])
    assert not any(c.islower() or c in "\"',;:" for c in reasons)


def test_two_messages_of_a_file_are_answered_one_by_one():
    told = answers(sample("10"))["FMA"].decode()
    assert told.count("FMA\r\n") == 2
    assert told.count("FHL/4\r\n") == 1
    assert told.count("FWB/16\r\n") == 1


@pytest.mark.parametrize(("number", "result", "words"), [("08", "R", "AWB CHECK DIGIT"), ("09", "A", "PROCESSED"), ("13", "1C-1", ""), ("14", "R", "SAMPLE ERROR")])  # fmt: skip
def test_answers_that_come_back_are_read_and_never_answered(number, result, words):
    (event,) = [e for e in events(sample(number)) if isinstance(e, Acknowledged)]
    assert event.result == result
    assert words in event.text
    assert not {"FMA", "FNA"} & set(answers(sample(number)))


def events(data: bytes, sizes=()):
    return list(
        format_module("cargo_imp").read(chunks_of(data, sizes), base_site().partners["gwsender"].profile, (0, 1))
    )


def shape(found):
    out = []
    for e in found:
        if isinstance(e, Unit):
            out.append((e.number, e.role, [(n.tag, n.elements, n.offset, n.line) for n in e.node.walk()]))
        else:
            out.append((e.rule, e.message, e.position) if isinstance(e, Finding) else type(e).__name__)
    return out


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_byte_by_byte_gives_what_the_whole_file_gives(path):
    data = path.read_bytes()
    assert shape(events(data, itertools.repeat(1))) == shape(events(data))


@given(st.lists(st.integers(1, 90), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_chunks_give_what_the_whole_file_gives(sizes):
    data = sample("10")
    assert shape(events(data, itertools.cycle(sizes))) == shape(events(data))


@given(st.integers(0, 900), st.binary(max_size=30))
@settings(max_examples=80, deadline=None)
def test_damage_never_raises(at, junk):
    data = sample("03")
    found = events(data[:at] + junk + data[at + len(junk) :])
    assert isinstance(found[-1], InterchangeEnd)
    assert sum(isinstance(e, MessageEnd) for e in found) >= 0


def test_a_lost_slant_is_told_and_the_line_is_not_glued_to_another():
    data = sample("03").replace(b"/HOLTSVILLE/NY", b"HOLTSVILLE/NY")
    (finding,) = [e for e in events(data) if isinstance(e, Finding) and e.rule == "CARGO-IMP-LINE"]
    assert data[finding.position.offset :].startswith(b"HOLTSVILLE/NY")


def test_the_offset_of_a_field_is_that_of_its_bytes():
    data = sample("03")
    house = next(e for e in events(data) if isinstance(e, Unit)).node
    assert data[house.offset : house.offset + house.length] == b"HBS/GWH0001001/HKGLAX/1/K1.25//MENS T-SHIRTS"


def waybill(data: bytes) -> Unit:
    return next(e for e in events(data) if isinstance(e, Unit))


@pytest.mark.parametrize("written", [b"T1K1.3", b"T1/K1.3"])
def test_pieces_and_weight_of_a_waybill_line_may_stand_in_one_field_or_in_two(written):
    data = sample("12").replace(b"T1K1.3", written)
    line = waybill(data).node.children["WBL"][0]
    assert line.elements == ["WBL", "HKG", "T1K1.3", "MENS T-SHIRTS KNITTED COTTON"]
    starts = [line.offset + line.start_of(n) for n in (1, 2, 3)]
    assert [data[s : s + 4] for s in starts] == [b"HKG/", written[:4], b"MENS"]


def test_the_arrival_airport_of_a_waybill_line_is_no_weight():
    data = sample("12").replace(b"T1K1.3/MENS T-SHIRTS KNITTED COTTON", b"T1K1.3/K2 JACKETS/02MAR")
    assert waybill(data).node.children["WBL"][0].elements == ["WBL", "HKG", "T1K1.3", "K2 JACKETS", "02MAR"]


def test_the_report_of_a_master_is_no_shipment():
    assert waybill(sample("12")).role == "shipment"
    assert waybill(sample("12").replace(b"-GWH0001001", b"-M")).role == "master"
    assert waybill(sample("12").replace(b"-GWH0001001", b"-M0001001")).role == "shipment"


def test_the_airport_of_arrival_is_read_from_the_line_without_identifier():
    line = waybill(sample("12")).node.children["CCL"][0]
    assert line.elements == ["CCL", "LAX", "XX"]
    assert sample("12")[line.offset : line.offset + line.length] == b"LAXXX"


# --- small letters ------------------------------------------------------------------------------------------------


def read_as(data: bytes, **changes):
    """Return (outcome, messages) of a file, read with the profile of its sender and these changes."""
    result = drop(data, now=BEFORE, profile=replace(base_site().partners["gwsender"].profile, **changes))
    return result, [{**message, "source": None, "message_id": None} for message in result.messages()]


@pytest.mark.parametrize("number", ["02", "03", "05", "07", "10", "12", "15"])
def test_a_message_in_small_letters_is_read_like_one_in_capitals_where_the_partner_file_says_so(number):
    (capitals, expected), (small, messages) = read_as(sample(number)), read_as(sample(number).lower(), fold_case=True)
    assert (small.counts(), messages) == (capitals.counts(), expected)
    assert small.rules() - capitals.rules() == {"CARGO-IMP-CHAR"}
    said = [f for f in small.findings() if f.rule == "CARGO-IMP-CHAR"]
    assert all(f.severity is Severity.WARNING and "read as capitals" in f.message for f in said)
    places = {(f.rule, f.position.offset, f.position.length) for f in capitals.findings()}
    assert places <= {(f.rule, f.position.offset, f.position.length) for f in small.findings()}


def test_the_answer_repeats_small_letters_as_they_came():
    small, _ = read_as(sample("07").lower(), fold_case=True)
    lines = small.answers["FNA"].decode().splitlines()
    assert "fhl/4" in lines
    assert lines[lines.index("fhl/4") :] == sample("07").decode().lower().splitlines()


@pytest.mark.parametrize("number", ["02", "03", "10", "12"])
def test_without_that_a_message_in_small_letters_is_refused_and_told_as_such(number):
    small, messages = read_as(sample(number).lower())
    (said,) = [f for f in small.findings() if f.rule == "CARGO-IMP-LOST"]
    assert (small.outcome.verdict, messages) == ("reject", [])
    assert "in small letters" in said.message
    line = sample(number).lower().splitlines()[said.position.line - 1]
    assert line.decode() in said.message


def test_one_of_two_messages_in_small_letters_is_told():
    data = sample("03") + b".HKGFFXX 010815\r\n" + sample("05").lower()
    small, messages = read_as(data)
    assert "CARGO-IMP-LOST" in {f.rule for f in small.findings() if f.refuses}
    assert [s["house_bill_number"] for m in messages for s in m["shipments"]] == ["GWH0001001"]


def test_strict_partners_have_small_letters_refused_also_when_they_are_folded():
    small, messages = read_as(sample("12").lower(), fold_case=True, tolerance="strict")
    assert (small.outcome.verdict, messages) == ("reject", [])


def test_fold_case_changes_nothing_of_capitals():
    assert read_as(sample("12"), fold_case=True)[1] == read_as(sample("12"))[1]


def test_a_section_of_a_sitatex_header_that_is_not_known_is_told_and_loses_nothing():
    result, _ = read_as(
        sample("13") + b"\n=HEADER\nRCV,2025/03/01 10:15\n=PRIORITY\nQK\n=TXET\nSOMETHING\n" + sample("03")
    )
    found = list(result.findings())
    assert [f.position.line for f in found if f.rule == "CARGO-IMP-STRAY"] == [11]
    assert not [f for f in found if f.refuses]


def test_a_sitatex_header_without_its_text_is_a_message_without_lines():
    found, _ = read_as(b"=PRIORITY\nQK\n=SMI\nFHL/4\n=TEXT\n\n=PRIORITY\nQK\n=TEXT\n" + sample("03"))
    assert found.counts()[:2] == (1, 1)
    assert {f.position.line for f in found.findings() if f.refuses} == {4}
