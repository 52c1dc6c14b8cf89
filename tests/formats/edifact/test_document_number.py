"""CNI 1004, the document number of a consignment: told when it is none of the numbers that the shipment goes by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.mapping.folder import MappingSet
from gateway.mapping.table import COLUMNS
from gateway.site import base_mappings
from tests.drops import Drop, drop, profile_for, sample
from tests.test_edifact_cases import BEFORE, SAMPLES, moved

RFF = b"RFF+HWB:GWH0000001'"


def changed(name: str, *changes: tuple[bytes, bytes]) -> bytes:
    data = moved(sample(name))
    for old, new in changes:
        assert old in data, old
        data = data.replace(old, new, 1)
    return data


def told(result: Drop) -> list[str]:
    return [f.message for f in result.findings() if f.rule == "MAP-AMBIGUOUS" and f.target == "_document_number"]


@pytest.mark.parametrize(
    ("name", "cni", "taken"),
    [
        ("edifact/01", b"CNI+1+GWH0000001", "GWH0000001"),
        ("edifact/03", b"CNI+1+GWOBL25001", "GWHBL0001"),
        ("edifact/14", b"CNI+1+GWX0000141", "GWX0000141"),
        ("edifact/17", b"CNI+1+UA473124829CN", "UA473124829CN"),
    ],
)
def test_another_document_number_is_told_at_its_place(name, cni, taken):
    result = drop(changed(name, (cni, b"CNI+1+GWH0009999")), now=BEFORE)
    said = f'The shipment has the document number "GWH0009999" too, which is none of its other numbers; "{taken}" was taken.'
    assert told(result) == [said]
    assert result.outcome.counts.rejected == 0
    (finding,) = [f for f in result.findings() if f.rule == "MAP-AMBIGUOUS"]
    assert (finding.severity.name, finding.position.segment, finding.position.element) == ("WARNING", "CNI", 2)
    assert all("_document_number" not in shipment for m in result.messages() for shipment in m["shipments"])


@pytest.mark.parametrize(
    "changes",
    [
        ((b"CNI+1+GWH0000001", b"CNI+1"),),  # none
        ((b"CNI+1+GWH0000001", b"CNI+1+gwh-0000001"),),  # written otherwise
        ((b"CNI+1+GWH0000001", b"CNI+1+999-12345675"),),  # the number of the master
        ((RFF, b"RFF+AAM:GWH0000001'"),),
        ((RFF, b"RFF+ON:8812'"),),  # the document number is the bill number
        ((b"CNI+1+GWH0000001", b"CNI+1+T1"), (RFF, RFF + b"RFF+CN:T1'"), (b"UNT+60", b"UNT+61")),  # the tracking number
    ],
)
def test_a_document_number_that_the_shipment_goes_by_is_not_told(changes):
    assert told(drop(changed("edifact/01", *changes), now=BEFORE)) == []


@pytest.mark.parametrize("path", SAMPLES, ids=[p.stem for p in SAMPLES])
def test_no_sample_has_another_document_number(path):
    assert told(drop(moved(path.read_bytes()), now=BEFORE)) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("shipment,house_bill_number,RFF[ABO].1154", 1),  # the check outlives a partner's own rows
        ("shipment,_document_number,(none)", 0),
        ("reference,value,SGP.8260", 1),
    ],
)
def test_a_partner_may_take_the_check_out(tmp_path: Path, row: str, said: int):
    (tmp_path / "edifact_cuscar.csv").write_text(f"{','.join(COLUMNS)}\n{row},,,,,,,\n", "utf-8")
    tables = MappingSet(base_mappings(), (tmp_path,))
    tables.check()
    data = changed("edifact/01", (b"CNI+1+GWH0000001", b"CNI+1+OTHER1"), (RFF, b"RFF+ABO:GWH0000001'"))
    if "ABO" not in row:
        data = data.replace(b"RFF+ABO", b"RFF+HWB")
    result = drop(data, now=BEFORE, profile=profile_for(data, tables=tables, programs=tables.program))
    assert len([m for m in told(result) if "OTHER1" in m]) == said


def test_the_number_of_a_cargo_xml_house_is_told_too():
    data = sample("xml/03")
    when = parse_instant("2025-02-27T10:00:00Z")
    house = b"<ram:IncludedHouseConsignment>"
    assert data.count(house) == 1
    for number, said in ((b"GWH0001001", 0), (b"999-12345675", 0), (b"GWH0001002", 1)):
        changed_ = data.replace(house, house + b"<ram:ID>" + number + b"</ram:ID>")
        assert len(told(drop(changed_, now=when))) == said


RFF_14, RFF_15 = b"RFF+HWB:GWX0000141'", b"RFF+CU:ORD-15'"
TDT_14 = b"RFF+ON:MKT-558812'\nTDT+20+XX318+4++XX:172:3'\n"
PORT_15 = b"LOC+11+USEWR:139:6'\n"


@pytest.mark.parametrize(
    ("name", "changes", "house", "master"),
    [
        ("edifact/14", [(RFF_14, b"RFF+BM:GWOBL1'"), (TDT_14, TDT_14 + b"RFF+HWB:GWH9'\n")], "GWH9", "99912345686"),
        ("edifact/14", [(RFF_14, b"RFF+AAM:GWH9'"), (b"CNI+1+GWX0000141", b"CNI+1")], "GWH9", "99912345686"),
        ("edifact/14", [(RFF_14, b"RFF+AAM:GWH9'")], "GWX0000141", "99912345686"),
        ("edifact/15", [(PORT_15, PORT_15 + b"RFF+BH:GWH9'\n"), (RFF_15, b"RFF+BM:GWOBL1'")], "GWH9", "GWOBL1"),
        ("edifact/15", [(RFF_15, b"RFF+AAM:GWH9'")], "GWH9", None),
        ("edifact/15", [(RFF_15, b"RFF+AAM:GWH9'\nRFF+BM:GWB1'")], "GWB1", None),
    ],
)
def test_the_bill_of_a_consignment_may_stand_under_its_carriage_or_be_a_waybill_number(name, changes, house, master):
    data = changed(name, *changes)
    count = data[data.index(b"UNH+") :].count(b"'\n") - 1
    result = drop(re.sub(rb"UNT\+\d+", b"UNT+%d" % count, data), now=BEFORE)
    assert "EDIFACT-BILL-IN-BGM" not in result.rules()
    shipment = result.messages()[0]["shipments"][0]
    assert (shipment["house_bill_number"], shipment.get("master_bill_number")) == (house, master)
