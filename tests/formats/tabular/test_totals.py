"""A row of totals is compared with the rows above it, where a column can be added up."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.drops import Drop, drop
from tests.test_nothing_silent import BEFORE

HEAD = "hawb,consignee,address,city,state,zip,country,shipper,shipper country,description,qty,value,currency,weight_kg,pieces,origin"
PERSON = "12 SAMPLE LN,HOLTSVILLE,NY,00501,US,GOLDEN SAMPLE CO,CN"


def line(number: str, quantity: str = "1", value: str = "10.00", weight: str = "0.50", pieces: str = "1", currency: str = "USD") -> str:  # fmt: skip
    return (
        f"{number},JORDAN {number},{PERSON},WOODEN PUZZLE 100 PIECES,{quantity},{value},{currency},{weight},{pieces},CN"
    )


def total(quantity: str = "", value: str = "", weight: str = "", pieces: str = "", word: str = "Total") -> str:
    return f"{word},,,,,,,,,,{quantity},{value},,{weight},{pieces},"


def send(*lines: str, head: str = HEAD) -> Drop:
    return drop("\r\n".join([head, *lines, ""]).encode(), now=BEFORE, name="m.csv")


def told(result: Drop) -> list[tuple[str | None, str | None]]:
    return [(f.value, f.position.column) for f in result.findings() if f.rule == "CSV-TOTAL"]


A, B, C = line("H1"), line("H2", "2", "20.50", "1.25"), line("H3", "3", "5", "2")


@pytest.mark.parametrize("word", ["Total", "SUMME", "Gesamt:", "合计"])
def test_totals_that_fit_are_no_more_than_skipped(word: str) -> None:
    result = send(A, B, C, total("6", "35.50", "3.75", "3", word))
    assert told(result) == []
    assert "CSV-TOTAL-ROW" in result.rules() and result.counts()[0] == 3


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (total("7", "35.50", "3.75", "3"), [("7", "qty")]),
        (total("6", "45.50", "3.75", "3"), [("45.50", "value")]),
        (total("6", "$45.50", "3.75", "3"), [("45.50", "value")]),
        (total("6", "35.50", "4.75", "4"), [("4", "pieces"), ("4.75", "weight_kg")]),
        (total("", "", "", ""), []),
        (total("6", "36", "3.8", "3"), []),  # rounded as it is written
        (total("6", "about 99", "3.75", "3"), []),
    ],
)
def test_totals_that_do_not_fit_are_told(row: str, found: list[tuple[str, str]]) -> None:
    result = send(A, B, C, row)
    assert told(result) == found
    assert {f.severity.value for f in result.findings() if f.rule == "CSV-TOTAL"} <= {"warning"}
    assert "35.5" in str(result.findings()) or found != [("45.50", "value")]


def test_a_sub_total_is_that_of_its_rows_and_the_last_one_that_of_all() -> None:
    rows = (A, B, total(value="30.50", word="Subtotal"), C, total(value="5", word="Subtotal"), total(value="35.50"))
    assert told(send(*rows)) == []
    assert told(send(A, B, total(value="30.50", word="Subtotal"), C, total(value="6", word="Subtotal"))) == [
        ("6", "value")
    ]


def test_what_is_of_the_shipment_may_count_once_or_in_each_row() -> None:
    rows = [line("H1", weight="2.50", pieces="1"), line("H1", "2", "3", weight="2.50", pieces="1"), C]
    assert told(send(*rows, total(weight="4.50", pieces="2"))) == []
    assert told(send(*rows, total(weight="7.00", pieces="3"))) == []
    assert told(send(*rows, total(weight="9.00"))) == [("9.00", "weight_kg")]


def test_what_cannot_be_added_up_is_not_compared() -> None:
    assert told(send(A, line("H2", value="20.50", currency="CAD"), total(value="99"))) == []
    assert told(send(A, line("H2", value="#N/A"), total(value="99"))) == []
    assert told(send(A, line("H2", value="1.2.3"), total(value="99"))) == []
    assert told(send(total(value="99"), A)) == []
    prices = HEAD.replace(",value,", ",unit price,")
    assert told(send(A, B, total(value="99"), head=prices)) == []


def test_many_rows_are_added_up_to_the_last() -> None:
    rows = [line(f"H{n}", value="1.10", weight="0.33") for n in range(700)]
    assert told(send(*rows, total("700", "770.00", "231.00", "700"))) == []
    assert told(send(*rows, total("699", "768.90", "231.00", "700"))) == [("699", "qty"), ("768.90", "value")]


def test_a_workbook_has_totals_too() -> None:
    book = openpyxl.Workbook()
    for row in (HEAD, A, B, total("3", "31.50")):
        cells = [float(c) if c.replace(".", "").isdigit() and not c.startswith("00") else c for c in row.split(",")]
        book.active.append(cells)
    data = io.BytesIO()
    book.save(data)
    result = drop(data.getvalue(), now=BEFORE, name="m.xlsx")
    assert [value for value, _ in told(result)] == ["31.5"]
