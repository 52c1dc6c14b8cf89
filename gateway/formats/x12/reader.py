"""X12 file -> events: the tokenizer's segments put into interchange, group, set and shipment.

    ISA GS ST M10 P4 LX..  LX..  SE GE IEA
     |  |  |         Unit  Unit   |  |  |
     |  |  MessageBegin   MessageEnd |  |
     |  GroupBegin             GroupEnd |
     InterchangeBegin       InterchangeEnd

Which segment may stand where is structure.py's; which sets there are is sets.csv's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

import msgspec

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.tree import RootNode
from gateway.formats.x12 import envelope
from gateway.formats.x12.inbound import answer_of_ta1, answers_of
from gateway.formats.x12.layout import SetTable, releases_of
from gateway.formats.x12.levels import DEFAULT, Undecided, choose, layouts, with_levels
from gateway.formats.x12.structure import Matcher, SyntaxPolicy, load_table
from gateway.formats.x12.tokenizer import UNSCALED, Header, Scale, Tokenizer
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
    Message,
    MessageBegin,
    MessageEnd,
    Node,
    Unit,
)
from gateway.shipped import files, table_rows

_ENVELOPE = frozenset(("ISA", "TA1", "GS", "ST", "SE", "GE", "IEA"))
_KEPT_ACK_SEGMENTS = 10_000  # segments of an inbound acknowledgment kept for reading; more is not plausible


class SetKind(msgspec.Struct, frozen=True):
    """One row of sets.csv. role: manifest (translated), consist, ack (read as an answer), other (acknowledged only).

    unit: the segment that starts one shipment; with a / before it the shipments are told at SE only, see `_late_units`.
    """

    name: str
    functional_ids: tuple[str, ...]
    role: str
    unit: str


@cache
def set_kinds() -> dict[str, SetKind]:
    """Return the transaction sets we know, by ST01."""
    text = files(__package__).joinpath("sets.csv").read_text("utf-8")
    return {
        row["set"]: SetKind(row["name"], tuple(row["functional_ids"].split("|")), row["role"], row["unit"])
        for row in table_rows(text)
    }


def _too_many(node: Node) -> Finding:
    said = f"A shipment has more than {SEGMENTS} segments; the rest of the set was not read."
    return Finding("X12-LIMIT", Severity.ERROR, Scope.MESSAGE, said, node.place(), ack={"AK501": "R", "AK502": "5"})


class _Flat:
    """Stands in for the Matcher where there is no structure table: finds the shipments, checks nothing."""

    def __init__(self, root: Node, unit: str) -> None:
        self._root, self._unit, self._current = root, unit, root
        self.completed: Node | None = None
        self.context = 0
        self._count = 0

    def feed(self, node: Node) -> list[Finding]:
        self.completed = None
        if node.tag == self._unit:
            self.completed = None if self._current is self._root else self._current
            self._current = node
            node.parent = self._root
        elif self._current is not self._root or self._count < _KEPT_ACK_SEGMENTS:
            self._count += 1
            self._current.take(node)
        return []

    def end(self, place: Node | None) -> list[Finding]:
        self.completed = None if self._current is self._root else self._current
        return []


class X12Reader:
    """Reads one file; `read` yields the events of gateway.records."""

    def __init__(self, profile: Profile, scale: Scale = UNSCALED) -> None:
        self._profile = profile
        self._policy = SyntaxPolicy.for_profile(profile)
        self._tokenizer = Tokenizer(scale, lenient=profile.tolerance == "lenient")
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._message: Message | None = None
        self._matcher: Any = None
        self._interchanges = self._groups = self._sets = self._messages = 0
        self._position = self._units = 0
        self._last: Node | None = None
        self._group_numbers: set[str] = set()
        self._set_numbers: set[str] = set()
        self._unsupported = self._answered = False  # the open group's version: said once; TA1 in the interchange
        self._gs_place = Position()  # of GS08

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:  # noqa: PLR0912  the hot loop
        """Yield events; never raises on data. chunks: any split of the file."""
        position, most = 0, SEGMENTS
        for token in self._tokenizer.tokens(chunks):
            if type(token) is Node:
                matcher = self._matcher
                if matcher is not None and token.tag not in _ENVELOPE:
                    position += 1
                    token.position = position
                    if position >= most:
                        if position == most:
                            yield _too_many(token)
                        continue
                    findings = matcher.feed(token)
                    unit = matcher.completed
                    if unit is not None:
                        most = position + SEGMENTS
                        if not findings:
                            yield self._counted(unit)
                        else:
                            yield from self._unit(unit, findings, token)
                    elif findings:
                        yield from findings
                    continue
                self._position = position
                self._last = token
                yield from self._control(token)
                position, most = self._position, self._position + SEGMENTS
            elif type(token) is Header:
                yield from self._isa(token)
            else:
                assert isinstance(token, Finding)
                if token.rule == "X12-TRUNCATED":
                    self._position = position
                    yield from self._cut(token)
                else:
                    yield token
        yield from self._close_interchange(None)

    # --- control segments -------------------------------------------------------------------------------------

    def _control(self, node: Node) -> Iterator[Event]:
        """Handle an envelope segment, or a segment that stands outside every set."""
        tag = node.tag
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
            yield self._stray(node)

    def _stray(self, node: Node) -> Finding:
        """A segment outside every transaction set: the part of the envelope it stands in cannot be trusted."""
        place = node.place()
        said = f"{node.tag[:10]} stands outside a transaction set."
        if self._group is not None:
            return Finding(
                "X12-SEG-OUTSIDE", Severity.ERROR, Scope.GROUP, said, place, ack={"AK901": "R", "AK905": "5"}
            )
        return Finding(
            "X12-SEG-OUTSIDE", Severity.ERROR, Scope.INTERCHANGE, said, place, ack={"TA104": "R", "TA105": "024"}
        )

    def _isa(self, header: Header) -> Iterator[Event]:
        if self._interchange is not None:
            yield from self._close_interchange(None)
        interchange = envelope.read_isa(header, self._interchanges)
        self._interchanges += 1
        self._groups, self._answered = 0, False
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
        known = {f for kind in set_kinds().values() for f in kind.functional_ids}
        if group.functional_id not in known:
            yield envelope.group_fault(
                node,
                1,
                "X12-GS01",
                "1",
                f'GS01: "{group.functional_id}" is not a functional group we take; AQ is the Customs Manifest (309).',
            )

    def _st(self, node: Node) -> Iterator[Event]:
        yield from self._close_set(None)
        if self._interchange is None:
            return
        if self._group is None:
            yield self._stray(node)
            self._group, self._gs_place = Group(self._groups), node.place()
            yield GroupBegin(self._group)
        node.position = self._position = 1
        message, kind = self._open_message(node)
        yield MessageBegin(message)
        yield from envelope.check_st(node, self._set_numbers)
        self._set_numbers.add(message.control_number)
        if kind is None:
            known = ", ".join(set_kinds())
            yield envelope.set_fault(
                node.place(1),
                "X12-SET-UNKNOWN",
                "1",
                f'ST01: "{message.type}" is not a transaction set we take ({known}).',
                message.type,
            )
            return
        if self._group.functional_id and self._group.functional_id not in kind.functional_ids:
            yield envelope.set_fault(
                node.place(1),
                "X12-SET-NOT-IN-GROUP",
                "1",
                f"A {message.type} cannot stand in a group GS01 {self._group.functional_id}; {kind.functional_ids[0]} was expected.",
                message.type,
            )
        yield from self._choose_structure(node, message, kind)

    def _open_message(self, node: Node) -> tuple[Message, SetKind | None]:
        assert self._interchange is not None
        assert self._group is not None
        assert self._interchange.separators is not None
        self._sets += 1
        kind = set_kinds().get(node.element(1))
        facts = _facts(self._interchange, self._group, node)
        root = RootNode(
            "ST",
            node.elements,
            node.offset,
            node.length,
            node.line,
            1,
            separators=self._interchange.separators,
            envelope=facts,
        )
        message = Message(
            format=f"x12_{node.element(1) or 'unknown'}",
            type=node.element(1),
            version=self._group.version,
            control_number=node.element(2),
            index=self._messages,
            root=root,
            interchange=self._interchange,
            group=self._group,
            implementation=node.element(3),
            envelope=facts,
            unit=kind.unit if kind else "",
        )
        self._messages += 1
        self._units = 0
        self._message = message
        self._matcher = _Flat(root, message.unit)
        return message, kind

    def _choose_structure(self, node: Node, message: Message, kind: SetKind) -> Iterator[Event]:
        if kind.role == "ack":
            return
        table = load_table(message.type, message.version, self._profile.structures)
        if table is not None and layouts(message.type):
            self._matcher = Undecided(partial(self._by_levels, table, message))
        elif table is not None and message.interchange.separators is not None:
            unit = "" if kind.unit.startswith("/") else kind.unit
            self._matcher = Matcher(table, message.root, message.interchange.separators, unit, self._policy)
        elif kind.role == "other":
            yield Finding(
                "X12-SET-NOT-TRANSLATED",
                Severity.WARNING,
                Scope.MESSAGE,
                f"Set {message.type} ({kind.name}) holds no Section 321 data of its own; it was acknowledged, not translated.",
                node.place(),
            )
        elif not self._unsupported:
            self._unsupported = True
            yield Finding(
                "X12-VERSION",
                Severity.ERROR,
                Scope.GROUP,
                f'GS08: version "{message.version}" of set {message.type} is not supported.',
                self._gs_place,
                value=message.version,
                fix=f"Send set {message.type} in version {', '.join(releases_of(message.type))}, or ask us to add yours.",
                ack={"AK901": "R", "AK905": "2"},
            )

    def _by_levels(self, table: SetTable, message: Message, first: Node | None) -> Matcher:
        """Let the Matcher of the levels that the set's first segment names take over."""
        assert message.interchange.separators is not None
        level = str(self._profile.options.get("shipment_level", DEFAULT))
        layout = choose(message.type, first or message.root, level)
        message.envelope["HL"], message.unit = layout.name, layout.unit
        table = with_levels(table, layout.levels)
        matcher = Matcher(table, message.root, message.interchange.separators, layout.unit, self._policy)
        self._matcher = matcher
        return matcher

    # --- ends -------------------------------------------------------------------------------------------------

    def _counted(self, unit: Node) -> Unit:
        """Return a completed shipment as the next one of the set."""
        message = self._message
        assert message is not None
        self._units += 1
        message.context = self._matcher.context
        role = "unread" if type(self._matcher) is _Flat else "shipment"
        return Unit(message, self._units, unit, f"{unit.tag} {unit.element(1)}".strip(), role)

    def _unit(self, unit: Node, findings: list[Finding], upto: Node | None) -> Iterator[Event]:
        """Yield a completed shipment, its own findings before it, those of the next segment after it."""
        counted = self._counted(unit)
        limit = upto.offset if upto is not None else None
        later = []
        for finding in findings:
            if limit is not None and finding.position.offset is not None and finding.position.offset >= limit:
                later.append(finding)
            else:
                yield finding
        yield counted
        yield from later

    def _late_units(self, *, whole: bool) -> Iterator[Event]:
        """Yield the shipments of a set that can be told only when all of it was read; paths of theirs begin at ST.

        /ST                  the whole set is one shipment
        /S5[02=UL|PU|CU]     each S5 with such a code in element 2 is one: its goods may stand at another S5
        """
        message = self._message
        assert message is not None
        if not message.unit.startswith("/"):
            if layouts(message.type) and not self._units and whole:
                levels = message.unit.rpartition("=")[2].rstrip("]")
                said = f"Set {message.type} {message.control_number} names no shipment: no HL of level {levels}."
                yield Finding("X12-NO-SHIPMENT", Severity.INFO, Scope.MESSAGE, said, message.root.place())
            return
        tag, _, choice = message.unit[1:].rstrip("]").partition("[")
        element, _, codes = choice.partition("=")
        found = [message.root] if tag == message.root.tag else (message.root.children or {}).get(tag, [])
        for node in found:
            if not codes or node.element(int(element)) in codes.split("|"):
                self._units += 1
                yield Unit(message, self._units, node, f"{node.tag} {node.element(2 if node is message.root else 1)}")
        if not self._units and whole:
            wanted = " or ".join(codes.replace("|", ", ").rsplit(", ", 1))
            said = f"Set {message.type} {message.control_number} names no shipment: no {tag} with {wanted} in {tag}-{element}."
            yield Finding("X12-NO-SHIPMENT", Severity.ERROR, Scope.MESSAGE, said, message.root.place())

    def _finish_matcher(self, node: Node | None) -> Iterator[Event]:
        self._matcher.completed = None
        findings = self._matcher.end(node)
        if self._matcher.completed is not None:
            last = self._matcher.completed
            yield from self._unit(last, [f for f in findings if f.scope is Scope.SHIPMENT], None)
            yield from [f for f in findings if f.scope is not Scope.SHIPMENT]
        else:
            yield from findings

    def _se(self, node: Node) -> Iterator[Event]:
        assert self._message is not None
        self._position += 1
        node.position = self._position
        yield from self._finish_matcher(node)
        yield from self._late_units(whole=True)
        yield from envelope.check_bills(self._message, self._units)
        yield from envelope.check_se(node, self._message.control_number, self._position)
        yield from self._end_message()

    def _end_message(self) -> Iterator[Event]:
        message = self._message
        assert message is not None
        yield from _answers(message)
        yield MessageEnd(message, self._position)
        self._message = None
        self._matcher = None
        self._position = 0

    def _close_set(self, node: Node | None, why: str = "") -> Iterator[Event]:
        """End an open set whose SE did not come."""
        if self._message is None:
            return
        at = node or self._last
        if self._matcher is not None:
            # what is missing at the end of a cut set is not reported one by one: SE is, and it refuses the set
            self._matcher.completed = None
            self._matcher.end(None)
            if self._matcher.completed is not None:
                yield from self._unit(self._matcher.completed, [], None)
        yield from self._late_units(whole=False)
        place = at.place() if at is not None else Position()
        yield envelope.set_fault(
            place, "X12-SE-MISSING", "2", f"SE is missing: set {self._message.control_number} has no end{why}."
        )
        yield from self._end_message()

    def _close_group(self, node: Node | None) -> Iterator[Event]:
        if self._group is None:
            return
        yield from self._close_set(node)
        group = self._group
        if node is not None:
            yield from envelope.check_ge(node, group, self._sets)
        else:
            place = self._last.place() if self._last is not None else Position()
            yield Finding(
                "X12-GE-MISSING",
                Severity.ERROR,
                Scope.GROUP,
                f"GE is missing: group {group.control_number} has no end.",
                place,
                ack={"AK901": "R", "AK905": "3"},
            )
        yield GroupEnd(group, node.element(1) if node is not None else "", self._sets)
        self._group = None

    def _close_interchange(self, node: Node | None) -> Iterator[Event]:
        interchange = self._interchange
        if interchange is None:
            return
        yield from self._close_group(None) if self._group is not None else ()
        if node is not None:
            yield from envelope.check_iea(node, interchange, self._groups, answered=self._answered)
        yield InterchangeEnd(interchange, node.element(1) if node is not None else "", self._groups)
        self._interchange = None

    def _cut(self, finding: Finding) -> Iterator[Event]:
        """The file ends, or a new ISA starts, before IEA: nothing of this interchange may be delivered."""
        yield finding
        yield from self._close_interchange(None)


def _facts(interchange: Interchange, group: Group, node: Node) -> dict[str, str]:
    """Return what `envelope.NAME` paths read; personal and security elements (ISA02, ISA04) are left out on purpose."""
    return {
        "ISA05": interchange.sender_qualifier, "ISA06": interchange.sender_id, "ISA07": interchange.receiver_qualifier,
        "ISA08": interchange.receiver_id, "ISA09": interchange.date, "ISA10": interchange.time,
        "ISA12": interchange.version, "ISA13": interchange.control_number, "GS01": group.functional_id,
        "GS02": group.sender, "GS03": group.receiver, "GS04": group.date, "GS05": group.time,
        "GS06": group.control_number, "GS08": group.version, "ST01": node.element(1), "ST02": node.element(2),
    }  # fmt: skip


def _answers(message: Message) -> Iterator[Event]:
    """Read an inbound acknowledgment."""
    kind = set_kinds().get(message.type)
    if kind is not None and kind.role == "ack":
        yield from answers_of(message, kind.name)


def sniff(head: bytes) -> float:
    """Return how sure it is, from 0 to 1, that a file with this beginning is X12."""
    text = head.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if text[:3] == b"ISA" and len(text) > 3 and not chr(text[3]).isalnum():
        return 1.0
    return 0.8 if b"ISA" in head and b"GS" in head[head.find(b"ISA") :] else 0.0
