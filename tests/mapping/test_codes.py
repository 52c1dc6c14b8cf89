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
        ("code,value,from,to\nX,Y,2025-02-30,\n", [("MAP-CODE-DATE", 2, "from")]),
        ("code,value,from,to\nX,Y,2025-03-01,2024-03-01\n", [("MAP-CODE-DATE", 2, "to")]),
        ("code,value,from,to\nX,Y,,2025-03-02\nX,Z,2025-03-01,\n", [("MAP-CODE-TWICE", 3, "code")]),
        ("code,value,from,to\nX,Y,,\nX,Z,2025-03-01,\n", [("MAP-CODE-TWICE", 3, "code")]),
        ("code,value,from,to\nX,Z,2025-03-01,\nX,Y,,\n", [("MAP-CODE-TWICE", 3, "code")]),
        ("code,value,from,to\nX,Y,,2025-03-01\nX,Z,2025-03-01,\n", []),
        ("code,value\nX|,Y\n", [("MAP-CODE-BLANK", 2, "code")]),
        ("code,value,one_way\nX,Y,no\n", [("MAP-ROW", 2, "one_way")]),
        ('code,value\n"=""0901""",Y\n', [("MAP-EXCEL", 2, "code")]),
        ("code,value,\nX,Y,Z\n", [("MAP-CELLS", 2, "")]),
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


@pytest.mark.parametrize(
    "data",
    ["code\tvalue\nX\tY\n".encode("utf-16-le"), "code\tvalue\nX\tY\n".encode("utf-16-be"), "code,value\n\u200bX\u202f,\ufeffY\n".encode()],
)  # fmt: skip
def test_utf_16_without_its_mark_and_signs_that_cannot_be_seen_are_read_and_told(data):
    read = CodeTables({"t": data})
    assert read["t"].get("X") == "Y"
    assert [f.severity for f in read.faults] == ["warning"]


def test_codes_between_bars_may_have_blanks_around_them():
    found = tables("code,value\nR | S,rail\n")["t"]
    assert [found.get("R"), found.get("S")] == ["rail", "rail"]


def test_a_code_is_found_in_any_letters_the_very_ones_first():
    of = tables("code,value\nRoad,truck\nrail,ocean\nRAIL,rail\n")
    code, kind = (
        registry()["code"].bind(("t",), of),
        registry()["party_id"].bind(("t",), tables("code,value\na1,duns\n")),
    )
    assert [code(text) for text in ("Road", "ROAD", "road", "rail", "Rail")] == [
        "truck",
        "truck",
        "truck",
        "ocean",
        "rail",
    ]
    assert kind(["A1", "123"]) == "duns 123"


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("code,value\n0,original\n1,cancel\n", "0, 1"),
        ("code,value\n00,original\n1,cancel\n", "1"),
        ("code,value\n901,original\n1001,cancel\n", ""),
    ],
)
def test_zeros_that_a_spreadsheet_dropped_are_told_beside_the_table_that_is_replaced(text, lost):
    base = CodeTables({"x": b"code,value\n00,original\n01,cancel\n"})
    found = [f for f in base.under({"x": text.encode()}).faults if f.code == "MAP-CODE-ZERO"]
    assert [f.severity for f in found] == ["warning"]
    assert found[0].message.startswith(f"{lost or '901'}: ")


def test_numbers_of_one_and_two_digits_have_lost_nothing():
    assert CodeTables({}).under({"t": b"code,value\n1,a\n12,b\n"}).faults == []


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ("code,value\nA,truck\nJ;K,air\n", "MAP-VALUE-ODD", 3, '"J;K" is one code'),
        ('code,value\n"J,K",air\n', "MAP-VALUE-ODD", 2, '"J,K" is one code'),
        ('code,value\n"1, 2, 3",air\n', "MAP-VALUE-ODD", 2, '"1, 2, 3" is one code'),
        ("code,value\n*,air\n", "MAP-VALUE-ODD", 2, "all others"),
        ("code,value\n", "MAP-EMPTY", 1, "no codes"),
        ("code,value\n0101,truck\n1101,air\n901,air\n", "MAP-CODE-ZERO", 4, "901: shorter"),
    ],
)
def test_a_slip_in_a_code_table_of_a_partner_is_told_with_its_line(text, code, line, said):
    (fault,) = CodeTables({"own": text.encode()}, CodeTables({})).faults
    assert (fault.code, fault.severity, fault.line) == (code, "warning", line)
    assert said in fault.message


def test_names_with_signs_are_codes_as_they_are():
    text = 'code,value\n"Korea, Republic of",KR\nN/A,US\nAB-1,US\n'
    assert CodeTables({"own": text.encode()}, CodeTables({})).faults == []
