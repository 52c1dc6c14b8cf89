"""824 application advice: which shipments were refused, or taken with remarks, and why.

    BGN*11*ref*date*time  N1*FR  N1*TO  (OTI*IR*BM*bill*... REF*2I*tracking (TED*code*text*segment... NTE*ZZZ*rest of the text  NTE*ZZZ*rule: mend)*)*

One 824 per received set that has something to say. A set refused as a whole gets one OTI*TR.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.canonical.model import bill_identity
from gateway.findings import Finding, Scope, Severity
from gateway.formats.whole_words import in_lines, whole_words
from gateway.formats.x12.ack_envelope import (
    ACK_SETS,
    Envelope,
    answerable,
    data_element,
    echo,
    group_faults,
    reply_version,
)
from gateway.records import Group, GroupBegin
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, ShipmentResult


def write(request: AckRequest) -> Iterator[bytes]:
    """Yield the interchange; nothing when the policy wants none, or no set has anything to say."""
    subject, policy = request.interchange, request.profile.acks
    if "824" not in policy.application or not answerable(subject) or subject.index in request.refused_interchanges:
        return
    writer = _Writer(request, everything=policy.application_for == "all")
    for record in request.own_records(clean=policy.application_for == "all"):
        yield from writer.handle(record)
    yield from writer.end()


def reference(receipt_id: str, number: int) -> str:
    """Return BGN02 of the 824 of that number in the answer to a drop: 30 characters at most; the end tells it from others.

    >>> reference("20250303T100000123456-7f3a9c", 1), reference("20250303T100000123456-7f3a9c-0002", 10)
    ('20250303T100000123456-7f3a9c-1', '03T100000123456-7f3a9c-0002-10')
    """
    return f"{receipt_id}-{number}"[-30:]


_TOLD = (Severity.ERROR, Severity.WARNING)
_LINES = 5  # of a text that goes on in NTE


class _Writer:
    def __init__(self, request: AckRequest, *, everything: bool) -> None:
        self._request, self._everything = request, everything
        self._out = Envelope(request)
        self._group = Group(0)
        self._group_faults = group_faults(request)
        self._message: MessageOpened | None = None
        self._open = False
        self._whole = False
        self._number = 0

    def handle(self, record: object) -> Iterator[bytes]:
        """Write what one record gives cause to."""
        if isinstance(record, GroupBegin):
            self._group = record.group
        elif isinstance(record, MessageOpened):
            self._message, self._open, self._whole = record, False, False
            if record.index in self._request.refused and record.type not in ACK_SETS:
                yield from self._refused_set()
        elif self._message is None or self._message.type in ACK_SETS:
            return
        elif isinstance(record, MessageFinding) and self._whole and record.finding.scope is Scope.MESSAGE:
            if record.finding.severity in _TOLD:
                yield from self._ted(record.finding)
        elif isinstance(record, ShipmentResult) and not self._whole:
            yield from self._shipment(record)
        elif isinstance(record, MessageClosed):
            if self._open:
                yield self._out.se()
            self._message = None

    def end(self) -> Iterator[bytes]:
        """Close what was opened."""
        yield from self._out.end()

    def _begin(self) -> Iterator[bytes]:
        """Write the envelope where none is open for the group, and the head of the 824 for the open set."""
        now = self._request.now
        yield from self._out.answer_to(self._group, "AG", reply_version(self._group, "004010"))
        self._open = True
        self._number += 1
        assert self._message is not None
        yield self._out.st("824")
        own = reference(self._request.receipt_id, self._number)
        yield self._out.segment(
            "BGN", "11", own, now.strftime("%Y%m%d"), now.strftime("%H%M"), "", self._message.control_number
        )
        yield self._out.segment("N1", "FR", self._request.interchange.receiver_id)
        yield self._out.segment("N1", "TO", self._request.interchange.sender_id)

    def _oti(self, code: str, qualifier: str, identity: str) -> bytes:
        group, message = self._group, self._message
        assert message is not None
        return self._out.segment(
            "OTI", code, qualifier, identity[: self._room()], group.sender, group.receiver, group.date, group.time,
            group.control_number, message.control_number, message.type, group.version,
        )  # fmt: skip

    def _room(self) -> int:
        """Return how long a number may be (element 127): that of a parcel may have more than 30 characters."""
        return 50 if self._out.version[:6] >= "004060" else 30

    def _refused_set(self) -> Iterator[bytes]:
        """The set as a whole is refused: one OTI*TR with its own findings; its shipments are not listed one by one."""
        assert self._message is not None
        yield from self._begin()
        self._whole = True
        yield self._oti("TR", "TN", self._message.control_number)
        if self._group.index in self._group_faults:
            yield from self._ted(self._group_faults[self._group.index])

    def _shipment(self, record: ShipmentResult) -> Iterator[bytes]:
        told = [f for f in record.findings if f.severity in _TOLD]
        refused = record.verdict in ("rejected", "duplicate")
        if not (refused or self._everything):
            return
        if not self._open:
            yield from self._begin()
        code = "IR" if refused else "IE" if told else "IA"
        names = record.identifiers
        bill = bill_identity(names.get("house_bill_issuer", ""), names.get("house_bill_number", "")) or record.id
        yield self._oti(code, "BM" if names.get("house_bill_number") else "2I", bill)
        if names.get("shipment_tracking_number"):
            yield self._out.segment("REF", "2I", names["shipment_tracking_number"][: self._room()])
        for finding in told:
            yield from self._ted(finding)

    def _ted(self, finding: Finding) -> Iterator[bytes]:
        assert self._message is not None
        rule, place = self._request.catalogue.worded(self._message.format).get(finding.rule), finding.position
        allowed = self._request.profile.acks.echo_personal
        value = echo(finding.value, personal=finding.personal, allowed=allowed)
        position = str(place.segment_position or "")
        code = (rule.ted if rule else "") or "ZZZ"
        said = finding.message.rstrip(".")
        text = whole_words(said, 60)
        yield self._out.segment(
            "TED", code, text, place.segment, position, str(place.element or ""), data_element(place), value
        )
        mend = finding.fix or (rule.fix if rule else "")
        for line in (
            *in_lines(said[len(text) :].lstrip(), 80, _LINES),
            *in_lines(f"{finding.rule}: {mend}", 80, _LINES),
        ):
            yield self._out.segment("NTE", "ZZZ", line)
