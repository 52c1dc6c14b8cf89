"""Rows of one shipment: together, apart, again, and too far apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.tabular import groups
from gateway.formats.tabular.groups import Departed, Grouper
from gateway.formats.tabular.rows import Part, Record, row_node
from tests.drops import drop, profile_for, sample
from tests.test_purpose import PARCEL, table


def rows_of(*pairs: tuple[str, str]):
    """Return (key, row) for pairs of key and content."""
    made = []
    for number, (key, content) in enumerate(pairs, start=1):
        record = Record([key, content], number)
        made.append(((key,) if key else (), row_node(["", key, content], record, (Part(0, record),))))
    return made


def run(*pairs: tuple[str, str]):
    grouper, done = Grouper(), []
    for key, row in rows_of(*pairs):
        done += grouper.add(key, row, [])
    done += grouper.end()
    return [("".join(s.key), "".join(r.elements[2] for r in s.rows), s.apart, s.split) for s in done]


def test_rows_that_stand_together_are_one_shipment_even_when_equal():
    assert run(("A", "1"), ("A", "2"), ("A", "2"), ("B", "1")) == [("A", "122", False, False), ("B", "1", False, False)]


def test_rows_that_begin_a_shipment_again_are_said_and_equal_ones_are_a_shipment_of_their_own():
    grouper, done = Grouper(), []
    for (key, row), begins in zip(rows_of(*["A1", "A2", "A1", "A2", "B1", "B2"]), (True, False) * 3, strict=True):
        done += grouper.add(key, row, [], begins=begins or row.elements[1:] == ["B", "2"])
    done += grouper.end()
    said = [("".join(r.elements[2] for r in s.rows), s.apart, s.begun_again) for s in done]
    assert said == [("12", False, False), ("12", False, False), ("12", False, True)]


def test_rows_that_come_back_soon_are_put_together_and_said():
    assert run(("A", "1"), ("B", "1"), ("A", "2")) == [("A", "12", True, False), ("B", "1", False, False)]


def test_the_same_row_again_is_a_shipment_of_its_own():
    assert [key for key, *_ in run(("A", "1"), ("B", "1"), ("A", "1"))] == ["A", "B", "A"]


def test_rows_without_key_are_shipments_of_their_own():
    assert len(run(("", "1"), ("", "2"))) == 2


def test_a_shipment_that_comes_back_behind_the_window_is_torn(monkeypatch):
    monkeypatch.setattr(groups, "WINDOW", 3)
    others = [(str(n), "x") for n in range(8)]
    torn = [s for s in run(("A", "1"), *others, ("A", "2")) if s[3]]
    assert torn == [("A", "2", False, True)]
    assert not [s for s in run(("A", "1"), *others, ("A", "1")) if s[3]]


def test_memory_does_not_grow_with_the_file(monkeypatch):
    monkeypatch.setattr(groups, "WINDOW", 10)
    monkeypatch.setattr(groups, "REMEMBERED", 20)
    grouper = Grouper()
    for key, row in rows_of(*((str(n), "x") for n in range(500))):
        grouper.add(key, row, [])
    assert len(grouper._waiting) <= 11
    assert len(grouper._open) <= 11
    assert grouper._left._count <= 20


def test_a_shipment_keeps_so_many_rows_and_counts_the_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(groups, "MOST", 3)
    grouper = Grouper()
    for key, row in rows_of(*(("A", str(n)) for n in range(8)), ("B", "1"), ("A", "8"), ("A", "9")):
        assert grouper.add(key, row, []) == []
    found = [(s.key, [r.elements[2] for r in s.rows], s.over) for s in grouper.end()]
    assert found == [(("A",), ["0", "1", "2"], 7), (("B",), ["1"], 0)]


def test_a_shipment_of_too_many_rows_is_refused_and_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(groups, "MOST", 3)
    monkeypatch.setattr("gateway.formats.tabular.reader.MOST", 3)
    head, row, *_ = sample("csv/01").splitlines(keepends=True)
    result = drop(head + row * 5, name="a.csv")
    assert result.counts() == (1, 0, 1, 0)
    (said,) = [f for f in result.findings() if f.rule == "CSV-LIMIT"]
    assert (said.message, said.position.row) == ("The shipment has more than 3 rows; the other 2 were not read.", 2)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 3)), max_size=400), st.integers(1, 30))
def test_the_last_keys_are_remembered_with_their_last_number(noted: list[tuple[int, int]], least: int) -> None:
    departed, numbers, order = Departed(least), dict[int, int](), list[int]()
    for small, number in noted:
        key = (small << 58) - (1 << 63) or 1  # they meet in one place, on both sides of 0
        last = list(dict.fromkeys(reversed(order)))
        before = departed.note(key, number)
        if key in last[:least]:
            assert before == numbers[key]
        elif key not in last[: 3 * least]:
            assert before == 0
        else:
            assert before in (0, numbers[key])
        numbers[key] = number
        order.append(key)


def test_a_table_grows_with_what_it_holds() -> None:
    departed = Departed(5_000)
    assert [departed.note(hash(f"key {n}") or 1, n + 1) for n in range(5_000)] == [0] * 5_000
    assert [departed.note(hash(f"key {n}") or 1, 1) for n in range(5_000)] == list(range(1, 5_001))
    assert len(departed._keys) == 16_384


SELLER = {"seller_address1": "1 Road", "seller_city": "HANOI", "seller_country": "VN"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (({"Vendor": "Lucky Lamps"}, {"Vendor": "Cable Shop"}), []),  # goes nowhere without an address
        (({"ship_date": "2025-03-01"}, {"ship_date": "2025-03-02"}), []),
        (({"seller_name": "A", **SELLER}, {"seller_name": "B", **SELLER}), ["CSV-GROUP-CONFLICT"]),
        (({"consignee_phone": "+1 617 555 0101"}, {"consignee_phone": "+1 617 555 0102"}), ["CSV-GROUP-CONFLICT"]),
    ],
)  # fmt: skip
def test_rows_may_differ_in_what_is_not_passed_on(more, told):
    result = drop(table(*({**PARCEL, **cells} for cells in more)), name="m.csv")
    assert [f.rule for f in result.findings() if f.refuses] == told
    assert result.outcome.counts.accepted == (not told)


def test_what_rows_of_the_partners_own_read_may_not_differ():
    data = table({**PARCEL, "Vendor": "A"}, {**PARCEL, "Vendor": "B"})
    own = profile_for(data, options={"tabular": {"extra_columns": ["seller_name"]}})
    assert "CSV-GROUP-CONFLICT" in drop(data, name="m.csv", profile=own).rules()


def test_a_product_number_is_passed_on_and_a_line_number_is_not():
    data = table({**PARCEL, "sku": "TS 01", "line_number": "1"})
    said = [f.message for f in drop(data, name="m.csv").findings() if f.rule == "CSV-EXTRA-COLUMN"]
    assert said == ['Column "line_number" is known and was not passed on.']
