"""Answers of others to us: what they say of which group, set or bill, in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.findings import Position
from gateway.formats.x12.inbound import _dispositions
from gateway.message_facts import answer_finding
from gateway.records import Acknowledged
from gateway.site import base_site

FIXTURES = Path(__file__).parents[3] / "fixtures"


def said(sample: str) -> list[str]:
    path = next((FIXTURES / sample.partition("/")[0]).glob(sample.partition("/")[2] + "*"))
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(path)
    assert result["shipments"]["found"] == 0
    told = [f["message"] for f in result["findings"] if f["rule"] in ("ACK-SAYS", "ACK-REFUSED")]
    refused = [f["severity"] for f in result["findings"] if f["rule"] == "ACK-REFUSED"]
    assert result["verdict"] == ("accept_with_warnings" if refused else "accept")
    assert bool(refused) is any("refused" in m or "in part" in m for m in told)
    assert set(refused) <= {"warning"}
    assert not {"997", "999", "TA1", "824", "CONTRL", "XFNM", "FMA", "FNA"} & set(result["acks"])
    return told


@pytest.mark.parametrize(
    ("sample", "messages"),
    [
        ("x12/10_350", ["The answer to 00450001 says: 1C released. RELEASED SECTION 321.", "The answer to 00450002 says: 1A entered: intensive examination. HELD FOR EXAMINATION."]),
        ("x12/11_355", ["The answer to NRTX25A01 says: accepted. ACC MANIFEST BILLS 00002 ACC 00002 REJ 00000."]),
        ("x12/13_355", ["The answer to NRTX25A01 says: refused. 009 INVALID CARRIER CODE M1001=ZZZZ; REJ MANIFEST BILLS 00003 ACC 00000 REJ 00003."]),
        ("x12/12_355", ["The answer to NRTX25A01 says: accepted in part. PART MANIFEST BILLS 00003 ACC 00002 REJ 00001.", "The answer to 00450002 says: refused. S04 VALUE OVER 800 M11 LX 2; S04 VALUE OVER 800 N1006=950."]),
        ("x12/20_997", ["The answer to group 1 says: accepted."]),
        ("x12/22_997", ["The answer to group 1 says: accepted in part.", "The answer to transaction set 0002 says: refused. Segments of the set are wrong (5); M11-09 of segment 5: the code is not in the list (7)."]),
        ("x12/26_ta1", ["The answer to interchange 000000001 says: accepted."]),
        ("x12/27_ta1", ["The answer to interchange 000000001 says: refused. The control number was used before (TA105 025)."]),
        (
            "x12/28_824",
            ["The answer to NRTX00450001 says: accepted.", "The answer to NRTX00450002 says: refused. ZZZ VALUE EXCEEDS 800 USD.",
             "The answer to NRTX00450003 says: accepted, with errors. 007 MISSING SHIPPER POSTAL CODE."],
        ),
    ],
)  # fmt: skip
def test_each_answer_is_told_in_words(sample, messages):
    assert said(sample) == messages


def test_a_set_that_is_refused_without_a_segment_named_is_told(tmp_path):
    """AK5 alone, without AK3: the reader broke on it."""
    sample = (FIXTURES / "x12").glob("22_997*")
    text = re.sub(r"AK[34]\*[^~]*~\s*", "", next(sample).read_text("ascii"))
    segments = len(text[text.index("ST*") : text.index("GE*")].strip().strip("~").split("~"))
    (tmp_path / "a.edi").write_text(re.sub(r"SE\*\d+", f"SE*{segments}", text), "ascii")
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "a.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] == "ACK-REFUSED"]
    assert "The answer to transaction set 0002 says: refused. Segments of the set are wrong (5)." in told


@pytest.mark.parametrize(
    ("sample", "words"), [("xml/08_xfnm", "refused"), ("cargoimp/08_fna", "refused"), ("cargoimp/13_fsn", "code 1C-1"), ("edifact/20_contrl", "refused. UNZ: missing (13)"), ("edifact/21_contrl", "CUSCAR: segment 13, element 2-1: missing (13)"), ("edifact/22_contrl", "CUSCAR: UNT, element 2: the count in the trailer is wrong (29)"), ("edifact/25_aperak", "refused"), ("edifact/27_cusres", "refused"), ("edifact/24_aperak", "accepted"), ("xml/07_xfnm", "accepted"), ("cargoimp/09_fma", "accepted"), ("x12/25_999", "refused")]
)  # fmt: skip
def test_answers_of_other_families_are_told_too(sample, words):
    assert any(words in message for message in said(sample))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1B", "1B released after intensive examination"), ("3H", "3H hold of another agency"), ("3I", "3I hold of another agency removed"),
        ("4A", "4A release taken back: intensive examination"), ("6H", "6H do not load"), ("7H", "7H non-intrusive inspection"), ("ZQ", "ZQ"),
    ],
)  # fmt: skip
def test_a_disposition_is_told_in_the_words_of_the_list(tmp_path, code, words):
    data = (FIXTURES / "x12" / "10_350_status_4060.edi").read_bytes().replace(b"*1A**", b"*" + code.encode() + b"**")
    (tmp_path / "350.edi").write_bytes(data)
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "350.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] in ("ACK-SAYS", "ACK-REFUSED")]
    assert told[1] == f"The answer to 00450002 says: {words}. HELD FOR EXAMINATION."


def test_a_hold_that_was_placed_is_a_hold_and_one_that_was_removed_is_none():
    rows = _dispositions()
    assert {rows[c]["status"] for c in ("1A", "1H", "2H", "3H", "4A", "5H", "6H", "7H", "8H", "9H")} == {"hold"}
    assert {rows[c]["status"] for c in ("1I", "2I", "3I", "4I", "5I", "6I", "7I", "8I", "9I")} == {"accepted"}
    assert {rows[c]["status"] for c in ("1B", "1C", "4C")} == {"released"}
    assert {r["status"] for r in rows.values()} == {"accepted", "hold", "rejected", "released", ""}
    assert [code for code, r in rows.items() if not r["status"]] == [
        "95",
        "97",
    ]  # a warning, an in-bond conveyance that left


def test_the_codes_of_a_999_are_told_in_words_and_no_value_is_repeated(tmp_path):
    faults = b"IK3*P4*4**3~IK3*N9*9**8~IK4*7:2:1*127*13*JORDAN EXAMPLE~IK4*2**I12~IK3*ZZZ*11**999~IK5*R*5*I5~"
    sent = (FIXTURES / "x12" / "25_999_reject.edi").read_bytes()
    begin, end = sent.index(b"IK3*"), sent.index(b"AK9*")
    changed = sent[:begin] + faults + sent[end:].replace(b"SE*8", b"SE*12")
    (tmp_path / "999.edi").write_bytes(changed.replace(b"*P*>~", b"*P*:~"))
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "999.edi")
    (told,) = [f["message"] for f in result["findings"] if "transaction set" in f["message"]]
    assert told == (
        "The answer to transaction set 0001 says: refused. Segments of the set are wrong (5), segments are not as the guide asks for (I5); "
        "P4, segment 4: the segment is missing (3); N9-07-2 of segment 9: there are too many components (13); "
        "N9-02 of segment 9: the value has not the form that the guide asks for (I12); ZZZ, segment 11: code 999."
    )


def test_of_many_reasons_the_first_are_told_whole():
    reasons = "; ".join(f"reason {n} of many that an answer may give" for n in range(1, 40))
    told = answer_finding(Acknowledged("set", "0001", "R", Position(offset=0), text=reasons)).message
    assert len(told) < 500
    assert told.endswith(" of many that an answer may give; and more.")


@pytest.mark.parametrize(
    ("sample", "segments", "words"),
    [
        ("20_997", "AK2*309*0002~AK5*R*5~AK9*P*2*2*1", "refused. Segments of the set are wrong (5)"),
        ("20_997", "AK2*309*0002~AK5*R~AK9*P*2*2*1", "refused"),
        ("20_997", "AK2*309*0002~AK4*9*582*7~AK5*R*5~AK9*P*2*2*1", "refused. Segments of the set are wrong (5)"),
    ],
)
def test_a_set_that_is_refused_without_telling_its_segments_is_told(tmp_path, sample, segments, words):
    data = next((FIXTURES / "x12").glob(sample + "*")).read_text()
    head, _, rest = data.partition("AK9*")
    (tmp_path / "997.edi").write_text(head + segments + rest[rest.index("~") :])
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "997.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] == "ACK-REFUSED"]
    assert f"The answer to transaction set 0002 says: {words}." in told


def _of_355(tmp_path, body):
    sent = (FIXTURES / "x12" / "12_355_partial.edi").read_text()
    begin, end = sent.index("P4*"), sent.index("K3*")
    text = sent[:begin] + body + sent[end:]
    segments = text[text.index("ST*") : text.index("\nSE*")].count("~") + 1
    (tmp_path / "355.edi").write_text(re.sub(r"\nSE\*\d+", f"\nSE*{segments}", text))
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "355.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] in ("ACK-SAYS", "ACK-REFUSED")]
    return [message.removeprefix("The answer to ") for message in told]


PARTS = "accepted in part. "
COUNTS = "PART MANIFEST BILLS 00003 ACC 00002 REJ 00001."


def test_what_a_355_says_behind_lx_belongs_to_the_bill_behind_it(tmp_path):
    """A K1 behind the second LX was told of the first bill."""
    bills = (
        "P4*0901*20250115~\nLX*1~\nK1*005 NO CONSIGNEE~\nM11*00450001*80107*2*PCS*1.2*K***13***NRTX~\n"
        "LX*2~\nK1*004 NO SHIPPER~\nM11*00450002*80107*2*PCS*1.2*K***13***NRTX~\nK1*021 UNIT~\n"
    )
    assert _of_355(tmp_path, bills) == [
        f"NRTX25A01 says: {PARTS}{COUNTS}",
        "00450001 says: refused. 005 NO CONSIGNEE.",
        "00450002 says: refused. 004 NO SHIPPER; 021 UNIT.",
    ]


def test_an_amendment_that_a_355_refuses_is_named_by_its_m13(tmp_path):
    alone = "P4*0901*20250115~\nLX*1~\nM13*NRTX*0901*D*00450007**03***NRTX~\nK1*017 NOT ON FILE~\n"
    both = "LX*2~\nM13*NRTX*0901*R*00450008*4*16***NRTX~\nK1*018 QUANTITY~\nM11*00450008*80107*4*PCS*1.2*K***13***NRTX~\nK1*019 BILL~\n"
    assert _of_355(tmp_path, alone + both) == [
        f"NRTX25A01 says: {PARTS}{COUNTS}",
        "00450007 says: refused. 017 NOT ON FILE.",
        "00450008 says: refused. 018 QUANTITY; 019 BILL.",
    ]


def test_what_a_355_says_of_a_port_or_of_no_bill_is_about_the_whole_manifest(tmp_path):
    """It was told of the last bill of the port before."""
    bill = "LX*1~\nM11*00450001*80107*2*PCS*1.2*K***13***NRTX~\nK1*021 UNIT~\n"
    body = f"P4*0901*20250115~\n{bill}P4*9999*20250115~\nK1*033 PORT~\nLX*2~\nK1*003 NO M11~\n"
    assert _of_355(tmp_path, body) == [
        f"NRTX25A01 says: {PARTS}033 PORT; 003 NO M11; {COUNTS}",
        "00450001 says: refused. 021 UNIT.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("P4*0901*20250115~\nK1*033 PORT~\nLX*1~\n", ["NRTX25A01 says: refused. 033 PORT; DONE."]),
        ("P4*0901*20250115~\nLX*1~\nK1*003 NO M11~\n", []),
        ("P4*0901*20250115~\nLX*1~\nP4*9999*20250115~\nK1*033 PORT~\n", []),
    ],
)
def test_without_a_word_for_the_whole_only_what_stands_before_the_bills_refuses_the_trip(tmp_path, text, said):
    sent = (FIXTURES / "x12" / "12_355_partial.edi").read_text()
    body = sent[: sent.index("P4*")] + text + "K3*DONE~\n" + sent[sent.index("SE*") :]
    (tmp_path / "355.edi").write_text(body)
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "355.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] in ("ACK-SAYS", "ACK-REFUSED")]
    assert [message.removeprefix("The answer to ") for message in told] == said


def test_bills_of_a_355_without_lx_are_told_apart_too(tmp_path):
    bills = "".join(f"M11*0045000{n}*80107*2*PCS*1.2*K***13***NRTX~\nK1*02{n} WRONG~\n" for n in (1, 2))
    assert _of_355(tmp_path, "P4*0901*20250115~\n" + bills)[1:] == [
        "00450001 says: refused. 021 WRONG.",
        "00450002 says: refused. 022 WRONG.",
    ]


def test_what_a_350_says_of_a_second_port_is_not_told_of_the_bill_before_it(tmp_path):
    sent = (FIXTURES / "x12" / "10_350_status_4060.edi").read_text()
    text = sent.replace("X4*00450002", "P4*3004*20250116~\nK1*PORT CLOSED~\nX4*00450002").replace("SE*8*", "SE*10*")
    (tmp_path / "350.edi").write_text(text)
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(tmp_path / "350.edi")
    told = [f["message"] for f in result["findings"] if f["rule"] in ("ACK-SAYS", "ACK-REFUSED")]
    assert told[0] == "The answer to 00450001 says: 1C released. RELEASED SECTION 321."
