"""A partner's rows and the checks of the base tables: fields are replaced as a whole, checks one by one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from gateway.check import parse_instant
from gateway.commands.mapping_own import differing, own_rows, whole_levels
from gateway.mapping.compile import BINDINGS
from gateway.mapping.folder import MappingSet
from gateway.mapping.lint import lint
from gateway.mapping.overriding import blocks_of, effective_rows
from gateway.mapping.table import COLUMNS, Row, read_table
from gateway.site import base_mappings
from tests.drops import SAMPLES_NOW, Drop, drop, profile_for, sample

HEADER = ",".join(COLUMNS) + "\n"
FIELD = "shipment,shipment_id,M11.01,,trim,,,,,00450001 => 00450001\n"
CHECK = "shipment,(refuse),M11.04,M11.04=XXX,,,yes,MAP-REFUSED,packages of kind {value} are not taken,\n"


def dropped(tmp_path: Path, rows: str, data: bytes, mapping: str = "x12_309_truck") -> Drop:
    """Drop a file of a partner with rows of its own."""
    (tmp_path / f"{mapping}.csv").write_text(HEADER + rows, "utf-8")
    tables = MappingSet(base_mappings(), (tmp_path,))
    tables.check()
    return drop(data, now=SAMPLES_NOW, profile=profile_for(data, tables=tables, programs=tables.program))


OTHER_BILL = sample("x12/04").replace(b"M13*NRTX*0901*A*00450001*", b"M13*NRTX*0901*A*00459999*")
IN_BOND = sample("x12/01").replace(b"**13**", b"**11**", 1)


def test_a_partners_own_number_does_not_take_away_the_check_of_the_amendment(tmp_path):
    assert sample("x12/04") != OTHER_BILL
    assert "X12-M13-BILL" in dropped(tmp_path, FIELD, OTHER_BILL).rules()
    assert "X12-M13-BILL" not in dropped(tmp_path, FIELD, sample("x12/04")).rules()


def test_a_remark_at_the_same_place_does_not_hide_the_check(tmp_path):
    remark = "shipment,(refuse),M13.04,M13 present,,,warn,MAP-AMBIGUOUS,look at {value},\n"
    result = dropped(tmp_path, remark, OTHER_BILL)
    assert {"MAP-AMBIGUOUS", "X12-M13-BILL"} <= result.rules()


def test_a_deletion_of_another_bill_is_refused_too(tmp_path):
    data = OTHER_BILL.replace(b"*A*00459999*", b"*D*00459999*")
    assert "X12-M13-BILL" in {f.rule for f in dropped(tmp_path, FIELD, data).findings() if f.refuses}


def test_a_partners_own_check_leaves_those_of_the_base_table(tmp_path):
    assert "S321-NOT-321" in dropped(tmp_path, CHECK, IN_BOND).rules()
    own = sample("x12/01").replace(b"*PCS*", b"*XXX*")
    assert own != sample("x12/01")
    assert "MAP-REFUSED" in dropped(tmp_path, CHECK, own).rules()


def test_a_check_of_the_same_rule_and_condition_is_replaced_and_can_be_taken_out(tmp_path):
    when = "M11.09=10|11|12|14|17|18|19|20"
    softer = f"shipment,(refuse),M11.09,{when},,,warn,S321-NOT-321,looked at by hand,\n"
    told = [f for f in dropped(tmp_path, softer, IN_BOND).findings() if f.rule == "S321-NOT-321"]
    assert [(f.severity.value, f.message) for f in told] == [("warning", "Looked at by hand.")]
    for gone in (f"shipment,(refuse),(none),{when},,,,S321-NOT-321,,\n", "shipment,(refuse),(none),,,,,,,\n"):
        assert "S321-NOT-321" not in dropped(tmp_path, gone, IN_BOND).rules()
    other = "shipment,(refuse),(none),,,,,MAP-AMBIGUOUS,,\n"
    assert "S321-NOT-321" in dropped(tmp_path, other, IN_BOND).rules()


def test_edited_checks_come_back_one_by_one():
    base = (base_mappings() / "x12_309_truck" / "map.csv").read_text("utf-8")
    edited = base.replace("the bill has several master bills (N9 MB)", "several masters").replace(
        next(line for line in base.splitlines(keepends=True) if "line release (BRASS)" in line), ""
    )
    own, count = own_rows(edited.encode(), "x12_309_truck")
    rows = list(csv.DictReader(io.StringIO(own.decode(), newline="")))
    assert count == 2
    assert sorted((r["source"], r["rule"], r["when"]) for r in rows) == [
        ("(none)", "S321-NOT-321", "VID/N10.09 present"),
        ("N9[MB].02", "MAP-AMBIGUOUS", "M11.11 absent and N9[MB].02 repeated"),
    ]


@pytest.mark.parametrize("facts", MappingSet(base_mappings()).facts, ids=lambda f: f.id)
def test_no_two_checks_of_a_base_table_are_one(facts):
    rows = [r for r in MappingSet(base_mappings()).rows(facts)[0] if r.target == "(refuse)"]
    assert len({(r.level, r.rule, r.when) for r in rows}) == len(rows)


def arrivals(tmp_path: Path, rows: str) -> set[tuple[str, str]]:
    """Return arrival and day of the law of the delivered shipments of a partner with rows of its own."""
    (message,) = dropped(tmp_path, rows, sample("x12/01")).messages()
    return {(s["estimated_arrival_at"], s["regime_verdict"]["as_of_date"]) for s in message["shipments"]}


def test_the_day_of_the_law_goes_with_an_arrival_that_is_read_elsewhere(tmp_path):
    ((instant, day),) = arrivals(tmp_path, "")
    assert (instant, day) == ("2025-01-15T19:30:00Z", "2025-01-15")
    other = "message,estimated_arrival_at,,,,2025-01-21T03:00:00Z,,,,\n"
    assert arrivals(tmp_path, other) == {("2025-01-21T03:00:00Z", "2025-01-20")}  # the evening before at the port
    own_day = "message,_arrival_day,,,,2025-01-19,,,,\n"
    assert arrivals(tmp_path, other + own_day) == {("2025-01-21T03:00:00Z", "2025-01-19")}


def test_the_day_as_written_stays_where_the_arrival_is_read_from_the_same_place(tmp_path):
    stricter = "message,estimated_arrival_at,P4.02; .05; .01,,port_time,,yes,S321-TIME,no arrival,\n"
    assert arrivals(tmp_path, stricter) == arrivals(tmp_path, "")


# --- an edited table comes back as it was edited ------------------------------------------------------------------

IN_FORCE = parse_instant("2025-01-14T10:00:00Z")
TABLES = {path.parent.name: path for path in sorted(base_mappings().glob("*/map.csv"))}


def edits(rows: list[Row]) -> list[list[Row]]:
    """Change, take out or double each row, one after the other; put a block of its own behind each level."""
    found = []
    for number, row in enumerate(rows):
        before, after = rows[:number], rows[number + 1 :]
        changed = msgspec.structs.replace(row, message="changed")
        doubled = [row, msgspec.structs.replace(row, when="A present")]
        found.append([*before, *([changed], [], doubled)[number % 3], *after])
    blocks = {row.level: number for number, row in enumerate(rows) if row.target in BINDINGS}
    return [*found, *([*rows, *rows[number : number + 2]] for number in blocks.values())]


@pytest.mark.parametrize("mapping", TABLES)
def test_the_rows_of_an_edited_table_over_the_base_table_make_the_edited_table(mapping):
    base = read_table(TABLES[mapping].read_bytes(), mapping).rows
    for edited in edits(base):
        own = differing(base, edited)
        assert blocks_of(effective_rows(base, own)) == blocks_of(edited), own[:3]


def references(result: Drop) -> list[tuple[str, str]]:
    shipments = [shipment for message in result.messages() for shipment in message["shipments"]]
    return [(one.get("type", ""), one["value"]) for shipment in shipments for one in shipment.get("references", [])]


@pytest.mark.parametrize(
    ("mapping", "example"), [("x12_309_truck", "two_bills.edi"), ("x12_204", "two_deliveries.edi"), ("edifact_cuscar", "ocean_d95b.edi"), ("x12_110", "two_shipments.edi")]
)  # fmt: skip
def test_an_edit_among_the_references_loses_none(tmp_path, mapping, example):
    table = list(csv.reader(io.StringIO(TABLES[mapping].read_text("utf-8"), newline="")))
    edited = next(row for row in table if row[:2] == ["reference", "value"])
    edited[table[0].index("message")] = "not usable"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    own, _ = own_rows(text.getvalue().encode(), mapping)
    assert whole_levels(own) == ["reference"]
    data = (TABLES[mapping].parent / "examples" / example).read_bytes()
    (tmp_path / f"{mapping}.csv").write_bytes(own)
    tables = MappingSet(base_mappings(), (tmp_path,))
    tables.check()
    with_own = drop(data, now=IN_FORCE, profile=profile_for(data, tables=tables, programs=tables.program))
    without = drop(data, now=IN_FORCE, profile=profile_for(data))
    before = references(without)
    assert len(before) > 1
    assert references(with_own) == before


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("reference,value,M7.01,,trim,,,,,\n", "value of level reference stands in several of the 11 blocks"),
        ("reference,(each),M7,,,,,,,\nreference,type,M7.01,,const seal,,,,,\nreference,value,M7.01,,trim,,,,,\n", ""),
        ("reference,(each),M7,,,,,,,\nreference,type,,,,seal,,,,\nreference,(each),N9,,,,,,,\nreference,type,,,,other,,,,\n", "form 2 blocks here"),
        ("reference,(all),(none),,,,,,,\nreference,(each),M7,,,,,,,\nreference,type,,,,seal,,,,\nreference,(each),N9,,,,,,,\nreference,type,,,,other,,,,\n", ""),
        ("item,quantity,,,,1,,,,\n", ""),
    ],
)  # fmt: skip
def test_rows_that_are_put_together_out_of_several_blocks_are_told(tmp_path, rows, told):
    (tmp_path / "x12_309_truck.csv").write_text(HEADER + rows, "utf-8")
    tables = MappingSet(base_mappings(), (tmp_path,))
    (facts,) = [facts for facts in tables.facts if facts.id == "x12_309_truck"]
    found = [fault.message for fault in lint(tables, facts) if fault.code == "MAP-BLOCKS"]
    assert [told in said for said in found] == ([True] if told else [])
