"""A path that can never read anything is told when the table is checked, not by the partner whose data are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.mapping.folder import MappingSet
from gateway.mapping.lint import lint
from gateway.mapping.table import Fault
from gateway.site import base_mappings

HEADER = "level,target,source,when,transform,default,required,rule,message,example\n"


def faults(tmp_path: Path, mapping: str, row: str) -> list[Fault]:
    (tmp_path / f"{mapping}.csv").write_text(HEADER + row + "\n", "utf-8")
    mappings = MappingSet(base_mappings(), [tmp_path])
    facts = next(facts for facts in mappings.facts if facts.id == mapping)
    return [fault for fault in lint(mappings, facts) if fault.code == "MAP-ROW"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("M1.05", "M1 is no segment of a 309"),
        ("m11.05", "capitals: M11"),
        ("M11-05", "M11-05 is no segment"),
        ("M11.O5", "not an element number"),
        ("M11.20", "M11 has 19 elements"),
        ("N9[08=A].02", "N9 has 7 elements"),
        ("P4.02", "P4 does not stand below LX, but below ST"),
        ("N10.01", "N10 does not stand below LX, but below VID"),
        ("/P5.01", "P5 does not stand below ST"),
        ("/LX/M11.05", "LX does not stand below ST"),
        ("../M10.02", "M10 does not stand below P4"),
        ("N1[CN]/PRE.04", "PRE is no segment"),
        ("11.05", "11 is no segment"),
    ],
)
def test_a_path_of_a_309_that_leads_nowhere(tmp_path: Path, path: str, said: str) -> None:
    (told,) = faults(tmp_path, "x12_309_truck", f"shipment,package_unit,{path},,,,,,,A => A")
    assert (told.file, told.line, told.column) == (f"{tmp_path.name}/x12_309_truck.csv", 2, "source")
    assert said in told.message


def test_base_rows_that_a_partners_binding_leads_to_nowhere_name_that_row(tmp_path: Path) -> None:
    told = faults(tmp_path, "x12_309_truck", "final_deliver_to_party,(first),N1[CN]/N3,,,,,,,")
    assert told and {fault.file for fault in told} == {"x12_309_truck/map.csv"}
    assert all(f"{tmp_path.name}/x12_309_truck.csv:2 binds level final_deliver_to_party" in f.advice for f in told)


@pytest.mark.parametrize("path", ["M11.04", "/P4.01", "LX.01", "N1[CN]/PER.04", "VID/N10/MAN[CP].02", "N9[02=A].01", "M12/R4.03"])  # fmt: skip
def test_a_path_that_can_read_something_is_not_told(tmp_path: Path, path: str) -> None:
    assert faults(tmp_path, "x12_309_truck", f"shipment,package_unit,{path},,,,,,,A => A") == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("N1[N1]/PER.04", "the row stands in N1[ST|MA|UC|CN]"),
        ("../N1[N1]/PER.04", "../ leads nowhere from N1"),
        ("/N1[N1]/PER.04", "N1 does not stand below ST"),
        ("PER.10", "PER has 9 elements"),
    ],
)
def test_a_party_reads_inside_its_own_segment_only(tmp_path: Path, path: str, said: str) -> None:
    (told,) = faults(tmp_path, "x12_309_truck", f"final_deliver_to_party,phone,{path},,,,,,,1 => 1")
    assert said in told.message
    assert "shipment,final_deliver_to_party.phone" in told.advice


def test_conditions_and_further_sources_are_looked_at_too(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, "x12_309_truck", "shipment,package_unit,M11.04,M12.99=X and M1 present,,,,,,")
    assert (told.column, "M1 is no segment" in told.message) == ("when", True)
    (told,) = faults(tmp_path, "x12_309_truck", "shipment,gross_weight_kg,M11.05; .26,,kg,,,,,4; K => 4.000")
    assert (told.column, "M11 has 19 elements" in told.message) == ("source", True)


def test_levels_of_an_856_lead_up(tmp_path: Path) -> None:
    assert faults(tmp_path, "x12_856", "shipment,package_unit,../../TD1.01,,,,,,,A => A") == []
    assert faults(tmp_path, "x12_856", "shipment,package_unit,MAN/../TD1.01,,,,,,,A => A") != []


def test_other_formats(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, "edifact_cuscar", "shipment,package_unit,GIDD.7064,,,,,,,A => A")
    assert "CUSCAR has no GIDD below CNI" in told.message
    (told,) = faults(tmp_path, "cargo_xml_xfzb", "shipment,package_unit,House.Unit,,,,,,,A => A")
    assert "House/Unit" in told.message


def test_a_partner_with_maps_of_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    assert faults(tmp_path, "x12_309_truck", "shipment,package_unit,ZZ1.01,,,,,,,A => A") == []


@pytest.mark.parametrize(
    ("row", "column", "said", "advice"),
    [
        ("shipment,package_unit,M11.04,,,,yes,S321-ROL-REQ,no unit,A => A", "rule", "does not exist", "S321-ROLE-REQ"),
        ("shipment,package_unit,M11.04,,,,yes,OURS-1,no unit,A => A", "rule", "does not exist", "a blank cell is"),
        ("shipment,first_us_port,,,,901,,,,", "default", "four digits", ""),
        ("shipment,estimated_arrival_at,,,,30.11.2026,,,,", "default", "2025-03-04T14:15:00Z", ""),
        ("shipment,mode_of_transportation,,,,lorry,,,,", "default", "none of air", ""),
        ("item,country_of_origin,,,,ZZ,,,,", "default", "ISO 3166-1", ""),
        ("item,country_of_origin,,,,Kanada,,,,", "default", "two capitals", ""),
        ("item,total_value.currency,,,,EURO,,,,", "default", "three capitals", ""),
        ("shipment,package_unit,,,,KARTON,,,,", "default", "the field takes 3", ""),
    ],
)
def test_rules_and_defaults_that_cannot_be(tmp_path: Path, row: str, column: str, said: str, advice: str) -> None:
    (told,) = faults(tmp_path, "x12_309_truck", row)
    assert (told.column, said in told.message, advice in told.advice) == (column, True, True)


def test_a_column_that_is_nearly_a_standard_one_is_told(tmp_path: Path) -> None:
    told = {}
    slips = {"carier_code": "carrier_code", "trackng number": "tracking_number", "house bil no": "house bill no", "Warenbescheibung": "warenbeschreibung"}  # fmt: skip
    for source in (*slips, "carrier_code", "Truck Driver", "col 7", "shipper.name", "Tracking No", "ship-address-3"):
        (tmp_path / "tabular_csv.csv").write_text(f"{HEADER}shipment,carrier_code,{source},,upper,,,,,x => X\n")
        mappings = MappingSet(base_mappings(), [tmp_path])
        facts = next(f for f in mappings.facts if f.id == "tabular_csv")
        told[source] = [f.advice for f in lint(mappings, facts) if f.code == "MAP-COLUMN-NEAR"]
    for slip, meant in slips.items():
        assert told.pop(slip) == [f"did you mean {meant}? Else nothing is wrong"]
    assert not any(told.values())


def test_the_base_tables_lead_somewhere() -> None:
    mappings = MappingSet(base_mappings())
    assert [fault for facts in mappings.facts for fault in lint(mappings, facts) if fault.code == "MAP-ROW"] == []
