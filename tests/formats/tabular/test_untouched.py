"""A cell that fits the pattern of untouched.py is none that cells.py would mend or remark on."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.formats.tabular import many_rows
from gateway.formats.tabular.cells import Mender
from gateway.formats.tabular.layout import Header, Options
from gateway.formats.tabular.untouched import patterns_of
from gateway.spreadsheets import DAY, ERROR
from tests.drops import drop
from tests.test_purpose import PARCEL, table

COLUMNS = ["house_bill", "sku", "consignee_name", "consignee_address1", "consignee_zip", "consignee_phone", "hts", "item_value", "weight", "currency", "arrival_date", "arrival_time", "arrival_port", "consignee_state", "item_description", "own"]  # fmt: skip
OPTIONS = [Options(), Options(decimal="comma"), Options(decimal="point"), Options(date_order="dmy")]

texts = st.one_of(
    st.text(st.sampled_from("0159.,-+EeATRUEtrueMay/:'=#@($ x€\x00\x85é"), max_size=14),
    st.from_regex(DAY, fullmatch=True),
    st.from_regex(ERROR, fullmatch=True),
    st.sampled_from(["TRUE", "Falsch", " vrai", "RMB", "CNH", "272", "2720", "1E12", "1.5E+3", "0.30", "45717", "MAR1", "1,250", "31.980000000000004"]),
)  # fmt: skip


@given(text=texts, column=st.sampled_from(COLUMNS), options=st.sampled_from(OPTIONS))
@example(text="TRUE", column="consignee_name", options=OPTIONS[0])
@example(text="1E5", column="consignee_zip", options=OPTIONS[0])
@example(text="1,5", column="item_value", options=OPTIONS[1])
def test_what_fits_is_neither_mended_nor_remarked_on(text: str, column: str, options: Options) -> None:
    header = Header(list(COLUMNS), options)
    if not patterns_of(header, options, [])[COLUMNS.index(column)].fullmatch(text):
        return
    cells = [text if name == column else "" for name in COLUMNS]
    said: list[str] = []
    mended = list(cells)
    Mender(header, options).mend(mended, lambda rule, *_: said.append(rule), careful=True)
    assert (mended, said) == (cells, [])


FITS = {
    "house_bill": "GWH0001", "sku": "100200", "consignee_name": "CASEY EXAMPLE", "consignee_address1": "5 OAK ST",
    "consignee_zip": "43004", "consignee_phone": "5550100", "hts": "6912.00", "item_value": "31.98", "weight": "1.250",
    "currency": "USD", "arrival_date": "2025-03-04", "arrival_time": "21:30", "arrival_port": "2720",
    "consignee_state": "OH", "item_description": "MUG, BLUE", "own": "x=1",
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_what_is_usual_fits(column: str) -> None:
    pattern = patterns_of(Header(list(COLUMNS), Options()), Options(), [])[COLUMNS.index(column)]
    assert pattern.fullmatch(FITS[column])


@pytest.mark.parametrize(
    ("options", "added"),
    [(Options(split=({"column": "own"},)), []), (Options(), ["=1+1"])],
)
def test_tables_whose_rows_are_all_looked_at(options: Options, added: list[str]) -> None:
    header = Header([*COLUMNS, "mode"][: len(COLUMNS) + len(added)], options)
    assert patterns_of(header, options, added) == []


def test_a_row_behind_many_is_looked_at_like_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {**PARCEL, "tracking_number": f"GW000{n}", "consignee_name": "9-May" if n > 7 else "CASEY EXAMPLE"}
        for n in range(9)
    ]
    rows[6]["weight"] = "1,5"
    found = []
    for many in (0, 100):
        monkeypatch.setattr(many_rows, "_SOME_ROWS", many)
        result = drop(table(*rows), name="m.csv")
        found.append([(f.rule, f.position, f.message) for f in result.findings()])
    assert found[0] == found[1]
    assert {"CSV-EXCEL-TEXT"} <= {rule for rule, _, _ in found[0]}
