"""A shipment has one party for each role: what a `(first)` leaves out is told, in every format."""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from tests.drops import drop, sample

WHEN = {"x12/01": "2025-01-14T10:00:00Z", "xml/03": "2025-02-27T10:00:00Z", "edifact/01": "2024-12-30T10:00:00Z"}


def _twice(name: str, start: bytes, end: bytes, change: tuple[bytes, bytes]) -> bytes:
    """Return a sample with its first party repeated, changed by `change`."""
    data = sample(name)
    found = re.search(re.escape(start) + b".*?(?=" + end + b")", data, re.S)
    assert found is not None
    party = found[0]
    again = party.replace(*change)
    data = data[: found.end()] + again + data[found.end() :]
    lines = again.count(b"~") or again.count(b"'")
    return re.sub(rb"((?:SE\*|UNT\+))(\d+)", lambda m: m[1] + str(int(m[2]) + lines).encode(), data, count=1)


CASES = [
    ("x12/01", b"N1*CN*", b"N1\\*|VID\\*|N10\\*|M7\\*|SE\\*|LX\\*", (b"N1*CN*", b"N1*CN*OTHER ")),
    ("edifact/01", b"NAD+CN+", b"GID\\+", (b"NAD+CN+++", b"NAD+CN+++OTHER ")),
    ("xml/03", b"<ram:ConsigneeParty>", b"<ram:[A-Z][A-Za-z]+Party>|<ram:OriginLocation>", (b"<ram:Name>", b"<ram:Name>OTHER ")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "start", "end", "change"), CASES, ids=[c[0] for c in CASES])
def test_a_second_party_of_one_role_is_told(name, start, end, change):
    result = drop(_twice(name, start, end, change), now=parse_instant(WHEN[name]))
    told = [f for f in result.findings() if f.rule == "MAP-FIRST-TAKEN"]
    assert len(told) == 1, result.findings()
    assert told[0].message.startswith("Several parties were sent as final deliver to party")
    assert b"OTHER" not in b"".join(d.data for d in result.deliveries)


@pytest.mark.parametrize(("name", "start", "end"), [c[:3] for c in CASES], ids=[c[0] for c in CASES])
def test_the_same_party_twice_is_none_the_worse(name, start, end):
    result = drop(_twice(name, start, end, (b"", b"")), now=parse_instant(WHEN[name]))
    assert "MAP-FIRST-TAKEN" not in result.rules()
