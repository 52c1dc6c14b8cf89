"""856: a parcel sees the levels above it, and goods never go to another order's buyer."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site

SAMPLE = Path(__file__).parents[3] / "fixtures" / "x12" / "15_856_marketplace_parcels.edi"


def _check(tmp_path: Path, *changes: tuple[str, str]) -> dict:
    text = SAMPLE.read_text("ascii")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "changed.edi"
    path.write_text(text, "ascii")
    return Checker(base_site(), parse_instant("2025-01-14T10:00:00Z")).file(path)


def test_each_parcel_has_the_buyer_of_its_own_order(tmp_path: Path) -> None:
    shipments = _check(tmp_path)["messages"][0]["shipments"]
    assert [(s["shipment_id"], s["final_deliver_to_party"]["name"], s["total_value"]["amount"]) for s in shipments] == [
        ("LPX0000001", "ALEX SAMPLE", "18.00"),
        ("LPX0000002", "JORDAN EXAMPLE", "17.99"),
    ]


def test_a_parcel_that_names_another_parent_is_refused(tmp_path: Path) -> None:
    result = _check(tmp_path, ("HL*6*5*P*1", "HL*6*2*P*1"))
    assert result["messages"] == []
    assert any('HL02 is "2", but this HL stands under HL 5.' in f["message"] for f in result["findings"])


def test_an_order_without_a_parcel_is_not_passed_over(tmp_path: Path) -> None:
    result = _check(tmp_path, ("HL*3*2*P*1", "HL*3*2*I*0"))
    assert result["messages"] == []
    assert result["verdict"] == "reject"


def test_a_second_price_in_an_item_is_refused_not_dropped(tmp_path: Path) -> None:
    line = "SLN*1**I*1*EA*4.99~"
    result = _check(tmp_path, (line, line + line.replace("SLN*1", "SLN*2")), ("SE*58", "SE*59"))
    assert result["messages"] == []
    assert "X12-SEG-MAX" in {f["rule"] for f in result["findings"]}


def test_a_parcel_with_two_tracking_numbers_is_refused_not_halved(tmp_path: Path) -> None:
    line = "MAN*CP*LPX0000001~"
    result = _check(tmp_path, (line, line + "MAN*CP*LPX0000009~"), ("SE*58", "SE*59"))
    assert result["rejected"] == ["LPX0000001"]
    assert [f["message"] for f in result["findings"] if f["rule"] == "MAP-AMBIGUOUS"] == [
        "The parcel has several tracking numbers (MAN-02): send one pack level for each parcel."
    ]
    assert result["accepted"] == ["LPX0000002"]


def test_another_release_is_refused_with_the_releases_that_exist(tmp_path: Path) -> None:
    result = _check(tmp_path, ("*X*004010~", "*X*005020~"))
    (finding,) = [f for f in result["findings"] if f["rule"] == "X12-VERSION"]
    assert finding["fix"] == "Send set 856 in version 004010, or ask us to add yours."


@pytest.mark.parametrize(("code", "purpose"), [("01", "cancel"), ("05", "amend")])
def test_a_cancelled_and_an_amended_manifest_find_their_parcels(tmp_path: Path, code: str, purpose: str) -> None:
    checker = Checker(base_site(), parse_instant("2025-01-14T10:00:00Z"))
    assert checker.file(SAMPLE)["accepted"] == ["LPX0000001", "LPX0000002"]
    text = SAMPLE.read_text("ascii").replace("BSN*00*", f"BSN*{code}*").replace("*000000015*", "*000000115*")
    text = text.replace("IEA*1*000000015", "IEA*1*000000115").replace("COTTON T-SHIRT", "COTTON T-SHIRT BLUE")
    (tmp_path / "second.edi").write_text(text, "ascii")
    result = checker.file(tmp_path / "second.edi")
    assert result["accepted"] == ["LPX0000001", "LPX0000002"]
    assert {s["transmission_purpose"] for s in result["messages"][0]["shipments"]} == {purpose}
    assert not [f for f in result["findings"] if f["rule"] == "S321-AMEND-NF"]
