"""Cargo-XML: legs of a flight, their times with and without a zone, and parties that nobody asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drops import drop, sample
from tests.test_nothing_silent import BEFORE

HOUSE, DIRECT = sample("xml/03"), sample("xml/02")
DESTINATION = b"<ram:FinalDestinationLocation><ram:ID>LAX</ram:ID></ram:FinalDestinationLocation>"


def leg(flight: str, at: str = "", to: str = "", carrier: str = "") -> str:
    def tag(name: str, text: str) -> str:
        return f"<ram:{name}>{text}</ram:{name}>" if text else ""

    place = tag("OccurrenceArrivalLocation", tag("ID", to))
    means = tag("UsedLogisticsTransportMeans", tag("Name", carrier))
    arrival = tag("ArrivalEvent", tag("ScheduledOccurrenceDateTime", at) + place)
    return tag(
        "SpecifiedLogisticsTransportMovement",
        tag("StageCode", "Main-Carriage") + tag("ModeCode", "4") + tag("ID", flight) + means + arrival,
    )


def shipment(data: bytes, *legs: str) -> dict[str, Any]:
    head, _, tail = data.rpartition(DESTINATION)
    while "<ram:SpecifiedLogisticsTransportMovement>" in tail.decode():
        before, _, rest = tail.partition(b"<ram:SpecifiedLogisticsTransportMovement>")
        tail = before + rest.partition(b"</ram:SpecifiedLogisticsTransportMovement>")[2]
    result = drop(head + DESTINATION + "".join(legs).encode() + tail, now=BEFORE)
    assert result.counts()[:2] == (1, 1), result.findings()
    found: dict[str, Any] = result.messages()[0]["shipments"][0]
    return found


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize(
    ("second", "flight", "carrier", "arrival"),
    [
        (("YY2",), "YY2", None, None),
        (("YY2", "", "LAX"), "YY2", None, None),
        (("YY2", "2025-03-03T10:00:00", ""), "YY2", None, "2025-03-03T18:00:00Z"),  # local at the destination
        (("YY2", "2025-03-03T10:00:00", "LAX", "YY"), "YY2", "YY", "2025-03-03T18:00:00Z"),
    ],
)
def test_the_last_leg_borrows_nothing_from_the_one_before(data, second, flight, carrier, arrival):
    found = shipment(data, leg("XX1", "2025-03-02T10:00:00", "ICN", "XX"), leg(*second))
    assert found["conveyance_reference"] == flight
    assert (found.get("carrier_code"), found.get("estimated_arrival_at")) == (carrier, arrival)
    assert found["first_us_port"] == "2720"


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2025-03-03T03:59:00Z", "2025-03-02"),  # the evening before in Los Angeles
        ("2025-03-02T19:59:00-08:00", "2025-03-02"),
        ("2025-03-03T03:59:00+00:00", "2025-03-02"),
        ("2025-03-03T03:59:00", "2025-03-03"),
    ],
)
def test_the_day_of_the_law_is_the_day_at_the_airport(data, at, day):
    assert shipment(data, leg("XX1", at, "LAX"))["regime_verdict"]["as_of_date"] == day


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize(
    ("at", "said"),
    [("2025-03-03T03:59:00Z", 0), ("2025-03-02T19:59:00-0800", 0), ("2025-03-02T19:59:00", 0), ("2025-03-02", 0), ("2 MARCH", 1)],
)  # fmt: skip
def test_an_arrival_that_is_there_is_not_called_missing(data, at, said):
    head, _, tail = data.rpartition(DESTINATION)
    result = drop(head + DESTINATION + leg("XX1", at, "LAX").encode() + tail, now=BEFORE)
    told = [f.message for f in result.findings() if f.rule == "S321-TIME"]
    assert len(told) == said
    assert not any("missing" in message for message in told)


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize("numbers", [("1", "2", "3"), ("", "", "")])
def test_the_leg_into_the_us_counts_whatever_follows_it(data, numbers):
    legs = [
        leg("XX1", "2025-03-02T02:00:00", "ICN", "XX"),
        leg("YY2", "2025-03-02T10:00:00", "lax", "YY"),
        leg("ZZ3", "2025-03-02T20:00:00", "ORD", "ZZ"),
    ]
    number = "<ram:SequenceNumeric>{}</ram:SequenceNumeric>"
    legs = [
        one.replace("<ram:ArrivalEvent>", number.format(n) + "<ram:ArrivalEvent>") if n else one
        for one, n in zip(legs, numbers, strict=True)
    ]
    for order in (legs, legs[::-1]) if numbers[0] else (legs,):
        found = shipment(data, *order)
        assert (found["conveyance_reference"], found["carrier_code"], found["first_us_port"]) == ("YY2", "YY", "2720")
        assert found["estimated_arrival_at"] == "2025-03-02T18:00:00Z"


def notified(address: str) -> str:
    return (
        f"<ram:AssociatedParty><ram:Name>N ONE</ram:Name><ram:RoleCode>NI</ram:RoleCode>{address}</ram:AssociatedParty>"
    )


BOSTON = (
    "<ram:PostalStructuredAddress>{}<ram:CityName>BOSTON</ram:CityName>"
    "<ram:CountryID>US</ram:CountryID><ram:CountrySubDivisionName>MA</ram:CountrySubDivisionName>{}"
    "</ram:PostalStructuredAddress>"
)
ZIP, STREET = "<ram:PostcodeCode>02108</ram:PostcodeCode>", "<ram:StreetName>1 X ST</ram:StreetName>"


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize(
    "address",
    [BOSTON.format(ZIP + STREET, ""), BOSTON.format(ZIP, "<ram:PostOfficeBox>1 X ST</ram:PostOfficeBox>")],
    ids=["state by name", "box"],
)
def test_a_whole_notify_party_is_passed_on(data, address):
    head, _, tail = data.rpartition(b"<ram:OriginLocation>")
    result = drop(head + notified(address).encode() + b"<ram:OriginLocation>" + tail, now=BEFORE)
    (found,) = result.messages()[0]["shipments"]
    assert found["notify_party"] == {
        "name": "N ONE", "address_line_1": "1 X ST", "city": "BOSTON", "state_province": "MA", "postal_code": "02108", "country_code": "US",
    }  # fmt: skip


def left_out(result: Any) -> list[tuple[str, str]]:
    return [(f.target, f.message) for f in result.findings() if f.rule == "MAP-NOT-PASSED"]


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
@pytest.mark.parametrize(
    ("address", "lacks"),
    [(BOSTON.format(STREET, ""), "postal code"), (BOSTON.format("", ""), "street, postal code"), ("", "street, city, country")],
)  # fmt: skip
def test_a_notify_party_that_is_not_whole_is_left_out_and_told(data, address, lacks):
    head, _, tail = data.rpartition(b"<ram:OriginLocation>")
    result = drop(head + notified(address).encode() + b"<ram:OriginLocation>" + tail, now=BEFORE)
    (found,) = result.messages()[0]["shipments"]
    assert "notify_party" not in found
    ((target, message),) = left_out(result)
    assert target == "notify_party"
    assert sorted(message.partition("lacks: ")[2].rstrip(".").split(", ")) == sorted(lacks.split(", "))


def test_so_it_is_in_other_formats():
    data = sample("x12/01").replace(b"N1*CN*", b"N1*N1*SOMEBODY~\nN1*CN*", 1).replace(b"SE*28", b"SE*29")
    result = drop(data)
    assert result.counts() == (2, 2, 0, 0)
    (said,) = left_out(result)
    assert said[0] == "notify_party"


@pytest.mark.parametrize("data", [HOUSE, DIRECT], ids=["XFZB", "XFWB"])
def test_a_description_in_several_elements_is_one(data):
    head, opened, tail = data.partition(b"<ram:Identification>")
    text, closed, rest = tail.partition(b"</ram:Identification>")
    first, _, second = text.partition(b" ")
    result = drop(head + opened + first + closed + opened + second + closed + rest, now=BEFORE)
    assert result.messages()[0]["shipments"][0]["items"][0]["enhanced_product_description"] == text.decode()


def test_a_header_may_name_further_addresses_of_its_sender():
    other = b'<ram:SenderParty><ram:PrimaryID schemeID="C">SOMEBODY</ram:PrimaryID></ram:SenderParty>'
    result = drop(HOUSE.replace(b"<ram:SenderParty>", other + b"<ram:SenderParty>", 1), now=BEFORE)
    assert result.counts() == (1, 1, 0, 0)
    assert result.messages()[0]["sender_id"] == "TDVAGT03GWSENDER/HKG1"
    own = b"TDVAGT03GWSENDER/HKG1"
    result = drop(
        HOUSE.replace(b"<ram:SenderParty>", other + b"<ram:SenderParty>", 1).replace(own, b"NOBODY"), now=BEFORE
    )
    assert "XML-SENDER" in result.rules()


def test_an_arrival_that_is_nowhere_is_told():
    assert "S321-TIME" in drop(sample("x12/18"), now=BEFORE).rules()
