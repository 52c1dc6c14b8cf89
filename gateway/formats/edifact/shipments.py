"""The shipments of one interchange, message by message, for APERAK and CUSRES: a summary first, then the faults.

Two readers walk the same records, one message apart, so that the answer to a file with a million refused shipments
needs no more memory than one with ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.findings import Finding, Scope
from gateway.formats.delimited import split_released, unrelease
from gateway.formats.edifact.ack_contrl import of_interchange
from gateway.formats.edifact.writer import ACK_MESSAGES, code_of
from gateway.records import Interchange
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, ShipmentResult

_QUALIFIERS = (("house_bill_number", "HWB"), ("shipment_tracking_number", "SRN"), ("master_bill_number", "MB"))
"""What a number is called where no RFF says it."""

_DOCUMENTS = {"BH": "714", "BM": "705", "MB": "704", "MWB": "741", "AWB": "740"}
"""1153 -> 1001; all others are house waybills (703)."""


@dataclass(slots=True)
class Summary:
    """One message. document: BGM 1004 as received; faults: errors above shipment level that are not CONTRL's."""

    opened: MessageOpened
    found: int = 0
    rejected: int = 0
    document: str = ""
    syntax: bool = False  # rejected by CONTRL: nothing to say of its shipments
    faults: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """One error of one shipment (None: of the message). code: 9321; text: for a person, without personal data."""

    shipment: ShipmentResult | None
    code: str
    text: str


def messages(request: AckRequest) -> Iterator[tuple[Summary, Iterator[Fault]]]:
    """Yield each message that has an answer with its faults.

    No answer: acknowledgments, and what CONTRL refused (the message itself, its group, its interchange).
    """
    if request.interchange.index in request.refused_interchanges:
        return
    behind = of_interchange(request)
    summary: Summary | None = None
    for record in of_interchange(request):
        if isinstance(record, MessageOpened):
            summary = Summary(record)
        elif summary is None:
            continue
        elif isinstance(record, MessageFinding):
            _note(request, summary, record.finding)
        elif isinstance(record, MessageClosed):
            summary.found = record.found
            summary.rejected = record.found if record.refused else record.found - record.accepted
            summary.document = _document(record, request.interchange)
            upto = _faults(request, behind, summary)
            fallen = code_of(request, request.refused.get(record.index, ""), "contrl")
            if not summary.syntax and not fallen and summary.opened.type not in ACK_MESSAGES:
                yield summary, upto
            for _ in upto:
                pass
            summary = None


def _note(request: AckRequest, summary: Summary, finding: Finding) -> None:
    if not finding.refuses:
        return
    if "CONTRL" in finding.ack or code_of(request, finding.rule, "contrl"):
        summary.syntax = True
    elif finding.scope is Scope.MESSAGE and len(summary.faults) < 100:
        summary.faults.append(finding)


def _faults(request: AckRequest, behind: Iterator[object], summary: Summary) -> Iterator[Fault]:
    """Yield the faults of the message that `behind` stands before; leaves it behind the message's end."""
    for finding in summary.faults:
        yield _fault(request, finding, None)
    for record in behind:
        if isinstance(record, ShipmentResult) and record.message == summary.opened.index:
            for finding in record.findings:
                if finding.refuses:
                    yield _fault(request, finding, record)
            if record.verdict == "duplicate" and not any(f.refuses for f in record.findings):
                yield Fault(record, "GW0026", "THIS SHIPMENT WAS RECEIVED AND ACCEPTED BEFORE")
        elif isinstance(record, MessageClosed) and record.index == summary.opened.index:
            return


def _fault(request: AckRequest, finding: Finding, shipment: ShipmentResult | None) -> Fault:
    text = finding.message
    if finding.personal and not request.profile.acks.echo_personal:
        text = code_of(request, finding.rule, "means") or code_of(request, finding.rule, "title") or "not usable"
    return Fault(shipment, code_of(request, finding.rule, "aperak") or "GWZZZZ", f"{text} ({finding.rule})")


def _document(closed: MessageClosed, subject: Interchange) -> str:
    """Return BGM 1004 from the header segments kept in the record."""
    if subject.separators is None:
        return ""
    s = subject.separators
    bgm = next((elements for _, elements in closed.header if elements and elements[0] == "BGM"), [])
    return unrelease(split_released(bgm[2], s.component, s.release)[0], s.release).strip() if len(bgm) > 2 else ""


def bill(shipment: ShipmentResult, subject: Interchange) -> tuple[str, str, str, str]:
    """Return (1153 qualifier, number, CNI sequence, 1001 document code) of a shipment.

    The qualifier is the one that the sender wrote before this number, where a RFF of the shipment has it.
    """
    sequence = shipment.label.rpartition(" ")[2]
    sequence = sequence if sequence.isdigit() and shipment.label.startswith("CNI") else str(shipment.number)
    for name, qualifier in _QUALIFIERS:
        number = shipment.identifiers.get(name)
        if number:
            told = _told_as(shipment, number, subject) or qualifier
            return told, number[:70], sequence, _DOCUMENTS.get(told, "703")
    return "HWB", shipment.id[:70], sequence, "703"


def _told_as(shipment: ShipmentResult, number: str, subject: Interchange) -> str:
    """Return the 1153 qualifier of the RFF that holds this number, "" for none."""
    s = subject.separators
    if s is None:
        return ""
    for _, elements in shipment.segments:
        if elements[0] == "RFF" and len(elements) > 1:
            parts = [unrelease(part, s.release).strip() for part in split_released(elements[1], s.component, s.release)]
            if parts[1:2] == [number] and parts[0].isalnum():
                return parts[0][:3]
    return ""
