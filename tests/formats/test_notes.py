"""Customs notes: what has a place in the canonical model is read, the rest is told once for a message."""

from __future__ import annotations

import pytest

from gateway.check import parse_instant
from tests.drops import drop, profile_for, sample

BEFORE = parse_instant("2025-02-27T10:00:00Z")
NOTE = b"<ram:IncludedCustomsNote><ram:ContentCode>%s</ram:ContentCode><ram:Content>%s</ram:Content><ram:SubjectCode>%s</ram:SubjectCode><ram:CountryID>US</ram:CountryID></ram:IncludedCustomsNote>"


def with_note(subject: str, control: str, text: str, name: str = "xml/03") -> bytes:
    data = sample(name)
    at = data.index(b"<ram:IncludedCustomsNote>")
    return data[:at] + NOTE % (control.encode(), text.encode(), subject.encode()) + data[at:]


def told(data: bytes, **changes) -> list[str]:
    found = (f for f in drop(data, now=BEFORE, **changes).findings() if f.rule == "CARGO-NOTES")
    return [f"{f.severity.value}: {f.message.partition('passed on: ')[2]}" for f in found]


def shipment(data: bytes) -> dict:
    ((one,),) = (m["shipments"] for m in drop(data, now=BEFORE).messages())
    return one


def test_the_expiry_of_the_agent_is_read():
    assert shipment(sample("xml/03"))["security_scan"]["regulated_agent_id"]["expires_on"] == "2026-12-31"
    assert shipment(sample("xml/02"))["security_scan"]["regulated_agent_id"]["expires_on"] == "2026-12-31"


@pytest.mark.parametrize(("subject", "role"), [("SHP", "shipment_initiator"), ("CNE", "final_deliver_to_party")])
def test_contact_and_trader_number_of_a_party(subject: str, role: str):
    party = shipment(with_note(subject, "CP", "PAT CONTACT"))[role]
    assert party["attention_care_of"] == "PAT CONTACT"
    data = with_note(subject, "T", "EORIDE1234567").replace(b"USCI91440101SAMPLE0001", b"")
    assert shipment(data)[role]["identifiers"] == [{"type": "eori", "value": "DE1234567"}]


def test_a_trader_number_of_a_kind_that_is_not_known_is_told():
    data = with_note("CNE", "T", "XX-4711")
    assert "identifiers" not in shipment(data)["final_deliver_to_party"]
    assert "MAP-NOT-PASSED" in drop(data, now=BEFORE).rules()


def test_notes_without_a_place_are_told_without_what_they_say():
    assert told(sample("xml/03")) == ["info: SD, FT, CUS/AH, CUS/AN."]
    (words,) = told(with_note("CUS", "VP", "13105550177"))
    assert words == "info: CUS/VP, SD, FT, CUS/AH, CUS/AN." and "1310" not in words
    many = with_note("", "ZZ", "X")
    for n in range(20):
        at = many.index(b"<ram:IncludedCustomsNote>")
        many = many[:at] + NOTE % (b"Z%d" % n, b"X", b"") + many[at:]
    assert told(many)[0].endswith(" and others.")


def test_the_notes_of_a_message_of_lines():
    assert told(sample("cargoimp/02")) == ["info: ED, FT."]
    assert told(sample("cargoimp/12")) == []


def test_without_a_mapping_nothing_is_said_of_notes():
    programs = lambda *_: None  # noqa: E731
    assert told(sample("xml/03"), profile=profile_for(sample("xml/03"), programs=programs)) == []


PARTY = b"<ram:AssociatedParty><ram:Name>PAT BROKER</ram:Name>%s</ram:AssociatedParty>"


def roles_told(data: bytes, **changes) -> list[str]:
    found = (f for f in drop(data, now=BEFORE, **changes).findings() if f.rule == "MAP-PARTY-ROLE")
    return [f"{f.severity.value}: {f.message.partition('passed on: ')[2]}" for f in found]


def with_parties(name: str, *roles: str) -> bytes:
    data = sample(name)
    at = data.index(b"</ram:ConsigneeParty>") + len(b"</ram:ConsigneeParty>")
    parties = [PARTY % (f"<ram:RoleCode>{role}</ram:RoleCode>".encode() if role else b"") for role in roles]
    return data[:at] + b"".join(parties) + data[at:]


@pytest.mark.parametrize("name", ["xml/02", "xml/03"])
def test_parties_of_a_role_that_no_row_reads_are_told_once_without_what_they_say(name: str):
    assert roles_told(with_parties(name, "CB", "CB", "NI", "AG", "")) == ["info: CB, AG, without RoleCode."]
    assert roles_told(with_parties(name, "SE", "BY", "MF", "NI", "DP")) == []
    assert roles_told(sample(name)) == []


def test_without_a_mapping_nothing_is_said_of_parties():
    programs = lambda *_: None  # noqa: E731
    data = with_parties("xml/03", "CB")
    assert roles_told(data, profile=profile_for(data, programs=programs)) == []


@pytest.mark.parametrize("name", ["xml/02", "xml/03"])
def test_an_expiry_that_is_no_month_is_told_and_refuses_nothing(name):
    data = sample(name)
    assert b"<ram:Content>1226</ram:Content>" in data
    result = drop(data.replace(b"<ram:Content>1226<", b"<ram:Content>31-DEC-2026<"), now=BEFORE)
    (found,) = result.messages()[0]["shipments"]
    assert "expires_on" not in found["security_scan"]["regulated_agent_id"]
    (told_of,) = [f for f in result.findings() if f.rule == "MAP-NOT-PASSED"]
    assert told_of.message.startswith('"31-DEC-2026" has not the form of ')
