"""The ACAS house waybill: read back by our own XFZB reader and by lxml, in the standard's order, nothing lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from gateway.check import Checker
from gateway.errors import ConfigError
from gateway.formats.xml import kinds_of
from gateway.site import base_site
from tests.canonical.samples import item, party, shipment
from tests.outputs.support import NOW, message, rules, run, write

ROOT = Path(__file__).parent.parent.parent
NS = {"rsm": "iata:housewaybill:1", "ram": "iata:datamodel:3"}
HOUSE = "rsm:MasterConsignment/ram:IncludedHouseConsignment"
HOUSE_FILE = ROOT / "mappings" / "cargo_xml_xfzb" / "examples" / "house.json"


def full() -> dict:
    """Return a shipment with everything that XFZB can carry."""
    return shipment(
        shipment_initiator=party(
            name="EXAMPLE TRADING LTD", address_line_1="1 SAMPLE RD", address_line_2="BLOCK 4", city="SHENZHEN",
            state_province=None, postal_code="518000", country_code="CN", phone="8675550100", email="s@example.org",
        ),
        final_deliver_to_party=party(phone="15185550100", email="pat@example.com"),
        seller=party(name="SELLER CO"),
        carrier_code="XX", carrier_code_type="iata", conveyance_reference="XX880", foreign_port="SZX",
        verified_known_consignor_flag=True, package_count=3,
        total_value={"amount": "24.99", "currency": "USD"},
        security_scan={"performed": True, "method": "xry", "regulated_agent_id": {"country_code": "CN", "identifier": "00001-01"}},
        references=[{"type": "customer_account", "value": "AC-77"}],
        items=[item(), item(line_number=2, enhanced_product_description="Cotton socks, 5 pairs", quantity="2", net_weight_kg="0.200", hts_number="6115959000", country_of_origin="BD", total_value=None)],
    )  # fmt: skip


def document(tmp_path: Path, one: dict, **changes):
    """Extract one shipment; return the root element, its file and the findings."""
    _, told = run(write(tmp_path, message(one, **changes)), "acas", tmp_path / "docs")
    (path,) = (tmp_path / "docs").iterdir()
    return etree.parse(path.open("rb")).getroot(), path, told


def text(root, path: str) -> str:
    return root.findtext(path, namespaces=NS)


def test_the_document_is_read_back_by_our_own_reader(tmp_path):
    one = full()
    _, path, _ = document(tmp_path, one)
    result = Checker(base_site(), NOW).file(path, path.name)
    assert (result["verdict"], result["accepted"]) == ("accept_with_warnings", ["EXCR000012345"])
    missing = {f["message"].partition(",")[0] for f in result["findings"] if f["rule"] == "XML-MISSING"}
    assert missing == {  # one goods line has no weight, and the gateway knows no freight charge
        "IncludedHouseConsignmentItem has no ApplicableFreightRateServiceCharge",
        "IncludedHouseConsignmentItem has no GrossWeightMeasure",
    }
    rest = {f["rule"] for f in result["findings"]} - {"XML-MISSING"}
    assert not [rule for rule in rest if rule.startswith(("XML-", "MAP-"))]
    back = result["messages"][0]["shipments"][0]
    for name in (
        "house_bill_number", "master_bill_number", "mode_of_transportation", "first_us_port", "estimated_arrival_at",
        "carrier_code", "carrier_code_type", "conveyance_reference", "gross_weight_kg", "package_count", "total_value",
        "verified_known_consignor_flag",
    ):  # fmt: skip
        assert back[name] == one[name], name
    for role in ("shipment_initiator", "final_deliver_to_party", "seller"):
        assert {k: v for k, v in back[role].items() if k != "normalised_key"} == one[role], role
    assert back["security_scan"]["method"] == "xry"
    for found, wanted in zip(back["items"], one["items"], strict=True):
        for name in ("line_number", "enhanced_product_description", "quantity", "country_of_origin", "hts_number"):
            assert found[name] == wanted[name], name


def test_a_house_waybill_comes_back_as_it_was_sent(tmp_path):
    sent = json.loads(HOUSE_FILE.read_text("utf-8"))[0]
    (one,) = sent["shipments"]
    _, path, _ = document(tmp_path, one, **{k: v for k, v in sent.items() if k != "shipments"})
    back = Checker(base_site(), NOW).file(path, path.name)["messages"][0]["shipments"][0]
    derived = {"regime_verdict", "weight_source_unit"}
    one["shipment_initiator"].pop("identifiers")  # ACAS asks for no trader number
    for name in set(one) - derived - {"security_scan", "final_deliver_to_party"}:
        assert back[name] == one[name], name
    assert back["security_scan"]["method"] == one["security_scan"]["method"]  # SPX or SCO: the model does not say which


def test_lxml_sees_the_namespaces_and_the_values(tmp_path):
    root, _, _ = document(tmp_path, full())
    assert root.tag == "{iata:housewaybill:1}HouseWaybill"
    assert {etree.QName(c).namespace for c in root} == {"iata:housewaybill:1"}
    assert {etree.QName(e).namespace for c in root for e in c.iterdescendants()} == {"iata:datamodel:3"}
    assert text(root, "rsm:MessageHeaderDocument/ram:TypeCode") == "703"
    assert text(root, "rsm:MessageHeaderDocument/ram:PurposeCode") == "Creation"
    assert text(root, "rsm:MessageHeaderDocument/ram:IssueDateTime") == "2025-03-04T12:00:00Z"
    assert text(root, "rsm:MasterConsignment/ram:TransportContractDocument/ram:ID") == "999-12345675"
    assert text(root, f"{HOUSE}/ram:FinalDestinationLocation/ram:ID") == "JFK"
    weight = root.find(f"{HOUSE}/ram:IncludedTareGrossWeightMeasure", NS)
    assert (weight.text, weight.get("unitCode")) == ("0.450", "KGM")
    assert (
        text(root, f"{HOUSE}/ram:ConsignorParty/ram:PostalStructuredAddress/ram:StreetName") == "1 SAMPLE RD\nBLOCK 4"
    )
    notes = [[c.text for c in note] for note in root.findall(f"{HOUSE}/ram:IncludedCustomsNote", NS)]
    assert notes == [
        ["RA", "00001-01", "ISS", "CN"],
        ["SM", "XRY"],
        ["KP", "Y", "CUS", "US"],
        ["AR", "AC-77", "CUS", "US"],
    ]


def test_every_element_stands_in_the_order_of_the_standard(tmp_path):
    root, _, _ = document(tmp_path, full())
    kind = next(k for k in kinds_of("gateway.formats.cargo_xml") if k.type == "XFZB")
    looked = 0
    for element in root.iter():
        ranks = kind.order.get(etree.QName(element).localname)
        if ranks is not None:
            names = [etree.QName(c).localname for c in element]
            assert [ranks[n] for n in names] == sorted(ranks[n] for n in names), names
            looked += len(names)
    assert looked > 50


def test_an_element_without_a_value_of_the_shipment_is_not_there(tmp_path):
    root, _, told = document(tmp_path, shipment())
    names = {etree.QName(e).localname for e in root.iter()}
    assert not names & {"DefinedTradeContact", "OriginLocation", "ApplicableFreightRateServiceCharge"}
    movement = root.find(f"{HOUSE}/ram:SpecifiedLogisticsTransportMovement", NS)
    assert [etree.QName(c).localname for c in movement] == ["StageCode", "ModeCode", "ArrivalEvent"]
    assert {n.findtext("ram:ContentCode", namespaces=NS) for n in root.findall(f"{HOUSE}/ram:IncludedCustomsNote", NS)} == {"SM"}  # fmt: skip
    said = {t.rpartition("IncludedHouseConsignment/")[2]: m for t, m in rules(told, "OUT-EMPTY").items()}
    assert "no telephone" in said["ConsigneeParty/DefinedTradeContact/DirectTelephoneCommunication/CompleteNumber"]
    assert "airport of origin" in said["OriginLocation/ID"]
    assert "verified known consignor" in said["IncludedCustomsNote[ContentCode=KP]/Content"]
    assert "TotalPieceQuantity" not in said  # it has one package
    assert rules(told, "OUT-ELEMENT") == {}  # the standard's required elements were told by their rows


def test_a_required_element_that_no_row_fills_is_told(tmp_path):
    folder = tmp_path / "site" / "outputs" / "acas"
    folder.mkdir(parents=True)
    base = ROOT / "mappings" / "out" / "acas"
    lines = (base / "map.csv").read_text().splitlines(keepends=True)
    (folder / "map.csv").write_text("".join(line for line in lines if "OriginLocation/ID" not in line and "/SummaryDescription" not in line))  # fmt: skip
    (folder / "map.toml").write_bytes((base / "map.toml").read_bytes())
    _, told = run(write(tmp_path, message(full())), "acas", tmp_path / "docs", profile=tmp_path / "site")
    assert set(rules(told, "OUT-ELEMENT")) == {
        "MasterConsignment/IncludedHouseConsignment/OriginLocation",
        "MasterConsignment/IncludedHouseConsignment/SummaryDescription",
    }


def test_a_port_with_several_airports_is_told_not_chosen(tmp_path):
    _, _, told = document(tmp_path, shipment(first_us_port="4103"))
    (said,) = [m for t, m in rules(told, "OUT-VALUE").items() if "FinalDestinationLocation" in t]
    assert "CMH, LCK" in said


def test_a_cancellation_becomes_a_deletion_and_asks_for_nothing_but_its_numbers(tmp_path):
    cancel = {"shipment_id": "EXCR000012345", "house_bill_number": "EXCR000012345", "master_bill_number": "99912345675", "mode_of_transportation": "air"}  # fmt: skip
    files = write(tmp_path, message(full()), message(cancel, transmission_purpose="cancel"))
    done, told = run(files, "acas", tmp_path / "docs")
    (path,) = (tmp_path / "docs").iterdir()
    root = etree.parse(path.open("rb")).getroot()
    assert text(root, "rsm:MessageHeaderDocument/ram:PurposeCode") == "Deletion"
    assert text(root, "rsm:BusinessHeaderDocument/ram:ID") == "EXCR000012345"
    assert (done.shipments, done.errors, {f.rule for f, _ in told}) == (1, 0, {"OUT-SUPERSEDED"})


def test_each_shipment_has_its_own_file_and_its_name_is_safe(tmp_path):
    odd = "../" * 3 + "etc/passwd"
    one, other = full(), full() | {"shipment_id": odd, "house_bill_number": "H2"}
    files = write(tmp_path, message(one), message(one, originator_code="OTHER1"), message(other))
    done, _ = run(files, "acas", tmp_path / "docs")
    names = sorted(p.name for p in (tmp_path / "docs").iterdir())
    assert len(names) == done.shipments == 3
    assert "EXCR000012345.xml" in names and "OTHER1-EXCR000012345.xml" in names
    assert all(p.parent == tmp_path / "docs" for p in (tmp_path / "docs").rglob("*"))
    with pytest.raises(ConfigError, match="there already"):
        run(files, "acas", tmp_path / "docs")
    assert sorted(p.name for p in (tmp_path / "docs").iterdir()) == names
