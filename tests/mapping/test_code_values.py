"""Values of a partner's own code tables are looked at with the fields that they fill, as defaults are."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import MappingError
from gateway.mapping.code_values import unfit_values
from gateway.mapping.folder import MappingSet
from gateway.site import base_mappings

BASE = MappingSet(base_mappings())
HEAD = "level,target,source,transform,default\n"


def own(place: Path, rows: str, **codes: str) -> MappingSet:
    (place / "codes").mkdir()
    (place / "tabular_csv.csv").write_text(HEAD + rows)
    for name, text in codes.items():
        (place / "codes" / f"{name}.csv").write_text("code,value\n" + text)
    return MappingSet(base_mappings(), (place,), BASE)


@pytest.mark.parametrize(
    ("target", "value", "why"),
    [
        ("first_us_port", "901", "a port of four digits (a spreadsheet drops the zero of 0901)"),
        ("mode_of_transportation", "lorry", '"lorry" is none of air'),
        ("country_of_shipment", "CHN", "a country code of two capitals"),
        ("package_count", "many", "many"),
        ("first_us_port", "0901", ""),
    ],
)
def test_a_value_that_the_field_can_never_hold_stops_the_start(tmp_path, target, value, why):
    mappings = own(tmp_path, f"shipment,{target},col 7,code places,\n", places=f"GOOD|X,{value}\n")
    faults = unfit_values(mappings, mappings.codes.own)
    assert [(f.code, f.file, f.line, f.column) for f in faults] == [
        ("MAP-CODE-VALUE", "codes/places.csv", 2, "value")
    ] * bool(why)
    if why:
        assert (
            why in faults[0].message
            and f"{target} is filled with it ({tmp_path.name}/tabular_csv.csv:2)" in faults[0].message
        )
        with pytest.raises(MappingError, match="line 2, column value"):
            mappings.check()


def test_a_table_of_the_base_under_a_partners_own_is_looked_at_with_the_rows_of_the_base(tmp_path):
    mappings = own(tmp_path, "", tabular_mode="sea,ocean\nlorry,lorry\n")
    assert [f.line for f in unfit_values(mappings, mappings.codes.own)] == [3]


def test_values_that_fit_another_field_of_the_table_or_go_on_to_another_step_are_left_alone(tmp_path):
    rows = (
        "shipment,first_us_port,col 7,code places,\nshipment,port_of_lading,col 8,code places,\n"
        "shipment,house_bill_number,col 9,code names | upper,\n"
    )
    mappings = own(tmp_path, rows, places="BUF,0901\nSHA,57035\nNONE,901\n", names=f"A,{'x' * 200}\n")
    assert [(f.file, f.line) for f in unfit_values(mappings, mappings.codes.own)] == [("codes/places.csv", 4)]


def test_the_tables_of_the_base_hold_nothing_that_a_field_cannot():
    assert unfit_values(BASE, list(BASE.codes)) == []


def test_a_constant_that_the_field_cannot_hold_is_refused(tmp_path):
    with pytest.raises(MappingError, match='"lorry" is none of') as told:
        own(tmp_path, "shipment,mode_of_transportation,col 7,const lorry,\n").check()
    assert told.value.column == "transform"
