"""TA1: how the interchange as such was taken.

    ISA...  TA1*000000001*250115*0930*A*000~  IEA*0*000000026~

TA104: A accepted, E accepted with errors, R rejected; TA105: the note code of the first error (element I18).
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.formats.x12.ack_envelope import ACK_SETS, Envelope, answerable
from gateway.results import AckRequest, MessageFinding, MessageOpened


def write(request: AckRequest) -> Iterator[bytes]:
    """Yield the TA1 interchange, nothing when the policy wants none or there is nothing to answer."""
    subject, policy = request.interchange, request.profile.acks.ta1
    if not answerable(subject) or policy == "never" or is_acknowledgment(request):
        return
    finding = fault(request)
    refused = subject.index in request.refused_interchanges
    wanted = (
        policy == "always"
        or refused
        or (finding is not None and policy in ("requested", "fault"))
        or (policy == "requested" and subject.ack_requested)
    )
    if not wanted:
        return
    note = "000" if finding is None else note_of(request, finding)
    result = "R" if refused else "A" if finding is None else "E"
    out = Envelope(request, "005010" if subject.version >= "00402" else "004010")
    yield out.isa()
    yield out.segment("TA1", subject.control_number.strip().rjust(9, "0"), subject.date, subject.time, result, note)
    yield out.iea()


def fault(request: AckRequest) -> Finding | None:
    """Return the first error of the interchange level, else the first remark that has a note code."""
    remark = None
    for record in request.own_records():
        if isinstance(record, MessageFinding) and record.finding.scope is Scope.INTERCHANGE:
            if record.finding.severity is Severity.ERROR:
                return record.finding
            if remark is None and "TA105" in record.finding.ack:
                remark = record.finding
    return remark


def note_of(request: AckRequest, finding: Finding) -> str:
    """Return the TA105 of a finding: its own, the catalogue's, else 024 (invalid interchange content)."""
    rule = request.catalogue.get(finding.rule)
    return finding.ack.get("TA105") or (rule.ta1 if rule else "") or "024"


def is_acknowledgment(request: AckRequest) -> bool:
    """True when the interchange holds answers only: those are never answered."""
    types = {r.type for r in request.own_records() if isinstance(r, MessageOpened)}
    if types:
        return types <= ACK_SETS
    return not any(
        isinstance(r, MessageFinding) and r.finding.severity is Severity.ERROR for r in request.own_records()
    ) and _only_ta1(request)


def _only_ta1(request: AckRequest) -> bool:
    """No message at all and no error: an interchange of TA1 segments."""
    return request.interchange.index not in request.refused_interchanges
