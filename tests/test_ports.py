"""The tables of ports: Schedule D, zones, airports, UN location codes. They are data, so what is held here is their shape and agreement."""

from __future__ import annotations

import csv
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.folder import load_rulebook

CODES = Path(__file__).parents[1] / "mappings" / "codes"
LOCATIONS = ["edifact_locode_air", "edifact_locode_land", "edifact_locode_sea"]


def rows(name: str) -> list[dict[str, str]]:
    with (CODES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pairs(name: str) -> dict[str, str]:
    return {r["code"]: r["value"] for r in rows(name)}


PORTS = pairs("schedule_d")


@pytest.mark.parametrize("name", ["schedule_d", "port_zone", "iata_port", *LOCATIONS])
def test_a_code_stands_once_and_the_rows_are_in_order(name):
    codes = [r["code"] for r in rows(name)]
    assert codes == sorted(set(codes))


def test_a_port_has_four_digits_a_name_and_a_source():
    for row in rows("schedule_d"):
        assert len(row["code"]) == 4 and row["code"].isdigit(), row
        assert row["value"] and row["source"] and row["read_on"], row
        assert (";" in row["source"]) != row["note"].startswith("one source"), row


def test_every_port_has_a_zone_and_every_zone_exists():
    zones = pairs("port_zone")
    assert [p for p in PORTS if p not in zones and p[:2] not in zones] == []
    assert [c for c in zones if len(c) == 4 and c not in PORTS] == []
    assert all(ZoneInfo(zone) for zone in zones.values())


@pytest.mark.parametrize(("port", "zone"), [("0901", "America/New_York"), ("1818", "America/Chicago"), ("3399", "America/Denver"), ("9999", "UTC"), ("", "UTC")])  # fmt: skip
def test_a_port_has_its_own_zone_or_that_of_its_district(port, zone):
    assert load_rulebook(CODES.parent).tables.zone(port) == zone


@pytest.mark.parametrize(("name", "length"), [("iata_port", 3), *((name, 5) for name in LOCATIONS)])
def test_airports_and_places_lead_to_a_port_of_the_list(name, length):
    for row in rows(name):
        assert len(row["code"]) == length and row["value"] in PORTS, row
        assert row["note"], row


@pytest.mark.parametrize(
    ("airport", "port"),
    [
        ("CVG", "4102"), ("SDF", "4115"), ("MEM", "2006"), ("ANC", "3126"), ("JFK", "4701"), ("EWR", "4601"), ("LAX", "2720"), ("SFO", "2801"),
        ("SEA", "3029"), ("BOS", "0417"), ("PHL", "1108"), ("BWI", "1305"), ("MIA", "5206"), ("IAH", "5309"), ("HNL", "3205"), ("ONT", "2721"),
        ("DTW", "3807"), ("SJU", "4913"), ("FLL", "5210"), ("PDX", "2910"),
    ],
)  # fmt: skip
def test_an_airport_leads_to_its_own_port_not_to_the_seaport_of_its_city(airport, port):
    assert pairs("iata_port")[airport] == port


@pytest.mark.parametrize(
    ("place", "air", "sea"),
    [("USLAX", "2720", "2704"), ("USBOS", "0417", "0401"), ("USSEA", "3029", "3001"), ("USMIA", "5206", "5201"), ("USHOU", "5309", "5301"), ("USHNL", "3205", "3201")],
)  # fmt: skip
def test_one_place_has_a_port_for_aircraft_and_one_for_vessels(place, air, sea):
    assert [pairs("edifact_locode_air")[place], pairs("edifact_locode_sea")[place]] == [air, sea]


def test_the_code_of_an_airport_and_its_location_code_agree_but_for_cities():
    """US + IATA code is the location code of most airports; where it stands for the whole city the row says so."""
    air = {r["code"]: r for r in rows("edifact_locode_air")}
    for code, port in pairs("iata_port").items():
        row = air.get(f"US{code}")
        assert (
            row is None or row["value"] == port or row["note"].startswith("city of") or "the airport is" in row["note"]
        ), row
