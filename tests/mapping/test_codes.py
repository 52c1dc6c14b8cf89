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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("code;value\r\nKAR;CTN\r\nSCK;\r\n", [("MAP-CODE-BLANK", 3, "value")]),
        ("code,value\n,BAG\n", [("MAP-CODE-BLANK", 2, "code")]),
        ("code,value\nPAL\n", [("MAP-CODE-BLANK", 2, "value")]),
        ("code,value\nX,Y,Z\n", [("MAP-CELLS", 2, "")]),
        ("Kode,Wert\nX,Y\n", [("MAP-COLUMN", 1, "code"), ("MAP-COLUMN", 1, "value"), ("MAP-COLUMN", 1, "kode"), ("MAP-COLUMN", 1, "wert"), ("MAP-CODE-BLANK", 2, "code"), ("MAP-CODE-BLANK", 2, "value")]),
        ("code,value,from\nX,Y,01.09.2025\n", [("MAP-CODE-DATE", 2, "from")]),
        ("code,value\n3-Jan,Y\n1.2E+17,Z\n#NAME?,V\n", [("MAP-EXCEL", 2, "code"), ("MAP-EXCEL", 3, "code"), ("MAP-EXCEL", 4, "code")]),
        ("code,value,note,note_2\nX,Y,=1,a\n", []),
        ("", [("MAP-EMPTY", 1, "")]),
    ],
)  # fmt: skip
def test_what_an_editor_does_to_a_code_table_is_told(text, told):
    assert [(f.code, f.line, f.column) for f in tables(text).faults] == told


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
