"""Mapping tables as coordinators save them, and what Excel does to them."""

from __future__ import annotations

import pytest

from gateway.mapping.table import read_table

HEADER = "level,target,source,when,transform,default,required,rule,message,example,note"


def table(*rows: str, header: str = HEADER, ends: str = "\n", codec: str = "utf-8"):
    return read_table(ends.join([header, *rows]).encode(codec), "t/map.csv")


def codes(read) -> list[str]:
    return [f.code for f in read.faults]


def test_rows_know_their_line_and_lose_their_blanks():
    read = table("# a remark", "", "shipment, gross_weight_kg ,M11.05; .06,,kg,,,,,450; L => 204.117,")
    (row,) = read.rows
    assert (row.line, row.target, row.where, read.faults) == (4, "gross_weight_kg", "t/map.csv:4", [])


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_any_separator_and_line_end_of_a_spreadsheet_is_read(mark, ends):
    header = HEADER.replace(",", mark)
    read = table(mark.join(["message", "carrier_code", "M10.01", "", "upper", *[""] * 6]), header=header, ends=ends)
    assert [(r.target, r.source, r.transform) for r in read.rows] == [("carrier_code", "M10.01", "upper")]
    assert read.faults == []


def test_a_byte_order_mark_is_no_part_of_the_header():
    assert table("message,carrier_code,M10.01,,,,,,,,", codec="utf-8-sig").faults == []


def test_windows_letters_are_read_with_a_remark():
    read = table("message,carrier_code,M10.01,,,,,,Stra\u00dfe,,", codec="cp1252")
    assert codes(read) == ["MAP-ENCODING"]
    assert read.rows[0].message == "Stra\u00dfe"


@pytest.mark.parametrize("cell", ["#NAME?", "#REF!", "5-Mar", "1.23E+11", "9-May-25"])
def test_what_excel_made_of_a_cell_is_a_fault_with_its_place(cell):
    read = table(f"message,carrier_code,{cell},,,,,,,,")
    (fault,) = read.faults
    assert (fault.line, fault.column, fault.severity) == (2, "source", "error")
    assert fault.advice


@pytest.mark.parametrize(
    ("message", "said"),
    [('"a port not closed', "quotes that nothing closes"), ('"the 19" rack"', "text behind its closing quote")],
)
@pytest.mark.parametrize("mark", [",", ";"])
def test_quotes_that_are_not_closed_are_told_with_the_line_where_they_begin_and_swallow_no_rows(mark, message, said):
    rows = [["shipment", "first_us_port", "", "", "", "5201", "", "", message], ["shipment", "hub"], ["shipment", "x"]]
    read = table(*(mark.join(row) for row in rows), header=HEADER.replace(",", mark))
    (fault,) = read.faults
    assert (fault.code, fault.line, fault.severity) == ("MAP-CSV", 2, "error")
    assert said in fault.message


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [("“smart” – quotes", '"smart" - quotes'), ("“PCS”", "PCS"), ("the 19” rack", 'the 19" rack'), ("„so“", "so")],
)
def test_typographic_quotes_are_text_of_their_cell(cell, read_as):
    read = table(f"shipment,package_unit,,,,PCS,,,{cell}", "shipment,first_us_port,,,,0901")
    assert [row.message for row in read.rows] == [read_as, ""]
    assert codes(read) == ["MAP-TYPOGRAPHY"]


def test_a_workbook_under_the_name_of_a_table_is_told_as_that():
    (fault,) = read_table(b"PK\3\4" + bytes(500), "t/map.csv").faults
    assert fault.code == "MAP-CSV"
    assert "gateway mapping import" in fault.advice


def test_a_cell_too_many_says_that_a_comma_needs_quotes():
    read = table("message,carrier_code,M10.01,,,,,,a, b,,seen,in the guide")
    assert codes(read) == ["MAP-CELLS"]
    assert "quotes" in read.faults[0].advice


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("source,", "source,source,"), "source"),
        (HEADER.replace("target,", ""), "target"),
        (HEADER.replace("when", "wenn"), "wenn"),
    ],
)
def test_a_wrong_header_is_told_by_name(header, said):
    read = table("message,carrier_code,M10.01,,,,,,,,", header=header)
    assert any(said in f.message for f in read.faults if f.line == 1)


def test_an_empty_table_is_a_fault():
    assert codes(read_table(b"", "t/map.csv")) == ["MAP-EMPTY"]


def test_tables_as_excel_saves_them_in_other_ways_are_read():
    text = "level;target;source\r\nshipment;carrier_code;M10.01\r\n"
    for data, faults in (
        (("sep=;\r\n" + text).encode(), []),
        (("\ufeffsep=;\n" + text).encode(), []),
        (text.replace(";", "\t").encode("utf-16"), ["MAP-ENCODING"]),
    ):
        table = read_table(data, "m.csv")
        assert [f.code for f in table.faults] == faults
        assert [(r.level, r.target, r.source) for r in table.rows] == [("shipment", "carrier_code", "M10.01")]
