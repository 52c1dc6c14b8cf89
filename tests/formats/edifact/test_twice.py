"""EDIFACT: several values, origins, air waybills or arrival times where one is needed refuse the shipment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.site import base_site

_END = "'"
FIXTURES = Path(__file__).parents[3] / "fixtures" / "edifact"


def checked(tmp_path, name: str, after: str, more: str) -> dict:
    """Return the verdict on a sample with a further segment behind the first one that starts with `after`."""
    segments = [s.strip("\r\n") for s in (FIXTURES / name).read_text("ascii").split("'") if s.strip()]
    at = next(i for i, s in enumerate(segments) if s.startswith(after))
    segments.insert(at + 1, more or segments[at])
    end = next(i for i, s in enumerate(segments) if s.startswith("UNT+"))
    tag, count, reference = segments[end].split("+")
    segments[end] = f"{tag}+{int(count) + 1 + more.count(_END)}+{reference}"
    path = tmp_path / "m.edi"
    path.write_text("'\n".join(segments) + "'\n", "ascii")
    return Checker(base_site(), parse_instant("2025-02-27T10:00:00Z")).file(path)


@pytest.mark.parametrize(("name", "after", "more"), [
    ("02_cuscar_d03b_truck_ung.edi", "MOA+", "MOA+{}:99.00:USD"), ("02_cuscar_d03b_truck_ung.edi", "LOC+27", "LOC+27+VN:162:5"),
    ("13_ifcsum_d96a_groupage.edi", "MOA+", "MOA+{}:99.00:CAD"), ("14_ifcsum_d03a_express.edi", "LOC+27", "LOC+27+VN:162:5"),
    ("15_iftmin_d03a_single.edi", "MOA+", "MOA+{}:99.00:USD"),
])  # fmt: skip
def test_several_values_of_one_kind_refuse_the_shipment(tmp_path, name, after, more):
    text = (FIXTURES / name).read_text("ascii")
    kind = text.partition("MOA+")[2].partition(":")[0]
    result = checked(tmp_path, name, after, more.format(kind))
    assert [f["severity"] for f in result["findings"] if f["rule"] == "MAP-AMBIGUOUS"] == ["error"]
    same = checked(tmp_path, name, after, "")
    assert "MAP-AMBIGUOUS" not in {f["rule"] for f in same["findings"]}


@pytest.mark.parametrize(("name", "kind"), [
    ("02_cuscar_d03b_truck_ung.edi", "63"), ("13_ifcsum_d96a_groupage.edi", "203"), ("15_iftmin_d03a_single.edi", "38"),
])  # fmt: skip
@pytest.mark.parametrize(("amount", "currency", "told"), [("99.00", "", 1), ("{}", "CAD", 1), ("99.00", "CAD", 2), ("{}00", "", 0), ("", "", 0)])  # fmt: skip
def test_values_of_other_kinds_are_told_when_they_differ(tmp_path, name, kind, amount, currency, told):
    _, value, own = re.search(r"MOA\+(\d+):([\d.]+):(\w+)", (FIXTURES / name).read_text("ascii")).groups()
    more = f"MOA+{kind}:{amount.format(value)}:{currency or own}"
    result = checked(tmp_path, name, "MOA+", more)
    words = [f for f in result["findings"] if f["rule"] == "MAP-AMBIGUOUS"]
    assert [f["severity"] for f in words] == ["warning"] * told
    assert all("goods item" in f["message"] for f in words)
    assert not told or any(f"{value} was taken" in f["message"] or f"{own} was taken" in f["message"] for f in words)


@pytest.mark.parametrize(("name", "after", "kinds"), [
    ("02_cuscar_d03b_truck_ung.edi", "RFF+AAM:GWXX00000000001", ("43", "40")), ("13_ifcsum_d96a_groupage.edi", "CNT+11:1", ("77", "39")), ("15_iftmin_d03a_single.edi", "CNT+", ("134", "43")),
])  # fmt: skip
@pytest.mark.parametrize(("amount", "told"), [("8.00", 1), ("9", 0)])
def test_values_of_a_bill_under_several_kinds_are_told_when_they_differ(tmp_path, name, after, kinds, amount, told):
    """The order of the table counts, not that of the file."""
    more = f"MOA+{kinds[0]}:{amount}:USD'MOA+{kinds[1]}:9.00:USD"
    found = [f for f in checked(tmp_path, name, after, more)["findings"] if f["rule"] == "MAP-AMBIGUOUS"]
    assert [f["severity"] for f in found] == ["warning"] * told
    assert all("consignment" in f["message"] and "9.00 was taken" in f["message"] for f in found)


def test_a_day_and_its_time_in_two_segments_are_one_arrival_and_two_days_are_none(tmp_path):
    name, after = "01_cuscar_d03a_air_3hawb.edi", "DTM+132"
    rules = {f["rule"] for f in checked(tmp_path, name, after, "DTM+132:1830:401")["findings"]}
    assert "MAP-AMBIGUOUS" not in rules
    assert "MAP-AMBIGUOUS" in {
        f["rule"] for f in checked(tmp_path, name, after, "DTM+132:202510051830:203")["findings"]
    }


@pytest.mark.parametrize(
    ("numbers", "told"), [("6109100012:122+6505009000:122", True), ("6109100012:122+610910:122", False)]
)
def test_tariff_numbers_of_different_goods_in_one_item_are_told(tmp_path, numbers, told):
    path = tmp_path / "m.edi"
    text = (FIXTURES / "01_cuscar_d03a_air_3hawb.edi").read_text("ascii")
    path.write_text(text.replace("6109100012:122", numbers), "ascii")
    result = Checker(base_site(), parse_instant("2025-02-27T10:00:00Z")).file(path)
    found = [f["severity"] for f in result["findings"] if f["rule"] == "MAP-AMBIGUOUS"]
    assert found == (["warning"] if told else [])
