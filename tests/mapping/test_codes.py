"""Code tables: values, dates, repetitions, lookups in a row."""

from __future__ import annotations

import pytest

from gateway.mapping.codes import CodeTables
from gateway.mapping.transforms import Unusable, registry


def tables(text: str) -> CodeTables:
    return CodeTables({"t": text.encode()})


def test_a_code_has_one_value_and_several_codes_may_share_a_row():
    found = tables("code,value\nJ,truck\nR|S,rail\n")["t"]
    assert [found.get(c) for c in "JRSX"] == ["truck", "rail", "rail", None]
    assert found.reverse("rail") == ["R", "S"]


def test_a_code_of_one_way_is_read_and_not_written():
    found = tables("code,value,one_way\nORD,3901,\nCHI,3901,yes\n")["t"]
    assert [found.get("CHI"), found.reverse("3901")] == ["3901", ["ORD"]]


def test_a_code_with_two_values_is_a_fault_unless_the_dates_part_them():
    assert [f.code for f in tables("code,value\nA,1\nA,2\n").faults] == ["MAP-CODE-TWICE"]
    dated = tables("code,value,from,to\nA,1,,2025-05-02\nA,2,2025-05-02,\n")
    assert dated.faults == []
    assert [dated["t"].get("A", day) for day in ("2025-05-01", "2025-05-02")] == ["1", "2"]


def test_the_digest_changes_with_any_cell():
    assert tables("code,value\nA,1\n").digest != tables("code,value\nA,2\n").digest


def test_an_unknown_code_is_refused_kept_or_dropped_as_the_row_says():
    found = registry()["code"]
    of = tables("code,value\nJ,truck\n")
    assert found.bind(("t",), of)("J") == "truck"
    with pytest.raises(Unusable):
        found.bind(("t",), of)("X")
    assert found.bind(("t", "keep"), of)("X") == "X"
    assert found.bind(("t", "empty"), of)("X") == ""
