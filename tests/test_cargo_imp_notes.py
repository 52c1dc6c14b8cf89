"""Cargo-IMP: customs notes (OCI), the notify party of a FWB and the unit of a weight reach the canonical message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drops import drop, sample
from tests.test_nothing_silent import BEFORE

FHL, FWB, FRI = sample("cargoimp/03"), sample("cargoimp/02"), sample("cargoimp/12")
NOTES = (
    b"OCI/HK/ISS/RA/00001-01\r\n///ED/1226\r\n///SS/SPX\r\n///SM/XRY\r\n///SN/A OFFICER\r\n"
    b"/US/CUS/KP/Y\r\n/US/SHP/CT/862055509999\r\n/US/CNE/CT/13105550100\r\n"
)


def found(data: bytes) -> dict[str, Any]:
    result = drop(data, name="m.txt", now=BEFORE)
    assert result.counts() == (1, 1, 0, 0), result.findings()
    shipment: dict[str, Any] = result.messages()[0]["shipments"][0]
    return shipment


def without_notes(data: bytes) -> list[bytes]:
    kept, inside = [], False
    for line in data.splitlines(keepends=True):
        inside = line.startswith(b"OCI") or (inside and line.startswith(b"/"))
        kept += [] if inside else [line]
    return kept


def noted(data: bytes) -> bytes:
    """Return a message with these notes where its own stand (a FWB: at the end)."""
    lines = without_notes(data)
    at = next((n for n, line in enumerate(lines) if line.startswith((b"SHP", b"CVD")) and data[:3] == b"FHL"), len(lines))  # fmt: skip
    return b"".join([*lines[:at], NOTES, *lines[at:]])


@pytest.mark.parametrize("data", [FHL, FWB, FRI], ids=["FHL", "FWB", "FRI"])
def test_who_screened_and_where_is_passed_on(data):
    shipment = found(noted(data))
    assert shipment["security_scan"] == {
        "performed": True, "result": "clear", "method": "xry", "performed_by": "A OFFICER",
        "regulated_agent_id": {"country_code": "HK", "identifier": "00001-01"},
    }  # fmt: skip
    assert (shipment["known_carrier_customer_flag"], shipment["verified_known_consignor_flag"]) == (True, True)


@pytest.mark.parametrize("data", [FHL, FWB, FRI], ids=["FHL", "FWB", "FRI"])
def test_a_telephone_of_a_note_stands_in_for_one_of_the_party(data):
    shipment = found(noted(data).replace(b"/TE/862055500003", b"").replace(b"/TE/8675555500002", b""))
    assert shipment["shipment_initiator"]["phone"] == "862055509999"
    own = {b"FHL": "16315550122", b"FWB": "15035550111", b"FRI": "16315550122"}[data[:3]]
    assert shipment["final_deliver_to_party"]["phone"] == own  # the party's own counts first


@pytest.mark.parametrize(
    ("data", "old", "new", "unit", "kg"),
    [
        (FWB, b"/T2K3.2", b"/T2L3.2", "L", "1.451"),
        (FWB, b"/T2K3.2", b"/T2K3.2MC0.05", "K", "3.200"),
        (FRI, b"T1K1.3", b"T1/L1.3", "L", "0.590"),
        (FHL, b"/K1.25/", b"/L1.25/", "L", "0.567"),
    ],
)
def test_the_unit_of_a_weight_is_passed_on(data, old, new, unit, kg):
    shipment = found(data.replace(old, new))
    assert (shipment["weight_source_unit"], shipment["gross_weight_kg"]) == (unit, kg)


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        (b"FWB/17", b"NFY\r\nNAM/RILEY NOTIFY\r\nADR/7 X ST\r\nLOC/BOSTON/MA\r\n/US/02108/TE/16175550100\r\n"),
        (b"FWB/16", b"NFY/RILEY NOTIFY\r\n/7 X ST\r\n/BOSTON/MA\r\n/US/02108/TE/16175550100\r\n"),
    ],
)
def test_the_notify_party_of_a_waybill_is_passed_on(version, lines):
    shipment = found(FWB.replace(b"FWB/17", version).replace(b"CVD/", lines + b"CVD/", 1))
    assert shipment["notify_party"] == {
        "name": "RILEY NOTIFY", "address_line_1": "7 X ST", "city": "BOSTON", "state_province": "MA", "postal_code": "02108",
        "country_code": "US", "phone": "16175550100",
    }  # fmt: skip


@pytest.mark.parametrize("weight", [b"K1E2", b"K1.25LB", b"K1.25KG", b"K1.25 L"])
def test_a_weight_with_something_behind_it_is_told_and_not_read_in_part(weight):
    result = drop(FHL.replace(b"/K1.25/", b"/" + weight + b"/"), name="m.txt", now=BEFORE)
    assert "MAP-WEIGHT" in result.rules()
    assert "gross_weight_kg" not in result.messages()[0]["shipments"][0]


@pytest.mark.parametrize("behind", [b"", b"MC0.05", b"MC0.05DG12", b"CF12", b"CC120000", b"T5"])
def test_volume_density_and_total_pieces_may_stand_behind_a_weight(behind):
    assert found(FWB.replace(b"/T2K3.2", b"/T2K3.2" + behind))["gross_weight_kg"] == "3.200"
