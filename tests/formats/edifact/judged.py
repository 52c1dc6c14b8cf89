"""Events judged without rules and mapping: the records an acknowledgment writer is given, and its request."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact import identify, segments
from gateway.records import (
    GroupBegin,
    GroupEnd,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    MessageEnd,
    Unit,
)
from gateway.results import (
    AckRequest,
    MessageClosed,
    MessageFinding,
    MessageOpened,
    Records,
    ShipmentResult,
)
from gateway.spools import MemorySpool
from tests.formats.edifact.samples import events, profile

NOW = datetime(2025, 9, 30, 12, 15, tzinfo=UTC)
CATALOGUE = {
    "S321-VAL-800": {"aperak": "GW0321", "means": "The value is over the limit."},
    "S321-ROLE-REQ": {"aperak": "GW0110", "means": "The deliver-to party is missing."},
}


def _counters() -> Callable[[str], int]:
    numbers: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
    return lambda scope: next(numbers[scope])


def business(rule: str, message: str, **more: Any) -> Finding:
    return Finding(rule, Severity.ERROR, Scope.SHIPMENT, message, **more)


def judge(data: bytes, faults: Mapping[str, list[Finding]] = {}, **settings: Any) -> list[AckRequest]:
    """Return one request per interchange; faults: house bill -> errors that the rules would have found."""
    records = Records(MemorySpool())
    requests: list[AckRequest] = []
    refused: dict[int, str] = {}
    refused_interchanges: dict[int, str] = {}
    waiting: list[Finding] = []
    where = -1
    found = rejected = 0
    for event in events(data, **settings):
        if isinstance(event, InterchangeBegin):
            where = event.interchange.index
            requests.append(
                AckRequest(
                    records, event.interchange, refused, refused_interchanges, profile(**settings), _counters(), NOW, CATALOGUE,
                    "m.edi", "R1",
                )
            )  # fmt: skip
        if isinstance(event, InterchangeBegin | InterchangeEnd | GroupBegin | GroupEnd):
            records.append(event)
        elif isinstance(event, MessageBegin):
            m, found, rejected = event.message, 0, 0
            records.append(
                MessageOpened(m.index, f"k{m.index}", m.format, m.type, m.version, m.control_number, m.implementation)
            )
        elif isinstance(event, Finding) and event.scope is Scope.SHIPMENT:
            waiting.append(event)
        elif isinstance(event, Finding):
            records.append(MessageFinding(event))
            if event.refuses and event.scope is Scope.INTERCHANGE:
                refused_interchanges.setdefault(where, event.rule)
            elif event.refuses:
                refused[-1] = event.rule
        elif isinstance(event, Unit):
            found += 1
            identifiers = identify(event.node)
            bill = identifiers.get("house_bill_number", event.label)
            errors = [*waiting, *faults.get(bill, [])]
            waiting = []
            verdict = "rejected" if any(f.refuses for f in errors) else "accepted"
            rejected += verdict == "rejected"
            records.append(
                ShipmentResult(
                    event.message.index, event.number, bill, verdict, event.label, identifiers, tuple(errors)
                )
            )
        elif isinstance(event, MessageEnd):
            header = segments(event.message.root)
            records.append(MessageClosed(event.message.index, False, event.segments, found, header, found - rejected))
    return requests
