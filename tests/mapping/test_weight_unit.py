"""The unit of the weight as the sender wrote it: each table that reads a weight reads its unit too."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.site import base_mappings
from tests.drops import FIXTURES, SAMPLES_NOW, drop, sample
from tests.test_edifact_cases import BEFORE, moved

TABLES = sorted(base_mappings().glob("*/map.csv"))
WITHOUT = {"postal_itmatt_json"}  # TotalWeight is in kilograms; no unit is sent


@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.parent.name)
def test_a_table_that_reads_a_weight_reads_its_unit(path: Path):
    with path.open(encoding="utf-8", newline="") as lines:
        targets = {row["target"] for row in csv.DictReader(lines) if row["level"] == "shipment"}
    expected = "gross_weight_kg" in targets and path.parent.name not in WITHOUT
    assert ("weight_source_unit" in targets) == expected


SAMPLES = [
    *sorted((FIXTURES / "edifact").glob("*.edi")),
    *sorted((FIXTURES / "x12").glob("*.edi")),
    *sorted((FIXTURES / "cargoimp").glob("*.txt")),
]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name[:20])
def test_who_has_a_weight_has_its_unit(path: Path):
    for weight, unit in units(path.read_bytes()):
        assert (weight is None) == (unit is None)


def units(data: bytes) -> list[tuple[str | None, str | None]]:
    result = drop(moved(data), now=BEFORE) if b"UNB+" in data else drop(data, now=SAMPLES_NOW)
    return [(s.get("gross_weight_kg"), s.get("weight_source_unit")) for m in result.messages() for s in m["shipments"]]


def changed(name: str, *pairs: tuple[bytes, bytes]) -> bytes:
    data = sample(name)
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new)
    return data


UNREADABLE = {
    "table": (
        (base_mappings() / "tabular_csv/examples/two_items_one_parcel.csv").read_bytes(),
        b",0.450,KG",
        b",1e2,KG",
    ),
    "CUSCAR": (sample("edifact/01"), b"KGM:0.210", b"KGM:1E2"),
    "XFZB": (sample("xml/03"), b'unitCode="KGM">1.250<', b'unitCode="KGM">1e2<'),
    "FHL": (sample("cargoimp/03"), b"/1/K1.2", b"/1/KX.2"),
}


@pytest.mark.parametrize(("data", "old", "new"), UNREADABLE.values(), ids=UNREADABLE)
def test_the_unit_of_a_weight_that_cannot_be_read_is_not_delivered_alone(data: bytes, old: bytes, new: bytes):
    assert old in data
    found = units(data.replace(old, new))
    assert (None, None) in found and all((weight is None) == (unit is None) for weight, unit in found)


CASES = {
    "goods lines": (changed("edifact/01", (b"KGM:0.210", b"LBR:1.0")), ("0.454", "LBR")),
    "CNT before the goods lines": (
        changed("edifact/15", (b"CNT+11:1'", b"CNT+11:1'\nCNT+7:4:LBR'"), (b"UNT+17", b"UNT+18")),
        ("1.814", "LBR"),
    ),
    "FWB": (changed("cargoimp/02", (b"T2K3.2", b"T2L7.0")), ("3.175", "L")),
    "FRI": (changed("cargoimp/12", (b"T1K1.3", b"T1L2.0")), ("0.907", "L")),
}


@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES)
def test_the_unit_is_that_of_the_weight(data: bytes, expected: tuple[str, str]):
    assert expected in units(data)
