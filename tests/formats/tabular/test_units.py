"""Units of weight in tables: what may mean several things is refused."""

from __future__ import annotations

import pytest

from tests.drops import drop
from tests.test_purpose import PARCEL, table


@pytest.mark.parametrize(("unit", "kg"), [("KG", "0.450"), ("kgs", "0.450"), ("LB", "0.204"), ("g", "0.000"), ("OZ", "0.013"), ("TNE", "450.000")])  # fmt: skip
def test_a_known_unit_is_read(unit, kg):
    (shipment,) = drop(table({**PARCEL, "weight_unit": unit}), name="m.csv").messages()[0]["shipments"]
    assert shipment["gross_weight_kg"] == kg


@pytest.mark.parametrize("unit", ["T", "t", "S"])
def test_a_ton_of_nobody_knows_which_kind_is_refused(unit):
    """In X12 they are long and short tons, in a table T is mostly a tonne."""
    result = drop(table({**PARCEL, "weight_unit": unit, "weight": "0.02"}), name="m.csv")
    assert result.counts() == (1, 0, 1, 0)
    assert "MAP-WEIGHT" in result.rules()
