"""The notify party has a place in the canonical message, and every format that can name one fills it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, profile_for, sample
from tests.formats.x12.test_carrier_sets import AIR, LOAD
from tests.formats.x12.test_carrier_sets import _counted as counted
from tests.test_nothing_silent import BEFORE
from tests.test_wco_ubl_places import UBL, WCO
from tests.test_written_otherwise import forwarding, only

NAD = "NAD+{}+++SAM NOTIFIED+9 ELM AVENUE+AKRON+OH+44301+US"
CONTACT = "CTA+IC+:SAM'COM+5550100100:TE"
WHOLE = {
    "name": "SAM NOTIFIED", "address_line_1": "9 ELM AVENUE", "city": "AKRON", "state_province": "OH", "postal_code": "44301", "country_code": "US",
}  # fmt: skip


def told(result: Drop) -> set[str]:
    return {f.rule for f in result.findings()} & {"MAP-PARTY-ROLE", "MAP-NOT-PASSED"}


@pytest.mark.parametrize("kind", ["IFCSUM:D:03A:UN", "IFTMIN:D:03A:UN"])
@pytest.mark.parametrize("role", ["NI", "N1", "N2"])
def test_forwarding_messages_name_the_notify_party(kind: str, role: str) -> None:
    consignee = "NAD+CN+++JORDAN SAMPLE+1200 TEST AVENUE+SPRINGFIELD+IL+62701+US"
    result = drop(forwarding(consignee, f"{consignee}'{NAD.format(role)}'{CONTACT}", kind))
    found: dict[str, Any] = only(result)["notify_party"]
    assert found == {**WHOLE, "phone": "5550100100"}
    assert not told(result)


VALUE = {"total_value": {"amount": "20.00", "currency": "USD"}}


@pytest.mark.parametrize(("sample", "behind"), [(AIR, "LX*1~"), (LOAD, "N1*BT*")], ids=["110", "204"])
def test_carrier_sets_name_it_too(sample: Path, behind: str) -> None:
    lines = "N1*N1*SAM NOTIFIED~\nN3*9 ELM AVENUE~\nN4*AKRON*OH*44301*US~\n"
    data = counted(sample.read_text("ascii").replace(behind, lines + behind, 1)).encode()
    profile = replace(profile_for(data), enrich=lambda draft: VALUE)
    result = drop(data, profile=profile, now=SAMPLES_NOW)
    shipments = [s for m in result.messages() for s in m["shipments"]]
    assert [s["notify_party"] for s in shipments] == [WHOLE, WHOLE], result.findings()


N1_NOTIFY = "N1*N1*SAM NOTIFIED~\nN3*9 ELM AVENUE~\nN4*AKRON*OH*44301*US~\n"
BUFFALO, COLUMBUS = "N1*BY*ALEX SAMPLE~", "N1*BY*JORDAN EXAMPLE~"


@pytest.mark.parametrize(
    ("before", "notified"),
    [("HL*4*3*I*0~", [WHOLE, None]), (BUFFALO, [WHOLE, None]), (COLUMBUS, [None, WHOLE])],
    ids=["pack", "order", "other order"],
)
def test_parcels_of_a_856_have_the_notify_party_of_their_pack_or_order(before: str, notified: list[Any]) -> None:
    text = sample("x12/15").decode().replace(before, N1_NOTIFY + before)
    result = drop(counted(text).encode(), now=SAMPLES_NOW)
    assert [s.get("notify_party") for m in result.messages() for s in m["shipments"]] == notified, result.findings()
    assert not told(result)


WCO_PARTY = b"""<NotifyParty><Name>SAM NOTIFIED</Name><Address><CityName>AKRON</CityName><CountryCode>US</CountryCode>
<CountrySubDivisionCode>OH</CountrySubDivisionCode><Line>9 ELM AVENUE</Line><PostcodeID>44301</PostcodeID></Address></NotifyParty>"""
UBL_PARTY = b"""<cac:NotifyParty><cac:PartyName><cbc:Name>SAM NOTIFIED</cbc:Name></cac:PartyName><cac:PostalAddress>
<cbc:StreetName>9 ELM AVENUE</cbc:StreetName><cbc:CityName>AKRON</cbc:CityName><cbc:PostalZone>44301</cbc:PostalZone>
<cbc:CountrySubentityCode>OH</cbc:CountrySubentityCode><cac:Country><cbc:IdentificationCode>US</cbc:IdentificationCode>
</cac:Country></cac:PostalAddress></cac:NotifyParty>"""


@pytest.mark.parametrize(
    ("file", "before", "party"),
    [
        (WCO, b"</Consignment>", WCO_PARTY),
        (WCO, b"<Consignment>", WCO_PARTY),
        (UBL, b"<cac:GoodsItem>", b"<cac:Consignment><cbc:ID>1</cbc:ID>" + UBL_PARTY + b"</cac:Consignment>"),
    ],
    ids=["WCO consignment", "WCO shipment", "UBL"],
)  # fmt: skip
def test_declarations_and_waybills_name_it_too(file: bytes, before: bytes, party: bytes) -> None:
    result = drop(file.replace(before, party + before, 1), now=BEFORE)
    found = [s["notify_party"] for m in result.messages() for s in m["shipments"]]
    assert found == [WHOLE], result.findings()
    assert not told(result)
