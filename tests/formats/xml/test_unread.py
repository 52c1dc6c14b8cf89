"""XML-NOT-READ: what a WCO declaration or a UBL waybill says and no row of the mapping reads, once in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import parse_instant
from gateway.findings import Finding, Severity
from gateway.mapping.folder import MappingSet
from gateway.mapping.table import COLUMNS
from gateway.site import base_mappings
from tests.drops import drop, profile_for, sample

WHEN = parse_instant("2025-02-27T10:00:00Z")
WCO, UBL = sample("xml/14"), sample("xml-extra/01")
PARTY = b"<Warehouse><Name>PAT SAMPLE</Name><Address><CityName>RENO</CityName></Address></Warehouse>"


def told(data: bytes, own: Path | None = None) -> list[Finding]:
    """Return what is said of elements that are not read."""
    changes = {}
    if own is not None:
        tables = MappingSet(base_mappings(), (own,))
        tables.check()
        changes = {"profile": profile_for(data, tables=tables, programs=tables.program)}
    return [f for f in drop(data, now=WHEN, **changes).findings() if f.rule == "XML-NOT-READ"]


def put(data: bytes, before: bytes, new: bytes) -> bytes:
    assert before in data
    return data.replace(before, new + before, 1)


def test_what_no_row_reads_is_named_with_its_line_in_one_remark():
    (finding,) = told(WCO)
    assert finding.severity is Severity.INFO
    named = [
        "TypeCode (line 10)",
        "GoodsShipment/GovernmentAgencyGoodsItem/Commodity/GoodsMeasure/GrossMassMeasure (line 48)",
        "GoodsShipment/GovernmentAgencyGoodsItem/Origin/TypeCode (line 53)",
        "GoodsShipment/GovernmentAgencyGoodsItem/Packaging/TypeCode (line 57)",
    ]
    assert finding.message.endswith(f": {', '.join(named)}.")
    assert (finding.position.line, finding.position.xpath) == (10, "/MetaData/Declaration/TypeCode")


def test_a_part_that_nobody_reads_is_named_as_a_whole_and_its_texts_are_not():
    (finding,) = told(put(WCO, b"<Consignment>", PARTY + PARTY))
    assert finding.message.count("GoodsShipment/Warehouse (line") == 1
    assert "Warehouse/" not in finding.message
    assert "SAMPLE" not in finding.message


@pytest.mark.parametrize(
    "new", [b"<Warehouse/>", b"<Warehouse><Name> </Name></Warehouse>", b"<SequenceNumeric>7</SequenceNumeric>"]
)
def test_what_says_nothing_is_not_told(new):
    assert "Warehouse" not in told(put(WCO, b"<Consignment>", new))[0].message
    assert "Sequence" not in told(put(WCO, b"<Consignment>", new))[0].message


def test_several_declarations_are_one_remark():
    end = WCO.index(b"</Declaration>") + len(b"</Declaration>")
    again = WCO[WCO.index(b"<Declaration>") : end].replace(b"GWH0001001", b"GWH0001002")
    (finding,) = told(WCO[:end] + again.replace(b"<Consignment>", PARTY + b"<Consignment>") + WCO[end:])
    assert finding.message.count("Packaging/TypeCode") == 1
    assert "GoodsShipment/Warehouse" in finding.message


def test_what_a_partner_reads_is_known(tmp_path):
    rows = "shipment,transaction_nature,TypeCode,,const documents\nitem,net_weight_kg,Commodity/GoodsMeasure/GrossMassMeasure; .@unitCode,,kg\n"
    rows += "item,quantity_unit,Packaging/TypeCode,Origin/TypeCode present,trim\n"
    table = "".join(f"{row},,,,,\n" for row in rows.splitlines())
    (tmp_path / "wco_declaration.csv").write_text(f"{','.join(COLUMNS)}\n{table}", "utf-8")
    assert told(WCO) != []
    assert told(WCO, tmp_path) == []


def test_a_waybill_with_what_a_waybill_has_is_not_remarked_on():
    assert told(UBL) == []
    data = put(
        UBL,
        b"<cac:CarrierParty>",
        b"<cbc:UUID>1-2</cbc:UUID><cbc:ProfileID>P</cbc:ProfileID><cac:NotifyParty><cbc:ID>7</cbc:ID></cac:NotifyParty>",
    )
    (finding,) = told(data)
    assert "passed on: NotifyParty (line" in finding.message
    assert finding.message.count("(line") == 1


def test_the_number_of_names_is_bounded():
    many = b"".join(b"<E%d>x</E%d>" % (n, n) for n in range(5000))
    (finding,) = told(put(UBL, b"<cac:CarrierParty>", many))
    assert finding.message.count("(line") == 8
    assert finding.message.endswith("and more than 42 others.")
    assert len(finding.message) < 600
    (long,) = told(put(UBL, b"<cac:CarrierParty>", b"<%s>x</%s>" % ((b"L" * 4_000,) * 2)))
    assert len(long.message) < 400


@pytest.mark.parametrize("data", [WCO[:-40], sample("xml/03")], ids=["cut", "cargo xml"])
def test_no_remark_on_a_damaged_file_or_a_format_whose_elements_are_known(data):
    assert told(data) == []
