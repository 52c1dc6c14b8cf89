"""WCO and UBL: a party of the goods item counts before that of the shipment; a port without a day of arrival."""

from __future__ import annotations

from tests.drops import Drop, drop, sample
from tests.test_nothing_silent import BEFORE

WCO = sample("xml/14").replace(
    b"<CityName>HOLTSVILLE</CityName>",
    b"<CityName>HOLTSVILLE</CityName><CountrySubDivisionID>NY</CountrySubDivisionID>",
    1,
)
UBL = sample("xml-extra/01")


def party(tag: str, name: str, country: str) -> bytes:
    state = "<CountrySubDivisionID>NY</CountrySubDivisionID>" if country == "US" else ""
    return (
        f"<{tag}><Name>{name}</Name><Address><CityName>ALBANY</CityName><CountryCode>{country}</CountryCode>{state}"
        f"<Line>7 X ST</Line><PostcodeID>12207</PostcodeID></Address></{tag}>"
    ).encode()


def declared(*items: bytes) -> Drop:
    begin, item, end = (
        WCO[: (at := WCO.index(b"<GovernmentAgencyGoodsItem>"))], WCO[at : (to := WCO.index(b"</GoodsShipment>"))], WCO[to:],
    )  # fmt: skip
    lines = [
        item.replace(b"<Origin>", parties + b"<Origin>").replace(b"Numeric>1<", b"Numeric>%d<" % number)
        for number, parties in enumerate(items, start=1)
    ]
    return drop(begin + b"".join(lines) + end, now=BEFORE)


def test_parties_of_the_goods_item_count_before_those_of_the_shipment():
    (found,) = declared(party("Consignee", "PAT OTHER", "US") + party("Consignor", "OTHER MAKER", "VN")).messages()[0]["shipments"]  # fmt: skip
    assert (found["final_deliver_to_party"]["name"], found["shipment_initiator"]["name"]) == ("PAT OTHER", "OTHER MAKER")  # fmt: skip
    assert found["country_of_shipment"] == "VN"


def test_the_shipment_s_own_stand_where_the_item_has_none():
    (found,) = declared(b"").messages()[0]["shipments"]
    assert found["final_deliver_to_party"]["name"] == "JORDAN EXAMPLE"
    assert found["country_of_shipment"] == "CN"


def test_goods_of_two_consignees_are_no_one_shipment():
    result = declared(party("Consignee", "PAT OTHER", "US"), party("Consignee", "RILEY THIRD", "US"))
    assert result.counts() == (1, 0, 1, 0)
    assert "MAP-PARTY-TWICE" in result.rules()


def test_a_port_without_a_day_of_arrival_is_no_wrong_day():
    port = b"<cac:UnloadingPortLocation><cbc:ID>0901</cbc:ID></cac:UnloadingPortLocation>"
    begin, _, rest = UBL.partition(b"<cac:EstimatedArrivalTransportEvent>")
    result = drop(begin + port + rest.partition(b"</cac:EstimatedArrivalTransportEvent>")[2], now=BEFORE)
    (found,) = result.messages()[0]["shipments"]
    assert (found["first_us_port"], found.get("estimated_arrival_at")) == ("0901", None)


def waybill(*pairs: tuple[bytes, bytes]) -> Drop:
    data = UBL
    for old, new in pairs:
        assert old in data
        data = data.replace(old, new, 1)
    return drop(data, now=BEFORE)


def test_a_party_is_named_by_its_register_or_its_person_too():
    name = b"<cac:PartyName><cbc:Name>CASEY EXAMPLE</cbc:Name></cac:PartyName>"
    person = b"<cac:Person><cbc:FirstName>PAT</cbc:FirstName><cbc:FamilyName>SAMPLE</cbc:FamilyName></cac:Person>"
    register = (
        b"<cac:PartyLegalEntity><cbc:RegistrationName>ACME TRADING INC</cbc:RegistrationName></cac:PartyLegalEntity>"
    )
    names = ("name", "company", "attention_care_of")
    for given, told in (
        (person, ("PAT SAMPLE", None, None)),
        (register, ("ACME TRADING INC", None, None)),
        (name + register + person, ("CASEY EXAMPLE", "ACME TRADING INC", "PAT SAMPLE")),
    ):
        (found,) = waybill((name, given)).messages()[0]["shipments"]
        assert tuple(found["final_deliver_to_party"].get(one) for one in names) == told


def test_the_country_of_shipment_is_that_of_a_consignor_of_the_consignment_too():
    at, to = UBL.index(b"<cac:ConsignorParty>"), UBL.index(b"<cac:CarrierParty>")
    parties = b"<cac:Consignment>" + UBL[at:to] + b"</cac:Consignment>"
    data = UBL[:at] + UBL[to:].replace(b"<cac:GoodsItem>", parties + b"<cac:GoodsItem>", 1)
    (found,) = drop(data, now=BEFORE).messages()[0]["shipments"]
    assert (found["shipment_initiator"]["country_code"], found["country_of_shipment"]) == ("CA", "CA")


def test_a_value_of_the_whole_shipment_counts_where_the_goods_have_none():
    own = b'<cbc:DeclaredCustomsValueAmount currencyID="CAD">40.00</cbc:DeclaredCustomsValueAmount>'
    pieces = b"<cbc:TotalTransportHandlingUnitQuantity>"
    (found,) = waybill((own, b""), (pieces, own + pieces)).messages()[0]["shipments"]
    assert (found["total_value"], found["fair_retail_value_usd"]) == ({"amount": "40.00", "currency": "CAD"}, "28.00")


def test_a_number_of_the_carrier_that_is_no_code_is_told_and_refuses_nothing():
    result = waybill((b"<cbc:ID>NRTX", b'<cbc:ID schemeID="GLN">5798000020000'))
    (found,) = result.messages()[0]["shipments"]
    assert "carrier_code" not in found
    assert "MAP-NOT-PASSED" in result.rules()


DOCUMENT = b"<TransportContractDocument>"


def documents(own: str, *others: tuple[str, str]) -> Drop:
    """Declare with a transport document of a type, behind others (number, type)."""
    more = "".join(f"<TransportContractDocument><ID>{number}</ID><TypeCode>{kind}</TypeCode></TransportContractDocument>" for number, kind in others)  # fmt: skip
    return drop(WCO.replace(DOCUMENT, more.encode() + DOCUMENT, 1).replace(b">703<", f">{own}<".encode()), now=BEFORE)


def test_the_mode_is_that_of_the_document_whose_number_was_read():
    result = documents("703", ("EXCR0000009", "714"))
    (found,) = result.messages()[0]["shipments"]
    assert (found["house_bill_number"], found["mode_of_transportation"]) == ("GWH0001001", "air")
    assert any(f.rule == "MAP-NOT-PASSED" and "EXCR0000009" in f.message for f in result.findings())


def test_a_house_bill_of_lading_has_its_master():
    (found,) = documents("714", ("EXCR0000009", "704")).messages()[0]["shipments"]
    assert (found["house_bill_number"], found["master_bill_number"], found["mode_of_transportation"]) == ("GWH0001001", "EXCR0000009", "ocean")  # fmt: skip


def test_an_air_waybill_alone_is_a_shipment():
    direct = WCO.replace(b"GWH0001001", b"999-12345675").replace(b">703<", b">740<")
    (found,) = drop(direct, now=BEFORE).messages()[0]["shipments"]
    assert (found["shipment_id"], found["master_bill_number"], found.get("house_bill_number")) == ("99912345675", "99912345675", None)  # fmt: skip
    assert drop(direct.replace(b">740<", b">741<"), now=BEFORE).counts() == (1, 0, 1, 0)


def test_an_empty_line_of_an_address_is_passed_over():
    lines = b"<Line/><Line>12 SAMPLE LN</Line><Line>APT 4</Line>"
    (found,) = drop(WCO.replace(b"<Line>12 SAMPLE LN</Line>", lines), now=BEFORE).messages()[0]["shipments"]
    party = found["final_deliver_to_party"]
    assert (party["address_line_1"], party["address_line_2"]) == ("12 SAMPLE LN", "APT 4")
    street = b"<cbc:StreetName>14 MOCK LANE</cbc:StreetName>"
    written = b"<cac:AddressLine><cbc:Line/></cac:AddressLine><cac:AddressLine><cbc:Line>14 MOCK LANE</cbc:Line></cac:AddressLine>"
    (found,) = waybill((street, written)).messages()[0]["shipments"]
    party = found["final_deliver_to_party"]
    assert (party["address_line_1"], party.get("address_line_3")) == ("14 MOCK LANE", None)


def test_a_second_packaging_is_told():
    more = b"</Packaging><Packaging><QuantityQuantity>3</QuantityQuantity></Packaging>"
    assert "MAP-AMBIGUOUS" in drop(WCO.replace(b"</Packaging>", more), now=BEFORE).rules()
