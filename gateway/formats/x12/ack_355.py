"""355 customs acceptance/rejection: the 309 echoed where it is wrong, each wrong segment followed by K1.

    M10  (P4  (LX  (segment  K1*number text*where)*)*)*  K3*PART MANIFEST BILLS 00003 ACC 00002 REJ 00001

ours: the layout of K1 (CBP error number or rule, text of 30, place of 30) and K3, until a CBP-exact one is verified.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Scope, Severity
from gateway.formats.whole_words import whole_words
from gateway.formats.x12.ack_envelope import Envelope, answerable, group_code, group_faults, reply_version
from gateway.formats.x12.policy import cbp_numbers, is_personal
from gateway.records import Group, GroupBegin
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, ShipmentResult

_PARENTS = ("LX", "M13", "M11")  # headers of a bill that stand before what is wrong below them
_ABOVE = {
    **dict.fromkeys(("N3", "N4", "DTM", "PER", "X1"), ("N1",)),
    **dict.fromkeys(("M7", "N10"), ("VID",)),
    **dict.fromkeys(("VC", "MAN", "H1", "H2"), ("VID", "N10")),
}  # the segments whose loop a wrong one stands in: they are echoed before it


def write(request: AckRequest) -> Iterator[bytes]:
    """Yield the interchange; nothing when the policy wants none, or every bill of every 309 was taken."""
    subject, policy = request.interchange, request.profile.acks
    if "355" not in policy.application or not answerable(subject) or subject.index in request.refused_interchanges:
        return
    headers = _headers(request, everything=policy.application_for == "all")
    faults = group_faults(request)
    out = Envelope(request)
    group = Group(0)
    current: tuple[MessageClosed, int, int] | None = None
    ports: _Ports
    for record in request.own_records():
        if isinstance(record, GroupBegin):
            group = record.group
        elif isinstance(record, MessageOpened):
            current = headers.get(record.index)
            if current is None:
                continue
            version = reply_version(group, "005020")
            yield from out.answer_to(group, group_code("355", version), version)
            yield out.st("355")
            ports = _Ports(out, request, current[0], record.index, faults.get(group.index))
            yield from ports.first()
        elif current is None:
            continue
        elif isinstance(record, ShipmentResult) and record.verdict in ("rejected", "duplicate"):
            yield from ports.of(record)
            yield from _bill(out, request, record)
        elif isinstance(record, MessageClosed):
            yield from ports.upto(None)
            refused = record.index in request.refused
            found, accepted = current[0].found, 0 if refused else current[1]
            word = "REJ" if accepted == 0 else "ACC" if accepted == found else "PART"
            yield out.segment("K3", f"{word} MANIFEST BILLS {found:05d} ACC {accepted:05d} REJ {found - accepted:05d}")
            yield out.se()
            current = None
    yield from out.end()


def _headers(request: AckRequest, *, everything: bool) -> dict[int, tuple[MessageClosed, int, int]]:
    """Return message index -> (closing record, accepted, refused) of the 309s that get a 355."""
    found: dict[int, tuple[MessageClosed, int, int]] = {}
    kind = ""
    for record in request.own_records():
        if isinstance(record, MessageOpened):
            kind = record.type
        elif isinstance(record, MessageClosed) and kind == "309" and record.found:
            refused = record.found - record.accepted
            if everything or refused or record.index in request.refused:
                found[record.index] = (record, record.accepted, refused)
    return found


class _Ports:
    """Echoes M10 and each P4 where its bills begin, followed by K1 for the errors of the set that stand there."""

    def __init__(
        self, out: Envelope, request: AckRequest, closed: MessageClosed, index: int, group_fault: Finding | None
    ) -> None:
        self._out, self._request = out, request
        self._heads = [(at, elements) for at, elements in closed.header if elements[0] == "M10"]
        self._rest = [(at, elements) for at, elements in closed.header if elements[0] == "P4"]
        self._errors = [*_message_errors(request, index), *([group_fault] if group_fault else [])]
        self._last = 0  # position of the P4 that is open

    def first(self) -> Iterator[bytes]:
        """Echo M10 and the first P4; what stands at none of those to come follows."""
        first, self._rest = self._rest[:1], self._rest[1:]
        for at, elements in (*self._heads, *first):
            yield from self._echo(at, elements)
        later = {at for at, _ in self._rest}
        for finding in [f for f in self._errors if f.position.segment_position not in later]:
            yield _k1(self._out, self._request, finding)

    def of(self, record: ShipmentResult) -> Iterator[bytes]:
        """Echo the P4 up to the one that a bill stands under."""
        own = next(((at, elements) for at, elements in record.segments if elements[0] == "P4"), None)
        if own is not None and own[0] > self._last:
            yield from self.upto(own[0])
            if own[0] > self._last:
                yield from self._echo(*own)

    def upto(self, position: int | None) -> Iterator[bytes]:
        """Echo the P4 up to a position, None for all."""
        while self._rest and (position is None or self._rest[0][0] <= position):
            yield from self._echo(*self._rest.pop(0))

    def _echo(self, at: int, elements: list[str]) -> Iterator[bytes]:
        self._last = at
        yield self._out.raw(elements)
        for finding in [f for f in self._errors if f.position.segment_position == at]:
            self._errors.remove(finding)
            yield _k1(self._out, self._request, finding)


def _message_errors(request: AckRequest, index: int) -> Iterator[Finding]:
    current = -1
    for record in request.own_records():
        if isinstance(record, MessageOpened):
            current = record.index
        elif (
            isinstance(record, MessageFinding)
            and current == index
            and record.finding.scope is Scope.MESSAGE
            and record.finding.refuses
        ):
            yield record.finding


def _bill(out: Envelope, request: AckRequest, record: ShipmentResult) -> Iterator[bytes]:
    """Echo the headers of a refused bill and its wrong segments, each followed by K1."""
    errors = [f for f in record.findings if f.severity is Severity.ERROR]
    if record.verdict == "duplicate" and not errors:
        errors = [f for f in record.findings if f.rule == "S321-DUP"] or list(record.findings)
    by_position: dict[int | None, list[Finding]] = {}
    for finding in errors:
        by_position.setdefault(finding.position.segment_position, []).append(finding)
    segments = [one for one in record.segments if one[1][0] != "P4"]  # of the port itself the set's errors are told
    known = {position for position, _ in segments}
    lost = [f for p, fs in by_position.items() if p not in known for f in fs]
    above: dict[str, list[str]] = {}  # N1, VID and N10 that stand open and were not echoed
    for position, elements in segments:
        wrong = by_position.get(position, ())
        tag = elements[0]
        if tag in ("N1", "VID", "N10"):
            above[tag] = elements
            if tag == "VID":
                above.pop("N10", None)
        if tag in _PARENTS or wrong:
            for head in _ABOVE.get(tag, ()) if wrong else ():
                if head in above:
                    yield from _echo(out, request, above.pop(head))
            above.pop(tag, None)
            yield from _echo(out, request, elements)
        for finding in wrong:
            yield _k1(out, request, finding)
        if elements[0] == "M11" or (elements[0] == "LX" and not any(e[0] == "M11" for _, e in record.segments)):
            for finding in lost:
                yield _k1(out, request, finding)
            lost = []


def _echo(out: Envelope, request: AckRequest, elements: list[str]) -> Iterator[bytes]:
    """Echo a segment; not at all when nothing of it may be echoed: a segment without elements is no X12."""
    shown = elements if request.profile.acks.echo_personal else _impersonal(elements)
    if any(shown[1:]):
        yield out.raw(shown)


def _impersonal(elements: list[str]) -> list[str]:
    """Return the elements without names, addresses and papers."""
    return ["" if number and is_personal(elements[0], number) else e for number, e in enumerate(elements)]


def _k1(out: Envelope, request: AckRequest, finding: Finding) -> bytes:
    rule, place = request.catalogue.get(finding.rule), finding.position
    number = finding.ack.get("CBP") or (rule.cbp if rule else "") or "ZZZ"
    known, words = cbp_numbers().get((place.segment, str(place.element or "")), ("", ""))
    title = (words if known == number else rule.title if rule else finding.rule).upper()
    where = f"{place.segment}{place.element:02d}" if place.segment and place.element else place.segment
    value = "" if finding.personal or not finding.value else f"={finding.value}"
    return out.segment("K1", whole_words(f"{number} {title}", 30), f"{where}{value}"[:30] or finding.rule[:30])
