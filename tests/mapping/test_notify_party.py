"""The notify party has a place in the canonical message, and every format that can name one fills it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.drops import SAMPLES_NOW, Drop, drop, profile_for
from tests.formats.x12.test_carrier_sets import AIR, LOAD
from tests.formats.x12.test_carrier_sets import _counted as counted
from tests.test_written_otherwise import forwarding, only

NAD = "NAD+{}+++SAM NOTIFIED+9 ELM AVENUE+AKRON+OH+44301+US"
CONTACT = "CTA+IC+:SAM'COM+5550100100:TE"
WHOLE = {
    "name": "SAM NOTIFIED", "address_line_1": "9 ELM AVENUE", "city": "AKRON", "state_province": "OH", "postal_code": "44301", "country_code": "US",
}  # fmt: skip


def told(result: Drop) -> set[str]:
    return {f.rule for f in result.findings()} & {"MAP-PARTY-ROLE", "MAP-NOT-PASSED"}


@pytest.mark.parametrize("kind", ["IFCSUM:D:03A:UN", "IFTMIN:D:03A:UN"])
@pytest.mark.parametrize("role", ["NI", "N1", "N2"])
def test_forwarding_messages_name_the_notify_party(kind: str, role: str) -> None:
    consignee = "NAD+CN+++JORDAN SAMPLE+1200 TEST AVENUE+SPRINGFIELD+IL+62701+US"
    result = drop(forwarding(consignee, f"{consignee}'{NAD.format(role)}'{CONTACT}", kind))
    found: dict[str, Any] = only(result)["notify_party"]
    assert found == {**WHOLE, "phone": "5550100100"}
    assert not told(result)


VALUE = {"total_value": {"amount": "20.00", "currency": "USD"}}


@pytest.mark.parametrize(("sample", "behind"), [(AIR, "LX*1~"), (LOAD, "N1*BT*")], ids=["110", "204"])
def test_carrier_sets_name_it_too(sample: Path, behind: str) -> None:
    lines = "N1*N1*SAM NOTIFIED~\nN3*9 ELM AVENUE~\nN4*AKRON*OH*44301*US~\n"
    data = counted(sample.read_text("ascii").replace(behind, lines + behind, 1)).encode()
    profile = replace(profile_for(data), enrich=lambda draft: VALUE)
    result = drop(data, profile=profile, now=SAMPLES_NOW)
    shipments = [s for m in result.messages() for s in m["shipments"]]
    assert [s["notify_party"] for s in shipments] == [WHOLE, WHOLE], result.findings()
