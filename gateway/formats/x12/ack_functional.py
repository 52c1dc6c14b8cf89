"""What 997 and 999 share: the verdict per segment, set and group, streamed from the records.

    AK1  (AK2 (AK3 AK4*)* AK5)*  AK9          997
    AK1  (AK2 (IK3 CTX* IK4*)* IK5)*  AK9     999

AK5/IK5: A accepted, E accepted though a segment has errors, R rejected. These sets speak of syntax only: shipments
refused by Section 321 rules leave AK5 at A, and are answered in 824 and 355.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.x12.ack_envelope import ACK_SETS, Envelope, answerable, data_element, echo
from gateway.records import Group, GroupBegin, GroupEnd
from gateway.results import AckRequest, MessageClosed, MessageFinding, MessageOpened, ShipmentResult

_COUNT = re.compile(r"[0-9]{1,6}")  # AK902 repeats GE01 where it is one: element 97, N0 1/6
_ANSWERS = frozenset(("FA", "AG", "AU", "AX", "AZ"))  # groups of answers: 997, 999, 824, 350, 353, 355


@dataclass
class _Set:
    """The open set. codes: AK502 of message-level errors; syntax: shipments refused by syntax."""

    opened: MessageOpened
    codes: set[str] = field(default_factory=set)
    segments: dict[int, list[Finding]] = field(default_factory=dict)
    dropped: int = 0
    refused: bool = False
    any_error: bool = False
    syntax: int = 0


@dataclass
class _Group:
    group: Group
    codes: list[str] = field(default_factory=list)
    received: int = 0
    accepted: int = 0
    with_errors: bool = False
    silent: bool = False  # refused as a whole: its sets are not listed
    begun: bool = False
    answers: int = 0  # acknowledgments in a group of another kind: counted, never answered


class Functional:
    """Writes one 997 or 999 per functional group. implementation: True for 999."""

    def __init__(self, request: AckRequest, *, implementation: bool) -> None:
        self._request, self._implementation = request, implementation
        policy = request.profile.acks
        self._out = Envelope(request, policy.version_999 if implementation else policy.version_997)
        self._limit = policy.max_errors
        self._new = implementation or policy.version_997[:6] >= "005010"  # AK2-03 is of these releases
        self._set: _Set | None = None
        self._group: _Group | None = None

    def write(self) -> Iterator[bytes]:
        """Yield the interchange; nothing when no group of it is to be answered in this dialect."""
        request = self._request
        if not answerable(request.interchange) or request.interchange.index in request.refused_interchanges:
            return
        refused = _group_refusals(request)
        for record in request.own_records():
            if isinstance(record, GroupBegin):
                self._open(record.group, refused)
            elif self._group is None:
                continue
            elif isinstance(record, MessageOpened):
                yield from self._open_set(record)
            elif isinstance(record, MessageFinding):
                self._finding(record.finding)
            elif isinstance(record, ShipmentResult):
                self._shipment(record)
            elif isinstance(record, MessageClosed):
                yield from self._close_set(record)
            elif isinstance(record, GroupEnd):
                yield from self._close(record)
        yield from self._out.end()

    # --- group ------------------------------------------------------------------------------------------------

    def _open(self, group: Group, refused: dict[int, list[str]]) -> None:
        self._group = None
        if not group.control_number or group.functional_id in _ANSWERS or not self._speaks(group):
            return
        self._group = _Group(group, refused.get(group.index, []))
        self._group.silent = any(code in ("1", "2") for code in self._group.codes)

    def _speaks(self, group: Group) -> bool:
        """True when the partner wants this dialect for the group's version."""
        wanted = self._request.profile.acks.functional
        if wanted == "auto":
            wanted = "999" if group.version[:6] >= "005010" else "997"
        return wanted == ("999" if self._implementation else "997")

    def _begin(self) -> Iterator[bytes]:
        """Write ISA, GS where they are not open and ST, AK1 of the group, when its first line is due."""
        assert self._group is not None
        self._group.begun = True
        group = self._group.group
        yield from self._out.answer_to(group, "FA")
        yield self._out.st("999" if self._implementation else "997")
        version = (group.version,) if self._implementation else ()
        yield self._out.segment("AK1", group.functional_id, group.control_number, *version)

    def _close(self, record: GroupEnd) -> Iterator[bytes]:
        group = self._group
        assert group is not None
        if group.answers and group.answers == group.received:
            self._group = None
            return
        if not group.begun:
            yield from self._begin()
        self._group = None
        codes = sorted(set(group.codes), key=int)  # never more than five: an end is missing, or wrong
        accepted = 0 if group.codes else group.accepted
        if group.codes or (group.received and accepted == 0):
            result = "R"
        elif accepted < group.received:
            result = "P"
        else:
            result = "E" if group.with_errors else "A"
        told = record.declared if _COUNT.fullmatch(record.declared) else str(record.received)
        yield self._out.segment("AK9", result, told, str(record.received), str(accepted), *codes)
        yield self._out.se()

    # --- set --------------------------------------------------------------------------------------------------

    def _open_set(self, opened: MessageOpened) -> Iterator[bytes]:
        assert self._group is not None
        if opened.type in ACK_SETS:
            self._group.received += 1
            self._group.accepted += 1
            self._group.answers += 1
            return
        if not (self._group.begun or self._group.silent):
            yield from self._begin()
        self._group.received += 1
        self._set = _Set(opened)

    def _finding(self, finding: Finding) -> None:
        if self._set is None or finding.scope is not Scope.MESSAGE:
            return
        if finding.severity is Severity.ERROR:
            self._set.refused = True
        if "AK502" in finding.ack:
            self._set.codes.add(self._code_718(finding.ack["AK502"]))
        elif finding.severity is Severity.ERROR and "AK304" not in finding.ack:
            rule = self._request.catalogue.get(finding.rule)
            self._set.codes.add((rule.ak5 if rule else "") or "5")
        self._note(finding)

    def _note(self, finding: Finding) -> None:
        """Keep a segment error for its AK3/IK3, up to the partner's limit."""
        assert self._set is not None
        if "AK304" not in finding.ack:
            return
        self._set.any_error = True
        position = finding.position.segment_position or 0
        if position in self._set.segments or len(self._set.segments) < self._limit:
            self._set.segments.setdefault(position, []).append(finding)
        else:
            self._set.dropped += 1

    def _shipment(self, record: ShipmentResult) -> None:
        if self._set is None:
            return
        for finding in record.findings:
            self._note(finding)
        if any("AK304" in f.ack and f.severity is Severity.ERROR for f in record.findings):
            self._set.syntax += 1

    def _close_set(self, record: MessageClosed) -> Iterator[bytes]:
        one, group = self._set, self._group
        self._set = None
        if one is None or group is None:
            return
        lost = record.found > 0 and one.syntax == record.found
        rejected = one.refused or lost
        codes = set(one.codes)
        if one.any_error:
            codes.add("5")
        if not rejected:
            group.accepted += 1
            group.with_errors = group.with_errors or one.any_error
            codes &= {"5"}
        if group.silent:
            return
        third = (one.opened.implementation,) if one.opened.implementation and self._new else ()
        yield self._out.segment("AK2", one.opened.type, one.opened.control_number, *third)
        for position in sorted(one.segments):
            yield from self._segment(position, one.segments[position])
        result = "R" if rejected else "E" if one.any_error else "A"
        tag = "IK5" if self._implementation else "AK5"
        yield self._out.segment(tag, result, *sorted(codes, key=int))  # never more than five: 1, 3, 4, 5 and 7 or 23

    def _segment(self, position: int, findings: list[Finding]) -> Iterator[bytes]:
        """Yield AK3 (IK3, CTX) and the AK4 (IK4) of one segment."""
        place = findings[0].position
        own = [f for f in findings if "AK403" not in f.ack]
        code = own[0].ack["AK304"] if own else "8"
        tag = "IK3" if self._implementation else "AK3"
        loop = place.loop if self._implementation else ""
        yield self._out.segment(tag, place.segment[:3], str(position), loop[:4], code)
        elements = [f for f in findings if "AK403" in f.ack]
        if self._implementation:
            for f in elements:
                if f.ack["AK403"] in ("2", "10"):
                    p = f.position
                    yield self._out.segment(
                        "CTX",
                        "SITUATIONAL TRIGGER",
                        p.segment,
                        str(position),
                        p.loop[:4],
                        _where(p),
                        data_element(p),
                    )
        for f in elements:
            p = f.position
            value = echo(f.value, personal=f.personal, allowed=self._request.profile.acks.echo_personal)
            yield self._out.segment(
                "IK4" if self._implementation else "AK4",
                _where(p),
                data_element(p),
                self._code_723(f.ack["AK403"]),
                value,
            )

    def _code_718(self, code: str) -> str:
        """Element 718 of 004010 has no 23 (ST02 not unique), there it is 7 (control number), and no 18 (not in group), there it is 1."""
        old = not self._implementation and self._out.version[:6] <= "004010"
        return {"23": "7", "18": "1"}.get(code, code) if old else code

    def _code_723(self, code: str) -> str:
        """Element 723 of 004010 knows no repetitions and no surplus components."""
        old = not self._implementation and self._out.version[:6] <= "004010"
        return {"12": "6", "13": "3"}.get(code, code) if old else code


def _where(place: Position) -> str | tuple[str, ...]:
    """Return the element of a fault, with its component in a composite (C030)."""
    return (str(place.element or ""), str(place.component)) if place.component else str(place.element or "")


def _group_refusals(request: AckRequest) -> dict[int, list[str]]:
    """Return group index -> AK905 codes of its group-level errors."""
    found: dict[int, list[str]] = {}
    current = -1
    for record in request.own_records():
        if isinstance(record, GroupBegin):
            current = record.group.index
        elif isinstance(record, MessageFinding) and record.finding.scope is Scope.GROUP and record.finding.refuses:
            rule = request.catalogue.get(record.finding.rule)
            found.setdefault(current, []).append(record.finding.ack.get("AK905") or (rule.ak9 if rule else "") or "5")
    return found
