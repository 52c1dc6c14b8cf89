"""XML and postal JSON: elements, attributes, keys and types of numbers that nobody reads are told, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import Checker, parse_instant
from gateway.formats.postal import json_file
from gateway.formats.xml import kinds_of
from gateway.mapping.grammar import parse_source
from gateway.mapping.table import read_table
from gateway.site import base_site
from tests.drops import FIXTURES

ROOT = FIXTURES.parent
ITMATT, PREDES = "xml/15_itmatt_gateway_profile.xml", "xml-extra/03_predes_gateway_profile.xml"
WCO, HOUSE, UBL = "xml/14_wco_declaration_min.xml", "xml/03_xfzb_clean_v3.xml", "xml-extra/01_ubl_waybill.xml"
STATE = ("<PostcodeID>00501", "<CountrySubDivisionCode>NY</CountrySubDivisionCode><PostcodeID>00501")


def checked(tmp_path: Path, sample: str, *edits: tuple[str, str], every: bool = False) -> dict:
    """Return the verdict on a sample with texts replaced: the first of each, or every one."""
    text = (FIXTURES / sample).read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, -1 if every else 1)
    path = tmp_path / Path(sample).name
    path.write_text(text, "utf-8")
    return Checker(base_site(), parse_instant("2025-02-27T10:00:00Z")).file(path)


def told(result: dict, *rules: str) -> list[tuple[str, str]]:
    return [(f["message"], f["xpath"]) for f in result["findings"] if f["rule"] in rules]


@pytest.mark.parametrize(
    ("sample", "old", "new", "element", "place"),
    [
        (ITMATT, "<item ", '<item weird="JORDAN" ', "item", "/itmatt/item/@weird"),
        (ITMATT, "<itmatt ", '<itmatt weird="1" ', "itmatt", "/itmatt/@weird"),
        (ITMATT, "<city>", '<city weird="1">', "city", "/itmatt/item/sender/city/@weird"),
        (ITMATT, "<contentPiece ", '<contentPiece weird="1" ', "contentPiece", "/itmatt/item/contentPiece/@weird"),
        (PREDES, "<transport ", '<transport weird="1" ', "transport", "/predes/transport/@weird"),
        (PREDES, "<receptacle ", '<receptacle weird="1" ', "receptacle", "/predes/receptacle/@weird"),
        (WCO, "<TypeCode>703", '<TypeCode weird="1">703', "TypeCode", "/MetaData/Declaration/GoodsShipment/Consignment/TransportContractDocument/TypeCode/@weird"),
        (HOUSE, "<ram:CityName>", '<ram:CityName weird="1">', "CityName",
         "/HouseWaybill/MasterConsignment/IncludedHouseConsignment/ConsignorParty/PostalStructuredAddress/CityName/@weird"),
        (UBL, "<cbc:ID>", '<cbc:ID weird="1">', "ID", "/Waybill/ID/@weird"),
    ],
)  # fmt: skip
def test_an_unknown_attribute_is_told_once(tmp_path, sample, old, new, element, place):
    result = checked(tmp_path, sample, (old, new), every=True)
    found = told(result, "XML-UNKNOWN-ATTRIBUTE")
    assert [message for message, _ in found] == [f"weird is no attribute of {element} that we know."]
    assert found[0][1].replace("[1]", "") == place
    assert "JORDAN" not in str(found)


@pytest.mark.parametrize(
    ("sample", "old", "new", "words"),
    [
        (ITMATT, "<street>", "<floor>3</floor><street>", "floor is no element of sender"),
        (ITMATT, "<contentPiece ", "<licence/><contentPiece ", "licence is no element of item"),
        (ITMATT, "<city>LEEDS", "<city><b>LEEDS</b>", "b is no element of city"),
        (PREDES, "<receptacle ", "<driver/><receptacle ", "driver is no element of predes"),
    ],
)
def test_an_unknown_element_of_postal_data_is_told(tmp_path, sample, old, new, words):
    found = told(checked(tmp_path, sample, (old, new)), "XML-UNKNOWN-ELEMENT")
    assert [message for message, _ in found] == [f"{words} that we know."]


@pytest.mark.parametrize("sample", [ITMATT, PREDES, WCO, HOUSE, UBL, "xml/02_xfwb_direct_740_v3.xml", "xml/05_xfhl_3houses_v3.xml"])  # fmt: skip
def test_what_the_samples_hold_is_known(tmp_path, sample):
    start = (FIXTURES / sample).read_text("utf-8").split("?>", 1)[1].lstrip().split(" ", 1)[0]
    schema = f'{start} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" xml:lang="en"'
    result = checked(tmp_path, sample, (f"{start} ", f"{schema} "))
    assert told(result, "XML-UNKNOWN-ATTRIBUTE", "XML-UNKNOWN-ELEMENT") == []


@pytest.mark.parametrize("mapping", ["postal_itmatt", "postal_predes", "postal_itmatt_json", "postal_predes_json"])
def test_what_the_mappings_of_postal_data_read_is_known(mapping):
    kind = "ITMATT" if "itmatt" in mapping else "PREDES"
    if mapping.endswith("_json"):
        elements = attributes = {key for keys in json_file.names(kind).values() for key in keys}
    else:
        (names,) = (k.names for k in kinds_of("gateway.formats.postal") if k.type == kind)
        elements = {child for one in names.values() for child in one.children or ()} | {*names}
        attributes = {a for one in names.values() for a in one.attributes}
    table = ROOT / "mappings" / mapping / "map.csv"
    for row in read_table(table.read_bytes(), table.name).rows:
        for path in (s.path for s in parse_source(row.source) if s.path is not None):
            assert {step.name for step in path.steps} - {"..", "."} <= elements, row.source
            gathers = path.leaf in ("", "@rest", "@join", "@lines", "@last")
            assert gathers or path.leaf[1:] in attributes, row.source


def test_unknown_keys_of_postal_json_are_told_once_in_a_file(tmp_path):
    result = checked(
        tmp_path, "xml-extra/05_itmatt.json", ('"MailClass": "U"', '"MailClass": "U", "Colour": "red", "None": null'),
        ('"City": "', '"Floor": "JORDAN", "City": "'), every=True,
    )  # fmt: skip
    found = told(result, "CSV-EXTRA-COLUMN")
    assert sorted(message for message, _ in found) == [
        'Key "Colour" of Item is not known and was not read.',
        'Key "Floor" of ReceiverAddress is not known and was not read.',
        'Key "Floor" of SenderAddress is not known and was not read.',
    ]
    assert sorted(place for _, place in found) == [
        "/itmatt/Item/Colour", "/itmatt/Item/ReceiverAddress/Floor", "/itmatt/Item/SenderAddress/Floor",
    ]  # fmt: skip
    assert "JORDAN" not in str(found)


DOCUMENT = "<TransportContractDocument><ID>{}</ID><TypeCode>{}</TypeCode></TransportContractDocument>"


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([("ZZ1", "999")], "ZZ1"),
        ([("ZZ1", "999"), ("ZZ2", "998")], "ZZ1 ZZ2"),
        ([("ZZ1", "")], "ZZ1"),
        ([("", "999")], ""),
        ([("999-12345675", "740")], ""),
    ],
)
def test_the_number_of_a_transport_document_of_another_type_is_told(tmp_path, numbers, words, behind):
    more = "".join(DOCUMENT.format(*one) for one in numbers)
    mark = "</TransportContractDocument>" if behind else "<TransportContractDocument>"
    result = checked(tmp_path, WCO, STATE, (mark, mark + more if behind else more + mark))
    said = [f["message"] for f in result["findings"] if f["rule"] == "MAP-NOT-PASSED"]
    assert said == ([f"The declaration names a transport document of a type that is not read (TransportContractDocument/TypeCode): its number {words} was not passed on."] if words else [])  # fmt: skip
    (shipment,) = result["messages"][0]["shipments"]
    assert (shipment["house_bill_number"], shipment["mode_of_transportation"]) == ("GWH0001001", "air")
    assert result["shipments"]["accepted"] == 1


def test_a_classification_of_another_type_is_told_and_not_taken(tmp_path):
    more = "<Classification><ID>1234</ID><IdentificationTypeCode>GN</IdentificationTypeCode></Classification>"
    result = checked(tmp_path, WCO, STATE, ("<Classification>", f"{more}<Classification>"))
    (said,) = [f["message"] for f in result["findings"] if f["rule"] == "MAP-NOT-PASSED"]
    assert "1234 was not passed on" in said
    assert result["messages"][0]["shipments"][0]["items"][0]["hts_number"] == "61091000"
