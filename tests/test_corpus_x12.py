"""All samples of fixtures/x12 give the verdict that its index.md names."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.findings import Severity
from gateway.site import base_site
from tests.drops import x12_drop

FOLDER = Path(__file__).parent.parent / "fixtures" / "x12"

# number -> (verdict, found, accepted, rejected, duplicate, a rule or an ack code that must be said, "" = none above info)
EXPECTED = {
    "01": ("accept", 2, 2, 0, 0, ""),
    "02": ("accept", 1, 1, 0, 0, ""),
    "03": ("accept", 1, 1, 0, 0, ""),
    "04": ("accept_with_warnings", 3, 3, 0, 0, "S321-AMEND-NF"),
    "05": ("partial", 4, 1, 3, 0, "S321-NOT-321"),
    "06": ("accept", 2, 2, 0, 0, ""),
    "07": ("accept", 2, 2, 0, 0, ""),
    "08": ("accept", 1, 1, 0, 0, ""),
    "09": ("accept", 0, 0, 0, 0, ""),
    "10": ("accept", 0, 0, 0, 0, ""),
    "11": ("accept", 0, 0, 0, 0, ""),
    "12": ("accept_with_warnings", 0, 0, 0, 0, "ACK-REFUSED"),
    "13": ("accept_with_warnings", 0, 0, 0, 0, "ACK-REFUSED"),
    "14": ("accept", 0, 0, 0, 0, ""),
    "15": ("accept", 2, 2, 0, 0, ""),
    # 16 to 18 are read as shipments; these sets have no place for the value of the goods, and it is never guessed
    "16": ("reject", 1, 0, 1, 0, "S321-VAL-MISSING"),
    "17": ("reject", 1, 0, 1, 0, "S321-VAL-MISSING"),
    "18": ("reject", 1, 0, 1, 0, "S321-VAL-MISSING"),
    "19": ("accept_with_warnings", 0, 0, 0, 0, "X12-SET-NOT-TRANSLATED"),
    "30": ("reject", 2, 0, 2, 0, "AK502=4"),
    "31": ("reject", 2, 0, 2, 0, "AK502=3"),
    "32": ("reject", 2, 0, 2, 0, "AK905=5"),
    "33": ("reject", 2, 0, 2, 0, "TA105=001"),
    "34": ("partial", 4, 2, 0, 2, "TA105=025"),
    # both interchanges carry the same two bills with the same content: delivered once, counted as duplicates
    "35": ("partial", 4, 2, 0, 2, "S321-DUP"),
    "36": ("reject", 2, 0, 2, 0, "TA105=023"),
    # ours: 16 elements can be counted, so the lenient profile reads it as S008 (ids not padded); strict refuses
    "37": ("accept_with_warnings", 2, 2, 0, 0, "X12-ISA-LENGTH"),
    "38": ("reject", 2, 0, 2, 0, "AK905=2"),
    "39": ("accept", 2, 2, 0, 0, ""),
    # index.md says 1; 18 is the code of element 718 for it, which only the 997 of 004010 lacks
    "40": ("reject", 2, 0, 2, 0, "AK502=18"),
    "41": ("partial", 2, 1, 1, 0, "AK403=7"),
    "42": ("partial", 2, 1, 1, 0, "AK403=7"),
    "43": ("partial", 2, 1, 1, 0, "S321-VAL-800"),
    "44": ("accept_with_warnings", 1, 1, 0, 0, "X12-N1006-DECIMALS"),
    "45": ("accept_with_warnings", 1, 1, 0, 0, "AK403=4"),
    "46": ("accept_with_warnings", 1, 1, 0, 0, "Q-QTY-MISMATCH"),
    "47": ("reject", 1, 0, 1, 0, "S321-ROLE-REQ"),
    "48": ("partial", 2, 1, 1, 0, "S321-DUP"),
    "49": ("accept", 2, 2, 0, 0, ""),
    "50": ("accept_with_warnings", 2, 2, 0, 0, "X12-SEG-EMPTY"),
    "51": ("accept_with_warnings", 1, 1, 0, 0, "AK403=6"),
    "52": ("reject", 1, 0, 1, 0, "AK403=12"),
    "53": ("partial", 3, 2, 1, 0, "AK403=7"),
    "54": ("accept_with_warnings", 1, 1, 0, 0, "X12-BILL-COUNT"),
    "55": ("reject", 1, 0, 1, 0, "AK304=1"),
    **{str(n): ("accept", 0, 0, 0, 0, "") for n in (20, 21, 24, 26)},
    **{str(n): ("accept_with_warnings", 0, 0, 0, 0, "ACK-REFUSED") for n in (22, 23, 25, 27, 28, 29)},
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.edi")), ids=lambda p: p.stem)
def test_the_sample_gets_its_verdict(path):
    verdict, found, accepted, rejected, duplicate, said = EXPECTED[path.name[:2]]
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(path)
    counts = {"found": found, "accepted": accepted, "rejected": rejected, "duplicate": duplicate}
    assert (result["verdict"], result["shipments"]) == (verdict, counts), result["findings"]
    told = [f for f in result["findings"] if f["severity"] != "info"]
    if said:
        assert said in {f["rule"] for f in told} | {f"{k}={v}" for f in told for k, v in f["ack"].items()}
    else:
        assert told == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.edi")), ids=lambda p: p.stem)
def test_every_finding_has_a_place_a_message_and_a_mend(path):
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(path)
    for finding in result["findings"]:
        assert finding["message"].endswith(".")
        assert finding["rule"] == "DUP-FILE" or None not in (finding["offset"], finding["line"]), finding
        assert finding["fix"], finding


def test_crew_data_never_reaches_the_canonical_message():
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(
        FOLDER / "02_309_truck_6050_s321_crew.edi"
    )
    text = str(result["messages"])
    for personal in ("DRIVERSON", "19800101", "FASTID000111", "1FUJA6CK55LN00001"):
        assert personal not in text


def test_amendments_keep_their_action():
    result = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(FOLDER / "04_309_truck_amend_Y.edi")
    shipments = result["messages"][0]["shipments"]
    assert [(s["transmission_purpose"], s["amendment"]["action"]) for s in shipments] == [
        ("original", "add"), ("cancel", "delete"), ("amend", "replace"),
    ]  # fmt: skip
    assert shipments[2]["amendment"]["quantity"] == "4"


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.OFF])
def test_other_content_under_a_number_that_was_accepted_is_an_error_in_any_case(severity):
    result = x12_drop("48", severities={"S321-DUP": severity})
    assert result.counts()[1:3] == (1, 1)
    assert [f.severity for f in result.findings() if f.rule == "S321-DUP"] == [Severity.ERROR]
