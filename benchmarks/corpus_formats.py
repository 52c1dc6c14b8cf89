"""Synthetic files of the other formats, from a seed: invented parties, the same bytes every time, written as they are made.

Every writer takes (path, shipments, bad_every): each n-th shipment is worth more than USD 800, so that a rule refuses it.
All arrive in March 2025, when the exemption stood for every origin but needed all data.
"""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from corpus import _ABROAD, _CITIES, _FIRST, _GOODS, _LAST, _NAMES, _SECOND, _STREETS, SEED, tracking_number

MASTER = "999-12345675"
PER_MESSAGE = 5000


class Goods(NamedTuple):
    """One line of goods."""

    text: str
    hts: str
    quantity: int
    value: int


class Shipment(NamedTuple):
    """One abstract shipment; every format is written from the same values."""

    number: int
    house: str
    tracking: str
    shipper: tuple[str, str, str, str]  # name, street, city, postal code
    consignee: tuple[str, str, str, str, str]  # name, street, city, state, ZIP code
    weight: str
    goods: list[Goods]

    @property
    def value(self) -> int:
        """Whole US dollars."""
        return sum(g.value for g in self.goods)

    @property
    def pieces(self) -> int:
        """All goods lines together."""
        return sum(g.quantity for g in self.goods)


def shipments(count: int, bad_every: int = 0) -> Iterator[Shipment]:
    """Yield the shipments of every format."""
    draw = random.Random(SEED)
    for number in range(1, count + 1):
        goods = [
            Goods(*draw.choice(_GOODS), draw.randint(1, 3), draw.randint(10, 120))
            for _ in range(draw.choice((1, 2, 2, 3)))
        ]
        if bad_every and number % bad_every == 0:
            goods[0] = goods[0]._replace(value=950)
        yield Shipment(
            number,
            f"GWH{number:08d}",
            tracking_number(number),
            (
                f"{draw.choice(_FIRST)} {draw.choice(_SECOND)} CO {draw.randint(1, 99)}",
                f"{draw.randint(1, 999)} {draw.choice(_FIRST)} IND RD",
                *draw.choice(_ABROAD),
            ),
            (
                f"{draw.choice(_NAMES)} {draw.choice(_LAST)}",
                f"{draw.randint(1, 9999)} {draw.choice(_STREETS)} APT {draw.randint(1, 99)}",
                *draw.choice(_CITIES),
            ),
            f"{draw.randint(2, 60) / 10:.3f}",
            goods,
        )


def _messages(count: int, bad_every: int) -> Iterator[list[Shipment]]:
    source = shipments(count, bad_every)
    while some := list(itertools.islice(source, PER_MESSAGE)):
        yield some


def ocean_309(path: Path, count: int, bad_every: int = 0) -> None:
    """Write a 004010 ocean 309, one set for each 5,000 bills (with notify party, vessel and container)."""
    with path.open("w", encoding="ascii", newline="") as file:

        def put(*elements: object) -> None:
            file.write("*".join(map(str, elements)) + "~\n")

        put("ISA", "00", " " * 10, "00", " " * 10, "02", "OCNL".ljust(15), "ZZ", "S321GATEWAY".ljust(15), "250115", "0930", "U", "00401", "000000001", 0, "P", ">")  # fmt: skip
        put("GS", "SO", "OCNL", "S321GATEWAY", "20250115", "0930", 1, "X", "004010")
        sets = 0
        for some in _messages(count, bad_every):
            sets += 1
            found = [("ST", 309, f"{sets:04d}"), ("M10", "OCNL", "O", "SG", "9301234", "EVER SAMPLE", "012E", f"{sets:06d}", len(some), "W", "L", "N"), ("P4", "2709", "20250120", len(some), "Y258")]  # fmt: skip
            for line, one in enumerate(some, 1):
                found += _ocean_bill(one, line)
            for elements in found:
                put(*elements)
            put("SE", len(found) + 1, f"{sets:04d}")
        put("GE", sets, 1)
        put("IEA", 1, "000000001")


def _ocean_bill(one: Shipment, line: int) -> list[tuple[object, ...]]:
    name, street, city, postal = one.shipper
    return [
        ("LX", line),
        ("M11", f"HBL{one.number:08d}", "58201", one.pieces, "CTN", one.weight, "K", "2", "X", "13", "NINGBO", "MBL0099881", "OCNV", "OCNL"),
        ("N9", "BN", f"BKG{one.number:07d}"),
        ("N9", "2I", one.tracking),
        ("N1", "SH", name),
        ("N3", street),
        ("N4", city, "", postal, "CN"),
        ("N1", "CN", one.consignee[0]),
        ("N3", one.consignee[1]),
        ("N4", *one.consignee[2:], "US"),
        ("N1", "N1", "COASTAL PARCEL NOTIFY LLC"),
        ("N3", "200 PIER RD"),
        ("N4", "LONG BEACH", "CA", "90802", "US"),
        ("VID", "CN", "OCNU", "4455668", "OSL001", "OSL002", "04000", "", "", "4510"),
        *(("N10", g.quantity, g.text, one.tracking, "A", g.hts, g.value, "K", 1, "", "CTN", "CN", "US", "USD") for g in one.goods),
    ]  # fmt: skip


def cuscar(path: Path, count: int, bad_every: int = 0) -> None:
    """Write a CUSCAR D.03A (air) with one message for each 5,000 consignments; 5 % carry release characters."""
    with path.open("w", encoding="latin-1", newline="") as file:
        file.write("UNB+UNOC:3+GWSENDER:ZZ+GWRECEIVER:ZZ+250303:1200+IC000001++CUSCAR'\n")
        messages = 0
        for some in _messages(count, bad_every):
            messages += 1
            out = [
                f"UNH+{messages}+CUSCAR:D:03A:UN", f"BGM+785+MAN{messages:08d}+9", "DTM+137:202503021155:203",
                f"RFF+MWB:{MASTER}", "NAD+CA+XX:172:3", "NAD+MS+GWSENDER::ZZZ", "TDT+20+XX901+4++XX:172:3",
                "LOC+5+CNSZX:139:6", "LOC+60+USJFK:139:6", "DTM+132:202503031830:203", f"CNT+10:{len(some)}",
            ]  # fmt: skip
            for line, one in enumerate(some, 1):
                out += _consignment(one, line)
            out.append(f"UNT+{len(out) + 1}+{messages}")
            file.writelines(f"{segment}'\n" for segment in out)
        file.write(f"UNZ+{messages}+IC000001'\n")


def _consignment(one: Shipment, line: int) -> Iterator[str]:
    name, street, city, postal = one.shipper
    name += " ?+ SONS" if line % 20 == 0 else ""
    to = one.consignee
    yield from (
        f"CNI+{line}+{one.house}", f"RFF+HWB:{one.house}", "LOC+9+CNSZX:139:6", "LOC+11+USJFK:139:6",
        "TDT+20+XX901+4++XX:172:3", f"RFF+MWB:{MASTER}", f"NAD+CZ+++{name}+{street}+{city}++{postal}+CN",
        f"NAD+CN+++{to[0]}+{to[1]}+{to[2]}+{to[3]}+{to[4]}+US",
    )  # fmt: skip
    for number, g in enumerate(one.goods, 1):
        yield from (
            f"GID+{number}+{g.quantity}:CT", f"FTX+AAA+++{g.text}", f"MEA+AAE+G+KGM:{one.weight}",
            f"MOA+40:{g.value}.00:USD", f"CST+{number}+{g.hts}1000:122", "LOC+27+CN:162:5",
        )  # fmt: skip


COLUMNS = [
    "mawb",
    "hawb",
    "tracking_number",
    "flight_number",
    "arrival_date",
    "port_of_arrival",
    "shipper_name",
    "shipper_address1",
    "shipper_city",
    "shipper_zip",
    "shipper_country",
    "consignee_name",
    "consignee_address1",
    "consignee_city",
    "consignee_state",
    "consignee_zip",
    "consignee_country",
    "pieces",
    "gross_weight",
    "weight_unit",
    "line_no",
    "description",
    "hts_number",
    "quantity",
    "total_value",
    "currency",
    "country_of_origin",
]


def table(path: Path, count: int, bad_every: int = 0) -> None:
    """Write a CSV, one row for each goods line; the mode and the carrier stand in the partner's file, not in the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for one in shipments(count, bad_every):
            for line, g in enumerate(one.goods, 1):
                out.writerow(
                    (MASTER, one.house, one.tracking, "XX880", "2025-03-03", "2720", *one.shipper, "CN", *one.consignee, "US", 1,
                     one.weight, "KG", line, g.text, g.hts, g.quantity, f"{g.value}.00", "USD", "CN")
                )  # fmt: skip


def fhl(path: Path, count: int, bad_every: int = 0) -> None:
    """Write a file of FHL/4 messages, one for each house (parties and values stand once in a message)."""
    with path.open("w", encoding="ascii", newline="") as file:
        for one in shipments(count, bad_every):
            name, street, city, postal = one.shipper
            to = one.consignee
            lines = [
                "FHL/4", f"MBI/{MASTER}HKGLAX/T1K{float(one.weight):.2f}",
                f"HBS/{one.house}/HKGLAX/1/K{float(one.weight):.2f}//{one.goods[0].text[:15].strip()}", "/SPX",
                f"TXT/{one.goods[0].text}", f"HTS/{one.goods[0].hts}", "OCI/CN/CO/CO/CN", f"SHP/{name}", f"/{street}",
                f"/{city}", f"/CN/{postal}", f"CNE/{to[0]}", f"/{to[1]}", f"/{to[2]}/{to[3]}", f"/US/{to[4]}",
                f"CVD/USD/PP/NVD/{one.value}.00/XXX",
            ]  # fmt: skip
            file.writelines(f"{line}\r\n" for line in lines)


def itmatt(path: Path, count: int, bad_every: int = 0) -> None:
    """Write one ITMATT (XML profile of the gateway) of many postal items with valid S10 numbers."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<itmatt xmlns="urn:gateway:itmatt:1" messageId="ITMATT-GB-20250301-0001" '
            'version="gateway-1" sender="GBA" recipient="USA" created="2025-03-01T08:00:00Z" function="9">\n'
        )
        for one in shipments(count, bad_every):
            name, street, city, _ = one.shipper
            to = one.consignee
            pieces = "".join(
                f'    <contentPiece number="{line}" quantity="{g.quantity}" declaredValue="{g.value}.00" currency="USD" netWeight="60" '
                f'hs="{g.hts}" origin="CN">{escape(g.text)}</contentPiece>\n'
                for line, g in enumerate(one.goods, 1)
            )
            file.write(
                f'  <item id="{s10(one.number)}" natureType="11" handlingClass="L" postingDate="2025-03-01" '
                f'grossWeight="{float(one.weight) * 1000:.0f}" weightUnit="GRM" totalValue="{one.value}.00" currency="USD">\n'
                f"    <sender><name>{name}</name><street>{street}</street><city>{city}</city><country>GB</country></sender>\n"
                f"    <addressee><name>{to[0]}</name><street>{to[1]}</street><city>{to[2]}</city><state>{to[3]}</state>"
                f"<postcode>{to[4]}</postcode><country>US</country></addressee>\n{pieces}  </item>\n"
            )
        file.write("</itmatt>\n")


def s10(number: int) -> str:
    """Return a UPU S10 item number with its check digit."""
    total = sum(int(d) * w for d, w in zip(f"{number:08d}", (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return f"LX{number:08d}{ {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) }GB"


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _cargo_head(name: str, code: str, number: str) -> str:
    return (
        f"<rsm:MessageHeaderDocument><ram:ID>{number}</ram:ID><ram:Name>{name}</ram:Name><ram:TypeCode>{code}</ram:TypeCode>"
        "<ram:IssueDateTime>2025-03-01T08:15:00Z</ram:IssueDateTime><ram:PurposeCode>Creation</ram:PurposeCode><ram:VersionID>3.00</ram:VersionID>"
        '<ram:SenderParty><ram:PrimaryID schemeID="P">TDVAGT03GWSENDER/HKG1</ram:PrimaryID></ram:SenderParty>'
        '<ram:RecipientParty><ram:PrimaryID schemeID="C">TDVSYS03GWGATEWAY</ram:PrimaryID></ram:RecipientParty></rsm:MessageHeaderDocument>\n'
    )


_HOUSE_TAIL = (
    "      <ram:OriginLocation><ram:ID>HKG</ram:ID></ram:OriginLocation>\n"
    "      <ram:FinalDestinationLocation><ram:ID>LAX</ram:ID></ram:FinalDestinationLocation>\n"
    "      <ram:HandlingSPHInstructions><ram:DescriptionCode>SPX</ram:DescriptionCode></ram:HandlingSPHInstructions>\n"
    "      <ram:IncludedCustomsNote><ram:ContentCode>RA</ram:ContentCode><ram:Content>00001-01</ram:Content>"
    "<ram:SubjectCode>ISS</ram:SubjectCode><ram:CountryID>HK</ram:CountryID></ram:IncludedCustomsNote>\n"
)


def xfhl(path: Path, count: int, bad_every: int = 0) -> None:
    """Write one house manifest (XFHL 3.00): houses without parties and values, as the message type has it."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{_XML}<rsm:HouseManifest xmlns:rsm="iata:housemanifest:1" xmlns:ram="iata:datamodel:3">\n')
        file.write(_cargo_head("Cargo Manifest", "785", f"{MASTER}_FHL"))
        file.write(f"<rsm:BusinessHeaderDocument><ram:ID>{MASTER}</ram:ID></rsm:BusinessHeaderDocument>\n")
        file.write(
            f'<rsm:MasterConsignment>\n    <ram:IncludedTareGrossWeightMeasure unitCode="KGM">{sum(Decimal(o.weight) for o in shipments(count))}</ram:IncludedTareGrossWeightMeasure>\n'
            f"    <ram:TotalPieceQuantity>{sum(o.pieces for o in shipments(count))}</ram:TotalPieceQuantity>\n"
            f"    <ram:TransportContractDocument><ram:ID>{MASTER}</ram:ID></ram:TransportContractDocument>\n"
            "    <ram:OriginLocation><ram:ID>HKG</ram:ID></ram:OriginLocation>\n"
            "    <ram:FinalDestinationLocation><ram:ID>LAX</ram:ID></ram:FinalDestinationLocation>\n"
        )
        for one in shipments(count, bad_every):
            file.write(
                f"    <ram:IncludedHouseConsignment>\n      <ram:SequenceNumeric>{one.number}</ram:SequenceNumeric>\n"
                f'      <ram:GrossWeightMeasure unitCode="KGM">{one.weight}</ram:GrossWeightMeasure>\n'
                f"      <ram:TotalPieceQuantity>{one.pieces}</ram:TotalPieceQuantity>\n"
                f"      <ram:SummaryDescription>{one.goods[0].text}</ram:SummaryDescription>\n"
                f"      <ram:TransportContractDocument><ram:ID>{one.house}</ram:ID></ram:TransportContractDocument>\n"
                f"{_HOUSE_TAIL}    </ram:IncludedHouseConsignment>\n"
            )
        file.write("</rsm:MasterConsignment>\n</rsm:HouseManifest>\n")


def houses_csv(path: Path, count: int) -> None:
    """Write what a house manifest lacks (parties, value, arrival, origin) as an enrichment file on the house bill number."""
    party = ["name", "address_line_1", "city", "state_province", "postal_code", "country_code"]
    names = [f"{role}.{leaf}" for role in ("shipment_initiator", "final_deliver_to_party") for leaf in party]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            (
                "house_bill_number",
                *names,
                "total_value.amount",
                "total_value.currency",
                "estimated_arrival_at",
                "items.country_of_origin",
            )
        )
        for one in shipments(count):
            name, street, city, postal = one.shipper
            shipper = (name, street, city, "", postal, "CN")
            out.writerow(
                (one.house, *shipper, *one.consignee, "US", f"{one.value}.00", "USD", "2025-03-03T18:30:00Z", "CN")
            )


SPLIT = b"\x1e"
"""What stands between the documents of a bundle."""


def xfzb(path: Path, count: int, bad_every: int = 0) -> None:
    """Write a bundle of house waybills (XFZB 3.00), one document for each house, each followed by byte 0x1E."""
    with path.open("w", encoding="utf-8") as file:
        for one in shipments(count, bad_every):
            name, street, city, postal = one.shipper
            to = one.consignee
            items = "".join(
                f"      <ram:IncludedHouseConsignmentItem><ram:SequenceNumeric>{line}</ram:SequenceNumeric><ram:TypeCode>{g.hts}</ram:TypeCode>"
                f'<ram:GrossWeightMeasure unitCode="KGM">{Decimal(one.weight) / len(one.goods):.3f}</ram:GrossWeightMeasure>'
                f"<ram:PieceQuantity>{g.quantity}</ram:PieceQuantity><ram:NatureIdentificationTransportCargo><ram:Identification>{g.text}"
                "</ram:Identification></ram:NatureIdentificationTransportCargo><ram:OriginCountry><ram:ID>CN</ram:ID></ram:OriginCountry>"
                "<ram:ApplicableFreightRateServiceCharge><ram:CategoryCode>Q</ram:CategoryCode></ram:ApplicableFreightRateServiceCharge>"
                "</ram:IncludedHouseConsignmentItem>\n"
                for line, g in enumerate(one.goods, 1)
            )
            file.write(
                f'{_XML}<rsm:HouseWaybill xmlns:rsm="iata:housewaybill:1" xmlns:ram="iata:datamodel:3">\n'
                f"{_cargo_head('House Waybill', '703', one.house)}"
                f"<rsm:BusinessHeaderDocument><ram:ID>{one.house}</ram:ID>"
                "<ram:SignatoryConsignorAuthentication><ram:Signatory>A CLERK</ram:Signatory></ram:SignatoryConsignorAuthentication>"
                "<ram:SignatoryCarrierAuthentication><ram:Signatory>XX CARGO</ram:Signatory></ram:SignatoryCarrierAuthentication>"
                "</rsm:BusinessHeaderDocument>\n<rsm:MasterConsignment>\n"
                f"    <ram:TransportContractDocument><ram:ID>{MASTER}</ram:ID></ram:TransportContractDocument>\n"
                "    <ram:IncludedHouseConsignment>\n"
                f'      <ram:DeclaredValueForCustomsAmount currencyID="USD">{one.value}.00</ram:DeclaredValueForCustomsAmount>\n'
                f'      <ram:IncludedTareGrossWeightMeasure unitCode="KGM">{one.weight}</ram:IncludedTareGrossWeightMeasure>\n'
                f"      <ram:TotalPieceQuantity>{one.pieces}</ram:TotalPieceQuantity>\n"
                f"      <ram:SummaryDescription>{one.goods[0].text}</ram:SummaryDescription>\n"
                f"{_cargo_party('ConsignorParty', name, street, city, '', postal, 'CN')}"
                f"{_cargo_party('ConsigneeParty', *to, 'US')}{_HOUSE_TAIL}{items}"
                "    </ram:IncludedHouseConsignment>\n</rsm:MasterConsignment>\n</rsm:HouseWaybill>\n\x1e"
            )


def _cargo_party(tag: str, name: str, street: str, city: str, state: str, postal: str, country: str) -> str:
    region = f"<ram:CountrySubDivisionID>{state}</ram:CountrySubDivisionID>" if state else ""
    return (
        f"      <ram:{tag}><ram:Name>{name}</ram:Name><ram:PostalStructuredAddress><ram:PostcodeCode>{postal}</ram:PostcodeCode>"
        f"<ram:StreetName>{street}</ram:StreetName><ram:CityName>{city}</ram:CityName><ram:CountryID>{country}</ram:CountryID>{region}"
        f"</ram:PostalStructuredAddress></ram:{tag}>\n"
    )
