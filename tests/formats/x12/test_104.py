"""104: one FOB loop is one shipment; the sender at the head is the shipper of all that name none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.site import base_mappings
from tests.formats.x12.test_carrier_sets import _check, _errors, _said
from tests.mapping.test_notify_party import N1_NOTIFY, WHOLE

AIR = base_mappings() / "x12_104" / "examples" / "two_shipments.edi"
SECOND = "N1*CN*JORDAN EXAMPLE~"


def shipments(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for m in result["messages"] for s in m["shipments"]]


def test_the_sender_is_the_shipper_of_all_that_name_none(tmp_path: Path) -> None:
    own = "N1*SF*OTHER MAKER~\nN3*2 X RD~\nN4*HANOI**10000*VN~\n"
    first, second = shipments(_check(tmp_path, AIR, (SECOND, own + SECOND)))
    assert [s["shipment_initiator"]["name"] for s in (first, second)] == ["LUCKY STAR ELECTRONICS", "OTHER MAKER"]
    assert [s["country_of_shipment"] for s in (first, second)] == ["CN", "VN"]
    assert first["shipment_initiator"]["phone"] == "862055501000"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("N9*2I*LPX0000841~", "N9*2I*LPX0000841~\nN9*2I*LPX0000849~", "several tracking numbers"),
        ("N9*AW*999-12345675~", "N9*AW*999-12345675~\nN9*AW*999-12345686~", "several air waybills"),
        ("N9*AW*999-12345675~", "N9*BM*H1~\nN9*BM*H2~", "several bill numbers"),
        ("PER*DC*", "N1*CN*PAT SECOND~\nPER*DC*", "several consignees"),
    ],
)
def test_what_a_shipment_can_have_once_and_stands_twice_refuses_it(tmp_path: Path, old: str, new: str, said: str) -> None:  # fmt: skip
    result = _check(tmp_path, AIR, (old, new))
    assert result["accepted"] == ["LPX0000842"]
    (message,) = _said(result, "MAP-AMBIGUOUS")
    assert said in message


def test_an_air_waybill_of_the_sender_is_that_of_all_that_name_none(tmp_path: Path) -> None:
    result = _check(tmp_path, AIR, ("PER*SH*", "N9*AW*999-12345686~\nPER*SH*"))
    assert [s["master_bill_number"] for s in shipments(result)] == ["99912345675", "99912345686"]
    (message,) = _said(result, "MAP-AMBIGUOUS")
    assert "that of the shipment was taken" in message


def test_a_third_party_is_told_and_a_notify_party_read(tmp_path: Path) -> None:
    assert len(_said(_check(tmp_path, AIR, (SECOND, f"N1*BT*PAYS THE FREIGHT~\n{SECOND}")), "MAP-PARTY-ROLE")) == 1
    assert shipments(_check(tmp_path, AIR, (SECOND, N1_NOTIFY + SECOND)))[1]["notify_party"] == WHOLE


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0.1*G***1*CTN**K", "0.1*G***1*CTN**L", "the goods lines have different units (L0-11)"),
        ("0.2*G***1*CTN**K", "0.2*G***1*CTN", "its unit is missing (L0-11)"),
        ("0.2*G***1*CTN**K", "0.2*N***1*CTN**K", "not every goods line has one"),
    ],
)
def test_a_weight_that_is_not_sure_is_none(tmp_path: Path, old: str, new: str, told: str) -> None:
    result = _check(tmp_path, AIR, (old, new))
    assert ["gross_weight_kg" in s for s in shipments(result)].count(False) == 1
    (message,) = _said(result, "MAP-WEIGHT")
    assert told in message


def test_insurance_and_export_value_are_never_the_value_of_the_goods(tmp_path: Path) -> None:
    result = _check(
        tmp_path, AIR, ("LPX0000842", "UNKNOWN01"), (SECOND, f"M1*CN**700~\nX1****20250113*******44~\n{SECOND}")
    )
    assert result["accepted"] == ["LPX0000841"]
    assert _errors(result) == {"S321-VAL-MISSING"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [("SL1*ST***A~\nN9*2I*LPX0000841~", "X12-SEG-MISSING"), ("N1*SH*LUCKY STAR ELECTRONICS~", "X12-SEG-MISSING")],
)
def test_what_the_set_must_have_and_has_not_is_told(tmp_path: Path, line: str, fault: str) -> None:
    assert fault in _errors(_check(tmp_path, AIR, (f"{line}\n", "")))


def test_totals_of_the_set_are_compared(tmp_path: Path) -> None:
    assert _said(_check(tmp_path, AIR), "X12-TOTAL") == []
    result = _check(tmp_path, AIR, ("L3*0.6*G*********3*K", "L3*0.6*G*********4*K"))
    assert _said(result, "X12-TOTAL") == ["L3-11 says 4, but the pieces (L0-08) of the set add up to 3."]
