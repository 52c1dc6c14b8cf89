"""The example column: the condition must hold with what an example sets, and the field must take what comes out."""

from __future__ import annotations

import pytest

from tests.mapping.test_does_nothing import faults


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("shipment,house_bill_number,M11.01,M11.09=13,trim,,,,,M11.09=35; H1 => H1\n", "the condition M11.09=13 does not hold"),
        ("shipment,house_bill_number,M11.01,M11.09=13,trim,,,,,H1 => H1\n", "the condition M11.09=13 does not hold"),
        ("shipment,house_bill_number,M11.01,N9[02=2I] present,trim,,,,,N9[02=2I]=; H1 => H1\n", "N9[02=2I] present does not hold"),
        ("shipment,house_bill_number,M11.01,N9[2I].02 repeated,trim,,,,,H1 => H1\n", "N9[2I].02 repeated does not hold"),
        ("shipment,package_unit,M11.04,,,,,,,PIECES => PIECES\n", "does not take what it gives"),
        ("item,country_of_origin,N10.11,,,,,,,China => China\n", "country code of two capitals"),
        ("item,hts_number,N10.05,,,,,,,6109.10 => 6109.10\n", "6, 8 or 10 digits"),
        ("message,mode_of_transportation,M10.02,,,,,,,J => J\n", "is none of air, truck"),
        ("message,estimated_arrival_at,P4.02,,,,,,,20250115 => 20250115\n", "is not a time such as"),
    ],
)  # fmt: skip
def test_an_example_that_the_table_does_not_keep_is_told(tmp_path, row, said):
    found = [f for f in faults(tmp_path, row) if f.code == "MAP-EXAMPLE"]
    assert [(f.line, f.column, f.severity) for f in found] == [(2, "example", "error")]
    assert said in found[0].message


@pytest.mark.parametrize(
    "row",
    [
        "shipment,house_bill_number,M11.01,M11.09=13|35,trim,,,,,M11.09=35; H1 => H1\n",
        "shipment,house_bill_number,M11.01,M11.09!=13,trim,,,,,H1 => H1\n",
        "shipment,house_bill_number,M11.01,M11.09=13,trim,,,,,M11.09=35; H1 =>\n",
        "shipment,house_bill_number,M11.01,N9[02=2I] present,trim,,,,,N9[02=2I]=1; H1 => H1\n",
        "shipment,house_bill_number,M11.01,N9[2I].02 repeated,trim,,,,,N9[2I].02=1; H1 => H1\n",
        "shipment,house_bill_number,M11.01,M11.01=H1,trim,,,,,M11.01=H1; H1 => H1\n",
        "shipment,house_bill_number,M11.01,,trim,,,,,A=B => A=B\n",
        "shipment,port_of_lading,M11.02,,upper,,,,,CNSZX => CNSZX\n",
        "shipment,port_of_lading,M11.02,,upper,SZX,,,,80107 => 80107\n",
    ],
)
def test_an_example_that_the_table_keeps_is_not(tmp_path, row):
    assert faults(tmp_path, row) == []


def test_a_port_of_lading_of_digits_has_five_of_them(tmp_path):
    (fault,) = faults(tmp_path, "shipment,port_of_lading,M11.02,,upper,1107,,,,\n")
    assert "five digits" in fault.message
