"""Each envelope fault gives its rule, its code and its place; a good envelope gives none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.findings import Finding, Scope, Severity
from gateway.formats import x12
from gateway.profile import Identity
from gateway.records import Interchange, InterchangeBegin
from tests.drops import SAMPLES_NOW, drop, profile_for, sample, x12_samples

PLAIN = sample("x12/01")
GS = b"GS*AQ*NRTX*S321GATEWAY*20250115*0930*1*X*005020~\n"


def _read(data: bytes, **changes: Any) -> list[Any]:
    return list(x12.read((data,), replace(profile_for(PLAIN), **changes)))


def _faults(data: bytes, **changes: Any) -> list[Finding]:
    return [e for e in _read(data, **changes) if isinstance(e, Finding)]


def _isa(number: int, value: str) -> bytes:
    """Return the sample with one element of ISA replaced."""
    elements = PLAIN[:105].decode().split("*")
    elements[number] = value
    return "*".join(elements).encode() + PLAIN[105:]


# change of the sample -> rule, element, code
INTERCHANGE = {
    "sender id": (_isa(6, "OTHER".ljust(15)), "X12-SENDER", 6, "006"),
    "sender qualifier": (_isa(5, "01"), "X12-SENDER", 5, "005"),
    "receiver id": (_isa(8, "OTHER".ljust(15)), "X12-RECEIVER", 8, "009"),
    "receiver qualifier": (_isa(7, "01"), "X12-RECEIVER", 7, "007"),
    "no day of the calendar": (_isa(9, "250230"), "X12-ISA-DATE", 9, "014"),
    "letters in the date": (_isa(9, "25O115"), "X12-ISA-DATE", 9, "014"),
    "hour 25": (_isa(10, "2500"), "X12-ISA-TIME", 10, "015"),
    "version with letters": (_isa(12, "0050A"), "X12-ISA-VERSION", 12, "017"),
    "control number with letters": (
        _isa(13, "00000000A").replace(b"IEA*1*000000001", b"IEA*1*00000000A"),
        "X12-ISA13",
        13,
        "018",
    ),
    "acknowledgment requested 2": (_isa(14, "2"), "X12-ISA14", 14, "019"),
    "usage X": (_isa(15, "X"), "X12-ISA15", 15, "020"),
    "IEA02": (PLAIN.replace(b"IEA*1*000000001", b"IEA*1*000000002"), "X12-IEA-CONTROL", 2, "001"),
    "IEA02 empty": (PLAIN.replace(b"IEA*1*000000001", b"IEA*1*"), "X12-IEA-CONTROL", 2, "001"),
    "IEA01": (PLAIN.replace(b"IEA*1*", b"IEA*2*"), "X12-IEA-COUNT", 1, "021"),
    "IEA01 empty": (PLAIN.replace(b"IEA*1*", b"IEA**"), "X12-IEA-COUNT", 1, "021"),
    "segment before GS": (PLAIN.replace(b"GS*AQ", b"N1*CN*X~\nGS*AQ"), "X12-SEG-OUTSIDE", None, "024"),
    "segment after GE": (PLAIN.replace(b"IEA*", b"REF*1~\nIEA*"), "X12-SEG-OUTSIDE", None, "024"),
}


@pytest.mark.parametrize("what", INTERCHANGE)
def test_a_fault_of_isa_or_iea_refuses_the_interchange_with_its_ta1_code(what: str) -> None:
    data, rule, element, code = INTERCHANGE[what]
    (fault,) = _faults(data)
    assert (fault.rule, fault.position.element, fault.scope) == (rule, element, Scope.INTERCHANGE)
    assert fault.refuses
    assert dict(fault.ack) == {"TA104": "R", "TA105": code}
    assert fault.position.line is not None
    assert element is None or _quoted(data, fault)


def test_an_interchange_with_nothing_in_it_is_refused() -> None:
    (fault,) = _faults(PLAIN[: PLAIN.index(b"GS*")] + b"IEA*0*000000001~\n")
    assert (fault.rule, fault.scope, fault.refuses) == ("X12-EMPTY", Scope.INTERCHANGE, True)
    assert (fault.position.segment, fault.position.element, fault.ack["TA105"]) == ("IEA", 1, "024")


def _quoted(data: bytes, fault: Finding) -> bool:
    """Return whether a fault names the wrong element as it stands in the file, as its value and in its words."""
    segment = data[fault.position.offset or 0 :].split(b"~")[0].decode().split("*")
    wrong = "".join(segment[fault.position.element or 0 :][:1]).strip()
    return (
        segment[0] == fault.position.segment
        and fault.value == wrong
        and any(t in fault.message for t in ((wrong,) if wrong else ("nothing", "(empty)")))
    )


GROUP = {
    "GS06 letters": (PLAIN.replace(b"*0930*1*X", b"*0930*A*X").replace(b"GE*1*1", b"GE*1*A"), ["X12-GS06"], "6"),
    "GS06 too long": (
        PLAIN.replace(b"*0930*1*X", b"*0930*1234567890*X").replace(b"GE*1*1", b"GE*1*1234567890"),
        ["X12-GS06"],
        "6",
    ),
    "GE02": (PLAIN.replace(b"GE*1*1~", b"GE*1*2~"), ["X12-GE-CONTROL"], "4"),
    "GE02 empty": (PLAIN.replace(b"GE*1*1~", b"GE*1~"), ["X12-GE-CONTROL"], "4"),
    "GE01": (PLAIN.replace(b"GE*1*1~", b"GE*7*1~"), ["X12-GE-COUNT"], "5"),
    "GE01 empty": (PLAIN.replace(b"GE*1*1~", b"GE**1~"), ["X12-GE-COUNT"], "5"),
    "GE missing": (PLAIN.replace(b"GE*1*1~\n", b""), ["X12-GE-MISSING"], "3"),
    "segment after SE": (PLAIN.replace(b"GE*1*1~", b"N3*X~\nGE*1*1~"), ["X12-SEG-OUTSIDE"], "5"),
    "version": (PLAIN.replace(b"*X*005020", b"*X*003010"), ["X12-VERSION"], "2"),
}


@pytest.mark.parametrize("what", GROUP)
def test_a_fault_of_gs_or_ge_refuses_the_group_with_its_ak9_code(what: str) -> None:
    data, rules, code = GROUP[what]
    faults = _faults(data)
    assert [f.rule for f in faults] == rules
    assert all(f.scope is Scope.GROUP and f.refuses for f in faults)
    assert dict(faults[0].ack) == {"AK901": "R", "AK905": code}
    assert faults[0].position.element is None or _quoted(data, faults[0])


ODD = {
    "GS04": (b"*20250115*0930*1*X", b"*20251340*0930*1*X", ("GS", 4)),
    "GS04 empty": (b"*20250115*0930*1*X", b"**0930*1*X", ("GS", 4)),
    "GS05": (b"*20250115*0930*1*X", b"*20250115*2460*1*X", ("GS", 5)),
    "GS07": (b"*20250115*0930*1*X", b"*20250115*0930*1*Q", ("GS", 7)),
    "GS09": (b"*X*005020~", b"*X*005020*Y~", ("GS", 9)),
    "ST04": (b"ST*309*0001~", b"ST*309*0001**A~", ("ST", 4)),
    "SE03": (b"SE*28*0001~", b"SE*28*0001*A~", ("SE", 3)),
    "GE03": (b"GE*1*1~", b"GE*1*1*A~", ("GE", 3)),
    "IEA03": (b"IEA*1*000000001~", b"IEA*1*000000001*A~", ("IEA", 3)),
}


@pytest.mark.parametrize("what", ODD)
def test_what_nobody_reads_in_a_control_segment_is_told_and_refuses_nothing(what: str) -> None:
    old, new, place = ODD[what]
    assert PLAIN.count(old) == 1
    (fault,) = _faults(PLAIN.replace(old, new))
    assert (fault.rule, fault.severity, fault.ack) == ("X12-CONTROL-ODD", Severity.WARNING, {})
    assert (fault.position.segment, fault.position.element) == place
    assert _faults(PLAIN.replace(b"GE*1*1~", b"GE*1*1**~")) == [], "empty elements at the end say nothing"


def test_a_remark_on_control_segments_is_said_once_an_interchange() -> None:
    odd = PLAIN.replace(b"SE*28*0001~", b"SE*28*0001*A~")
    body = odd[odd.index(b"ST*") : odd.index(b"GE*")]
    two = odd.replace(body, body + body.replace(b"0001~", b"0002~").replace(b"0001*A", b"0002*A")).replace(
        b"GE*1", b"GE*2"
    )
    assert [f.rule for f in _faults(two)] == ["X12-CONTROL-ODD"]
    assert [f.rule for f in _faults(two + two.replace(b"000000001", b"000000002"))] == ["X12-CONTROL-ODD"] * 2


def test_a_group_id_that_we_do_not_take_refuses_the_group() -> None:
    faults = _faults(PLAIN.replace(b"GS*AQ*", b"GS*QQ*"))
    assert [(f.rule, f.scope) for f in faults] == [
        ("X12-GS01", Scope.GROUP),
        ("X12-SET-NOT-IN-GROUP", Scope.MESSAGE),
    ]
    assert faults[0].ack["AK905"] == "1"


def test_a_group_number_must_not_stand_twice_in_an_interchange() -> None:
    group = PLAIN[PLAIN.index(b"GS*") : PLAIN.index(b"IEA*")]
    data = PLAIN.replace(b"IEA*1*", group + b"IEA*2*")
    assert [(f.rule, f.position.line, f.ack["AK905"]) for f in _faults(data)] == [("X12-GS06-DUP", 32, "6")]
    assert _faults(data.replace(group * 2, group + group.replace(b"*1*X", b"*2*X").replace(b"GE*1*1", b"GE*1*2"))) == []


SET = {
    "ST02 short": (PLAIN.replace(b"*309*0001", b"*309*001").replace(b"SE*28*0001", b"SE*28*001"), "X12-ST02", "7"),
    "ST02 long": (
        PLAIN.replace(b"*309*0001", b"*309*0000000001").replace(b"SE*28*0001", b"SE*28*0000000001"),
        "X12-ST02",
        "7",
    ),
    "SE02": (PLAIN.replace(b"SE*28*0001", b"SE*28*0002"), "X12-SE-CONTROL", "3"),
    "SE02 empty": (PLAIN.replace(b"SE*28*0001", b"SE*28*"), "X12-SE-CONTROL", "3"),
    "SE01": (PLAIN.replace(b"SE*28*", b"SE*29*"), "X12-SE-COUNT", "4"),
    "SE01 letters": (PLAIN.replace(b"SE*28*", b"SE*2A*"), "X12-SE-COUNT", "4"),
    "SE missing": (PLAIN.replace(b"SE*28*0001~\n", b""), "X12-SE-MISSING", "2"),
    "ST01 unknown": (PLAIN.replace(b"ST*309*", b"ST*999X*"), "X12-SET-UNKNOWN", "1"),
    "ST01 of another group": (PLAIN.replace(b"GS*AQ*", b"GS*SH*"), "X12-SET-NOT-IN-GROUP", "18"),
}


@pytest.mark.parametrize("what", SET)
def test_a_fault_of_st_or_se_refuses_the_set_with_its_ak5_code(what: str) -> None:
    data, rule, code = SET[what]
    (fault,) = _faults(data)
    assert (fault.rule, fault.scope, fault.refuses) == (rule, Scope.MESSAGE, True)
    assert dict(fault.ack) == {"AK501": "R", "AK502": code}
    assert fault.position.element is None or _quoted(data, fault)


def test_a_set_number_must_not_stand_twice_in_a_group() -> None:
    (fault,) = _faults(sample("cases/S032"), receivers=(Identity("*"),), senders=(Identity("*"),))
    assert (fault.rule, fault.value, fault.ack["AK502"]) == ("X12-ST02-DUP", "0001", "23")


def test_leading_zeros_of_control_numbers_are_a_remark_only() -> None:
    (remark,) = _faults(PLAIN.replace(b"IEA*1*000000001", b"IEA*1*1"))
    assert (remark.rule, remark.refuses, remark.value) == ("X12-CTLNUM-FORMAT", False, "1")


def test_test_data_is_a_remark_unless_the_account_takes_none() -> None:
    data = _isa(15, "T")
    (remark,) = _faults(data)
    assert (remark.rule, remark.refuses, remark.value) == ("ENV-TEST-IN-PROD", False, "T")
    assert (remark.position.segment, remark.position.element, remark.position.line) == ("ISA", 15, 1)
    (fault,) = _faults(data, allow_test=False)
    assert (fault.rule, fault.refuses, fault.ack["TA105"]) == ("X12-TEST-REFUSED", True, "020")
    (begin,) = [e for e in _read(data) if isinstance(e, InterchangeBegin)]
    assert begin.interchange.test


def test_ids_are_told_without_their_padding_and_nothing_of_the_passwords() -> None:
    data = _isa(4, "SECRETPASS")
    (begin,) = [e for e in _read(data) if isinstance(e, InterchangeBegin)]
    isa: Interchange = begin.interchange
    assert (isa.sender_qualifier, isa.sender_id, isa.receiver_id) == ("02", "NRTX", "S321GATEWAY")
    assert (isa.control_number, isa.ack_requested, isa.test) == ("000000001", False, False)
    assert "SECRETPASS" not in repr(begin)


def test_a_file_without_gs_is_answered_as_invalid_content() -> None:
    faults = _faults(PLAIN.replace(GS, b""))
    assert (faults[0].rule, faults[0].ack["TA105"]) == ("X12-SEG-OUTSIDE", "024")


@pytest.mark.parametrize("path", x12_samples(), ids=lambda p: p.stem)
def test_every_finding_of_the_envelope_has_a_place_and_a_sentence(path: Path) -> None:
    data = path.read_bytes()
    for finding in _faults(data):
        assert finding.position.offset is not None
        assert finding.message.endswith(".")
        assert not finding.message[0].islower()


# --- cut files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [104, 105, 106, 107, 108, 130])
def test_a_file_cut_anywhere_behind_the_header_gets_a_ta1(size: int) -> None:
    """ISA has the widths of the standard: sender and control number are sure, whatever is missing behind them."""
    answers = drop(PLAIN[:size])
    assert [s for s in answers.segments("TA1") if s.startswith("TA1")] == ["TA1*000000001*250115*0930*R*023"]
    assert "TA1" not in drop(PLAIN[:103]).answers  # nobody knows how ISA went on
    assert "TA1" not in drop(_isa(6, "NRTX")[:95]).answers


def test_a_damaged_segment_behind_the_header_hides_nothing_of_it() -> None:
    isa, body = PLAIN[:106], PLAIN[107:]
    said = drop(isa + b"\nXS" + body[2:])
    assert {"X12-SEG-OUTSIDE", "X12-IEA-COUNT"} <= said.rules()
    assert said.deliveries == []
    assert any(s.startswith("TA1*000000001*250115*0930*R") for s in said.segments("TA1"))


def test_a_group_without_a_set_is_told() -> None:
    head = PLAIN[: PLAIN.index(b"ST*309")]
    said = drop(head + b"GE*0*1~\nIEA*1*000000001~\n")
    assert [(f.rule, f.severity, f.scope) for f in said.findings()] == [("X12-EMPTY", Severity.WARNING, Scope.GROUP)]
    assert said.segments("999")[2] == "AK9*A*0*0*0"


@pytest.mark.parametrize(
    ("functional", "version", "code"), [("999", "", "IK5*R*18"), ("997", "004010", "AK5*R*1"), ("997", "005010", "AK5*R*18")]
)  # fmt: skip
def test_a_set_of_another_group_is_refused_in_the_code_list_of_the_answer(
    functional: str, version: str, code: str
) -> None:
    acks = {"functional": functional, **({"version_997": version} if version else {})}
    assert code in drop(sample("x12/40"), now=SAMPLES_NOW, acks=acks).segments(functional)
