"""The airport of origin: every air table reads it, of the house first, else of the air waybill."""

from __future__ import annotations

import pytest

from gateway.check import parse_instant
from gateway.site import base_site
from tests.drops import drop, sample

WHEN = parse_instant("2025-02-27T10:00:00Z")
HOUSE = b"<ram:OriginLocation><ram:ID>HKG</ram:ID></ram:OriginLocation>"


def ports(data: bytes) -> list[str | None]:
    result = drop(data, now=WHEN, name="m")
    return [s.get("foreign_port") for m in result.messages() for s in m["shipments"]]


@pytest.mark.parametrize("name", ["xml/02", "xml/03", "cargoimp/02", "cargoimp/03", "cargoimp/12"])
def test_the_airport_of_origin_is_passed_on(name):
    assert set(ports(sample(name))) == {"HKG"}


def test_a_house_without_one_has_that_of_its_air_waybill():
    data = sample("xml/03")
    head, house = data.split(b"<ram:IncludedHouseConsignment>", 1)
    assert HOUSE in house
    assert ports(head + b"<ram:IncludedHouseConsignment>" + house.replace(HOUSE, HOUSE.replace(b"HKG", b"SZX"))) == [
        "SZX"
    ]
    changed = (
        head.replace(b"<ram:ID>HKG<", b"<ram:ID>CAN<") + b"<ram:IncludedHouseConsignment>" + house.replace(HOUSE, b"")
    )
    assert ports(changed) == ["CAN"]


def test_every_air_table_of_shipments_reads_it():
    tables = base_site().partners["nrtx"].profile.tables
    air = [f for f in tables.facts if f.format.startswith(("cargo_xml", "cargo_imp"))]
    cancels = {"cargo_imp_frx", "cargo_imp_fxx"}  # a number and no more
    without = {f.id for f in air if all(row.target != "foreign_port" for row in tables.rows(f)[0])}
    assert len(air) >= 12
    assert without == cancels
