"""CUSCAR, CUSREP and CUSRES as CBP's ACE truck manifest has them: type, action and equipment of its own, several TDT for one lorry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.check import Checker
from gateway.profile import Identity, Profile
from gateway.responding import responses_of
from gateway.site import base_mappings, base_site
from tests.drops import Drop, drop

EXAMPLE = (base_mappings() / "edifact_cuscar/examples/ace_truck.edi").read_bytes()
NOW = datetime(2025, 1, 31, 10, tzinfo=UTC)
CUSREP = """UNH+65+CUSREP:D:03B:UN
BGM+336:::STANDARD+GWXXTRIP000002+2
DTM+132:202502011125:203
RFF+ABO:PTR65
LOC+60+3004:77
DOC+700+:23
RFF+AAM:GWXX00000000011
QTY+11:6
NAD+CA+GWXX:172
TDT+11++03+:::PU++I++:215::BBDD11:US
LOC+89+IL:163
EQD+CN+8987964:109
SEL+56484
RFF+IIT:MC
RFF+ABZ:68465464
LOC+89+AL:163
LOC+89+US:162"""
CUSRES = """UNH+1778+CUSRES:D:03B:UN
BGM+34:::ST+GWXXTRIP000002
DTM+163:202502011300:203
DOC+929:::63+654984654
PAC+100
RFF+AAM:GWXX00000000011
ERP+2
ERC+SN053
FTX+AAO+++RELEASED
DOC+700
RFF+AAM:GWXX00000000012
ERP+2
ERC+017
FTX+AAO+++MISSING OR INVALID BILL
ERC+060
FTX+AAO+++BILL REJECTED"""


def changed(*pairs: tuple[str, str]) -> Drop:
    data = EXAMPLE.decode()
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new, 1)
    return drop(data.encode(), now=NOW)


def wrapped(message: str) -> bytes:
    """Return a message in the interchange of the example."""
    segments = message.splitlines()
    head = EXAMPLE.decode().splitlines()[:2]
    kind = segments[0].split("+")[2].partition(":")[0]
    trailer = [f"UNT+{len(segments) + 1}+{segments[0].split('+')[1]}'", "UNE+1+72'", "UNZ+1+72'"]
    lines = [head[0], head[1].replace("CUSCAR", kind), *(f"{segment}'" for segment in segments), *trailer]
    return "\n".join(lines).encode()


def told(data: bytes, tmp_path: Path) -> list[dict[str, str]]:
    path = tmp_path / "answer.edi"
    path.write_bytes(data)
    found: list[dict[str, str]] = json.loads(json.dumps(Checker(base_site(), NOW).file(path)["findings"]))
    return found


def test_what_cbp_adds_to_the_directory_is_no_fault_and_six_names_of_a_lorry_are_one_carriage() -> None:
    result = changed()
    assert result.counts() == (2, 2, 0, 0)
    assert result.rules() == set()


def test_what_a_shipment_says_of_its_export_is_no_carriage_of_its_own() -> None:
    result = changed(
        ("GEI+7+135'", "GEI+7+134'\nTDT+11'\nDTM+133:20250131:102'\nRFF+AWM'\nTSR+41'"), ("UNT+57", "UNT+61")
    )
    assert result.counts() == (2, 2, 0, 0)
    assert result.rules() == set()


def test_a_second_lorry_is_another_carriage() -> None:
    result = changed(("TDT+11++03+:::PU++I++:215", "TDT+11+TRIP9+03+:::PU++I++:215"))
    assert "MAP-AMBIGUOUS" in result.rules()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("DOC+929:::13", "DOC+929:::84", "the shipment type (DOC+929) is 84 (returned goods), not 13 or 35"),
        ("DOC+929:::13", "DOC+929:::34", "the shipment type (DOC+929) is 34 (PAPS"),
        ("DOC+929:::13", "DOC+929:::MO+98765'\nDOC+950:::63+1234569876543211", "the shipment is in-bond (DOC+950 type 63)"),
        ("CST++6505009000:122", "CST++TS00TM00A0AP00:117", "CST holds a line release (BRASS) code"),
    ],
)  # fmt: skip
def test_what_is_no_section_321_shipment_is_refused_and_named(old: str, new: str, said: str) -> None:
    result = changed((old, new), ("UNT+57", f"UNT+{57 + new.count(chr(10))}"))
    assert result.counts() == (2, 1, 1, 0)
    (finding,) = [f for f in result.findings() if f.rule == "S321-NOT-321"]
    assert said in finding.message[:1].lower() + finding.message[1:] or said in finding.message


@pytest.mark.parametrize(("code", "purpose"), [("22", "cancel"), ("23", "original"), ("24", "amend")])
def test_the_action_of_a_shipment_is_its_purpose(code: str, purpose: str) -> None:
    (message,) = changed(("CNI+1+:23", f"CNI+1+:{code}")).messages()
    assert [s["transmission_purpose"] for s in message["shipments"]] == [purpose, "original"]


def test_an_action_that_is_none_is_told() -> None:
    result = changed(("CNI+1+:23", "CNI+1+:25"))
    assert result.rules() == {"MAP-NOT-PASSED"}


def test_shipments_without_a_trip_go_by_truck_and_are_worth_dollars() -> None:
    lines = EXAMPLE.decode().splitlines()
    head = ["UNH+12+CUSCAR:D:03B:UN'", "BGM+87:::STANDARD+SYSTEM+2'", "RFF+ABO:SHP12'"]
    body = lines[next(n for n, line in enumerate(lines) if line.startswith("CNI")) : -3]
    data = [*lines[:2], *head, *body, f"UNT+{len(head) + len(body) + 1}+12'", *lines[-2:]]
    (message,) = drop("\n".join(data).encode(), now=NOW).messages()
    first = message["shipments"][0]
    assert (first["mode_of_transportation"], first["total_value"]) == ("truck", {"amount": "42.00", "currency": "USD"})
    assert "conveyance_reference" not in first


def test_a_plate_is_no_container_and_a_container_is_one() -> None:
    (message,) = changed(
        ("MOA+40:42'", "MOA+40:42'\nSGP+EQU123:215'\nSGP+XXXU1234560:172'"), ("UNT+57", "UNT+59")
    ).messages()
    assert message["shipments"][0]["references"] == [{"type": "container", "value": "XXXU1234560"}]


def test_a_trip_report_has_what_cbp_adds_too() -> None:
    assert drop(wrapped(CUSREP), now=NOW).rules() == {"EDIFACT-MSG-NO-SHIPMENTS"}


def test_an_event_is_told_in_words_and_an_error_is_a_refusal(tmp_path: Path) -> None:
    said = [f["message"] for f in told(wrapped(CUSRES), tmp_path) if f["rule"].startswith("ACK-")]
    assert said[0] == "The answer to GWXX00000000011 says: SN053 released."
    assert said[1] == "The answer to GWXX00000000012 says: refused. 017 MISSING OR INVALID BILL; 060 BILL REJECTED."


AUSTRALIAN = """UNH+1+CUSRES:D:99B:UN
BGM+961:::IMDR+REF1:1+11
FTX+AHN+++REJECTED
RFF+ABO:B00227128::1
ERP+::1
ERC+15::95
FTX+AAO+++A MANDATORY FIELD IS MISSING"""


def _answers(lines: str, tmp_path: Path) -> list[tuple[str, str]]:
    return [(f["rule"], f["message"]) for f in told(wrapped(lines), tmp_path) if f["rule"].startswith("ACK-")]


def test_an_error_in_an_older_directory_is_a_refusal_where_no_group_is_for_it(tmp_path: Path) -> None:
    said = _answers(AUSTRALIAN, tmp_path)
    assert said[0] == ("ACK-REFUSED", "The answer to B00227128 says: refused. 15 A MANDATORY FIELD IS MISSING.")
    in_header = AUSTRALIAN.replace("RFF+ABO:B00227128::1\n", "")
    assert _answers(in_header, tmp_path)[-1][0] == "ACK-REFUSED"
    advice = AUSTRALIAN.replace("ERC+15::95", "ERC+ADVICE:80:95").replace("A MANDATORY FIELD IS MISSING", "NO ERRORS")
    rule, words = _answers(advice, tmp_path)[0]
    assert (rule, "NO ERRORS" in words) == ("ACK-SAYS", True)


def test_an_event_of_the_whole_message_is_told_in_words(tmp_path: Path) -> None:
    lines = "UNH+1+CUSRES:D:03B:UN\nBGM+132:::ST+TRIP1\nRFF+ABO:MAN1\nERP+1\nERC+SN053"
    assert _answers(lines, tmp_path) == [("ACK-SAYS", "The answer to MAN1 says: SN053 released.")]


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        ("1", "accepted", "accepted"), ("2", "refused", "rejected"), ("4", "4 goods released", "released"), ("5", "5 goods required for examination", "hold"),
        ("6", "6 documents to be produced", "hold"), ("7", "7 goods detained", "hold"), ("8", "accepted", "accepted"),
    ],
)  # fmt: skip
def test_goods_that_are_held_are_not_told_as_accepted(code: str, words: str, status: str, tmp_path: Path) -> None:
    """7365 of a bill: 5 and 7 were told as accepted, with errors."""
    lines = f"UNH+1+CUSRES:D:03A:UN\nBGM+961+RSP1+11\nGEI+5+1\nRFF+ACW:MAN1\nDOC+703+H1\nRFF+HWB:H1\nGEI+5+{code}"
    assert f"The answer to H1 says: {words}." in [said for _, said in _answers(lines, tmp_path)]
    found = responses_of(wrapped(lines), Profile("@r", "@r", "", (Identity("*"),), (Identity("*"),)))
    assert [r.status for r in found if r.shipment_id == "H1"] == [status]


def test_a_message_that_holds_all_goods_accepts_none(tmp_path: Path) -> None:
    lines = "UNH+1+CUSRES:D:03A:UN\nBGM+961+RSP1+11\nGEI+5+{}\nRFF+ACW:MAN1"
    assert _answers(lines.format(7), tmp_path) == [("ACK-SAYS", "The answer to MAN1 says: 7 goods detained. CUSRES.")]
    assert _answers(lines.format(4), tmp_path) == [("ACK-SAYS", "The answer to MAN1 says: accepted. CUSRES.")]


@pytest.mark.parametrize(("action", "words"), [("4", "refused"), ("7", "accepted"), ("8", "received")])
def test_an_interchange_that_came_is_not_yet_accepted(action: str, words: str, tmp_path: Path) -> None:
    lines = f"UNH+1+CONTRL:D:3:UN\nUCI+15+GWSENDER:ZZ+CBPTEST:ZZ+{action}"
    assert _answers(lines, tmp_path)[0][1] == f"The answer to interchange 15 says: {words}."
