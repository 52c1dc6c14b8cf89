"""Drawn shipments written as a house waybill in XML, as a FHL and as a table: the canonical shipment is what was drawn.

The writers know the standards only, not the mapping tables: what they write in one of several ways must come out the same.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from xml.sax.saxutils import escape

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.drops import drop
from tests.test_nothing_silent import BEFORE

KG = {"KGM": Decimal(1), "LBR": Decimal("0.45359237")}
USD = {"USD": Decimal(1), "EUR": Decimal("1.05"), "GBP": Decimal("1.27")}  # the rates of the base profile
PORTS = {"LAX": "2720", "JFK": "4701", "ORD": "3901", "MIA": "5206"}
STATES = [("ALBANY", "NY", "New York", "12207"), ("BOSTON", "MA", "Massachusetts", "02108"), ("MIAMI", "FL", "Florida", "33101"), ("SAN JUAN", "PR", "Puerto Rico", "00901")]  # fmt: skip
ABROAD = [("GUANGZHOU", "CN", "510000"), ("HANOI", "VN", "10000"), ("HAMBURG", "DE", "20095"), ("HONG KONG", "HK", "")]
GOODS = [("MENS KNITTED COTTON T-SHIRT SIZE L", "6109100012"), ("STAINLESS STEEL VACUUM BOTTLE 750 ML", "7323930080"), ("WOODEN PUZZLE FOR CHILDREN 100 PIECES", "9503000073")]  # fmt: skip

Facts = dict[str, Any]


@st.composite
def shipments(draw: Any) -> Facts:
    number = draw(st.integers(1_000_000, 9_999_999))
    city, state, state_name, code = draw(st.sampled_from(STATES))
    place, country, foreign_code = draw(st.sampled_from(ABROAD))
    return {
        "house": f"GWH{draw(st.integers(0, 9_999_999)):07d}", "awb": f"999{number}{number % 7}", "to": draw(st.sampled_from(sorted(PORTS))),
        "pieces": draw(st.integers(1, 4)), "weight": Decimal(draw(st.integers(1_000, 9_000))) / 1000, "unit": draw(st.sampled_from(sorted(KG))),
        "value": Decimal(draw(st.integers(500, 20_000))) / 100, "currency": draw(st.sampled_from(sorted(USD))),
        "goods": draw(st.sampled_from(GOODS)), "origin": draw(st.sampled_from(["CN", "VN", "BD"])),
        "shipper": {"name": "GOLDEN SAMPLE GARMENT CO", "street": "18 INVENTED STREET", "city": place, "country": country, "code": foreign_code},
        "consignee": {
            "name": draw(st.sampled_from(["JORDAN EXAMPLE", "RILEY WINTERS"])), "street": draw(st.sampled_from(["12 SAMPLE LN", "9 EXAMPLE CT"])),
            "city": city, "state": state, "state_name": state_name, "code": code, "country": "US",
            "phone": draw(st.sampled_from(["", "16315550122"])),
        },
    }  # fmt: skip


def party(drawn: Facts) -> Facts:
    found = {"name": drawn["name"], "address_line_1": drawn["street"], "city": drawn["city"], "country_code": drawn["country"]}  # fmt: skip
    optional = {"state_province": drawn.get("state"), "postal_code": drawn["code"], "phone": drawn.get("phone")}
    return found | {name: value for name, value in optional.items() if value}


def expected(drawn: Facts) -> Facts:
    kilograms = (drawn["weight"] * KG[drawn["unit"]]).quantize(Decimal("0.001"), ROUND_HALF_UP)
    dollars = (drawn["value"] * USD[drawn["currency"]]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "house_bill_number": drawn["house"], "master_bill_number": drawn["awb"], "mode_of_transportation": "air",
        "transmission_purpose": "original", "first_us_port": PORTS[drawn["to"]], "package_count": drawn["pieces"],
        "gross_weight_kg": str(kilograms), "total_value": {"amount": f"{drawn['value']:.2f}", "currency": drawn["currency"]},
        "fair_retail_value_usd": str(dollars), "country_of_shipment": drawn["shipper"]["country"],
        "shipment_initiator": party(drawn["shipper"]), "final_deliver_to_party": party(drawn["consignee"]),
    }  # fmt: skip


def compare(drawn: Facts, data: bytes, name: str, *, origin: bool) -> None:
    result = drop(data, name=name, now=BEFORE)
    assert result.counts() == (1, 1, 0, 0), [f.message for f in result.findings()]
    (found,) = result.messages()[0]["shipments"]
    wanted = expected(drawn)
    found["final_deliver_to_party"].pop("normalised_key", None)
    assert {name: found.get(name) for name in wanted} == wanted
    (item,) = found["items"]
    description, hts = drawn["goods"]
    assert (item["enhanced_product_description"], item["hts_number"]) == (description, hts)
    assert item.get("country_of_origin") == (drawn["origin"] if origin else None)


def xfzb(drawn: Facts, ways: Any) -> bytes:
    """Write the message with the prefixes, forms of text and places of the state that `ways` chooses."""
    message, data = ways(["rsm:", "ns2:", ""]), ways(["ram:", "d:"])

    def text(value: object) -> str:
        plain = escape(str(value))
        return ways([plain, f"<![CDATA[{value}]]>", f"{plain[:1]}<!-- note -->{plain[1:]}", f"\n  {plain} "])

    def tag(name: str, *inside: str, **attributes: str) -> str:
        given = "".join(f' {key}="{value}"' for key, value in attributes.items())
        return f"<{data}{name}{given}>{''.join(inside)}</{data}{name}>"

    def whole(name: str, value: object, **attributes: str) -> str:
        return tag(name, text(value), **attributes) if str(value) else ""

    def someone(name: str, one: Facts) -> str:
        state = ""
        if "state" in one:
            names = ("CountrySubDivisionID", "CountrySubDivisionName")
            state = whole(
                *ways([(names[0], one["state"]), (names[0], f"US-{one['state']}"), (names[1], one["state_name"])])
            )
        address = whole("PostcodeCode", one["code"]) + whole("StreetName", one["street"]) + whole("CityName", one["city"]) + whole("CountryID", one["country"]) + state  # fmt: skip
        phone = one.get("phone")
        contact = tag("DefinedTradeContact", tag("DirectTelephoneCommunication", whole("CompleteNumber", phone))) if phone else ""  # fmt: skip
        return tag(name, whole("Name", one["name"]), tag("PostalStructuredAddress", address), contact)

    header = whole("ID", f"{drawn['house']}_1") + whole("Name", "House Waybill") + whole("TypeCode", 703) + whole("IssueDateTime", "2025-02-27T08:15:00Z")  # fmt: skip
    header += whole("PurposeCode", ways(["Creation", "CREATION"])) + whole("VersionID", ways(["3.00", "4.00"]))
    header += tag("SenderParty", whole("PrimaryID", "TDVAGT03GWSENDER/HKG1")) + tag("RecipientParty", whole("PrimaryID", "GW"))  # fmt: skip
    description, hts = drawn["goods"]
    item = whole("SequenceNumeric", 1) + whole("TypeCode", ways([hts, f"{hts[:4]}.{hts[4:6]}.{hts[6:]}"])) + whole("PieceQuantity", 1)  # fmt: skip
    item += tag("NatureIdentificationTransportCargo", whole("Identification", description)) + tag("OriginCountry", whole("ID", drawn["origin"]))  # fmt: skip
    house = whole("DeclaredValueForCustomsAmount", drawn["value"], currencyID=drawn["currency"])
    house += whole("WeightTotalChargeAmount", "999.00", currencyID="HKD")  # freight, never a value
    house += whole("IncludedTareGrossWeightMeasure", drawn["weight"], unitCode=drawn["unit"]) + whole("TotalPieceQuantity", drawn["pieces"])  # fmt: skip
    house += whole("SummaryDescription", "TEXTILES OF COTTON AND WOOL")
    house += someone("ConsignorParty", drawn["shipper"]) + someone("ConsigneeParty", drawn["consignee"])
    house += tag("OriginLocation", whole("ID", "HKG")) + tag("FinalDestinationLocation", whole("ID", drawn["to"]))
    awb = ways([drawn["awb"], f"{drawn['awb'][:3]}-{drawn['awb'][3:]}"])
    master = tag("TransportContractDocument", whole("ID", awb)) + tag("IncludedHouseConsignment", house, tag("IncludedHouseConsignmentItem", item))  # fmt: skip
    parts = {"MessageHeaderDocument": header, "BusinessHeaderDocument": whole("ID", drawn["house"]), "MasterConsignment": master}  # fmt: skip
    names = [f'xmlns{":" + prefix[:-1] if prefix else ""}="{space}"' for prefix, space in ((message, "iata:housewaybill:1"), (data, "iata:datamodel:3"))]  # fmt: skip
    body = "".join(f"<{message}{name}>{inside}</{message}{name}>" for name, inside in parts.items())
    encoding = ways(["UTF-8", "UTF-16", "ISO-8859-1"])
    return f'<?xml version="1.0" encoding="{encoding}"?><{message}HouseWaybill {" ".join(names)}>{body}</{message}HouseWaybill>'.encode(encoding)  # fmt: skip


def fhl(drawn: Facts, ways: Any) -> bytes:
    version = ways(["4", "5"])

    def someone(tag: str, one: Facts) -> list[str]:
        place = f"{one['city']}/{one['state']}" if "state" in one else one["city"]
        last = f"/{one['country']}/{one['code']}" + (f"/TE/{one['phone']}" if one.get("phone") else "")
        if version == "4":
            return [f"{tag}/{one['name']}", f"/{one['street']}", f"/{place}", last]
        return [tag, f"NAM/{one['name']}", f"ADR/{one['street']}", f"LOC/{place}", last]

    description, hts = drawn["goods"]
    cut = description.rindex(" ")
    route, weight = f"HKG{drawn['to']}", f"{'K' if drawn['unit'] == 'KGM' else 'L'}{drawn['weight']}"
    lines = [
        f"FHL/{version}", f"MBI/{drawn['awb'][:3]}-{drawn['awb'][3:]}{route}/T{drawn['pieces']}{weight}",
        f"HBS/{drawn['house']}/{route}/{drawn['pieces']}/{weight}/{ways(['', '9'])}/TEXTILES", *ways([[], ["/SPX/ECC"]]),
        *ways([[f"TXT/{description}"], [f"TXT/{description[:cut]}", f"/{description[cut + 1 :]}"]]), f"HTS/{hts}",
        *someone("SHP", drawn["shipper"]), *someone("CNE", drawn["consignee"]), f"CVD/{drawn['currency']}/PP/NVD/{drawn['value']}/XXX",
    ]  # fmt: skip
    end = ways(["\r\n", "\n"])
    return (ways(["", f"QK GWYXXXX{end}.HKGFFXX 010815{end}"]) + end.join((*lines, ""))).encode()


def table(drawn: Facts, ways: Any) -> tuple[bytes, str]:
    one, other = drawn["shipper"], drawn["consignee"]
    description, hts = drawn["goods"]
    unit = ways([["KG", "K"], ["KGS"]])[0] if drawn["unit"] == "KGM" else ways(["LB", "LBS"])
    row = {
        ways(["HAWB", "House Bill", "houseBillNumber"]): drawn["house"], ways(["MAWB", "Master AWB"]): drawn["awb"], "mode": "air",
        ways(["Port of Entry", "POE"]): PORTS[drawn["to"]], ways(["Pieces", "PCS"]): str(drawn["pieces"]), ways(["Weight", "G.W."]): str(drawn["weight"]), "weight_unit": unit,
        ways(["Shipper", "Sender Name"]): one["name"], "from_street1": one["street"], "from_city": one["city"], "from_zip": one["code"], "Shipper Country": one["country"],
        ways(["Consignee Name", "to_name", "收件人"]): other["name"], "to_street1": other["street"], "Consignee City": other["city"],
        "ship-state": ways([other["state"], other["state_name"]]), "PLZ": other["code"], "to_country": other["country"], "to_phone": other["phone"],
        ways(["Description of Goods", "Warenbeschreibung"]): description, ways(["HS Code", "HTSUS"]): hts, "Qty": "1",
        ways(["Total Value", "Customs Value"]): str(drawn["value"]), "Currency": drawn["currency"], ways(["COO", "Made In"]): drawn["origin"],
    }  # fmt: skip
    form = ways([",", ";", "\t", "json"])
    if form == "json":
        return json.dumps([row]).encode(), "m.json"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), delimiter=form, quoting=ways([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode(ways(["utf-8", "utf-8-sig", "utf-16"])), "m.csv"


@settings(max_examples=60)
@given(drawn=shipments(), data=st.data())
def test_what_was_drawn_is_what_is_delivered(drawn: Facts, data: Any) -> None:
    def ways(choices: list[Any]) -> Any:
        return data.draw(st.sampled_from(choices))

    compare(drawn, xfzb(drawn, ways), "m.xml", origin=True)
    compare(drawn, fhl(drawn, ways), "m.txt", origin=False)
    written, name = table(drawn, ways)
    compare(drawn, written, name, origin=True)
