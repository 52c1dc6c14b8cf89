"""XML: a message that holds two shipments where one is meant, a header with gaps, and decimal commas."""

from __future__ import annotations

import re

import pytest

from tests.drops import Drop, drop, sample
from tests.test_nothing_silent import BEFORE

HOUSE, DIRECT, UBL, ITMATT = sample("xml/03"), sample("xml/02"), sample("xml-extra/01"), sample("xml/15")
WCO = sample("xml/14").replace(b"<CityName>HOLT", b"<CountrySubDivisionID>NY</CountrySubDivisionID><CityName>HOLT", 1)
FHL, FWB, JSON = sample("cargoimp/03"), sample("cargoimp/02"), sample("xml-extra/05")


def send(data: bytes) -> Drop:
    return drop(data, now=BEFORE, name="m.json" if data[:1] == b"[" else "m.xml")


def doubled(data: bytes, element: str, old: bytes, new: bytes) -> bytes:
    """Return the document with one element twice, with another text in the second."""
    begin, end = data.index(f"<{element}>".encode()), data.index(f"</{element}>".encode()) + len(element) + 3
    assert old in data[begin:end]
    return data[:end] + data[begin:end].replace(old, new) + data[end:]


@pytest.mark.parametrize(
    ("data", "element", "old", "new"),
    [
        (HOUSE, "ram:IncludedHouseConsignment", b"<ram:PieceQuantity>1<", b"<ram:PieceQuantity>7<"),
        (HOUSE, "ram:IncludedHouseConsignment", b"6109100012", b"6109100012"),  # the same again: its goods would count twice
        (DIRECT, "rsm:MasterConsignment", b"<ram:PieceQuantity>1<", b"<ram:PieceQuantity>7<"),
        (WCO, "GoodsShipment", b">43.98<", b">12.00<"),
        (UBL, "cac:Shipment", b">40.00<", b">12.00<"),
    ],
)  # fmt: skip
def test_two_shipments_in_a_message_of_one_are_refused(data, element, old, new):
    assert send(data).counts() == (1, 1, 0, 0)
    result = send(doubled(data, element, old, new))
    assert result.counts() == (1, 0, 1, 0)
    assert "MAP-AMBIGUOUS" in result.rules()


@pytest.mark.parametrize(
    ("data", "old", "new", "said"),
    [
        (HOUSE, b"<ram:PurposeCode>Creation</ram:PurposeCode>", b"", "The message has no PurposeCode; it was read as an original."),
        (HOUSE, b">Creation<", b"><", "The message has no PurposeCode; it was read as an original."),
        (DIRECT, b">2025-03-01T08:15:00Z<", b">2025-02-30T08:15:00Z<",
         'IssueDateTime "2025-02-30T08:15:00Z" is not a date and time; the time of receipt stands in for it.'),
        (ITMATT, b' function="9"', b"", "The message has no function; it was read as an original."),
        (ITMATT, b' messageId="ITMATT-GB-20250301-0001"', b"", "The message has no messageId; the message cannot be told from others."),
    ],
)  # fmt: skip
def test_gaps_of_the_header_are_told(data, old, new, said):
    assert "XML-HEADER" not in send(data).rules()
    assert old in data
    result = send(data.replace(old, new, 1))
    assert [f.message for f in result.findings() if f.rule == "XML-HEADER"] == [said]
    assert result.counts()[1] > 0


@pytest.mark.parametrize(
    ("data", "old", "new"),
    [
        (HOUSE, b">43.98<", b">43,98<"),
        (FHL, b"/43.98/", b"/43,98/"),
        (FWB, b"/129.50/", b"/129,50/"),
        (WCO, b">43.98<", b">43,98<"),
        (UBL, b">40.00<", b">40,00<"),
        (ITMATT, b'declaredValue="24.00"', b'declaredValue="24,00"'),
        (JSON, b'"24.00"', b'"24,00"'),
    ],
    ids=["XFZB", "FHL", "FWB", "WCO", "UBL", "ITMATT", "JSON"],
)
def test_a_decimal_comma_of_a_value_is_told(data, old, new):
    assert "NUM-COMMA" not in send(data).rules()
    assert "NUM-COMMA" in (result := send(data.replace(old, new, 1))).rules()
    assert result.messages()[0]["shipments"][0]["total_value"] == send(data).messages()[0]["shipments"][0]["total_value"]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "element"),
    [
        (sample("xml/05"), "ram:IncludedHouseConsignment"),
        (ITMATT, "item"),
        (sample("xml-extra/03"), "receptacle"),
        (WCO, "Declaration"),
    ],
    ids=["XFHL", "ITMATT", "PREDES", "WCO"],
)
def test_a_list_without_entries_is_told(data, element):
    empty = re.sub(rb"<%b[ >].*</%b>" % (element.encode(), element.encode()), b"", data, flags=re.S)
    result = send(empty)
    assert (result.counts(), result.rules() - {"XML-HEADER"}) == ((0, 0, 0, 0), {"XML-NO-SHIPMENT"})
    assert result.outcome.verdict == "accept_with_warnings"


def test_a_flight_may_carry_nothing_and_a_broken_file_is_no_empty_one():
    flight = re.sub(rb"<ram:IncludedMasterConsignment>.*</ram:IncludedMasterConsignment>", b"", sample("xml/06"), flags=re.S)  # fmt: skip
    assert "XML-NO-SHIPMENT" not in send(flight).rules()
    assert "XML-NO-SHIPMENT" not in send(ITMATT[:200]).rules()
