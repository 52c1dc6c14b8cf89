"""Tables on the way out: those we ship are sound, and what is wrong with one is told with file, line and column."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from gateway.errors import ConfigError, MappingError
from gateway.outputs.folder import check_layouts, layout_folders, load_layout
from gateway.outputs.layout import Layout
from gateway.site import base_mappings

BASE = base_mappings()
HEAD = "target,source,when,transform,default,required,max_length,why,mend,note"


def layout_of(tmp_path: Path, rows: str, facts: str = "", template: str | None = None) -> Layout:
    """Load a layout of a profile folder."""
    folder = tmp_path / "outputs" / "own"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.csv").write_text(f"{HEAD}\n{rows}\n")
    (folder / "map.toml").write_text(facts)
    header = ",".join(dict.fromkeys(line.split(",")[0] for line in rows.splitlines()))
    (folder / "template.csv").write_text((header if template is None else template) + "\n")
    return load_layout("own", BASE, tmp_path)


def test_the_outputs_that_we_ship_have_no_fault():
    assert set(layout_folders(BASE, None)) == {"imd", "type11", "type13", "acas"}
    assert list(check_layouts(BASE, None)) == []


@pytest.mark.parametrize(("name", "columns"), [("imd", 14), ("type13", 12)])
def test_the_postal_outputs_have_as_many_columns_as_the_regulation_names(name, columns):
    assert len(load_layout(name, BASE).fields) == columns


@pytest.mark.parametrize("name", ["imd", "type11", "type13", "acas"])
def test_a_field_that_may_stay_empty_says_why_and_what_to_do(name):
    for field in load_layout(name, BASE).fields:
        if not field.lines:
            assert field.why and field.mend, field.target


@pytest.mark.parametrize(
    ("rows", "line", "column", "words"),
    [
        ("A,gross_wait_kg", 2, "source", '"gross_wait_kg" is not a field of shipment'),
        ("A,item.hts_nr", 2, "source", "not a field of item"),
        ("A,references.value", 2, "source", "references is a list: write references[TYPE]"),
        ("A,references[order].value", 2, "source", '"order" is no type of references'),
        ("A,envelope.creatd_at", 2, "source", "not a field of envelope"),
        ("A,final_deliver_to_party", 2, "source", "ends before a value"),
        ("A,.02", 2, "source", "a source needs its segment"),
        ("A,carrier_code,item.x present", 2, "when", "not a field of item"),
        ("A,carrier_code,carrier_code is", 2, "when", "is not a condition"),
        ("A,carrier_code,,uper", 2, "transform", 'transform "uper" does not exist'),
        ("A,carrier_code,,uncode nowhere", 2, "transform", "code table nowhere does not exist"),
        ("A,gross_weight_kg,,rounded two", 2, "transform", '"two" of rounded is not a number'),
        ("A,carrier_code\nB,carrier_code,,keep x", 3, "transform", '"x" of keep is not a number'),
        ("A,carrier_code,,,,must", 2, "required", '"must" is not known'),
        ("A,carrier_code,,,,yes,35 chars", 2, "max_length", '"35 chars" is not a length'),
        ("A", 2, "why", "does not say why"),
        ("A,carrier_code\nB,carrier_code\nA,house_bill_number", 4, "target", "stands before"),
    ],
)
def test_a_wrong_row_is_told_with_line_and_column(tmp_path, rows, line, column, words):
    with pytest.raises(MappingError) as caught:
        layout_of(tmp_path, rows)
    assert (caught.value.file, caught.value.line, caught.value.column) == ("own/map.csv", line, column)
    assert words in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("A,B,C", 1, '"C" of the template has no row'),
        ("A", 3, '"B" is no column of the template'),
        ("B,A", 2, '"A" stands elsewhere in the template'),
    ],
)
def test_a_table_that_differs_from_the_template_is_not_used(tmp_path, template, line, words):
    with pytest.raises(MappingError) as caught:
        layout_of(tmp_path, "A,carrier_code\nB,house_bill_number", template=template)
    assert caught.value.line == line
    assert words in caught.value.message


def test_a_table_without_a_template_is_not_used(tmp_path):
    layout_of(tmp_path, "A,carrier_code")
    (tmp_path / "outputs" / "own" / "template.csv").unlink()
    with pytest.raises(MappingError, match="the template is missing"):
        load_layout("own", BASE, tmp_path)


@pytest.mark.parametrize(
    ("facts", "column", "words"),
    [
        ('kind = "csv"', "kind", '"csv" is not known'),
        ('colour = "red"', "colour", 'key "colour" is not known'),
        ('when = "mode = air"', "when", "not a field"),
        ('most_usd = "many"', "most_usd", "is not a number"),
        ('refuse = "98"', "refuse", "refuse is no table"),
        ("kind = ", "", "Invalid value"),
        ('kind = "xml"\n[xml]\npackage = "x12"\ndocument = "XFZB"\nnamespace = "n"', "xml", "names no document"),
    ],
)
def test_wrong_facts_are_told_with_their_key(tmp_path, facts, column, words):
    with pytest.raises(MappingError) as caught:
        layout_of(tmp_path, "A,carrier_code", facts)
    assert (caught.value.file, caught.value.column) == ("own/map.toml", column)
    assert words in caught.value.message


XFZB = 'kind = "xml"\n[xml]\npackage = "cargo_xml"\ndocument = "XFZB"\nnamespace = "iata:datamodel:3"\nitems = "MasterConsignment/IncludedHouseConsignment/IncludedHouseConsignmentItem"'


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("BusinessHeaderDocument/Id", "Id is no element of BusinessHeaderDocument"),
        ("MasterConsignment/IncludedHouseConsignment/ConsignorParty/PostalAddress/CityName", "PostalAddress is no element"),
        ("MasterConsignment/IncludedHouseConsignment/IncludedCustomsNote[Code=KP]/Content", "Code is no element of IncludedCustomsNote"),
        ("MasterConsignment/IncludedHouseConsignment/IncludedCustomsNote[KP]/Content", "needs one value in brackets"),
        ("/BusinessHeaderDocument/ID", "is not a path such as"),
    ],
)  # fmt: skip
def test_an_element_that_the_standard_does_not_have_is_told(tmp_path, target, words):
    with pytest.raises(MappingError) as caught:
        layout_of(tmp_path, f"{target},house_bill_number", XFZB)
    assert (caught.value.line, caught.value.column) == (2, "target")
    assert words in caught.value.message


def test_a_goods_line_is_read_only_where_there_is_one(tmp_path):
    with pytest.raises(MappingError, match="a goods line is read where there is none"):
        layout_of(tmp_path, "BusinessHeaderDocument/ID,item.hts_number", XFZB)
    with pytest.raises(MappingError, match="a goods line is read where there is none"):
        layout_of(tmp_path, "A,item.hts_number", 'row = "shipment"')


def test_an_unknown_output_names_those_that_exist():
    with pytest.raises(ConfigError) as caught:
        load_layout("isf", BASE)
    assert "acas, imd, type11, type13" in caught.value.advice


def test_a_profile_replaces_an_output_and_brings_its_own_code_tables(tmp_path):
    shutil.copytree(BASE / "out" / "imd", tmp_path / "outputs" / "imd")
    table = tmp_path / "outputs" / "imd" / "map.csv"
    (tmp_path / "outputs" / "codes").mkdir()
    (tmp_path / "outputs" / "codes" / "airline.csv").write_text("code,value\nXX,EXAMPLE AIR\n")
    table.write_text(table.read_text().replace("Carrier,carrier_code,,upper,,yes,4", "Carrier,carrier_code,,code airline,,yes,"))  # fmt: skip
    carrier = next(f for f in load_layout("imd", BASE, tmp_path).fields if f.target == "Carrier")
    assert carrier.lines[0].apply(["XX"]) == "EXAMPLE AIR"
    assert next(f for f in load_layout("imd", BASE).fields if f.target == "Carrier").lines[0].apply(["XX"]) == "XX"


def test_the_header_lines_of_the_templates_are_those_of_the_tables():
    for name in ("imd", "type11", "type13"):
        with (BASE / "out" / name / "template.csv").open(newline="") as file:
            assert next(csv.reader(file)) == [f.target for f in load_layout(name, BASE).fields]
