"""309: which N10 is goods of its own and which carries on the text of the line before."""

from __future__ import annotations

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, sample

FIRST = b"N10*1*COTTON T-SHIRT*1ZTRK000000001*A*610910*18*K*0.4**PCS*CN*US*USD~\n"
SECOND = b"N10*1*PHONE CASE PLASTIC*1ZTRK000000001*A*392690*07*K*0.8**PCS*CN*US*USD~\n"


def _with(second: bytes, more: int = 0) -> Drop:
    data = sample("x12/01").replace(SECOND, second).replace(b"SE*28*", b"SE*%d*" % (28 + more))
    return drop(data, now=SAMPLES_NOW)


def _descriptions(result: Drop) -> list[str]:
    shipments = result.messages()[0]["shipments"]
    first = next(s for s in shipments if s["house_bill_number"] == "00450001")
    return [item["enhanced_product_description"] for item in first["items"]]


@pytest.mark.parametrize("text", [b"N10**LONG SLEEVE~\n", b"N10**LONG SLEEVE*1ZTRK000000001~\n"])
def test_a_line_of_text_alone_carries_on(text: bytes) -> None:
    assert _descriptions(_with(text)) == ["COTTON T-SHIRT LONG SLEEVE"]


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (b"N10**PHONE CASE**A*392690~\n", 0),
        (b"N10**PHONE CASE*********VN~\n", 0),
        (b"VID*TL**TRL5502~\nN10**PHONE CASE~\n", 1),
    ],
    ids=["tariff number", "origin", "another trailer"],
)
def test_goods_without_quantity_and_value_are_not_lost_in_the_line_before(line: bytes, more: int) -> None:
    result = _with(line, more)
    assert [r.id for r in result.outcome.records if getattr(r, "verdict", "") == "rejected"] == ["00450001"]
    (told,) = [f for f in result.findings() if f.rule == "S321-VAL-MISSING"]
    assert told.position.segment == "N10"


def test_many_lines_of_text_are_one_description() -> None:
    lines = b"".join(b"N10**PART %d~\n" % n for n in range(40))
    assert _descriptions(_with(lines, 39)) == ["COTTON T-SHIRT " + " ".join(f"PART {n}" for n in range(40))]
