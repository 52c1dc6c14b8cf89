"""A document that names no shipment, or a receptacle without items, is told in every format; it was accepted without a word."""

from __future__ import annotations

import re

import pytest

from gateway.history import MemoryHistory
from tests.drops import Drop, drop, sample
from tests.test_edifact_cases import moved
from tests.test_postal import EDI, ITEMS, JSON, XML, books, send

HOUSES = rb"<(\w+:)?IncludedHouseConsignment>.*</(\w+:)?IncludedHouseConsignment>"
TOLD = ("XML-NO-SHIPMENT", "EDIFACT-NO-SHIPMENT")


def _told(result: Drop) -> list[tuple[str, str]]:
    return [(f.severity.value, f.message) for f in result.findings() if f.rule in TOLD]


def _send(data: bytes) -> Drop:
    return send(data, MemoryHistory())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (re.sub(HOUSES, b"", sample("xml/05"), flags=re.S), "XFHL names no shipment: it has no IncludedHouseConsignment; nothing is delivered."),
        (re.sub(rb"<item .*</item>", b"", ITEMS, flags=re.S), "ITMATT names no shipment: it has no item; nothing is delivered."),
        (re.sub(rb"<receptacle .*</receptacle>", b"", XML, flags=re.S), "PREDES names no shipment: it has no item; nothing is delivered."),
    ],
    ids=["xfhl", "itmatt", "predes"],
)  # fmt: skip
def test_a_document_without_shipments_is_told(data: bytes, words: str) -> None:
    result = _send(data)
    assert books(result) == (0, 0, 0, 0, 0)
    assert _told(result) == [("warning", words)]
    assert result.outcome.verdict == "accept_with_warnings"


def test_a_deletion_without_houses_is_refused() -> None:
    data = re.sub(HOUSES, b"", sample("xml/05"), flags=re.S).replace(b"Creation", b"Deletion")
    result = drop(data)
    ((severity, words),) = _told(result)
    assert (severity, result.outcome.verdict) == ("error", "reject")
    assert words.endswith('its purpose "Deletion" has nothing to act on.')


def test_a_receptacle_without_items_is_told_beside_one_that_has_some() -> None:
    data = re.sub(rb"(<receptacle [^>]*>).*?(</receptacle>)", rb"\1\2", XML, count=1, flags=re.S)
    result = _send(data)
    assert books(result) == (1, 0, 0, 0, 1)
    assert _told(result) == [("info", "A receptacle has no item: nothing of it is kept.")]


def _edi(*changes: tuple[bytes, bytes]) -> Drop:
    data = EDI
    for old, new in changes:
        assert old in data, old
        data = data.replace(old, new, 1)
    count = data[data.index(b"UNH+") :].partition(b"UNT+")[0].count(b"'") + 1
    return _send(re.sub(rb"UNT\+\d+", b"UNT+%d" % count, data))


def test_a_receptacle_of_an_edifact_predes_without_items_is_told() -> None:
    (item,) = re.findall(rb"GID\+1\+1:PX'\s*RFF\+AAS:LV100000175CN'", EDI)
    result = _edi((item, b""))
    assert books(result) == (2, 0, 0, 0, 2)
    assert _told(result) == [("info", "A CNI names no item (no GID below it): nothing of it is kept.")]


def test_item_numbers_without_their_item_are_not_lost() -> None:
    (item,) = re.findall(rb"GID\+1\+1:PX'\s*RFF\+AAS:LV100000175CN'", EDI)
    result = _edi((item, b"RFF+AAS:LV100000175CN'"))
    ((severity, words),) = _told(result)
    assert (severity, result.outcome.verdict) == ("error", "reject")
    assert "each of its 1 item numbers (RFF+AAS) must stand below a GID" in words


def test_the_control_total_of_a_predes_counts_its_receptacles() -> None:
    assert "EDIFACT-BILL-COUNT" not in _edi().rules()
    (told,) = (f for f in _edi((b"CNT+10:2'", b"CNT+10:3'")).findings() if f.rule == "EDIFACT-BILL-COUNT")
    assert told.message == "CNT+10 says 3, but the message has 2 consignments."


def test_a_manifest_with_shipments_says_nothing_of_it() -> None:
    for data in (ITEMS, XML, JSON, EDI, sample("xml/05"), moved(sample("edifact/01"))):
        assert _told(_send(data)) == []
