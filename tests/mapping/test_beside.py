"""Parties beside the one that was taken for a role: NAD+CN beside NAD+DP. What they say otherwise is told, in every format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.mapping.folder import MappingSet
from gateway.mapping.table import COLUMNS
from gateway.site import base_mappings
from tests.drops import Drop, drop, profile_for, sample
from tests.test_edifact_cases import BEFORE, moved

LOCKER = "NAD+DP+++PARCEL LOCKER 12+900 LOCKER ROAD+SPRINGFIELD+IL+62702+US'"
SAME = "NAD+DP+++Jordan  Sample+1200 TEST AVENUE:APT 4+SPRINGFIELD+IL+62701+US'"
SHORT = "NAD+UC+++JORDAN SAMPLE'"
SELLER = "NAD+SE+++EXAMPLE MARKET SELLER+2 DEMO PARK+SINGAPORE++068898+SG'"
BUYER = "NAD+BY+++CASEY PAYER+3 MOCK WAY+SPRINGFIELD+IL+62701+US'"
BROKER = "NAD+CB+++EXAMPLE BROKER+1 DOCK ROAD+NEWARK+NJ+07102+US'"
PLACES = {
    "cuscar": ("edifact/01", b"NAD+CN+++JORDAN"),
    "ifcsum": ("edifact/14", b"NAD+CN+++ROBIN"),
    "iftmin": ("edifact/15", b"NAD+CN+++"),
}


def with_parties(name: str, *segments: str, own: Path | None = None) -> Drop:
    """Return what becomes of a sample whose first consignee has further parties before him."""
    start, consignee = PLACES[name]
    data = moved(sample(start))
    at = data.index(consignee)
    new = "".join(segments).encode() + b"\n" * bool(segments)
    data = data[:at] + new + data[at:]
    data = re.sub(rb"UNT\+(\d+)", lambda m: b"UNT+" + str(int(m[1]) + len(segments)).encode(), data)
    if own is None:
        return drop(data, now=BEFORE)
    tables = MappingSet(base_mappings(), (own,))
    tables.check()
    return drop(data, now=BEFORE, profile=profile_for(data, tables=tables, programs=tables.program))


def told(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "MAP-FIRST-TAKEN"]


@pytest.mark.parametrize("name", PLACES)
def test_a_consignee_beside_a_delivery_party_is_told(name):
    before, result = told(with_parties(name)), with_parties(name, LOCKER)
    said = "NAD DP was taken as final deliver to party; what NAD CN says otherwise was not passed on."
    assert [*before, said] == told(result)
    assert result.outcome.counts.rejected == 0
    finding = [f for f in result.findings() if f.message == said][-1]
    assert (finding.severity.name, finding.position.segment) == ("WARNING", "NAD")
    names = [s["final_deliver_to_party"]["name"] for m in result.messages() for s in m["shipments"]]
    assert "PARCEL LOCKER 12" in names


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ((SAME,), []),
        ((SAME.replace("DP+", "CN+"), LOCKER, SAME), ["NAD DP", "MAP-PARTY-TWICE"]),
        ((SHORT,), ["NAD CN"]),  # who is taken says less than who is not
        ((BROKER,), []),  # no party of the role
        ((BUYER,), []),  # passed on as the buyer
        ((SELLER,), ["NAD CZ"]),
        ((SELLER, LOCKER), ["NAD CZ", "NAD CN"]),
        ((SHORT, LOCKER), ["NAD UC", "NAD CN"]),
    ],
)  # fmt: skip
def test_what_is_told_of_the_parties_beside(segments, said):
    result = with_parties("cuscar", *segments)
    if "MAP-PARTY-TWICE" in said:  # two delivery parties: worse than what stands beside them
        assert "MAP-PARTY-TWICE" in result.rules()
        return
    found = [re.search(r"what (NAD ..) says otherwise", message) for message in told(result)]
    assert [match and match[1] for match in found] == said


def test_a_party_that_says_less_of_the_same_person_is_not_told():
    less = b"NAD+CN+++PARCEL LOCKER 12'"
    data = re.sub(rb"NAD\+CN\+\+\+JORDAN[^']*'", LOCKER.encode() + b"\n" + less, moved(sample("edifact/01")))
    assert told(drop(data.replace(b"UNT+60", b"UNT+61"), now=BEFORE)) == []


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("final_deliver_to_party,(first),RFF/NAD[DP],RFF/NAD[DP] present", {"PARCEL LOCKER 12"}),
        ("buyer,(first),RFF/NAD[BY|CN],RFF/NAD[DP|UC|ST] present", {"PARCEL LOCKER 12", "JORDAN SAMPLE"}),
    ],
    ids=["DP alone is read", "CN is the buyer"],
)  # fmt: skip
def test_what_a_partner_has_decided_is_not_told(tmp_path, row, names):
    (tmp_path / "edifact_cuscar.csv").write_text(f"{','.join(COLUMNS)}\n{row},,,,,,\n", "utf-8")
    result = with_parties("cuscar", LOCKER, own=tmp_path)
    assert told(result) == []
    shipment = result.messages()[0]["shipments"][0]
    assert {shipment[role]["name"] for role in ("final_deliver_to_party", "buyer") if role in shipment} == names


def test_cargo_xml_tells_the_consignee_beside_a_delivery_party():
    data = sample("xml/03")
    consignee = re.search(rb"<ram:ConsigneeParty>.*?</ram:ConsigneeParty>", data, re.S)
    assert consignee is not None
    party = consignee[0].replace(b"ConsigneeParty", b"AssociatedParty")
    party = party.replace(b"</ram:Name>", b"</ram:Name><ram:RoleCode>DP</ram:RoleCode>")
    when = parse_instant("2025-02-27T10:00:00Z")
    place = data.index(b"<ram:OriginLocation>", consignee.end())

    def said(new: bytes) -> list[str]:
        return told(drop(data[:place] + new + data[place:], now=when))

    assert said(party) == []
    words = "AssociatedParty DP was taken as final deliver to party; what IncludedHouseConsignment/ConsigneeParty says otherwise was not passed on."
    assert said(party.replace(b"<ram:Name>JORDAN", b"<ram:Name>LOCKER")) == [words]
