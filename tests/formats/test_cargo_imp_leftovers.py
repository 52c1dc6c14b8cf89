"""Cargo-IMP: what stands in a message is read, or told; nothing is left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.check import Checker, parse_instant
from gateway.cli import app
from gateway.formats.cargo_imp.split import split_messages
from gateway.site import base_site
from tests.drops import drop, sample

SAMPLES = Path(__file__).parents[2] / "fixtures" / "cargoimp"
BEFORE = parse_instant("2025-02-27T10:00:00Z")


def told(tmp_path, number: str, *changes: tuple[str, str]) -> tuple[dict, dict]:
    """Return the verdict on a sample with changes, and its first shipment."""
    text = next(p for p in SAMPLES.iterdir() if p.name.startswith(number)).read_bytes().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "m.txt"
    path.write_bytes(text.encode())
    result = Checker(base_site(), BEFORE).file(path)
    shipments = [s for m in result["messages"] for s in m["shipments"]]
    return result, shipments[0] if shipments else {}


def findings(result: dict, rule: str) -> list[dict]:
    return [f for f in result["findings"] if f["rule"] == rule]


@pytest.mark.parametrize(
    ("number", "old", "new", "line"),
    [
        ("03", "CVD/USD", "CVD/USD/PP/NVD/99.00/XXX\r\nCVD/USD", 22),
        ("03", "HBS/", "MBI/999-76543213HKGLAX/T3K6.9\r\nHBS/", 3),
        ("02", "CVD/USD", "CVD/USD//PP/NVD/99.00/XXX\r\nCVD/USD", 16),
        ("02", "RTG/", "FLT/YY12/03\r\nRTG/", 4),
        ("12", "WBL/", "999-12345675-GWH0001002\r\nWBL/", 4),
        ("12", "ARR/XX880/02MAR", "ARR/XX880/02MAR\r\nARR/XX880/05MAR", 6),
        ("15", "ARR/", "999-12345675-GWH0001002\r\nARR/", 4),
    ],
)
def test_a_line_that_stands_twice_with_other_content_refuses_the_message(tmp_path, number, old, new, line):
    result, _ = told(tmp_path, number, (old, new))
    assert result["shipments"]["accepted"] == 0
    assert [f["line"] for f in findings(result, "CARGO-IMP-TWICE")] == [line]


def test_the_same_line_again_is_no_fault(tmp_path):
    line = "CVD/USD/PP/NVD/43.98/XXX\r\n"
    result, shipment = told(tmp_path, "03", (line, line * 2))
    assert not findings(result, "CARGO-IMP-TWICE")
    assert shipment["total_value"]["amount"] == "43.98"


@pytest.mark.parametrize(
    ("number", "old", "new", "field", "value"),
    [
        ("03", "CNE/JORDAN EXAMPLE", "CNE/A/S JORDAN EXAMPLE", "final_deliver_to_party.name", "A S JORDAN EXAMPLE"),
        ("02", "/NG/LED DESK LAMP", "/NG/LED DESK LAMP W/CABLE", "items.0.enhanced_product_description", "LED DESK LAMP W CABLE"),
        ("12", "KNITTED COTTON", "KNITTED/COTTON", "items.0.enhanced_product_description", "MENS T-SHIRTS KNITTED COTTON"),
        ("12", "KNITTED COTTON", "KNITTED\r\n/COTTON", "items.0.enhanced_product_description", "MENS T-SHIRTS KNITTED COTTON"),
        ("03", "HTS/", "TXT/NEW\r\nHTS/", "items.0.enhanced_product_description",
         "MENS T-SHIRT KNITTED 100 PCT COTTON SIZE L 2 PCS SOCKS KNITTED COTTON 5 PAIRS NEW"),
        ("12", "-GWH0001001", "-GWH0001001/1ZTRK000000001", "shipment_tracking_number", "1ZTRK000000001"),
        ("12", "ZZZ", "ZZZ", "final_deliver_to_party.phone", "16315550122"),
        ("02", "FLT/XX880/02", "FLT/XX880/02\r\n/YY12/03", "conveyance_reference", "YY12"),
        ("02", "/6/NO/CN", "/6/NO/CN\r\n/7/NO/VN", "items.1.country_of_origin", "VN"),
    ],
)  # fmt: skip
def test_text_behind_a_slant_and_on_further_lines_is_kept(tmp_path, number, old, new, field, value):
    result, at = told(tmp_path, number, *([(old, new)] if old != new else []))
    assert result["shipments"]["accepted"] == 1
    for step in field.split("."):
        at = at[int(step)] if step.isdigit() else at[step]
    assert at == value


@pytest.mark.parametrize(
    ("number", "old", "new", "rule", "accepted"),
    [
        ("03", "HTS/6109100012\r\n/", "HTS/6109100012/", "MAP-AMBIGUOUS", 1),
        ("03", "/US//FT/03", "///CO/BD\r\n///CO/CN", "MAP-AMBIGUOUS", 0),
        ("02", "/6/NO/CN", "/6/NO/CN\r\n/7/NO/VN\r\n/8/NO/BD", "MAP-AMBIGUOUS", 0),
        ("12", "CSD/CN/43-USD/6109100012", "CSD/CN/43-USD/6109100012\r\n/VN/20-USD/6115959000", "MAP-AMBIGUOUS", 0),
        ("12", "/6109100012", "/6109100012/6115959000", "CARGO-IMP-FIELDS", 1),
        ("03", "HOLTSVILLE/NY", "HOLTSVILLE/NY/SUFFOLK", "CARGO-IMP-FIELDS", 1),
        ("12", "-GWH0001001", "GWH0001001", "CARGO-IMP-FIELDS", 0),
        ("03", "/TE/16315550122", "/TE/16315550122/EXT 5", "CARGO-IMP-FIELDS", 1),
        ("02", "/3/ND/", "/AND A PLUG\r\n/3/ND/", "CARGO-IMP-FIELDS", 1),
        ("02", "/2/NG/USB-C", "/NG/WITH SHADE\r\n/2/NG/USB-C", "MAP-AMBIGUOUS", 1),
    ],
)
def test_what_cannot_be_passed_on_is_told(tmp_path, number, old, new, rule, accepted):
    result, _ = told(tmp_path, number, (old, new))
    assert result["shipments"]["accepted"] == accepted
    assert findings(result, rule)


LAMP, CABLE, LINE = "9405218010", "8544429090", "/2/NG/USB-C CHARGING CABLE\r\n/3/ND//CMT40-30-20/2\r\n"


@pytest.mark.parametrize(
    ("changes", "goods", "unclear"),
    [
        ([("/5/NH/8544429090\r\n", "")], [("LED DESK LAMP USB-C CHARGING CABLE", LAMP)], False),
        ([("/2/NG/USB-C", "/NG/USB-C"), ("/4/NH/9405218010\r\n/5/NH/8544429090\r\n", "")],
         [("LED DESK LAMP USB-C CHARGING CABLE", None)], False),
        ([("/2/NG/USB-C", "/2/NG/WITH SHADE\r\n/3/NG/AND USB-C")], [("LED DESK LAMP WITH SHADE AND USB-C CHARGING CABLE", None)], True),
        ([(LINE, "/NG/WITH SHADE\r\n/2/P1/K1/CQ/W1\r\n/NG/USB-C CHARGING CABLE\r\n/NG/AND PLUG\r\n")],
         [("LED DESK LAMP WITH SHADE", LAMP), ("USB-C CHARGING CABLE AND PLUG", CABLE)], False),
        ([(LINE, "/NG/WITH SHADE\r\n/3/NH/9405218010\r\n/2/K1/CQ/W1\r\n/NG/USB-C CHARGING CABLE\r\n/NG/AND PLUG\r\n"), ("/4/NH/9405218010\r\n", "")],
         [("LED DESK LAMP WITH SHADE", LAMP), ("USB-C CHARGING CABLE AND PLUG", CABLE)], False),
        ([(LINE, LINE + "/4/P1/K1/CQ/W1\r\n/NG/PAPER\r\n"), ("/5/NH/8544429090\r\n", "")],
         [("LED DESK LAMP USB-C CHARGING CABLE", None), ("PAPER", None)], True),
        ([], [("LED DESK LAMP", LAMP), ("USB-C CHARGING CABLE", CABLE)], False),
    ],
)  # fmt: skip
def test_goods_of_one_rate_line_are_one_line_unless_each_has_its_number(tmp_path, changes, goods, unclear):
    result, shipment = told(tmp_path, "02", *changes)
    assert [(i["enhanced_product_description"], i.get("hts_number")) for i in shipment["items"]] == goods
    assert {i["country_of_origin"] for i in shipment["items"]} == {"CN"}
    assert bool(findings(result, "MAP-AMBIGUOUS")) == unclear


@pytest.mark.parametrize(
    ("number", "end", "severity"),
    [
        ("03", "8/XXX\r\n", "error"),
        ("03", "\r\n", "warning"),
        ("12", "0012\r\n", "warning"),
        ("06", "LAST\r\n", "warning"),
    ],
)
def test_a_cut_message_is_told(tmp_path, number, end, severity):
    text = next(p for p in SAMPLES.iterdir() if p.name.startswith(number)).read_bytes().decode()
    result, _ = told(
        tmp_path, number, (text, text.rstrip().removesuffix(end.rstrip()) if end.strip() else text.rstrip())
    )
    assert [f["severity"] for f in findings(result, "CARGO-IMP-CUT")] == [severity]
    assert (result["shipments"]["accepted"] == 0) == (severity == "error" or number == "06")


def test_a_waybill_cut_before_its_signature_is_told(tmp_path):
    text = next(SAMPLES.glob("02*")).read_bytes().decode()
    result, _ = told(tmp_path, "02", (text, text[: text.index("/6/NO/CN")]))
    assert [f["severity"] for f in findings(result, "CARGO-IMP-CUT")] == ["warning"]


def test_marks_of_a_telex_line_are_no_lines_of_the_message(tmp_path):
    result, shipment = told(
        tmp_path,
        "03",
        ("FHL/4", "ZCZC ABC0123\r\nQK GWYXXXX\r\n.HKGFFXX 010815\r\nFHL/4"),
        ("43.98/XXX\r\n", "43.98/XXX\r\nNNNN"),
    )
    assert shipment["house_bill_number"] == "GWH0001001"
    assert not [f for f in result["findings"] if f["rule"].startswith("CARGO-IMP")]


def test_the_addresses_of_a_type_b_header_may_go_on_in_further_lines(tmp_path):
    head = "QK GWYXXXX LAXFFAA JFKFFAA\r\nZRHFFLX NRTFFXS\r\nGRUFFJJ\r\n.HKGFFXX 010815\r\n"
    result, shipment = told(
        tmp_path, "03", ("FHL/4", head + "FHL/4"), ("43.98/XXX\r\n", f"43.98/XXX\r\n{head}FHL/5\r\n")
    )
    assert shipment["house_bill_number"] == "GWH0001001"
    assert not findings(result, "CARGO-IMP-STRAY")
    (nameless,) = findings(result, "CARGO-IMP-LINE")  # the second message begins behind its own header
    assert nameless["message"] == "The message has no house line (HBS)."


@pytest.mark.parametrize("message", ["FRI", "FRC", "FXI", "FXC"])
@pytest.mark.parametrize(("line", "words"), [("CED/11/ABC12345678", "(CED 11)"), ("TRN/ORD-D/ABC", "(TRN ORD-D)")])
def test_an_entry_and_a_transfer_are_told(tmp_path, message, line, words):
    assert not findings(told(tmp_path, "12")[0], "MAP-NOT-PASSED")
    result, _ = told(tmp_path, "12", ("FRI", message), ("CSD/CN", f"{line}\r\nCSD/CN"))
    (said,) = findings(result, "MAP-NOT-PASSED")
    assert words in said["message"]
    assert said["line"] == 14


def test_blanks_before_a_line_are_no_part_of_it(tmp_path):
    _, shipment = told(tmp_path, "03", ("\r\n", "\r\n  "))
    assert shipment["final_deliver_to_party"]["name"] == "JORDAN EXAMPLE"


def test_a_tariff_number_with_letters_is_said_to_have_letters(tmp_path):
    result, _ = told(tmp_path, "12", ("6109100012", "61091O0012"))
    (said,) = findings(result, "S321-HTS-LEN")
    assert "signs that are no digits" in said["message"]


def test_places_in_a_file_of_two_bytes_a_letter_are_those_of_its_bytes(tmp_path):
    text = (SAMPLES / "07_fhl4_business_errors.txt").read_bytes().decode()
    data = b"\xff\xfe" + text.encode("utf-16-le")
    path = tmp_path / "m.txt"
    path.write_bytes(data)
    result = Checker(base_site(), BEFORE).file(path)
    (total,) = findings(result, "FHL-MASTER-TOTAL")
    (value,) = findings(result, "S321-VAL-800")
    assert data[total["offset"] :].decode("utf-16-le").startswith("MBI/")
    assert data[value["offset"] :].decode("utf-16-le").startswith("HBS/")


def test_names_and_phones_that_are_read_are_not_shown_as_unread():
    for number in ("03", "12"):
        shown = CliRunner().invoke(app, ["mapping", "cover", str(next(SAMPLES.glob(f"{number}*")))]).output
        assert "unread" in shown
        assert not [line for line in shown.splitlines() if "CNE-01" in line or "SHP-01" in line or "CTY-0" in line]


def test_several_answers_in_one_file_are_read_as_several() -> None:
    one = sample("cargoimp/03").rstrip() + b"\r\n"
    two = one.replace(b"HBS/", b"HBS/X", 1).replace(b"MBI/999-12345675", b"MBI/999-12345686")
    answers = drop(one + two, name="fhl.txt").answers
    written = answers.get("FMA", b"") + answers.get("FNA", b"")
    assert written.count(b"FHL/4") == 2
    assert [text.kind in ("FMA", "FNA") for text in split_messages([written])] == [True, True]


@pytest.mark.parametrize("text", [b"FFM/8\r\n", b"FFM/8", b"FHL/4\r\n", b"FWB/16\r\n", b"FRI\r\n"])
def test_a_message_that_ends_behind_its_first_line_is_never_called_processed(text):
    result = drop(text, name="m.txt")
    assert result.outcome.verdict == "reject"
    assert "FNA" in result.answers
    assert "FMA" not in result.answers
