"""X12 file -> events: the tokenizer's segments put into interchange, group, set and shipment.

    ISA GS ST M10 P4 LX..  LX..  SE GE IEA
     |  |  |         Unit  Unit   |  |  |
     |  |  MessageBegin   MessageEnd |  |
     |  GroupBegin             GroupEnd |
     InterchangeBegin       InterchangeEnd

What one set holds is message.py's; which segment may stand where is structure.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.delimited import UNSCALED, Scale
from gateway.formats.handed_out import HandedOut
from gateway.formats.x12 import envelope, trailers
from gateway.formats.x12.inbound import answer_of_ta1
from gateway.formats.x12.message import OpenMessage
from gateway.formats.x12.policy import SyntaxPolicy
from gateway.formats.x12.structure import Matcher
from gateway.formats.x12.tokenizer import Tokenizer
from gateway.formats.x12.tokens import Header, Run
from gateway.limits import SEGMENTS
from gateway.profile import Profile
from gateway.records import (
    Event,
    Group,
    GroupBegin,
    GroupEnd,
    Interchange,
    InterchangeBegin,
    InterchangeEnd,
    MessageBegin,
    Node,
)

_ENVELOPE = frozenset(("ISA", "TA1", "GS", "ST", "SE", "GE", "IEA"))


def _next(tags: list[str], at: int) -> int:
    """Return where the next segment with the same tag is, 0 when there is none."""
    try:
        return tags.index(tags[at], at + 1)
    except ValueError:
        return 0


def _too_many(node: Node) -> Finding:
    said = f"A shipment has more than {SEGMENTS} segments; the rest of the set was not read."
    return Finding("X12-LIMIT", Severity.ERROR, Scope.MESSAGE, said, node.place(), ack={"AK501": "R", "AK502": "5"})


class X12Reader:
    """Reads one file; `read` yields the events of gateway.records."""

    def __init__(self, profile: Profile, scale: Scale = UNSCALED) -> None:
        self._profile = profile
        self._policy = SyntaxPolicy.for_profile(profile)
        self._tokenizer = Tokenizer(scale, lenient=profile.tolerance == "lenient")
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._message: OpenMessage | None = None
        self._matcher: Any = None  # the open message's: what takes the segments, without a way around
        self._interchanges = self._groups = self._sets = self._messages = 0
        self._position = 0
        self._most = SEGMENTS  # position up to which a unit may reach
        self._last: Node | None = None
        self._group_numbers: set[str] = set()
        self._odd: set[tuple[str, int]] = set()  # remarks on control segments that the interchange has
        self._set_numbers: set[str] = set()
        self._unsupported = self._answered = False  # the open group's version: said once; TA1 in the interchange
        self._gs_place = Position()  # of GS08
        self._handed_out = HandedOut()

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield events; never raises on data. chunks: any split of the file."""
        for token in self._tokenizer.runs(chunks):
            if isinstance(token, Run):
                yield from self._run(token)
            elif isinstance(token, Node):
                yield from self._segment(token)
            elif isinstance(token, Header):
                yield from self._isa(token)
            elif token.rule == "X12-TRUNCATED":
                yield from self._cut(token)
            else:
                yield token
        yield from self._close_interchange(None)

    def _run(self, run: Run) -> Iterator[Event]:
        """Read segments that follow each other: units like others before them whole, the rest one by one."""
        tags, at, size = run.tags, 0, len(run.tags)
        while at < size:
            end = at + 1
            message, matcher = self._message, self._matcher
            if message is not None and tags[at] == matcher.starts:
                end = _next(tags, at) or size
                behind = self._position + end - at
                if (
                    end < size
                    and behind < self._most
                    and matcher.take_unit(run, at, end, self._position + 1, message.message.sound)
                ):
                    if matcher.completed is not None:
                        self._most = self._position + 1 + SEGMENTS
                        yield message.counted(matcher.completed)
                    at, self._position = end, behind
                    continue
            while at < end:
                yield from self._segment(run.node(at))
                at += 1

    def _segment(self, node: Node) -> Iterable[Event]:
        """Return the events of one segment."""
        matcher = self._matcher
        if matcher is None or node.tag in _ENVELOPE:
            return self._envelope(node)
        self._position += 1
        node.position = self._position
        if self._position >= self._most:
            return (_too_many(node),) if self._position == self._most else ()
        findings: list[Finding] = matcher.feed(node)
        unit: Node | None = matcher.completed
        if unit is None:
            return findings
        message = self._message
        assert message is not None
        self._most = self._position + SEGMENTS
        return message.around(unit, findings, node) if findings else (message.counted(unit),)

    def _envelope(self, node: Node) -> Iterator[Event]:
        self._last = node
        yield from self._control(node)
        self._most = self._position + SEGMENTS

    # --- control segments -------------------------------------------------------------------------------------

    def _control(self, node: Node) -> Iterator[Event]:
        """Handle an envelope segment, or a segment that stands outside every set."""
        tag = node.tag
        yield from envelope.odd(node, self._odd)
        if tag == "ST":
            yield from self._st(node)
        elif tag == "SE" and self._message is not None:
            yield from self._se(node)
        elif tag == "GS":
            yield from self._close_group(None)
            yield from self._gs(node)
        elif tag == "GE" and self._group is not None:
            yield from self._close_group(node)
        elif tag == "IEA":
            yield from self._close_interchange(node)
        elif tag == "TA1":
            self._answered = True
            yield answer_of_ta1(node)
        else:
            yield envelope.stray(node, grouped=self._group is not None)

    def _isa(self, header: Header) -> Iterator[Event]:
        if self._interchange is not None:
            yield from self._close_interchange(None)
        interchange = envelope.read_isa(header, self._interchanges)
        self._interchanges += 1
        self._groups, self._answered = 0, False
        self._odd = set()
        self._group_numbers = set()
        self._interchange = interchange
        yield InterchangeBegin(interchange)
        yield from header.faults
        yield from envelope.check_isa(header, self._profile)

    def _gs(self, node: Node) -> Iterator[Event]:
        group = envelope.read_gs(node, self._groups)
        self._groups += 1
        self._sets = 0
        self._set_numbers = set()
        self._unsupported = False
        self._gs_place = node.place(8, data_element="480")
        self._group = group
        yield GroupBegin(group)
        yield from envelope.check_gs(node, group, self._group_numbers)
        self._group_numbers.add(group.control_number)

    def _st(self, node: Node) -> Iterator[Event]:
        yield from self._close_set(None)
        if self._interchange is None:
            return
        if self._group is None:
            yield envelope.stray(node, grouped=False)
            self._group, self._gs_place = Group(self._groups), node.place()
            yield GroupBegin(self._group)
        node.position = self._position = 1
        opened = OpenMessage(node, self._interchange, self._group, self._messages, self._taken_over, self._handed_out)
        self._sets += 1
        self._messages += 1
        self._message, self._matcher = opened, opened.matcher
        yield MessageBegin(opened.message)
        yield from envelope.check_st(node, self._set_numbers)
        self._set_numbers.add(opened.message.control_number)
        yield from opened.check_kind(node)
        yield from self._choose_structure(opened)

    def _choose_structure(self, opened: OpenMessage) -> Iterator[Finding]:
        if opened.choose_structure(self._profile, self._policy):
            self._matcher = opened.matcher
        elif opened.kind is not None and opened.kind.role == "other":
            yield opened.not_translated()
        elif not self._unsupported:
            self._unsupported = True
            yield opened.version_unknown(self._gs_place)

    def _taken_over(self, matcher: Matcher) -> None:
        self._matcher = matcher

    # --- ends -------------------------------------------------------------------------------------------------

    def _se(self, node: Node) -> Iterator[Event]:
        message = self._message
        assert message is not None
        self._position += 1
        node.position = self._position
        yield from message.finish(node)
        yield from trailers.check_se(node, message.message.control_number, self._position)
        yield from self._end_message(message)

    def _end_message(self, message: OpenMessage) -> Iterator[Event]:
        yield from message.end(self._position)
        self._message = None
        self._matcher = None
        self._position = 0

    def _close_set(self, node: Node | None) -> Iterator[Event]:
        """End an open set whose SE did not come."""
        message = self._message
        if message is None:
            return
        at = node or self._last
        yield from message.cut()
        yield trailers.se_missing(message.message, at.place() if at is not None else Position())
        yield from self._end_message(message)

    def _close_group(self, node: Node | None) -> Iterator[Event]:
        if self._group is None:
            return
        yield from self._close_set(node)
        group = self._group
        if node is not None:
            yield from trailers.check_ge(node, group, self._sets)
        else:
            yield trailers.ge_missing(group, self._last.place() if self._last is not None else Position())
        yield GroupEnd(group, node.element(1) if node is not None else "", self._sets)
        self._group = None

    def _close_interchange(self, node: Node | None) -> Iterator[Event]:
        interchange = self._interchange
        if interchange is None:
            return
        yield from self._close_group(None) if self._group is not None else ()
        if node is not None:
            yield from trailers.check_iea(node, interchange, self._groups, answered=self._answered)
        yield InterchangeEnd(interchange, node.element(1) if node is not None else "", self._groups)
        self._interchange = None

    def _cut(self, finding: Finding) -> Iterator[Event]:
        """The file ends, or a new ISA starts, before IEA: nothing of this interchange may be delivered."""
        yield finding
        yield from self._close_interchange(None)


def sniff(head: bytes) -> float:
    """Return how sure it is, from 0 to 1, that a file with this beginning is X12."""
    text = head.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if text[:3] == b"ISA" and len(text) > 3 and not chr(text[3]).isalnum():
        return 1.0
    return 0.8 if b"ISA" in head and b"GS" in head[head.find(b"ISA") :] else 0.0
