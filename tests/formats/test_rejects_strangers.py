"""The reject file has one row for all columns that nobody knows; the report has each."""

from __future__ import annotations

import pytest

from tests.drops import drop

HEAD = "tracking_number,consignee_name,item_description,item_value,currency"


@pytest.mark.parametrize("count", [1, 3, 60])
def test_unknown_columns_of_a_table_are_one_row(count):
    names = [f"Odd {n}" for n in range(count)]
    data = f"{','.join([HEAD, *names])}\nGW1,A B,Cup,5.00,USD{',x' * count}\n".encode()
    dropped = drop(data, name="t.csv")
    rows = [row for row in dropped.rejects() if row["rule"] == "CSV-EXTRA-COLUMN"]
    assert len(rows) == 1
    assert len([f for f in dropped.report()["findings"] if f["rule"] == "CSV-EXTRA-COLUMN"]) == count
    said = rows[0]["what is wrong"]
    assert all(f'"{name}"' in said for name in names[:50])
    assert ("and 10 more" in said) is (count == 60)
    if count == 1:
        assert said == 'Column "Odd 0" is not known and was not read.'
    if count == 3:
        assert said == '3 columns are not known and were not read: "Odd 0", "Odd 1", "Odd 2".'
        assert rows[0]["column"] == "Odd 0; Odd 1; Odd 2"
