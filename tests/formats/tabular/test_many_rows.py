"""Tables that are read and mapped column by column come out as those that are read row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.formats import tabular
from gateway.formats.tabular import groups, many_rows
from gateway.formats.tabular.groups import Grouper
from gateway.formats.tabular.rows import Part, Record, row_node
from gateway.mapping.choice import ProgramChoice
from gateway.mapping.program import CompiledProgram
from gateway.mapping.table_program import TableProgram
from gateway.profile import MappedShipment
from gateway.records import MessageBegin, Unit
from gateway.site import base_site
from tests.drops import Drop, drop
from tests.test_purpose import PARCEL, table

Rows = list[dict[str, str]]

GOOD = {**PARCEL, "tracking_number": "", "seller_name": "", "seller_address1": "", "order_number": "", "consignee_address2": "", "sku": "", "unit_value": ""}  # fmt: skip
CELLS = [
    "", " ", "0", "1", "12.50", "1,5", "1E+5", "1.2E+17", "TRUE", "9-May", "=1+1", "#REF!", "GW 1", "GW  1", " GW1", "深圳", "2720", "272", "LAX", "T", "LB",
    "air", "truck", "cancel", "XX", "USD", "€", "EUR", "or", "2116", "97201-1234", "a|b", "a|b|c|d", "45717", "3/4/2025", "2025-02-30", "Total", "CASEY EXAMPLE",
    "SKU-77", "PO BOX 12", "12345678901234500", "1234567890123450000000", "x" * 300, '"a, b"', '"a ""b"" c"', '"two\nlines"', '"open',
]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Rows of some shipments, most of them in order; cells of single rows and of whole columns are damaged."""
    columns = draw(st.sets(st.sampled_from(sorted(set(GOOD) - {"house_bill"})), min_size=14)) | {"house_bill", "item_description", "consignee_name"}  # fmt: skip
    rows: Rows = []
    for number in range(draw(st.integers(5, 25))):
        again = draw(st.sampled_from([0] * 9 + [3]))
        shipment = {**GOOD, "house_bill": f"GWM{number - min(again, number):03}", "item_value": f"{5 + number}.00"}
        rows += [{**shipment, "sku": f"SKU{line}"} for line in range(draw(st.integers(1, 3)))]
    for column, text in draw(st.dictionaries(st.sampled_from(sorted(columns)), st.sampled_from(CELLS), max_size=2)).items():  # fmt: skip
        if column != "house_bill":
            rows = [{**row, column: text} for row in rows]
    for _ in range(draw(st.integers(0, 6))):
        rows[draw(st.integers(0, len(rows) - 1))][draw(st.sampled_from(sorted(columns)))] = draw(st.sampled_from(CELLS))
    return [{name: row[name] for name in GOOD if name in columns} for row in rows]


@contextmanager
def read(*, by_columns: bool) -> Iterator[None]:
    """Read tables column by column from their first row on, or never; shipments leave the window soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_rows, "_SOME_ROWS", 1 if by_columns else 10**6)
        patch.setattr(groups, "WINDOW", 6)
        yield


def all_of(result: Drop) -> object:
    return result.deliveries, result.answers, result.counts(), [repr(finding) for finding in result.findings()]


@settings(max_examples=150, deadline=None)
@given(tables())
@example([{**GOOD, "house_bill": f"GW{n // 2}", "item_value": f"{n}.00"} for n in range(40)])
@example(
    [{**GOOD, "house_bill": f"GW{n:017}", "consignee_name": "9-May" if n == 20 else "CASEY EXAMPLE"} for n in range(40)]
)
@example([{**GOOD, "house_bill": "1234567890123450" + f"{n:02}"} for n in range(20)] * 2)
def test_the_whole_way_is_the_same(rows: Rows) -> None:
    found = []
    for by_columns in (True, False):
        with read(by_columns=by_columns):
            found.append(all_of(drop(table(*rows), name="m.csv")))
    assert found[0] == found[1]


POINTERS = ["", "/house_bill_number", "/estimated_arrival_at", "/gross_weight_kg", "/shipment_initiator/name", "/final_deliver_to_party/postal_code", "/final_deliver_to_party/phone", "/seller/name", "/items/0/total_value", "/items/0/total_value/amount", "/items/1/hts_number", "/references/0/value", "/mode_of_transportation"]  # fmt: skip


def shown(mapped: MappedShipment) -> object:
    places = [repr(mapped.locate(pointer)) for pointer in POINTERS]
    return json.dumps(mapped.draft), [repr(finding) for finding in mapped.findings], places


def mapped_both_ways(rows: Rows) -> int:
    """Map all units of a table by columns and one by one, and compare; return how many went by columns."""
    profile, many = base_site().partners["gwsender"].profile, 0
    plain = CompiledProgram.run
    with read(by_columns=True), pytest.MonkeyPatch.context() as patch:
        asked: list[int] = []
        patch.setattr(CompiledProgram, "run", lambda *args: (asked.append(1), plain(*args))[1])
        program = None
        for event in tabular.read([table(*rows)], profile):
            if isinstance(event, MessageBegin):
                assert profile.programs is not None
                choice = profile.programs(event.message.format, event.message.type, event.message.version)
                program = choice.choose(event.message, profile) if isinstance(choice, ProgramChoice) else choice
            elif isinstance(event, Unit) and event.role == "shipment":
                assert isinstance(program, TableProgram)
                asked.clear()
                own = program.run(event.message, event.node, profile)
                many += not asked
                known = dict(event.message.cache)
                if not asked:
                    assert shown(own) == shown(plain(program, event.message, event.node, profile))
                    assert event.message.cache == known
                    again = program.run(event.message, event.node, profile)  # each draft is handed out once
                    assert again.draft == own.draft
                    assert again.draft is not own.draft
    return many


@settings(max_examples=150, deadline=None)
@given(tables())
def test_drafts_findings_and_places_are_the_same(rows: Rows) -> None:
    mapped_both_ways(rows)


@pytest.mark.parametrize("changed", [{}, {"seller_name": "SHOP", "seller_address1": "1 A ST"}, {"order_number": "SO-1"}, {"sku": "SKU-1"}, {"shipper_name": "A & B CO"}])  # fmt: skip
def test_what_is_in_order_goes_by_columns(changed: dict[str, str]) -> None:
    """All but the first shipments, and the last that wait in the window."""
    rows = [{**GOOD, **changed, "house_bill": f"GW{n // 2}", "item_value": f"{n}.00"} for n in range(80)]
    assert mapped_both_ways(rows) >= 30


def test_what_lacks_something_in_every_row_goes_the_other_way() -> None:
    assert mapped_both_ways([{**GOOD, "weight": "", "house_bill": f"GW{n // 2}"} for n in range(80)]) == 0


@pytest.mark.parametrize("column", ["consignee_name", "currency", "weight_unit", "arrival_date", "hts", "purpose"])
def test_one_cell_that_needs_words_leaves_the_others_to_the_columns(column: str) -> None:
    wrong = {"weight_unit": "T", "hts": "1E+5"}.get(column, "")
    rows = [{**GOOD, "purpose": "", "house_bill": f"GW{n // 2}"} for n in range(80)]
    rows[40][column] = wrong
    assert mapped_both_ways(rows) >= 25


@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from("123")), max_size=60), st.lists(st.integers(1, 9))
)
def test_rows_are_grouped_together_as_one_by_one(rows: list[tuple[str, str]], sizes: list[int]) -> None:
    def made() -> tuple[list[tuple[str, ...]], list]:
        records = [Record([], number) for number in range(len(rows))]
        return [(key,) for key, _ in rows], [row_node(["", *row], r, (Part(0, r),)) for row, r in zip(rows, records, strict=True)]  # fmt: skip

    def seen(shipments: list) -> list:
        return [(s.key, [r.position for r in s.rows], s.apart, s.split, s.over, s.findings) for s in shipments]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "WINDOW", 5)
        one, many = Grouper(), Grouper()
        keys, nodes = made()
        alone = seen([s for key, node in zip(keys, nodes, strict=True) for s in one.add(key, node, [])])
        keys, nodes = made()
        together, at = [], 0
        for size in (*sizes, len(nodes)):
            if at < len(nodes):
                part = slice(at, at + size)
                together += seen(many.add_many(keys[part], nodes[part], [True] * len(nodes[part])))
                at += size
        assert together == alone
        assert seen(list(many.end())) == seen(list(one.end()))
