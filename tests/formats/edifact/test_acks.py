"""CONTRL, APERAK and CUSRES: the worked examples, read back by our reader and by pydifact; never an ack of an ack."""

from __future__ import annotations

import re
import warnings

import pytest
from msgspec.structs import replace
from pydifact.parser import Parser
from pydifact.segmentcollection import Interchange as OtherInterchange

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact import ACKS
from gateway.formats.edifact.ack_aperak import MOST_ERRORS
from gateway.profile import AckPolicy
from gateway.records import Acknowledged
from gateway.results import MessageClosed, MessageFinding, Records
from gateway.spools import MemorySpool
from tests.drops import drop
from tests.formats.edifact.judged import business, judge
from tests.formats.edifact.samples import FILES, bills, case, errors, events, findings, fixture, interchange, message

EVERYTHING = AckPolicy(application="aperak+cusres")
TWO_OF_THREE = {
    "GWH0000122": [business("S321-VAL-800", "shipment value 1249.00 USD is over the 800.00 USD limit")],
    "GWH0000123": [
        business("S321-ROLE-REQ", "deliver-to party missing (NAD CN/UC/DP)"),
        business("S321-HTS-LEN", "HS code '85' too short: 6 digits + more?"),
    ],
}


def written(kind: str, data: bytes, **settings: object) -> bytes:
    settings = {"acks": EVERYTHING, **settings}
    return b"".join(b"".join(ACKS[kind](request)) for request in judge(data, **settings))


def lines(kind: str, data: bytes, **settings: object) -> list[str]:
    return written(kind, data, **settings).decode("latin-1").splitlines()


def body(kind: str, data: bytes, **settings: object) -> list[str]:
    """Return the segments between UNH and UNT."""
    return [s.rstrip("'") for s in lines(kind, data, **settings) if s[:3] not in ("UNB", "UNH", "UNT", "UNZ")]


@pytest.mark.parametrize(
    ("subject", "answer"), [("01_", "19_"), ("10_", "20_"), ("11_", "21_"), ("09_", "22_")]
)  # fmt: skip
def test_contrl_is_that_of_the_worked_example(subject, answer):
    expected = fixture(answer).decode().splitlines()
    reference = expected[0].rpartition("+")[2].rstrip("'")
    assert [s.replace("AK000001", reference) for s in lines("CONTRL", fixture(subject))] == expected


def test_contrl_of_a_refused_group_names_the_group():
    data = fixture("02_").replace(b"UNE+1+71", b"UNE+2+71")
    assert body("CONTRL", data) == ["UCI+71+GWXX:ZZ+CBPTEST:ZZ+7", "UCF+71+GWXX:ZZ+CBPTEST:ZZ+4+29+UNE+2"]
    assert lines("CONTRL", data)[0] == "UNB+UNOA:4+CBPTEST:ZZ+GWXX:ZZ+20250930:1215+AK000001++++++1'"
    assert lines("CONTRL", data)[1] == "UNH+1+CONTRL:4:1:UN'"


def test_contrl_repeats_references_and_parties_as_they_were_meant():
    data = fixture("09_").replace(b"IC000009", b"IC?+9").replace(b"GWSENDER", b"GW?'S")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        segments = list(Parser().parse(written("CONTRL", data).decode()))
    assert [s.elements[:2] for s in segments if s.tag == "UCI"] == [["IC+9", ["GW'S", "ZZ"]]]
    assert next(s.elements[2] for s in segments if s.tag == "UNB") == ["GW'S", "ZZ"]
    grouped = fixture("02_").replace(b"UNE+1+71", b"UNE+2+71").replace(b"UNG+CUSCAR+GWXX:", b"UNG+CUSCAR+GW?:XX:")
    assert body("CONTRL", grouped)[1] == "UCF+71+GW?:XX:ZZ+CBPTEST:ZZ+4+29+UNE+2"


def test_contrl_lists_a_rejected_message_inside_its_group():
    data = fixture("02_").replace(b"UNT+37+1", b"UNT+36+1")
    assert body("CONTRL", data)[1:] == ["UCF+71+GWXX:ZZ+CBPTEST:ZZ+7", "UCM+1+CUSCAR:D:03B:UN+4+29+UNT+2"]


def test_contrl_of_a_refused_group_does_not_list_its_messages():
    data = fixture("02_").replace(b"UNT+37+1", b"UNT+36+1").replace(b"UNE+1+71", b"UNE+2+71")
    assert body("CONTRL", data)[1:] == ["UCF+71+GWXX:ZZ+CBPTEST:ZZ+4+29+UNE+2"]


def test_contrl_says_nothing_of_a_message_that_was_refused_for_what_it_says():
    data = fixture("02_").replace(b"CNT+10:2", b"CNT+10:3")
    dropped = drop(data, severities={"EDIFACT-BILL-COUNT": Severity.ERROR})
    assert (dropped.outcome.verdict, "EDIFACT-BILL-COUNT" in dropped.rules()) == ("reject", True)
    assert dropped.answers["CONTRL"].splitlines()[2:-2] == [b"UCI+71+GWXX:ZZ+CBPTEST:ZZ+7'"]


def test_contrl_can_list_the_good_messages_too():
    found = body("CONTRL", fixture("11_"), options={"contrl_list_all": True})
    assert found[1:] == [
        "UCM+1+CUSCAR:D:03A:UN+7",
        "UCM+2+CUSCAR:D:03A:UN+4",
        "UCS+13",
        "UCD+13+2:1",
        "UCM+3+CUSCAR:D:03A:UN+7",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S051", ["UCI+IC100052+GWSENDER:ZZ+GWRECEIVER:ZZ+7"]),
        ("S079", ["UCI+IC100080+GWSENDER:ZZ+GWRECEIVER:ZZ+4+13+UNZ"]),
        ("S080", ["UCI+IC100082+GWSENDER:ZZ+GWRECEIVER:ZZ+7", "UCM+1+CUSCAR:D:03A:UN+4+29+UNT+2"]),
        ("S080b", ["UCI+IC100084+GWSENDER:ZZ+GWRECEIVER:ZZ+7", "UCM+1+CUSCAR:D:03A:UN+4+28+UNT+3"]),
        ("S081", ["UCI+IC100086+GWSENDER:ZZ+GWRECEIVER:ZZ+4+22+UNB"]),
        ("S084", ["UCI+IC100092+GWSENDER:ZZ+GWRECEIVER:ZZ+7", "UCM+2+CUSCAR:D:03A:UN+4", "UCS+13", "UCD+13+2:1"]),
    ],
)
def test_contrl_of_the_case_files(name, expected):
    assert body("CONTRL", case(name)) == expected


def test_business_errors_leave_contrl_positive():
    (request,) = judge(fixture("12_"), TWO_OF_THREE)
    assert b"+7'" in b"".join(ACKS["CONTRL"](request))


def test_an_interchange_refused_from_outside_is_told_with_its_code():
    (request,) = judge(fixture("01_"))
    catalogue = {"ENV-DUPLICATE": {"contrl": "26"}}
    request = replace(request, refused_interchanges={0: "ENV-DUPLICATE"}, catalogue=catalogue)
    assert b"+4+26+UNB+6'" in b"".join(ACKS["CONTRL"](request))
    assert b"".join(ACKS["APERAK"](request)) == b""


def test_contrl_points_at_the_segment_the_finding_points_at():
    data = fixture("11_")
    (finding,) = errors(data)
    ucs = next(s for s in body("CONTRL", data) if s.startswith("UCS"))
    raw = data[finding.position.offset :][: finding.position.length]
    assert (raw, ucs) == (b"RFF+:GWH0000002", f"UCS+{finding.position.segment_position}")


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name[:2] in {str(n) for n in range(19, 28)}], ids=lambda p: p.stem
)
@pytest.mark.parametrize("kind", ["CONTRL", "APERAK", "CUSRES"])
def test_acknowledgments_are_never_acknowledged(path, kind):
    assert written(kind, path.read_bytes()) == b""
    assert written(kind, path.read_bytes().replace(b"UNT+", b"UNT+9")) == b""


def test_nobody_to_answer_means_no_answer():
    assert written("CONTRL", fixture("01_").replace(b"GWSENDER:ZZ", b"", 1)) == b""
    assert written("CONTRL", b"UNB+UNOC:3+A:ZZ+" + b"X" * 2000) == b""


def test_each_interchange_of_a_file_is_answered_on_its_own():
    found = [s for s in lines("CONTRL", fixture("08_")) if s.startswith("UCI")]
    assert [s.split("+")[1] for s in found] == ["IC000081", "IC000082"]


def test_aperak_accepts():
    assert body("APERAK", fixture("01_")) == [
        "BGM+312+APK000001+29", "DTM+137:202509301215:203", "CNT+10:3", "RFF+ACW:MAN25273001", "RFF+AGO:IC000001",
        "RFF+TN:1", "NAD+MS+GWRECEIVER::ZZZ", "NAD+MR+GWSENDER::ZZZ",
    ]  # fmt: skip


def test_aperak_tells_each_error_with_its_bill():
    found = body("APERAK", fixture("12_"), faults=TWO_OF_THREE)
    assert found[0] == "BGM+313+APK000001+45"
    assert found[8:] == [
        "ERC+GW0321::ZZZ", "FTX+AAO+++shipment value 1249.00 USD is over the 800.00 USD limit (S321-VAL-800)",
        "RFF+HWB:GWH0000122:2",
        "ERC+GW0110::ZZZ", "FTX+AAO+++deliver-to party missing (NAD CN/UC/DP) (S321-ROLE-REQ)", "RFF+HWB:GWH0000123:3",
        "ERC+GWZZZZ::ZZZ", "FTX+AAO+++HS code ?'85?' too short?: 6 digits ?+ more?? (S321-HTS-LEN)",
        "RFF+HWB:GWH0000123:3",
    ]  # fmt: skip


def test_aperak_rejects_when_nothing_is_left():
    assert body("APERAK", fixture("12_"), faults={**TWO_OF_THREE, "GWH0000001": TWO_OF_THREE["GWH0000122"]})[
        0
    ].endswith("+27")


def test_aperak_says_nothing_of_a_message_that_contrl_rejected():
    assert [s for s in body("APERAK", fixture("11_")) if s.startswith("BGM")] == [
        "BGM+312+APK000001+29",
        "BGM+312+APK000002+29",
    ]
    assert written("APERAK", fixture("09_")) == b""
    assert written("APERAK", fixture("10_")) == b""


def test_personal_data_is_left_out_unless_the_partner_wants_it():
    secret = {"GWH0000001": [business("S321-ROLE-REQ", "JORDAN SAMPLE has no ZIP", personal=True)]}
    assert b"JORDAN" not in written("APERAK", fixture("01_"), faults=secret)
    assert b"The deliver-to party is missing." in written("APERAK", fixture("01_"), faults=secret)


def test_more_errors_than_one_aperak_holds_go_into_the_next(monkeypatch):
    monkeypatch.setattr("gateway.formats.edifact.ack_aperak.MOST_ERRORS", 2)
    found = lines("APERAK", fixture("12_"), faults=TWO_OF_THREE)
    assert [s for s in found if s.startswith(("UNH", "UNZ"))] == [
        "UNH+1+APERAK:D:03A:UN'",
        "UNH+2+APERAK:D:03A:UN'",
        "UNZ+2+AK000001'",
    ]
    assert MOST_ERRORS == 99_999


def test_cusres_has_one_document_for_each_rejected_shipment():
    found = body("CUSRES", fixture("12_"), faults=TWO_OF_THREE)
    assert found[3:6] == ["GEI+5+2", "RFF+ACW:MAN25273012", "RFF+AGO:IC000012"]
    assert [s for s in found if s.startswith(("DOC", "ERP", "ERC"))] == [
        "DOC+703+GWH0000122", "ERP+:2", "ERC+GW0321::ZZZ", "DOC+703+GWH0000123", "ERP+:3", "ERC+GW0110::ZZZ",
        "ERP+:3", "ERC+GWZZZZ::ZZZ",
    ]  # fmt: skip
    assert "GEI+5+1" in body("CUSRES", fixture("01_"))
    assert not re.search(r"GEI\+5\+[457]", "".join(found))


ANSWERS = [
    *[
        (kind, fixture(name), faults)
        for kind in ACKS
        for name, faults in [("01_", {}), ("12_", TWO_OF_THREE), ("02_", {}), ("07_", {})]
    ],
    *[("CONTRL", fixture(name), {}) for name in ("09_", "10_", "11_", "30_")],
    *[("CONTRL", case(name), {}) for name in ("S079", "S080", "S081", "S084")],
]


@pytest.mark.parametrize(("kind", "data", "faults"), ANSWERS)
def test_our_reader_reads_what_we_write_without_a_finding(kind, data, faults):
    answer = written(kind, data, faults=faults)
    assert [f for f in findings(answer) if f.rule != "ENV-TEST-IN-PROD"] == []
    assert any(isinstance(e, Acknowledged) for e in events(answer))


@pytest.mark.parametrize(("kind", "data", "faults"), ANSWERS)
def test_pydifact_reads_what_we_write(kind, data, faults):
    (request,) = judge(data, faults, acks=EVERYTHING)
    answer = b"".join(ACKS[kind](request)).decode("utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = OtherInterchange.from_str(answer)
        (read,) = list(other.get_messages())
        tags = [s.tag for s in Parser().parse(answer)]
    assert read.type == kind
    assert other.control_reference == "AK000001"
    assert (other.sender[0], other.recipient[0]) == (request.interchange.receiver_id, request.interchange.sender_id)
    if kind == "CONTRL":
        uci = next(s for s in read.segments if s.tag == "UCI")
        assert uci.elements[0] == request.interchange.control_number
        assert uci.elements[3] == ("4" if request.refused_interchanges else "7")
    assert tags.count("UNT") == 1
    assert int(answer.split("\nUNT+")[1].split("+")[0]) == len(tags) - 2


def test_a_finding_without_a_place_takes_its_code_from_the_catalogue():
    (request,) = judge(interchange(message(bills(1))))
    records = Records(MemorySpool())
    for record in request.records:
        if isinstance(record, MessageClosed):
            records.append(MessageFinding(Finding("X-RULE", Severity.ERROR, Scope.MESSAGE, "whatever")))
        records.append(record)
    request = replace(request, records=records, catalogue={"X-RULE": {"contrl": "14"}})
    assert b"UCM+1+CUSCAR:D:03A:UN+4+14+UNH'" in b"".join(ACKS["CONTRL"](request))
    assert b"".join(ACKS["APERAK"](request)) == b""
    request = replace(request, catalogue={})
    assert b"UCM" not in b"".join(ACKS["CONTRL"](request))
    assert b"ERC+GWZZZZ::ZZZ'\nFTX+AAO+++whatever (X-RULE)'\nUNT" in b"".join(ACKS["APERAK"](request))


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        (AckPolicy(), ["CONTRL", "APERAK"]),
        (AckPolicy(functional="none"), ["APERAK"]),
        (AckPolicy(application="none"), ["CONTRL"]),
        (AckPolicy(application="cusres"), ["CONTRL", "CUSRES"]),
        (AckPolicy(application="aperak+cusres"), ["CONTRL", "APERAK", "CUSRES"]),
        (AckPolicy(functional="none", application="none"), []),
    ],
)
def test_the_partner_says_which_answers_it_gets(policy, kinds):
    assert [kind for kind in ACKS if written(kind, fixture("01_"), acks=policy)] == kinds


def test_aperak_says_nothing_of_a_message_that_fell_with_its_group():
    (request,) = judge(fixture("02_"))
    assert b"BGM" in b"".join(ACKS["APERAK"](request))
    request = replace(request, refused={0: "G"}, catalogue={"G": {"contrl": "29"}})
    assert b"".join(ACKS["APERAK"](request)) == b""


@pytest.mark.parametrize("behind", ["+", "++CUS", "+\r\n"])
def test_a_file_cut_inside_unb_is_answered_when_its_reference_is_whole(behind):
    unb = "UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250930:1200+REF1"
    assert body("CONTRL", (unb + behind).encode()) == ["UCI+REF1+GWSENDER:ZZ+GWRECEIVER:ZZ+4+22+UNB"]
    assert lines("CONTRL", unb.encode()) == []  # the reference may go on
    assert findings(unb.encode())[0].message == "The file ends inside UNB: it has no end."
