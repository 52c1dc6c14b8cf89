"""NAME.receipt.json: for every drop, whatever it is: that it arrived, what it was, what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.records import GroupBegin, InterchangeBegin
from gateway.results import MessageFinding, MessageOpened, Outcome, ShipmentResult

_MOST = 100  # control numbers listed; a file may hold many thousand sets

_NEXT = {
    "accept": "Nothing to do: no shipment was refused.",
    "accept_with_warnings": "No shipment was refused; see the remarks in the report and mend their cause.",
    "partial": "Mend the refused shipments (see the reject file) and send only those again, in a new file.",
    "reject": "Nothing was delivered. Mend what the reject file says and send the file again with new control numbers.",
    "quarantine": "The file was held for a person and not processed; see the finding. Nothing was delivered.",
}
_WAITING = "Shipments that lack something wait: send the message with the rest before the time that the report names. "


def write(
    outcome: Outcome, *, partner: str, file_name: str, size: int, sha256: str, receipt_id: str, now: datetime, answers: list[str]
) -> Iterator[bytes]:  # fmt: skip
    """Yield the receipt. answers: names of the other answers."""
    rules: Counter[str] = Counter()
    envelopes: list[dict[str, Any]] = []
    listed = 0
    for record in outcome.records.telling():
        if isinstance(record, InterchangeBegin):
            i = record.interchange
            envelopes.append(
                {
                    "control_number": i.control_number,
                    "sender": i.sender_id,
                    "receiver": i.receiver_id,
                    "test": i.test,
                    "groups": [],
                }
            )
        elif isinstance(record, GroupBegin) and envelopes and record.group.control_number and listed < _MOST:
            envelopes[-1]["groups"].append(
                {
                    "control_number": record.group.control_number,
                    "functional_id": record.group.functional_id,
                    "version": record.group.version,
                    "messages": [],
                }
            )
        elif isinstance(record, MessageOpened) and envelopes and listed < _MOST:
            listed += 1
            groups = (
                envelopes[-1]["groups"] or envelopes[-1]["groups"].append({"messages": []}) or envelopes[-1]["groups"]
            )
            groups[-1]["messages"].append({"type": record.type, "control_number": record.control_number})
        elif isinstance(record, MessageFinding):
            rules[record.finding.rule] += 1
        elif isinstance(record, ShipmentResult):
            rules.update(f.rule for f in record.findings)
            if record.message in outcome.refused:
                rules[outcome.refused[record.message]] += 0
    facts = {
        "receipt_id": receipt_id,
        "partner": partner,
        "file_name": "".join(c if c.isprintable() else "?" for c in file_name),
        "size": size,
        "sha256": sha256,
        "received_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "format": outcome.format,
        "envelopes": envelopes[:_MOST],
        "verdict": outcome.verdict,
        "shipments": outcome.counts.facts(),
        "books_balanced": outcome.counts.balanced,
        "findings": dict(sorted(rules.items())),
        "answers": answers,
        "next": (_WAITING if outcome.counts.waiting else "") + _NEXT[outcome.verdict],
    }
    yield json.dumps(facts, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"
