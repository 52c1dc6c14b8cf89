"""CONTRL: what the syntax check says of one interchange. It says nothing of the goods: that is APERAK's or CUSRES's.

    UCI+IC000011+GWSENDER:ZZ+GWRECEIVER:ZZ+7'   7 acknowledged, 4 rejected with all below
    UCM+2+CUSCAR:D:03A:UN+4'                    only rejected messages are listed (option contrl_list_all: all)
    UCS+13'  UCD+13+2:1'                        segment 13, element 1 component 1 (the tag counts as 1): missing

Source: ISO 9735-4 as in the reference of the project; 0083 actions 4 and 7. Never sent for CONTRL, APERAK, CUSRES.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.findings import Finding, Scope
from gateway.formats.edifact.writer import ACK_MESSAGES, Composite, Writer, code_of, joined, next_reference, party
from gateway.records import Group, GroupBegin, GroupEnd, Interchange, InterchangeEnd
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, Record

_UNSPECIFIED = "18"
_DUPLICATE = "26"
_SERVICE = frozenset(("UNA", "UNB", "UNG", "UNH", "UNS", "UNT", "UNE", "UNZ", "UCI", "UCM", "UCF", "UCS", "UCD"))
"""What 0013 (0135) may name."""


@dataclass(slots=True)
class _Overview:
    """First look: what is rejected above message level."""

    interchange: Finding | None = None
    groups: dict[int, Finding] = field(default_factory=dict)
    groups_with_faults: set[int] = field(default_factory=set)
    messages: int = 0
    acknowledgments: int = 0


def write_contrl(request: AckRequest) -> Iterator[bytes]:
    """Yield the CONTRL interchange for `request.interchange`.

    Nothing when the interchange holds only acknowledgments, and with `functional = "none"` in the partner's acks.
    """
    return joined(_write(request)) if request.profile.acks.functional != "none" else iter(())


def _write(request: AckRequest) -> Iterator[bytes]:
    overview = _look(request)
    subject = request.interchange
    only_answers = overview.messages > 0 and overview.messages == overview.acknowledgments
    readable = subject.separators is not None and bool(subject.separators.segment)
    if only_answers or not readable or not subject.sender_id:  # an answer needs somebody to go to
        return
    out = Writer(subject)
    yield out.begin(request, next_reference(request))
    yield out.open(*(("CONTRL", "4", "1", "UN") if out.version == "4" else ("CONTRL", "D", "3", "UN")))
    yield out.segment("UCI", *_uci(request, subject, overview))
    if overview.interchange is None and subject.index not in request.refused_interchanges:
        yield from _messages(request, out, overview)
    yield out.close()
    yield out.end()


def of_interchange(request: AckRequest) -> Iterator[Record]:
    """Yield the records of the subject up to its end, without clean shipments."""
    for record in request.own_records():
        yield record
        if isinstance(record, InterchangeEnd):
            return


def _look(request: AckRequest) -> _Overview:
    found = _Overview()
    group = -1
    kind = ""
    for record in of_interchange(request):
        if isinstance(record, GroupBegin):
            group = record.group.index
        elif isinstance(record, MessageOpened):
            kind = record.type
            found.messages += 1
            found.acknowledgments += kind in ACK_MESSAGES
        elif isinstance(record, MessageFinding) and record.finding.refuses:
            finding = record.finding
            if finding.scope is Scope.INTERCHANGE and found.interchange is None:
                found.interchange = finding
            elif finding.scope is Scope.GROUP:
                found.groups.setdefault(group, finding)
            elif finding.scope is Scope.MESSAGE and _is_syntax(request, finding) and kind not in ACK_MESSAGES:
                found.groups_with_faults.add(group)
    return found


def _is_syntax(request: AckRequest, finding: Finding) -> bool:
    return "CONTRL" in finding.ack or bool(code_of(request, finding.rule, "contrl"))


def _uci(request: AckRequest, subject: Interchange, overview: _Overview) -> list[Composite]:
    head: list[Composite] = [
        subject.control_number,
        party(subject.sender_id, subject.sender_qualifier),
        party(subject.receiver_id, subject.receiver_qualifier),
    ]
    rule = request.refused_interchanges.get(subject.index)
    if overview.interchange is not None:
        return [*head, "4", *_error(request, overview.interchange, "UCI")]
    if rule is not None:
        code = code_of(request, rule, "contrl") or _UNSPECIFIED
        return [*head, "4", code, "UNB", *(["6"] if code == _DUPLICATE else [])]
    return [*head, "7"]


def _error(request: AckRequest, finding: Finding, level: str) -> list[Composite]:
    """Return 0085, 0135 and S011 of a finding for UCI, UCF or UCM."""
    code = finding.ack.get("CONTRL") or code_of(request, finding.rule, "contrl") or _UNSPECIFIED
    segment, _, place = finding.ack.get(level, "").partition(":")
    if segment and segment not in _SERVICE:
        return [code]
    if not segment:
        segment = {"UCI": "UNB", "UCF": "UNG", "UCM": "UNH"}[level]
        place = "6" if code == _DUPLICATE and level == "UCI" else ""
    return [code, segment, tuple(place.split(":"))]


def _messages(request: AckRequest, out: Writer, overview: _Overview) -> Iterator[bytes]:
    """Yield UCF and UCM groups in file order; the faults of one message are held until its end."""
    every = bool(request.profile.options.get("contrl_list_all"))
    group: Group | None = None
    opened: MessageOpened | None = None
    faults: list[Finding] = []
    for record in of_interchange(request):
        if isinstance(record, GroupBegin):
            group = record.group if record.group.control_number else None
            if group is not None and (
                every or group.index in overview.groups or group.index in overview.groups_with_faults
            ):
                yield out.segment("UCF", *_ucf(request, group, overview))
        elif isinstance(record, GroupEnd):
            group = None
        elif isinstance(record, MessageOpened):
            opened, faults = record, []
        elif isinstance(record, MessageFinding) and opened is not None:
            if record.finding.refuses and record.finding.scope is Scope.MESSAGE and _is_syntax(request, record.finding):
                faults.append(record.finding)
        elif isinstance(record, MessageClosed) and opened is not None:
            rejected_above = group is not None and group.index in overview.groups
            if not rejected_above and opened.type not in ACK_MESSAGES and (faults or every):
                yield from _ucm(request, out, opened, faults)
            opened = None


def _ucf(request: AckRequest, group: Group, overview: _Overview) -> list[Composite]:
    head: list[Composite] = [
        group.control_number,
        tuple(group.sender.rsplit(":", 1)),
        tuple(group.receiver.rsplit(":", 1)),
    ]
    finding = overview.groups.get(group.index)
    return [*head, "4", *_error(request, finding, "UCF")] if finding is not None else [*head, "7"]


def _ucm(request: AckRequest, out: Writer, message: MessageOpened, faults: list[Finding]) -> Iterator[bytes]:
    identifier = (message.type, *message.version.split("."), *message.implementation.split(":"))
    if not faults:
        yield out.segment("UCM", message.control_number, identifier, "7")
        return
    top = next((f for f in faults if "UCM" in f.ack), None)
    segments = [f for f in faults if "UCS" in f.ack]
    if top is None and not segments:
        top = faults[0]
    yield out.segment(
        "UCM", message.control_number, identifier, "4", *(_error(request, top, "UCM") if top is not None else [])
    )
    last = ""
    for finding in sorted(segments, key=lambda f: int(f.ack["UCS"])):
        position, code = finding.ack["UCS"], finding.ack["CONTRL"]
        if "UCD" not in finding.ack:
            yield out.segment("UCS", position, code)
            last = position
            continue
        if position != last:
            yield out.segment("UCS", position)
            last = position
        yield out.segment("UCD", code, tuple(finding.ack["UCD"].split(":")))
