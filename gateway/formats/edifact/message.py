"""One message while it is read: its facts, its matcher and checks, its shipments."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from gateway.findings import Finding, Scope, Severity
from gateway.formats.edifact.answers import answers
from gateway.formats.edifact.bills import leave_out_empty_lines, several_bills
from gateway.formats.edifact.carriers import two_carriers
from gateway.formats.edifact.envelope import component, components, fault
from gateway.formats.edifact.items import MISSING, ItemFindings
from gateway.formats.edifact.legs import lent
from gateway.formats.edifact.root import message_root
from gateway.formats.edifact.structure.checks import Checker
from gateway.formats.edifact.structure.matcher import Matcher
from gateway.formats.edifact.structure.policy import SyntaxPolicy
from gateway.formats.edifact.structure.tables import Kind, kind_of, kinds, own_tables
from gateway.formats.edifact.totals import Totals
from gateway.formats.edifact.trailers import check_consignments, check_unt
from gateway.formats.handed_out import HandedOut
from gateway.profile import Profile
from gateway.records import Event, Group, Interchange, Message, MessageBegin, MessageEnd, Node, Unit

MAX_ERRORS = 100
"""Errors of one message that are reported; more are counted in one last finding."""


class OpenMessage:
    """Give the segments between UNH and UNT to `feed`, and what it returns (but None) to `events`."""

    def __init__(
        self, unh: Node, interchange: Interchange, group: Group, index: int, profile: Profile, handed_out: HandedOut
    ) -> None:
        assert interchange.separators is not None
        self._separators = interchange.separators
        self._profile = profile
        identifier = [*components(unh.element(2), self._separators), "", "", "", "", ""]
        self._type, self._release = identifier[0], identifier[2]
        self.kind = kind_of(identifier[0], identifier[2], identifier[4])
        reference = component(unh, 1, 1, self._separators)
        facts = _facts(interchange, group, reference, identifier)
        unh.position = 1
        self._root = message_root(unh, self._separators, self._release)
        manifest = self.kind is not None and self.kind.translated
        message = Message(
            format=(self.kind.format if self.kind else "") or f"edifact_{identifier[0].lower() or 'unknown'}",
            type=identifier[0],
            version=".".join(identifier[1:3]).strip("."),
            control_number=reference,
            index=index,
            root=self._root,
            interchange=interchange,
            group=group,
            implementation=":".join(identifier[3:5]).strip(":"),
            envelope=facts,
            unit=self.kind.unit if self.kind and manifest else "",
        )
        self.begin = MessageBegin(message)
        self._message = message
        self._position = 1
        self._units = self._groups = self._errors = 0
        self._handed_out = handed_out
        self._whole = message.unit == "UNH"
        self._totals = Totals(self._root)
        self._prepare(self.kind)

    def _prepare(self, kind: Kind | None) -> None:
        version = self._message.interchange.version.partition(":")[2] or "3"
        exact = kind is not None and kind.exact
        policy = SyntaxPolicy.for_message(self._profile, version, exact=exact)
        units = frozenset(u.partition("/")[0] for u in kind.unit.split("|")) - {"", "UNH"} if kind else frozenset()
        upper = self._message.interchange.version.startswith("UNOA")
        checker = Checker(self._release, self._separators, policy, upper_only=upper)
        self._matcher = Matcher(kind.table, self._root, units, policy, checker) if kind else None
        inner = kind.unit.partition("/")[2] if kind else ""
        self._items = ItemFindings(inner) if inner else None
        self.feed = self._matcher.feed if self._matcher else self.count
        self.take = self._matcher.take if self._matcher else None

    def check_kind(self, unh: Node) -> Iterator[Event]:
        """Say what is not supported of the message type, version and release (S009)."""
        s = self._separators
        if not self._type:
            return
        if self.kind is None:
            known = ", ".join(dict.fromkeys(k.message for k in kinds()))
            yield fault(
                "EDIFACT-MSG-UNKNOWN",
                "17",
                "UCM",
                "UNH:3:1",
                f'UNH 0065: "{self._type}" is not a message we take ({known}).',
                unh.place(2, 1),
                self._type,
            )
            return
        if self.kind.role == "ack":
            return
        agency = component(unh, 2, 4, s)
        if agency and agency != "UN":
            severity = Severity.ERROR if self._profile.tolerance == "strict" else Severity.WARNING
            said = f'UNH 0051: "{agency}" is not UN; the message was read as the {self._type} of UN/EDIFACT.'
            yield fault("EDIFACT-AGENCY", "17", "UCM", "UNH:3:4", said, unh.place(2, 4), agency, severity)
        version = component(unh, 2, 2, s)
        if version and version != "D":
            yield fault(
                "EDIFACT-VERSION",
                "17",
                "UCM",
                "UNH:3:2",
                f'UNH 0052: version "{version}" of {self._type} is not supported (D).',
                unh.place(2, 2),
                version,
            )
        elif self._release and not re.fullmatch(r"[0-9]{2}[A-Z]", self._release):
            yield fault(
                "EDIFACT-RELEASE",
                "17",
                "UCM",
                "UNH:3:3",
                f'UNH 0054: "{self._release}" is not a directory such as 03B.',
                unh.place(2, 3),
                self._release,
            )
        elif not self.kind.exact and self._release:
            severity = Severity.ERROR if self._profile.tolerance == "strict" else Severity.WARNING
            table = self.kind.table.partition("_")[2].upper().replace("D", "D.", 1)
            near = fault(
                "EDIFACT-RELEASE-NEAR",
                "17",
                "UCM",
                "UNH:3:3",
                f"There is no table for {self._type} D.{self._release}; it was read with that of {table}.",
                unh.place(2, 3),
                self._release,
                severity,
            )
            own = own_tables(self._type, self.kind.association)
            mend = f"Send {self._type} of {own}, or ask us to add D.{self._release}."
            yield msgspec.structs.replace(near, fix=mend)
        if not self.kind.translated:
            name = f"{self._type} {self.kind.association}".strip()
            said = f"{name} holds no shipments of its own: it was acknowledged, nothing is delivered."
            yield Finding("EDIFACT-MSG-NO-SHIPMENTS", Severity.INFO, Scope.MESSAGE, said, unh.place())

    def count(self, node: Node) -> list[Finding] | None:
        """Take a segment of a message that we do not know."""
        self._position += 1
        return None

    def skip(self) -> None:
        """Count a segment that is not looked at."""
        if self._matcher is not None:
            self._matcher.position += 1
        else:
            self._position += 1

    @property
    def completed(self) -> bool:
        """True when the last segment completed a shipment, which `events` hands out."""
        return self._matcher is not None and self._matcher.completed is not None

    @property
    def position(self) -> int:
        """Segments so far, UNH included."""
        return self._matcher.position if self._matcher is not None else self._position

    @property
    def last(self) -> Node:
        """The segment that was read last."""
        return self._matcher.last if self._matcher is not None else self._root

    def events(self, found: list[Finding]) -> Iterator[Event]:
        """Put a completed shipment between the findings about it and those about what follows."""
        matcher = self._matcher
        completed = matcher.completed if matcher is not None else None
        if completed is None:
            yield from self._of_open(self._capped(found))
            return
        assert matcher is not None
        matcher.completed = None
        if not found:
            yield from self._unit(completed)
            return
        missing = self._capped([f for f in found if f.rule == MISSING])
        yield from self._items.hold(missing, completed, completed) if self._items else missing
        yield from self._unit(completed)
        yield from self._of_open(self._capped([f for f in found if f.rule != MISSING]))

    def _of_open(self, found: Iterator[Finding]) -> Iterator[Finding]:
        """Yield findings about what is open; those about an item of it wait until it is handed out."""
        if self._items is None or self._matcher is None:
            return found
        return self._items.hold(found, self._matcher.unit, self._matcher.last)

    def _unit(self, node: Node) -> Iterator[Event]:
        if self.kind is None or not self.kind.translated:
            yield from answers(self._type, self._root, node, self._separators)
            return
        self._message.context = self._matcher.context if self._matcher else 0
        label = f"{node.tag} {component(node, 1, 1, self._separators)}".strip()
        role = "part" if self.kind.role == "parts" else "shipment"
        self._groups += 1
        if self._groups == 1 and self._type == "CUSCAR" and (told := two_carriers(self._root)) is not None:
            yield told
        yield from self._totals.consignment(node, Scope.MESSAGE if self._items else Scope.SHIPMENT)
        if self._items is not None and (empty := self._items.none_in(node)) is not None:
            yield empty
        if self._items is None:
            leave_out_empty_lines(node)
            for finding in (several_bills(node, self._root), lent(node, self._root)):
                if finding is not None:
                    yield finding
        for unit, found in self._items.of_items(node) if self._items else ((node, ()),):
            yield from found
            if unit is not None:
                self._units += 1
                name = f"{unit.tag} {component(unit, 1, 1, self._separators)} of {label}" if self._items else label
                yield Unit(self._message, self._units, unit, name, role)
        taken, nodes = self._matcher.taken if self._matcher is not None else (None, None)
        self._handed_out.add(node, nodes if taken is node else None)

    def _capped(self, found: list[Finding]) -> Iterator[Finding]:
        """Let the first MAX_ERRORS errors through."""
        for finding in found:
            if finding.severity is Severity.ERROR:
                self._errors += 1
                if self._errors == MAX_ERRORS + 1:
                    yield Finding(
                        "EDIFACT-TOO-MANY-ERRORS",
                        Severity.ERROR,
                        Scope.MESSAGE,
                        f"The message has more than {MAX_ERRORS} syntax errors; the rest is not listed.",
                        finding.position,
                        ack={"CONTRL": "18", "UCM": "UNH"},
                    )
                if self._errors > MAX_ERRORS and finding.scope is Scope.MESSAGE:
                    continue
            yield finding

    def unterminated(self, finding: Finding) -> Finding:
        """Return the tokenizer's finding of a lost terminator with its segment position."""
        position = self.position + 1
        place = msgspec.structs.replace(finding.position, segment_position=position)
        ack = {"CONTRL": "22", "UCS": str(position)}
        return msgspec.structs.replace(finding, position=place, ack=ack)

    # --- ends -------------------------------------------------------------------------------------------------

    def unt(self, node: Node) -> Iterator[Event]:
        """The trailer."""
        segments = node.position = self.position + 1
        if self._matcher is not None:
            yield from self.events(self._matcher.end(node))
        yield from self._last_unit()
        if self.kind is not None and self.kind.translated and not self._whole:
            yield from check_consignments(self._root, self._units, self._groups, self.kind, self._separators)
        if self.kind is not None and self.kind.translated:
            yield from self._totals.message()
        yield from check_unt(node, self._message.control_number, segments, self._separators)
        yield MessageEnd(self._message, segments)

    def cut(self) -> Iterator[Event]:
        """The message has no trailer: hand out what was read of the last shipment."""
        if self._matcher is not None:
            self._matcher.cut()
            yield from self.events([])
        yield from self._last_unit()

    def _last_unit(self) -> Iterator[Event]:
        if self._whole:
            self._units += 1
            yield from self._totals.consignment(self._root, Scope.SHIPMENT)
            yield from filter(None, (several_bills(self._root, self._root),))
            yield Unit(self._message, self._units, self._root, f"UNH {self._message.control_number}")
        elif self.kind is not None and self.kind.role == "ack":
            yield from answers(self._type, self._root, None, self._separators)

    def end(self) -> MessageEnd:
        """Return the closing event."""
        return MessageEnd(self._message, self.position)


def _facts(interchange: Interchange, group: Group, reference: str, identifier: list[str]) -> dict[str, str]:
    """Return what `envelope.NAME` paths read: the data element number behind its segment; no password (0022)."""
    syntax, _, version = interchange.version.partition(":")
    return {
        "UNB0001": syntax,
        "UNB0002": version,
        "UNB0004": interchange.sender_id,
        "UNB0007": interchange.sender_qualifier,
        "UNB0010": interchange.receiver_id,
        "UNB0017": interchange.date,
        "UNB0019": interchange.time,
        "UNB0020": interchange.control_number,
        "UNB0035": "1" if interchange.test else "",
        "UNG0038": group.functional_id,
        "UNG0040": group.sender,
        "UNG0044": group.receiver,
        "UNG0048": group.control_number,
        "UNH0062": reference,
        "UNH0065": identifier[0],
        "UNH0052": identifier[1],
        "UNH0054": identifier[2],
        "UNH0051": identifier[3],
        "UNH0057": identifier[4],
    }
