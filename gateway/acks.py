"""Which acknowledgments a drop gets; who writes them is the formats' business.

interchange answers   TA1, 997 or 999, 824, 355 (X12); CONTRL, APERAK, CUSRES (EDIFACT)     folder ack
plain answers         receipt for every drop; rejects and report when there is something to say   folder ack, reject
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from gateway.findings import Severity
from gateway.formats.plain import receipt, rejects_csv, report_json
from gateway.profile import Profile
from gateway.results import Ack, AckRequest, MessageFinding, Outcome, ShipmentResult

SYNTAX = frozenset(("TA1", "997", "999", "CONTRL"))
"""Acknowledgments of syntax: they do not depend on what the shipments hold."""

Writer = Callable[[AckRequest], Iterator[bytes]]


def plan(
    outcome: Outcome,
    profile: Profile,
    controls: Callable[[str], int],
    now: datetime,
    catalogue: Any,
    *,
    file_name: str,
    stem: str,
    size: int,
    sha256: str,
    receipt_id: str,
    detected: str,
    writers: Mapping[str, Writer],
    endings: Mapping[str, str],
) -> list[Ack]:
    """Return the answers in the order they are sent; their bytes are made when they are read, once.

    stem: what the names of the answers begin with. controls: counter scope -> next number; scopes are "PARTNER/COUNTER". writers: kind -> writer, in sending order;
    endings: kind -> end of the file name, "edi" where none is given; see gateway.formats.
    """
    acks: list[Ack] = []
    if outcome.verdict != "quarantine":
        for number, interchange in enumerate(outcome.interchanges):
            request = AckRequest(
                outcome.records, interchange, outcome.refused, outcome.refused_interchanges, profile,
                lambda scope: controls(f"{profile.partner}/{scope}"), now, catalogue, file_name, receipt_id,
            )  # fmt: skip
            for kind, write in writers.items():
                chunks = write(request)
                first = next(chunks, None)
                if first is not None:
                    infix = f".{number + 1}" if len(outcome.interchanges) > 1 else ""
                    ending = endings.get(f"{kind}:{interchange.version}") or endings.get(kind, "edi")
                    acks.append(
                        Ack(
                            kind,
                            f"{infix}.{kind.lower()}.{ending}",
                            itertools.chain((first,), chunks),
                        )
                    )
    return [
        *acks,
        *_plain(
            outcome, profile, now, catalogue, [stem + a.name for a in acks], file_name, stem, size, sha256, receipt_id
        ),
    ]


def _plain(
    outcome: Outcome, profile: Profile, now: datetime, catalogue: Any, names: list[str], file_name: str, stem: str, size: int, sha256: str, receipt_id: str
) -> list[Ack]:  # fmt: skip
    counts, told = outcome.counts, _has_remarks(outcome)
    personal = profile.acks.echo_personal
    refused = outcome.verdict in ("reject", "partial", "quarantine") or counts.rejected or counts.duplicate
    answers: list[Ack] = []
    if refused:
        chunks = rejects_csv.write(
            outcome, catalogue, file_name=file_name, receipt_id=receipt_id, show_personal=personal
        )
        answers.append(Ack("rejects", ".rejects.csv", chunks, "reject"))
    if refused or told or counts.waiting:
        chunks = report_json.write(
            outcome, catalogue, file_name=file_name, receipt_id=receipt_id, show_personal=personal
        )
        answers.append(Ack("report", ".report.json", chunks, "reject" if refused else "ack"))
    names = [*names, *(stem + a.name for a in answers)]
    chunks = receipt.write(
        outcome, partner=profile.partner, file_name=file_name, size=size, sha256=sha256, receipt_id=receipt_id, now=now, answers=names
    )  # fmt: skip
    return [*answers, Ack("receipt", ".receipt.json", chunks)]


def _has_remarks(outcome: Outcome) -> bool:
    for record in outcome.records.telling():
        findings = (
            (record.finding,)
            if isinstance(record, MessageFinding)
            else record.findings
            if isinstance(record, ShipmentResult)
            else ()
        )
        if any(f.severity is not Severity.INFO for f in findings):
            return True
    return False
