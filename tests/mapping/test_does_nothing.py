"""Rows and cells that would do nothing, or another thing than they seem to say: told by gateway mapping check before a file comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.findings import Severity
from gateway.mapping.folder import MappingSet
from gateway.mapping.idle import ENVELOPE
from gateway.mapping.lint import lint
from gateway.mapping.table import COLUMNS, Fault
from gateway.records import MessageBegin
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, drop, profile_for, sample

HEADER = ",".join(COLUMNS) + "\n"
TRUCK = "x12_309_truck"


def tables(tmp_path: Path, rows: str, mapping: str = TRUCK, codes: dict[str, str] | None = None) -> MappingSet:
    if rows:
        (tmp_path / f"{mapping}.csv").write_text(HEADER + rows, "utf-8")
    for name, text in (codes or {}).items():
        (tmp_path / "codes").mkdir(exist_ok=True)
        (tmp_path / "codes" / f"{name}.csv").write_text(text, "utf-8")
    return MappingSet(base_mappings(), (tmp_path,), MappingSet(base_mappings()))


def faults(tmp_path: Path, rows: str, mapping: str = TRUCK, codes: dict[str, str] | None = None) -> list[Fault]:
    """Return what is told of a partner's rows, but for missing examples."""
    mappings = tables(tmp_path, rows, mapping, codes)
    facts = next(facts for facts in mappings.facts if facts.id == mapping)
    return [fault for fault in lint(mappings, facts) if fault.code != "MAP-NO-EXAMPLE"]


@pytest.mark.parametrize(
    ("rows", "column", "said", "mend"),
    [
        ("shipmnt,package_unit,(none),,,,,,,\n", "level", "shipmnt", "did you mean shipment?"),
        ("shipment,pakage_unit,(none),,,,,,,\n", "target", "pakage_unit", "did you mean package_unit?"),
        ("shipment,package_unit,(none),M11.04=PCS,,,,,,\n", "when", "every shipment", "instead of (none)"),
        ("shipment,package_unit,(none),,,CTN,,,,\n", "default", "every shipment", "instead of (none)"),
        ("shipment,package_unit,(none),,,,,,,\nshipment,package_unit,M11.04,,,,,,,\n", "source", "another row", "remove one of them"),
        ("shipment,(all),(none),,,,,,,\n", "target", "level shipment is read", "(each)"),
        ("buyer,(first),(none),,,,,,,\n", "target", "the other rows of the level stay", "buyer,(all),(none)"),
        ("buyer,(each),N1[CN],,,,,,,\n", "target", "binds nothing on level buyer", "(first)"),
        ("item,(first),VID/N10,,,,,,,\n", "target", "binds nothing on level item", "(each)"),
        ("buyer,(first),N1[CN],,upper,,,,,\n", "transform", "it has no value", "in the row of the field"),
        ("buyer,(first),N1[CN],,,,Yes,,,\n", "required", '"Yes"', "yes, warn"),
        ("buyer,(first),N1[CN].02,,,,,,,\n", "source", "not to element 02", "write N1[CN]"),
        ('shipment,(refuse),M11.04,M11.04=XXX,,CTN,yes,MAP-REFUSED,no,\n', "default", "no value", "leave the cell empty"),
        ("buyer,(first),N1[],,,,,,,\n", "source", "brackets are empty", "N"),
        ('buyer,(first),"N1[CN,ST]",,,,,,,\n', "source", "has , in its brackets", "part values by |"),
        ("buyer,(first),N1[CN;ST],,,,,,,\n", "source", "has ; in its brackets", "part values by |"),
        ("shipment,package_unit,M11.04,M11.04=PCS|,upper,,,,,\n", "when", "compares with nothing", "PATH absent"),
        ("shipment,package_unit,M11.04,M11.04!=,upper,,,,,\n", "when", "compares with nothing", "PATH present"),
        ("shipment,package_unit,envelope.ISA60,,,,,,,\n", "source", "envelope.ISA60", "did you mean envelope.ISA"),
        ("shipment,package_unit,M11.04,envelope.isa06=NRTX,,,,,,\n", "when", "envelope.isa06", "did you mean envelope.ISA06?"),
        ("item,total_value,N10.06,,decimal,,,,,\n", "target", "amount, currency", "total_value.amount"),
        ("shipment,package_unit,,,,ctn,,,,\n", "default", "capital letters", "can hold"),
        ("item,hts_number,,,,6109.10.00,,,,\n", "default", "6, 8 or 10 digits", "can hold"),
        ("final_deliver_to_party,postal_code,,,,123,,,,\n", "default", "ZIP code", "can hold"),
        ("message,estimated_arrival_at,,,,2025-13-45T00:00:00Z,,,,\n", "default", "UTC time", "can hold"),
        ("shipment,package_count,M11.03,,integer,0,,,,\n", "default", "1 or more", "can hold"),
        ("shipment,gross_weight_kg,M11.05,,kg,,,,,\n", "transform", "kg needs the unit", "kg K"),
        ("shipment,gross_weight_kg,M11.05; .06,,join space | kg,,,,,\n", "transform", "kg needs the unit", "kg K"),
        ("shipment,gross_weight_kg,M11.05; .06,,kg K,,,,,\n", "transform", "nothing looks at the second source", "write kg alone"),
        ("item,total_value.amount,N10.06; .13; .11,,money,,,,,\n", "transform", "reads 2 values at most", "leave the others out"),
        ("final_deliver_to_party,identifiers,N1.03,,party_id x12_party_id,,,,,\n", "transform", "needs 2 values, and gets 1", "parted by ;"),
        ("shipment,house_bill_number,M11.01; .02,,join space | bill,,,,,\n", "transform", "needs 2 values, and gets 1", "the first step"),
        ("shipment,estimated_arrival_at,/P4.02,,date CCYYMMDD,,,,,\n", "transform", "makes a date", "a transform that makes one"),
        ("shipment,_arrival_day,/P4.02,,date CCYYMMDDHHmm,,,,,\n", "transform", "makes a timestamp", "a transform that makes one"),
        ("shipment,(refuse),M11.01,,,,,MAP-REFUSED,no,\n", "when", "every shipment is refused", "write the condition"),
        ("shipment,(refuse),,M11.01=X,,,,MAP-REFUSED,,\n", "message", "would not be told why", "write a sentence"),
        ("item,(continue),N10.02,,,,,,,\n", "when", "holds for all", "write the condition"),
        ("buyer,name,none,,,,,,,\n", "source", '"none"', "write (none)"),
        ("Shipment,package_unit,M11.04,,upper,,,,,\n", "level", '"Shipment"', "did you mean shipment?"),
        ("consignee,name,N1.02,,trim,,,,,\n", "level", '"consignee"', "did you mean final_deliver_to_party?"),
        ("shipment,gross_weight_kg,M11.05,,KG K,,,,,\n", "transform", '"KG"', "did you mean kg?"),
        ("item,total_value.curency,,,,USD,,,,\n", "target", "total_value.curency", "did you mean total_value.currency?"),
        ("buyer,(All),(none),,,,,,,\n", "target", '"(All)"', "did you mean (all)?"),
        ("shipment,house_bill_number,,,,H1,,,,\n", "default", "all shipments", "leave the cell empty"),
    ],
)  # fmt: skip
def test_what_would_do_nothing_is_an_error_with_its_cell_and_a_mend(tmp_path, rows, column, said, mend):
    found = faults(tmp_path, rows)
    first = found[0]
    assert (first.code, first.severity, first.line, first.column) == ("MAP-ROW", "error", 2, column)
    assert said in first.message
    assert mend in first.advice
    assert all(TRUCK + "/map.csv" not in f.file for f in found)  # not of the base table, which nobody here wrote


@pytest.mark.parametrize(
    ("rows", "mapping", "code", "said"),
    [
        ("shipment,port_of_lading,(none),,,,,,,\nshipment,foreign_port,(none),,,,,,,\n", TRUCK, "MAP-NOTHING", "no such row"),
        ("shipment,(refuse),(none),M11.04=XXX,,,,,,\n", TRUCK, "MAP-NOTHING", "no such row"),
        ("shipment,package_unit,M11.04,M11.04=A and M11.04=B,upper,,,,,\n", TRUCK, "MAP-UNREACHABLE", "M11.04 is A and B"),
        ("shipment,package_unit,M11.04,M11.03 present and M11.03 absent,upper,,,,,\n", TRUCK, "MAP-UNREACHABLE", "present and absent"),
        ("shipment,package_unit,M11.04,M11.04=A|B and M11.04!=A|B,upper,,,,,\n", TRUCK, "MAP-UNREACHABLE", "never holds"),
        ("shipment,(refuse),,M11.04=A and M11.04 absent,,,,MAP-REFUSED,no,\n", TRUCK, "MAP-UNREACHABLE", "never holds"),
        ("shipment,package_unit,M11.04,M11.03=1,trim,,,,,\nshipment,package_unit,M11.04,M11.02=1 and M11.03=1,upper,,,,,\n", TRUCK, "MAP-UNREACHABLE", "reads the same source before it"),
        ("shipment,package_unit,M11.04,,upper,,,,,\nshipment,package_unit,M11.04,,upper,,yes,,,\n", TRUCK, "MAP-UNREACHABLE", "repeats"),
        ("message,package_unit,,,,CTN,,,,\n", TRUCK, "MAP-NOTHING", "rows of level shipment"),
        ("shipment,package_unit,M11.04,,upper,,yes,,unit {Value} odd,\n", TRUCK, "MAP-VALUE-ODD", "only {value}"),
        ("buyer,(first),N1[cn],,,,,,,\n", TRUCK, "MAP-VALUE-ODD", '"cn"'),
        ('shipment,package_unit,M11.04,"M11.04=PCS,CTN",upper,,,,,\n', TRUCK, "MAP-VALUE-ODD", "PCS,CTN"),
        ("shipment,gross_weight_kg,M11.05,,decimal,,,,,\n", TRUCK, "MAP-UNIT", "kilograms"),
        ("shipment,package_count,MasterConsignment/IncludedHouseConsignment/TotalPieceQuantty,,integer,,,,,\n", "cargo_xml_xfzb", "MAP-NAME-NEAR", "TotalPieceQuantty"),
        ("shipment,package_count,IncludedHouseConsignment/TotalPieceQuantity,,integer,,,,,\n", "cargo_xml_xfzb", "MAP-NAME-NEAR", "do not begin with"),
        ("shipment,package_count,/HouseWaybill/MasterConsignment/TotalPieceQuantity,,integer,,,,,\n", "cargo_xml_xfzb", "MAP-NAME-NEAR", "at the root"),
        ("shipment,package_count,hbs.03,,integer,,,,,\n", "cargo_imp_fhl", "MAP-NAME-NEAR", "hbs"),
    ],
)  # fmt: skip
def test_what_is_rather_a_slip_is_a_warning(tmp_path, rows, mapping, code, said):
    found = faults(tmp_path, rows, mapping)
    assert [(f.code, f.severity) for f in found] == [(code, "warning")]
    assert said in found[0].message


@pytest.mark.parametrize(
    ("path", "mapping"),
    [
        ("MasterConsignment/ns0:IncludedHouseConsignment/TotalPieceQuantity", "cargo_xml_xfzb"),
        ("MasterConsignment/*/TotalPieceQuantity", "cargo_xml_xfzb"),
        ("MasterConsignment\\IncludedHouseConsignment", "cargo_xml_xfzb"),
        ("MasterConsignment/GrossWeightMeasure@unitCode", "cargo_xml_xfzb"),
        ("RFF/NAD[CZ].C080.3036", "edifact_cuscar"),
        ("RFF/NAD[CZ].C080", "edifact_cuscar"),
    ],
)
def test_a_path_in_another_notation_reads_nothing_and_is_told(tmp_path, path, mapping):
    found = faults(tmp_path, f"shipment,conveyance_reference,{path},,trim,,,,,\n", mapping)
    assert ("MAP-ROW", "error", "source") in [(f.code, f.severity, f.column) for f in found]


@pytest.mark.parametrize(
    "rows",
    [
        "buyer,(all),(none),,,,,,,\n",
        "shipment,package_unit,(none),,,,,,,\n",
        "shipment,package_unit,(None),,,,,,,\n",
        "shipment,(refuse),(none),,,,,S321-NOT-321,,\n",
        "buyer,(first),N1[01=CN],M11 present,,,warn,MAP-REQUIRED,no buyer,\n",
        "shipment,package_unit,envelope.ISA06,,cut 3,,,,,\n",
        "shipment,gross_weight_kg,M11.05; .06,,kg,,,,,\n",
        "shipment,package_unit,M11.04,M11.04=PCS|CTN and M11.05 present,upper,CTN,,,,\n",
    ],
)
def test_rows_that_do_what_they_say_are_not_told(tmp_path, rows):
    assert faults(tmp_path, rows) == []


@pytest.mark.parametrize("name", ["x12/01", "x12/15", "edifact/01", "xml/03", "xml-extra/01"])
def test_the_names_of_the_envelope_are_those_that_the_readers_give(name):
    from gateway.formats import format_module
    from gateway.formats.detect import Transcoded, detect_for

    data = sample(name)
    profile = profile_for(data)
    seen = detect_for(data, f"{name}.edi", profile)
    events = list(format_module(seen.format).read(Transcoded((data,), seen), profile, (seen.skip, seen.factor)))
    given = next(event for event in events if isinstance(event, MessageBegin)).message.envelope
    known = set(ENVELOPE[seen.format].split())
    assert set(given) <= known
    assert seen.format not in ("x12", "edifact") or known - set(given) <= {"HL", "several", "siblings"}


def test_values_of_code_tables_are_held_against_the_schema(tmp_path):
    from gateway.mapping.code_values import unfit_values

    row = "shipment,package_unit,M11.04,,code my_units,,,,,\n"
    mappings = tables(tmp_path, row, codes={"my_units": "code,value\nPCS,ctn\n"})
    (fault,) = unfit_values(mappings, ["my_units"])
    assert (fault.code, fault.line, fault.column) == ("MAP-CODE-VALUE", 2, "value")
    assert "capital letters" in fault.message


def test_examples_of_base_rows_are_a_remark_where_a_partners_codes_make_them_others(tmp_path):
    found = faults(tmp_path, "", codes={"mode_x12": "code,value\nJ,truck\n"})
    assert {(f.code, f.severity) for f in found} == {("MAP-EXAMPLE", "warning")}
    assert "partner's" in found[0].message


DATED = "code,value,from,to\nPCS,CTN,,2025-01-14\nPCS,BAG,2025-01-14,2025-01-15\npcs2,BOX,2025-01-15,\n"


@pytest.mark.parametrize(("days", "unit"), [(-1, "CTN"), (0, "BAG"), (1, None)])
def test_a_code_table_with_days_gives_the_value_of_the_day_of_receipt(tmp_path, days, unit):
    from datetime import timedelta

    mappings = tables(tmp_path, "shipment,package_unit,M11.04,,code my_units,,,,,\n", codes={"my_units": DATED})
    mappings.check()
    data = sample("x12/01")
    off = {"S321-TIME-LATE": Severity.OFF}
    profile = profile_for(data, tables=mappings, programs=mappings.program, severities=off)
    result = drop(data, now=SAMPLES_NOW + timedelta(days=days), profile=profile)
    units = {s.get("package_unit") for m in result.messages() for s in m["shipments"]}
    assert units == ({unit} if unit else set())
    assert ("MAP-VALUE" in result.rules()) is (unit is None)


def test_a_table_with_days_is_refused_where_nobody_asks_for_the_day(tmp_path):
    found = faults(tmp_path, "shipment,package_unit,M11.04,,upper | code my_units,,,,,\n", codes={"my_units": DATED})
    assert [(f.code, f.column) for f in found] == [("MAP-ROW", "transform")]
    assert "depend on the day" in found[0].message


@pytest.mark.parametrize(
    ("path", "mend"),
    [
        ("GID.7065", "write RFF/GID.7065"),
        ("PAC.7065", "write RFF/GID/PAC.7065"),
        ("NAD[CN].3036", "write RFF/NAD[CN].3036"),
        ("TDT[20].8028", "or /TDT[20].8028 (from the root)"),
        ("gid.7065", "in capitals"),
    ],
)
def test_a_segment_in_another_place_of_an_edifact_message_is_told_with_that_place(tmp_path, path, mend):
    (fault,) = faults(tmp_path, f"shipment,conveyance_reference,{path},,trim,,,,,\n", "edifact_cuscar")
    assert (fault.code, fault.severity) == ("MAP-ROW", "error")
    assert mend in fault.message


def test_an_amount_with_a_point_is_never_read_as_its_hundredth():
    from gateway.mapping.transforms import Noted, registry

    for name, args in (("cents", ()), ("implied", ("2",))):
        read = registry()[name].bind(args, None)
        assert [read(text) for text in ("1250", "12.50", "12.5", "5")] == ["12.50", "12.50", "12.50", "0.05"]
        assert isinstance(read("12.50"), Noted)
        assert not isinstance(read("1250"), Noted)


def test_an_example_with_more_values_than_sources_proves_nothing(tmp_path):
    found = faults(tmp_path, "shipment,package_count,M11.03,,integer,,,,,2; PCS => 2\n")
    assert [(f.code, f.severity, f.column) for f in found] == [("MAP-EXAMPLE", "error", "example")]
    assert "2 values to 1 source" in found[0].message
