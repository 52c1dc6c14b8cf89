"""EDIFACT file -> events: the tokenizer's segments put into interchange, group, message and shipment.

    UNB (UNG) UNH BGM .. CNI..  CNI..  UNT (UNE) UNZ
     |   |    |          Unit   Unit   |    |    |
     |   |    MessageBegin    MessageEnd    |    |
     |   GroupBegin                  GroupEnd    |
     InterchangeBegin                   InterchangeEnd

Without UNG the messages stand in one group with empty facts. Which segment may stand where is structure/'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.findings import NOWHERE, Finding, Position, Severity
from gateway.formats.delimited import UNSCALED, Scale
from gateway.formats.edifact import trailers
from gateway.formats.edifact.envelope import component, fault, read_unb, read_ung
from gateway.formats.edifact.message import OpenMessage
from gateway.formats.edifact.service import Header
from gateway.formats.edifact.strays import Strays
from gateway.formats.edifact.structure.tables import SERVICE_TAGS
from gateway.formats.edifact.tokenizer import Tokenizer
from gateway.formats.edifact.unb import check_unb
from gateway.formats.handed_out import HandedOut
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
    Node,
    Separators,
)


def _too_many(node: Node) -> Finding:
    said = f"A shipment has more than {SEGMENTS} segments; the rest of the message was not read."
    return fault("EDIFACT-LIMIT", "16", "UCM", "UNH", said, node.place())


class EdifactReader:
    """Reads one file; `read` yields the events of gateway.records."""

    def __init__(self, profile: Profile, scale: Scale = UNSCALED) -> None:
        options = profile.options
        forced = "utf-8" if profile.encoding or scale.factor != 1 else ""
        self._tokenizer = Tokenizer(
            scale,
            forced=forced,
            unox=str(options.get("unox_codec", "")),
            keep_breaks=options.get("wrap") == "keep",
        )
        self._profile = profile
        self._interchange: Interchange | None = None
        self._separators = Separators("+", ":", "'")
        self._group: Group | None = None
        self._message: OpenMessage | None = None
        self._interchanges = self._groups = self._group_messages = self._interchange_messages = self._messages = 0
        self._references: set[str] = set()
        self._group_references: set[str] = set()
        self._last: Node | None = None
        self._cut = False  # a finding has said that the rest of the interchange is lost
        self._strays = Strays()
        self._handed_out = HandedOut()

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield events; never raises on data. chunks: any split of the file."""
        kept = 0  # segments since the last shipment was complete
        for token in self._tokenizer.tokens(chunks):
            if type(token) is Node:
                if token.tag not in SERVICE_TAGS:
                    message = self._message
                    if message is None:
                        self._strays.add(token)
                        continue
                    kept += 1
                    if kept >= SEGMENTS:
                        message.skip()
                        if kept == SEGMENTS:
                            yield _too_many(token)
                        continue
                    found = message.feed(token)
                    if found is not None:
                        kept = 0 if message.completed else kept
                        yield from message.events(found)
                    continue
                kept = 0
                if token.tag != "UNT":
                    yield from self._strays.end()
                yield from self._service(token)
                self._last = token
            elif type(token) is Header:
                yield from self._unb(token)
            else:
                assert isinstance(token, Finding)
                yield from self._finding(token)
        yield from self._close_interchange(None)

    def _finding(self, token: Finding) -> Iterator[Event]:
        """A finding of the tokenizer: some end what is open, one needs its place in the message."""
        if token.rule in ("EDIFACT-TRUNCATED", "EDIFACT-SEG-TOO-LONG"):
            yield token
            self._cut = True
            yield from self._close_interchange(None)
            self._cut = False
        elif token.rule == "EDIFACT-SEG-UNTERMINATED" and self._message is not None:
            yield self._message.unterminated(token)
        else:
            yield token

    # --- the envelope -----------------------------------------------------------------------------------------

    def _service(self, node: Node) -> Iterator[Event]:
        tag = node.tag
        if self._interchange is None:  # behind UNZ, in one record with it
            self._strays.add(node)
        elif tag == "UNH":
            yield from self._unh(node)
        elif tag == "UNT" and self._message is not None:
            self._tokenizer.taker = None
            yield from self._message.unt(node)
            self._forget(self._message)
        elif tag == "UNG":
            yield from self._ung(node)
        elif tag == "UNE" and self._group is not None and (self._group.control_number or self._group.functional_id):
            yield from self._close_group(node)
        elif tag == "UNZ":
            yield from self._close_interchange(node)
        elif tag == "UNS" and self._message is not None:
            yield from self._message.events(self._message.feed(node) or [])
        else:
            self._strays.add(node)

    def _unb(self, header: Header) -> Iterator[Event]:
        yield from self._close_interchange(None)
        interchange = read_unb(header, self._interchanges)
        self._interchanges += 1
        self._groups = self._interchange_messages = 0
        self._group_references = set()
        self._interchange, self._separators = interchange, header.separators
        yield InterchangeBegin(interchange)
        yield from header.faults
        yield from check_unb(header, interchange, self._profile)
        if not header.separators.segment:
            yield InterchangeEnd(interchange)
            self._interchange = None

    def _ung(self, node: Node) -> Iterator[Event]:
        assert self._interchange is not None
        mixed = self._group is not None and not self._group.control_number
        yield from self._close_group(None)
        if mixed:
            yield self._mixed(node)
        group = read_ung(node, self._groups, self._separators)
        yield from self._open_group(group)
        yield from trailers.check_ung(node, group, self._group_references)
        self._group_references.add(group.control_number)

    def _open_group(self, group: Group) -> Iterator[Event]:
        self._group = group
        self._groups += 1
        self._group_messages = 0
        self._references = set()  # a message reference is unique in its group
        yield GroupBegin(group)

    def _mixed(self, node: Node) -> Finding:
        return fault(
            "EDIFACT-GROUP-MIXED",
            "30",
            "UCI",
            node.tag,
            "Messages inside and outside UNG groups are mixed.",
            node.place(),
        )

    def _unh(self, node: Node) -> Iterator[Event]:
        assert self._interchange is not None
        yield from self._close_message(node)
        if self._group is None:
            if self._groups:
                yield self._mixed(node)
            yield from self._open_group(Group(self._groups))
        assert self._group is not None
        self._group_messages += 1
        self._interchange_messages += 1
        message = OpenMessage(node, self._interchange, self._group, self._messages, self._profile, self._handed_out)
        self._messages += 1
        self._message, self._tokenizer.taker = message, message.take
        yield message.begin
        yield from trailers.check_unh(node, self._separators, self._references)
        self._references.add(component(node, 1, 1, self._separators))
        yield from message.check_kind(node)
        kind = self._group.functional_id
        if kind and kind != message.begin.message.type:
            yield fault(
                "EDIFACT-GROUP-TYPES",
                "31",
                "UCF",
                "UNG:2",
                f"UNG 0038 says {kind}, but the message is {message.begin.message.type}.",
                node.place(2, 1),
                severity=Severity.WARNING,
            )

    # --- ends -------------------------------------------------------------------------------------------------

    def _place(self, node: Node | None) -> Position:
        at = node or (self._message.last if self._message is not None else None) or self._last
        if at is not None:
            return at.place()
        at_header = self._interchange
        return Position(offset=at_header.offset, line=at_header.line) if at_header else NOWHERE

    def _close_message(self, node: Node | None) -> Iterator[Event]:
        """End an open message whose UNT did not come."""
        if self._message is None:
            return
        place = self._place(node)
        self._tokenizer.taker = None
        yield from self._message.cut()
        if not self._cut:
            said = f"UNT is missing: message {self._message.begin.message.control_number} has no end."
            yield fault("EDIFACT-UNT-MISSING", "13", "UCM", "UNT", said, place)
        yield self._message.end()
        self._forget(self._message)

    def _forget(self, message: OpenMessage) -> None:
        self._handed_out.add(message.begin.message.root)
        self._message = None

    def _close_group(self, node: Node | None) -> Iterator[Event]:
        group = self._group
        if group is None:
            return
        yield from self._close_message(node)
        if group.control_number or group.functional_id:
            if node is not None:
                yield from trailers.check_une(node, group, self._group_messages, self._separators)
            elif not self._cut:
                yield fault(
                    "EDIFACT-UNE-MISSING",
                    "13",
                    "UCF",
                    "UNE",
                    f"UNE is missing: group {group.control_number} has no end.",
                    self._place(None),
                )
            if not self._group_messages:
                yield fault(
                    "EDIFACT-GROUP-EMPTY",
                    "32",
                    "UCF",
                    "UNG",
                    f"Group {group.control_number} holds no message.",
                    self._place(node),
                )
        yield GroupEnd(group, node.element(1) if node is not None and node.tag == "UNE" else "", self._group_messages)
        self._group = None

    def _close_interchange(self, node: Node | None) -> Iterator[Event]:
        """End the open interchange; node: UNZ, None when it did not come."""
        yield from self._strays.end()
        interchange = self._interchange
        if interchange is None:
            return
        place = self._place(node)
        yield from self._close_group(None)
        grouped = bool(self._group_references)
        counted = self._groups if grouped else self._interchange_messages
        if node is not None:
            yield from trailers.check_unz(
                node, interchange, counted, "groups" if grouped else "messages", self._separators
            )
        elif not self._cut:
            tolerated = bool(self._profile.options.get("accept_missing_unz"))
            severity = Severity.WARNING if tolerated else Severity.ERROR
            yield fault(
                "EDIFACT-UNZ-MISSING",
                "13",
                "UCI",
                "UNZ",
                "UNZ is missing: the interchange has no end.",
                place,
                severity=severity,
            )
        if not self._interchange_messages and node is not None:
            yield fault("EDIFACT-EMPTY", "32", "UCI", "UNB", "The interchange holds no message.", place)
        yield InterchangeEnd(interchange, node.element(1) if node is not None else "", counted)
        self._interchange = None
