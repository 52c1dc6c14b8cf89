"""RFF+AWB: an air waybill whose level is not said is the master bill where no RFF names another."""

from __future__ import annotations

import pytest

from tests.drops import Drop, drop, sample
from tests.test_edifact_cases import BEFORE, moved


def _drop(name: str, *changes: tuple[bytes, bytes]) -> Drop:
    data = moved(sample(name))
    for old, new in changes:
        assert old in data, old
        data = data.replace(old, new)
    return drop(data, now=BEFORE)


def _masters(result: Drop) -> list[str | None]:
    return [s.get("master_bill_number") for m in result.messages() for s in m["shipments"]]


@pytest.mark.parametrize("name", ["edifact/01", "edifact/14"], ids=["cuscar", "ifcsum"])
def test_the_air_waybill_is_the_master_bill(name: str) -> None:
    expected = _masters(_drop(name))
    assert set(expected) != {None}
    result = _drop(name, (b"RFF+MWB:", b"RFF+AWB:"))
    assert _masters(result) == expected
    assert "S321-ID-CHK" not in result.rules()


def test_the_air_waybill_of_an_instruction_is_the_master_bill_and_keeps_its_kind_among_the_references() -> None:
    result = _drop("edifact/15", (b"RFF+CU:ORD-15'", b"RFF+AWB:999-12345675'"))
    (shipment,) = result.messages()[0]["shipments"]
    assert shipment["master_bill_number"] == "99912345675"
    assert shipment["references"][0] == {"type": "master_bill", "value": "999-12345675"}


def test_a_master_air_waybill_comes_before_one_without_a_level() -> None:
    (one,) = set(_masters(_drop("edifact/01")))
    data = moved(sample("edifact/01"))
    at = data.index(b"RFF+MWB:")
    segment = data[at : data.index(b"'", at) + 1]
    unt = data.index(b"UNT+")
    count = int(data[unt + 4 : data.index(b"+", unt + 4)])
    both = data.replace(segment, b"RFF+AWB:999-55555551'\n" + segment, 1).replace(
        b"UNT+%d+" % count, b"UNT+%d+" % (count + 1)
    )
    assert set(_masters(drop(both, now=BEFORE))) == {one}


def test_a_number_that_is_no_air_waybill_is_told_and_the_shipment_stays() -> None:
    result = _drop("edifact/01", (b"RFF+MWB:999-", b"RFF+AWB:HAWB"))
    assert "S321-ID-CHK" in result.rules()
    assert result.counts()[0] == result.counts()[1]
    assert set(_masters(result)) == {None}
