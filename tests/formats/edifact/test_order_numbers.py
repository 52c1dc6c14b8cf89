"""CUSCAR: numbers of the consignment that are no bills become references, and lots of one order are seen."""

from __future__ import annotations

import re

import pytest

from tests.drops import drop, sample
from tests.test_edifact_cases import BEFORE, moved


def _with(added: bytes, behind: bytes) -> bytes:
    data = moved(sample("edifact/01"))
    found = re.search(behind + rb"[^']*'", data)
    assert found is not None
    data = data[: found.end()] + added + data[found.end() :]
    return re.sub(rb"UNT\+(\d+)", lambda m: b"UNT+%d" % (int(m[1]) + added.count(b"'")), data)


@pytest.mark.parametrize("behind", [rb"RFF\+HWB", rb"TDT\+20[^']*'\s*RFF\+MWB"], ids=["bill", "carriage"])
def test_orders_and_invoices_of_a_consignment_are_references(behind: bytes) -> None:
    result = drop(_with(b"RFF+ON:PO-9'RFF+IV:INV-3'RFF+ABO:OUR-1'", behind), now=BEFORE)
    first, *others = result.messages()[0]["shipments"]
    numbers = [(one["type"], one["value"]) for one in first.get("references", ())]
    assert numbers == [("order_number", "PO-9"), ("invoice_number", "INV-3")]
    assert not any((r["type"], r["value"]) == ("order_number", "PO-9") for s in others for r in s.get("references", ()))
