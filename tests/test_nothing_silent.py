"""What a partner sends reaches the canonical message or a finding: samples changed in one place, in every family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site

FIXTURES = Path(__file__).parent.parent / "fixtures"
BEFORE = parse_instant("2025-02-27T10:00:00Z")
HOUSE, FHL, FWB = "xml/03_xfzb_clean_v3.xml", "cargoimp/03_fhl4_single_full.txt", "cargoimp/02_fwb17_direct_tagged.txt"
ITMATT, WCO, UBL = "xml/15_itmatt_gateway_profile.xml", "xml/14_wco_declaration_min.xml", "xml-extra/01_ubl_waybill.xml"
FRI = "cargoimp/12_fri_air_ams_house.txt"


def judged(tmp_path: Path, sample: str, *edits: tuple[str, str]) -> dict[str, Any]:
    """Return what `check` says of a sample with texts replaced (the first of each)."""
    text = (FIXTURES / sample).read_bytes().decode()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / Path(sample).name
    path.write_bytes(text.encode())
    return Checker(base_site(), BEFORE).file(path)


def value(result: dict[str, Any], pointer: str) -> Any:
    at = result["messages"][0]["shipments"][0]
    for step in pointer.split("."):
        at = at[int(step)] if step.isdigit() else at.get(step)
    return at


def rules(result: dict[str, Any], *severities: str) -> set[str]:
    return {f["rule"] for f in result["findings"] if f["severity"] in (severities or ("error", "warning"))}


STREET = "final_deliver_to_party.address_line_"


@pytest.mark.parametrize(
    ("sample", "old", "new", "found"),
    [
        (HOUSE, ">12 SAMPLE LN<", ">C/O DESK\n12 SAMPLE LN\nAPT 4\nBACK DOOR<", ("C/O DESK", "12 SAMPLE LN", "APT 4 BACK DOOR")),
        (HOUSE, "<ram:StreetName>12 SAMPLE LN</ram:StreetName>",
         "<ram:StreetName>12 SAMPLE LN</ram:StreetName><ram:PostOfficeBox>PO BOX 7</ram:PostOfficeBox>", ("12 SAMPLE LN", None, "PO BOX 7")),
        (FHL, "/12 SAMPLE LN", "/C O DESK\n/12 SAMPLE LN\n/APT 4", ("C O DESK", "12 SAMPLE LN APT 4", None)),
        (FWB, "ADR/2210 SW EXAMPLE AVE APT 5", "ADR/2210 SW EXAMPLE AVE/APT 5", ("2210 SW EXAMPLE AVE", "APT 5", None)),
        (FRI, "/12 SAMPLE LN", "/12 SAMPLE LN\n/APT 4", ("12 SAMPLE LN", "APT 4", None)),
        (ITMATT, "<street>88 SAMPLE ST</street>", "<street>88 SAMPLE ST\nAPT 4\nBACK DOOR</street><street>RING</street>",
         ("88 SAMPLE ST", "APT 4", "BACK DOOR RING")),
        (WCO, "<Line>12 SAMPLE LN</Line>", "<CountrySubDivisionID>NY</CountrySubDivisionID><Line>12 SAMPLE LN</Line><Line>APT 4</Line>",
         ("12 SAMPLE LN", "APT 4", None)),
    ],
)  # fmt: skip
def test_every_line_of_an_address_is_passed_on(tmp_path, sample, old, new, found):
    result = judged(tmp_path, sample, (old, new))
    assert tuple(value(result, STREET + n) for n in "123") == found


def test_the_second_name_line_of_a_party_is_passed_on(tmp_path):
    result = judged(tmp_path, FWB, ("NAM/PAT SAMPLE", "NAM/PAT SAMPLE/SECOND LINE"))
    assert value(result, "final_deliver_to_party.name") == "PAT SAMPLE SECOND LINE"


@pytest.mark.parametrize(
    ("sample", "old", "new"),
    [
        (HOUSE, "<ram:TypeCode>6109100012</ram:TypeCode>", "<ram:TypeCode>6109100012</ram:TypeCode><ram:TypeCode>6115959000</ram:TypeCode>"),
        ("xml/02_xfwb_direct_740_v3.xml", "<ram:TypeCode>9405218010</ram:TypeCode>", "<ram:TypeCode>9405218010</ram:TypeCode><ram:TypeCode>6115959000</ram:TypeCode>"),
        (FHL, "/6115959000", "/6115959000"),
        (FWB, "/6/NO/CN", "/6/NH/4202920000\n/7/NO/CN"),
        (FRI, "CSD/CN/43-USD/6109100012", "CSD/CN/43-USD/6109100012\nCSD/BD/12-USD/6115959000"),
        (UBL, "<cbc:RequiredCustomsID>", "<cbc:RequiredCustomsID>611020</cbc:RequiredCustomsID><cbc:RequiredCustomsID>"),
    ],
)  # fmt: skip
def test_several_tariff_numbers_of_one_goods_line_are_told(tmp_path, sample, old, new):
    assert "MAP-AMBIGUOUS" in rules(judged(tmp_path, sample, (old, new)))
