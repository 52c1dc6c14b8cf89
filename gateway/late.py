"""The second answer to a drop: shipments that waited for another message, and their time is up.

What was accepted or refused at first stands; what still waits is refused with the findings that were withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from gateway import acks
from gateway.formats import folder_of, format_module
from gateway.profile import Profile
from gateway.results import Counts, Outcome, ShipmentResult, unpack
from gateway.spools import Spool

_WAITED = "GW-JOIN-PENDING"


def answer_late(
    kept: Iterator[bytes],
    waiting: set[tuple[int, int]],
    profile: Profile,
    now: datetime,
    next_control: Callable[[str], int],
    spool: Spool,
    *,
    name: str,
    size: int,
    sha256: str,
    receipt_id: str,
    stem: str,
) -> Outcome:
    """Return the outcome of a drop after its time is up, with the answers to send.

    stem: what the names of the answers begin with. kept: as results.pack wrote it; waiting: (message, number) of the shipments that still wait.
    Syntax acknowledgments (TA1, 997, 999, CONTRL) are not sent again.
    """
    outcome = unpack(kept, spool, lambda result: _settle(result, waiting))
    outcome.counts = _counts(outcome)
    stands = outcome.counts.accepted or outcome.counts.joined
    outcome.verdict = "partial" if stands else "reject"
    folder = folder_of(outcome.format)
    module = format_module(folder) if folder else None
    writers = {k: w for k, w in (module.ACKS if module else {}).items() if k not in acks.SYNTAX}
    outcome.acks = acks.plan(
        outcome, profile, next_control, now, profile.catalogue and profile.catalogue.worded(folder),
        file_name=name, stem=stem, size=size, sha256=sha256, receipt_id=receipt_id, detected=outcome.format, writers=writers, endings=getattr(module, "ACK_ENDINGS", {}),
    )  # fmt: skip
    return outcome


def _settle(result: ShipmentResult, waiting: set[tuple[int, int]]) -> ShipmentResult:
    if result.verdict != "waiting":
        return result
    findings = tuple(f for f in result.findings if f.rule != _WAITED)
    if (result.message, result.number) not in waiting:
        return msgspec.structs.replace(result, verdict="joined", findings=findings, withheld=())
    return msgspec.structs.replace(result, verdict="rejected", findings=(*findings, *result.withheld), withheld=())


def _counts(outcome: Outcome) -> Counts:
    """Count the verdicts again; what fell with its message counts as refused."""
    counts = Counts()
    for record in outcome.records:
        if isinstance(record, ShipmentResult):
            fell = record.message in outcome.refused and record.verdict != "duplicate"
            verdict = "rejected" if fell else record.verdict
            counts.found += 1
            setattr(counts, verdict, getattr(counts, verdict) + 1)
    return counts
