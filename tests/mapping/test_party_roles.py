"""MAP-PARTY-ROLE of X12 and EDIFACT: a party of a qualifier that no row reads is told once in a message."""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from tests.drops import drop, sample

PAYER = b"N1*%s*PAT PAYER~\nN3*1 ELM ST~\nN4*RENO*NV*89501*US~\n"
AGENT = b"NAD+%s+++PAT AGENT+1 ELM ST+RENO+NV+89501+US'\n"


def told(name: str, before: bytes, party: bytes, *roles: bytes) -> list[str]:
    """Return what is said of parties that are put before the first parties of the first two shipments."""
    data = sample(name)
    parts = data.split(before, 2)
    more = b"".join(party % role for role in roles)
    data = parts[0] + more + before + parts[1] + (more + before + parts[2] if len(parts) > 2 else b"")
    count = more.count(b"\n") * (len(parts) - 1)
    data = re.sub(rb"(SE\*|UNT\+)(\d+)", lambda m: m[1] + str(int(m[2]) + count).encode(), data, count=1)
    result = drop(data, now=parse_instant("2025-01-14T10:00:00Z"))
    return [f"{f.severity.value}: {f.message.partition('passed on: ')[2]}" for f in result.findings() if f.rule == "MAP-PARTY-ROLE"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "before", "party", "unread", "read"),
    [
        ("x12/01", b"N1*CN", PAYER, (b"BT", b"FW"), (b"BY", b"MF")),
        ("edifact/02", b"NAD+UC", AGENT, (b"FW", b"CB"), (b"BY", b"NI")),
        ("edifact/13", b"NAD+CN", AGENT, (b"FW", b"CB"), (b"NI", b"SE")),
        ("edifact/15", b"NAD+CN", AGENT, (b"FW", b"CB"), (b"BY", b"SE")),
    ],
)
def test_a_party_that_no_row_reads_is_told_once_by_its_qualifier(name, before, party, unread, read):
    assert told(name, before, party, *unread) == [f"info: {code.decode()}." for code in unread]
    assert told(name, before, party, *read) == []
    assert told(name, before, party) == []
