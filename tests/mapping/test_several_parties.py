"""A shipment has one party for each role: what a `(first)` leaves out is told, in every format."""

from __future__ import annotations

import re

import pytest

from gateway.check import parse_instant
from gateway.findings import Severity
from gateway.mapping.several import RULES
from tests.drops import drop, sample
from tests.test_edifact_cases import moved

WHEN = {"x12/01": "2025-01-14T10:00:00Z", "xml/03": "2025-02-27T10:00:00Z", "edifact/01": "2024-12-30T10:00:00Z"}


def _twice(name: str, start: bytes, end: bytes, change: tuple[bytes, bytes]) -> bytes:
    """Return a sample with its first party repeated, changed by `change`."""
    data = moved(sample(name))
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
def test_two_recipients_of_one_shipment_are_refused(name, start, end, change):
    result = drop(_twice(name, start, end, change), now=parse_instant(WHEN[name]))
    told = [f for f in result.findings() if f.rule in RULES]
    assert [f.rule for f in told] == ["MAP-PARTY-TWICE"], result.findings()
    assert told[0].refuses
    assert told[0].message.startswith("Two different parties were sent as final deliver to party")
    assert result.outcome.counts.rejected == 1


@pytest.mark.parametrize(("name", "start", "end", "change"), CASES, ids=[c[0] for c in CASES])
def test_a_partner_may_have_the_first_of_two_recipients_taken(name, start, end, change):
    data = _twice(name, start, end, change)
    result = drop(data, now=parse_instant(WHEN[name]), severities={"MAP-PARTY-TWICE": Severity.WARNING})
    assert result.outcome.counts.rejected == 0
    assert b"OTHER" not in b"".join(d.data for d in result.deliveries)


def parties(*lines: str) -> list[str]:
    """Return what is said of the first bill of x12/01 with its parties put in place of the consignee."""
    data = sample("x12/01")
    found = re.search(rb"N1\*CN\*.*?(?=VID\*)", data, re.S)
    assert found is not None
    new = "".join(f"{line}~\n" for line in lines).encode()
    data = data[: found.start()] + new + data[found.end() :]
    more = new.count(b"~") - found[0].count(b"~")
    data = re.sub(rb"(SE\*)(\d+)", lambda m: m[1] + str(int(m[2]) + more).encode(), data, count=1)
    return [f.rule for f in drop(data, now=parse_instant(WHEN["x12/01"])).findings() if f.rule in RULES]


ONE = ("N3*905 BIRCH AVE*APT 4", "N4*COLUMBUS*OH*43004*US")


@pytest.mark.parametrize(
    ("lines", "rules"),
    [
        (
            ("N1*CN*JORDAN EXAMPLE", *ONE, "N1*ST*CASEY OTHER", "N3*1 ELM ST", "N4*RENO*NV*89501*US"),
            ["MAP-FIRST-TAKEN"],
        ),  # by priority
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*ST*Jordan  Example", *ONE), []),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*Jordan  Example.", *ONE), ["MAP-FIRST-TAKEN"]),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*JORDAN EXAMPLE", "N3*905 BIRCH AVE APT 4"), ["MAP-FIRST-TAKEN"]),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*JORDAN EXAMPLE", *ONE, "PER*IC**TE*5550100"), ["MAP-FIRST-TAKEN"]),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*JORDAN EXAMPLE", "N3*1 ELM ST"), ["MAP-PARTY-TWICE"]),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*JORDAN EXAMPLE", "N4*RENO*NV*89501*US"), ["MAP-PARTY-TWICE"]),
        (  # the second differs in a telephone number only, the third is another one
            ("N1*CN*JORDAN EXAMPLE", *ONE, "N1*CN*JORDAN EXAMPLE", *ONE, "PER*IC**TE*5550100", "N1*CN*CASEY OTHER"),
            ["MAP-PARTY-TWICE"],
        ),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*BY*ONE", "N1*BY*TWO"), ["MAP-FIRST-TAKEN"]),
        (("N1*CN*JORDAN EXAMPLE", *ONE, "N1*SH*ANOTHER SHIPPER"), ["MAP-PARTY-TWICE"]),
    ],
)
def test_what_makes_two_parties_of_a_role_different(lines, rules):
    assert parties(*lines) == rules


def test_another_remark_does_not_hide_two_recipients():
    data = _twice(*CASES[0]).replace(b"N9*2I*", b"N9*2I*1ZTRK000000099~\nN9*2I*", 1)
    data = re.sub(rb"(SE\*)(\d+)", lambda m: m[1] + str(int(m[2]) + 1).encode(), data, count=1)
    rules = drop(data, now=parse_instant(WHEN["x12/01"])).rules()
    assert {"MAP-AMBIGUOUS", "MAP-PARTY-TWICE"} <= set(rules)


@pytest.mark.parametrize(("name", "start", "end"), [c[:3] for c in CASES], ids=[c[0] for c in CASES])
def test_the_same_party_twice_is_none_the_worse(name, start, end):
    result = drop(_twice(name, start, end, (b"", b"")), now=parse_instant(WHEN[name]))
    assert not set(RULES) & set(result.rules())
