"""One transaction set from ST to its end: its facts, what puts its segments into the tree, its shipments.

    ST  ->  OpenMessage(..), check_kind, choose_structure
    segments  ->  matcher.feed(node), then counted(unit) or around(unit, findings, node)
    SE  ->  finish(node);  no SE  ->  cut();  then end(segments)

A set without a structure table is read all the same (`Flat`), so that its shipments can be named and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.handed_out import HandedOut
from gateway.formats.tree import RootNode
from gateway.formats.x12 import envelope
from gateway.formats.x12.inbound import answers_of
from gateway.formats.x12.late_units import late_units
from gateway.formats.x12.layout import SetTable, load_table, releases_of
from gateway.formats.x12.levels import DEFAULT, Undecided, choose, layouts, with_levels
from gateway.formats.x12.policy import SyntaxPolicy
from gateway.formats.x12.sets import set_kinds
from gateway.formats.x12.structure import Matcher
from gateway.formats.x12.sums import GoodsTotals
from gateway.formats.x12.totals import LineNumbers, check_bills, check_lines, check_vessel
from gateway.profile import Profile
from gateway.records import Event, Group, Interchange, Message, MessageEnd, Node, Unit

_KEPT_ACK_SEGMENTS = 10_000  # segments of an inbound acknowledgment kept for reading; more is not plausible


class Flat:
    """Stands in for the Matcher where there is no structure table: finds the shipments, checks nothing."""

    def __init__(self, root: Node, unit: str) -> None:
        self._root, self._unit, self._current = root, unit, root
        self.starts = None
        self.completed: Node | None = None
        self.context = 0
        self._count = 0

    def feed(self, node: Node) -> list[Finding]:
        """Take the next segment; a unit segment completes the unit before it."""
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
        """The set ends, and its last unit with it."""
        self.completed = None if self._current is self._root else self._current
        return []


Takes = Matcher | Undecided | Flat
"""What can take the segments of a set."""


class OpenMessage:
    """A set that is being read. kind: its row of sets.csv, None for a set that we do not know; units: shipments that `matcher` completed.

    taken_over: called with the Matcher that takes the place of `matcher` when the first segment has told the levels.
    """

    def __init__(
        self,
        node: Node,
        interchange: Interchange,
        group: Group,
        index: int,
        taken_over: Callable[[Matcher], None],
        handed_out: HandedOut,
    ) -> None:
        assert interchange.separators is not None
        kind = set_kinds().get(node.element(1))
        facts = _facts(interchange, group, node)
        root = RootNode(
            "ST",
            node.elements,
            node.offset,
            node.length,
            node.line,
            1,
            separators=interchange.separators,
            envelope=facts,
        )
        self.message = Message(
            format=f"x12_{node.element(1) or 'unknown'}",
            type=node.element(1),
            version=group.version,
            control_number=node.element(2),
            index=index,
            root=root,
            interchange=interchange,
            group=group,
            implementation=node.element(3),
            envelope=facts,
            unit=kind.unit if kind else "",
        )
        self.kind = kind
        self.units = 0
        self.matcher: Takes = Flat(root, self.message.unit)
        self._separators = interchange.separators
        self._taken_over = taken_over
        self._handed_out = handed_out
        self._numbers = LineNumbers()
        self._goods = GoodsTotals(self.message.type)
        self._leveled = False  # the segments of a shipment know the level above
        self._around: Node | None = None  # of the shipment before: the level that it stands in

    # --- the beginning ----------------------------------------------------------------------------------------

    def check_kind(self, node: Node) -> Iterator[Finding]:
        """Yield what is wrong with ST01 (node: the ST): no set that we know, or not one of this group."""
        message, kind, functional_id = self.message, self.kind, self.message.group.functional_id
        if kind is None:
            said = f'ST01: "{message.type}" is not a transaction set we take ({", ".join(set_kinds())}).'
            yield envelope.set_fault(node.place(1), "X12-SET-UNKNOWN", "1", said, message.type)
        elif functional_id and functional_id not in kind.functional_ids:
            said = (
                f"A {message.type} cannot stand in a group GS01 {functional_id}; {kind.functional_ids[0]} was expected."
            )
            yield envelope.set_fault(node.place(1), "X12-SET-NOT-IN-GROUP", "18", said, message.type)

    def choose_structure(self, profile: Profile, policy: SyntaxPolicy) -> bool:
        """Let a Matcher take the segments where the set has a structure; False when it should have one and has none."""
        message, kind = self.message, self.kind
        if kind is None or kind.role == "ack":
            return True
        table = load_table(message.type, message.version, profile.structures)
        if table is None:
            return False
        if layouts(message.type):
            level = str(profile.options.get("shipment_level", DEFAULT))
            self.matcher = Undecided(partial(self._by_levels, table, level, policy))
        else:
            unit = "" if kind.unit.startswith("/") else kind.unit
            self.matcher = Matcher(table, message.root, self._separators, unit, policy)
        return True

    def _by_levels(self, table: SetTable, level: str, policy: SyntaxPolicy, first: Node | None) -> Matcher:
        """Let the Matcher of the levels that the set's first segment names take over."""
        message = self.message
        layout = choose(message.type, first or message.root, level)
        message.envelope["HL"], message.unit = layout.name, layout.unit
        matcher = Matcher(with_levels(table, layout.levels), message.root, self._separators, layout.unit, policy)
        self.matcher, self._leveled = matcher, True
        self._taken_over(matcher)
        return matcher

    def not_translated(self) -> Finding:
        """Return the finding of a set that is read for its envelope only."""
        kind = self.kind
        said = f"Set {self.message.type} ({kind.name if kind else ''}) holds no Section 321 data of its own; it was acknowledged, not translated."
        return Finding("X12-SET-NOT-TRANSLATED", Severity.WARNING, Scope.MESSAGE, said, self.message.root.place())

    def version_unknown(self, place: Position) -> Finding:
        """Return the finding of a release that we have no layout of; place: of GS08. It refuses the group."""
        message = self.message
        return Finding(
            "X12-VERSION",
            Severity.ERROR,
            Scope.GROUP,
            f'GS08: version "{message.version}" of set {message.type} is not supported.',
            place,
            value=message.version,
            fix=f"Send set {message.type} in version {', '.join(releases_of(message.type))}, or ask us to add yours.",
            ack={"AK901": "R", "AK905": "2"},
        )

    # --- shipments --------------------------------------------------------------------------------------------

    def counted(self, unit: Node) -> Unit:
        """Return a completed shipment as the next one of the set."""
        message, matcher = self.message, self.matcher
        self.units += 1
        if self.units == 1 and type(matcher) is Matcher and matcher.in_unit:
            message.envelope["several"] = "yes"  # another shipment follows: what stands above is not this one's alone
        message.context = matcher.context
        if self._leveled:
            self._handed_out.add(unit)
            self._tell_siblings(unit)
        elif unit.tag == "LX":
            self._numbers.take(unit)
        if self._goods.on:
            self._goods.take(unit)
        role = "unread" if type(matcher) is Flat else "shipment"
        sound = type(matcher) is Matcher and matcher.sound
        return Unit(message, self.units, unit, f"{unit.tag} {unit.element(1)}".strip(), role, sound)

    def _tell_siblings(self, unit: Node) -> None:
        """Note whether another shipment stands in the same level (packs of one order): its number is not this one's alone."""
        facts, matcher, level = self.message.envelope, self.matcher, unit.parent
        following = matcher.around if type(matcher) is Matcher else None
        if level is self._around or level is following:
            facts["siblings"] = "yes"
        else:
            facts.pop("siblings", None)
        self._around = level

    def around(self, unit: Node, findings: list[Finding], upto: Node | None) -> Iterator[Event]:
        """Yield a completed shipment, its own findings before it, those of the next segment (`upto`) after it."""
        counted = self.counted(unit)
        limit = upto.offset if upto is not None else None
        later = []
        for finding in findings:
            if limit is not None and finding.position.offset is not None and finding.position.offset >= limit:
                later.append(finding)
            else:
                yield finding
        yield counted
        yield from later

    # --- the end ----------------------------------------------------------------------------------------------

    def finish(self, node: Node) -> Iterator[Event]:
        """Yield the shipments that the SE (`node`) completes, what the set lacks, and what its totals say."""
        findings, last = self._ended(node)
        if last is not None:
            yield from self.around(last, [f for f in findings if f.scope is Scope.SHIPMENT], None)
            yield from [f for f in findings if f.scope is not Scope.SHIPMENT]
        else:
            yield from findings
        yield from late_units(self.message, self.units, whole=True)
        yield from check_bills(self.message, self.units)
        yield from self._numbers.check()
        if type(matcher := self.matcher) is Matcher:
            yield from check_lines(self.message, matcher.levels)
            yield from check_vessel(self.message)
            yield from self._goods.check(self.message.root)

    def cut(self) -> Iterator[Event]:
        """Yield the shipments of a set whose SE did not come.

        What is missing at the end of a cut set is not reported one by one: SE is, and it refuses the set.
        """
        _, last = self._ended(None)
        if last is not None:
            yield from self.around(last, [], None)
        yield from late_units(self.message, self.units, whole=False)

    def _ended(self, node: Node | None) -> tuple[list[Finding], Node | None]:
        """Return what the end of the matcher tells, and the shipment it completes."""
        self.matcher.completed = None
        findings = self.matcher.end(node)  # of a set without segments: another matcher may have taken over
        return findings, self.matcher.completed

    def end(self, segments: int) -> Iterator[Event]:
        """Yield what an inbound acknowledgment answers, and the end of the set; segments: ST and SE included."""
        if self.kind is not None and self.kind.role == "ack":
            yield from answers_of(self.message, self.kind.name)
        yield MessageEnd(self.message, segments)
        if self._leveled:
            self._handed_out.add(self.message.root)


def _facts(interchange: Interchange, group: Group, node: Node) -> dict[str, str]:
    """Return what `envelope.NAME` paths read; personal and security elements (ISA02, ISA04) are left out on purpose."""
    return {
        "ISA05": interchange.sender_qualifier, "ISA06": interchange.sender_id, "ISA07": interchange.receiver_qualifier,
        "ISA08": interchange.receiver_id, "ISA09": interchange.date, "ISA10": interchange.time,
        "ISA12": interchange.version, "ISA13": interchange.control_number, "GS01": group.functional_id,
        "GS02": group.sender, "GS03": group.receiver, "GS04": group.date, "GS05": group.time,
        "GS06": group.control_number, "GS08": group.version, "ST01": node.element(1), "ST02": node.element(2),
    }  # fmt: skip
