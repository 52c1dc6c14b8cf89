"""XML file -> events: one document, its units one by one, memory of one unit.

    InterchangeBegin GroupBegin MessageBegin  Unit Unit ...  MessageEnd GroupEnd InterchangeEnd

Document id, version, sender and purpose are read before the first unit, so the envelope opens then. What is wrong with
the bytes, the syntax or the root refuses the whole file: elements that were complete before a cut are taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from gateway.findings import Finding, Scope, Severity
from gateway.formats.handed_out import HandedOut
from gateway.formats.xml.answers import answer_in, number_of_use
from gateway.formats.xml.bytes_in import Source
from gateway.formats.xml.faults import FaultError, doctype, kind_of_root, known_sender, stranger, syntax_fault
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.known import Run, known_node
from gateway.formats.xml.late import Late
from gateway.formats.xml.looks import Looks
from gateway.formats.xml.nodes import XmlNode, text_at
from gateway.formats.xml.nothing import Empties, nothing_in
from gateway.formats.xml.places import Place, places_of
from gateway.formats.xml.remarks import UNITS, Remarks, header_remarks, stray_remark, stray_text
from gateway.formats.xml.runs import Feeder
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
    Unit,
)

MAX_KEPT = 100_000
"""Elements outside of units that are kept; a header has a hundred."""

_TRUE = ("true", "1")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class XmlReader:
    """Reads one file; `read` yields the events of gateway.records."""

    def __init__(self, syntax: str, kinds: tuple[Kind, ...], profile: Profile, scale: tuple[int, int] = (0, 1)) -> None:
        """syntax: name of the format folder; kinds: its documents; scale: see bytes_in.Source."""
        self._syntax, self._kinds, self._profile, self._scale = syntax, kinds, profile, scale
        self._kind: Kind | None = None
        self._root: XmlNode | None = None
        self._open: XmlNode | None = None  # the innermost element without an end
        self._kept = self._units = self._elements = 0
        self._then = -1  # elements outside of units when the last unit was handed out
        self._begun = False
        self._interchange = Interchange(syntax, 0)
        self._message: Message | None = None
        self._held: list[Finding] = []
        self._strays: set[str] = set()  # names of elements with text between their elements: told once
        self._late = Late()
        self._looks: Looks | None = None
        self._remarks: Remarks | None = None  # of those
        self._numbers: dict[str, int] = {}  # how many units of a name were let go
        self._handed_out = HandedOut()
        self._runs: deque[Run] = deque()

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield events; never raises on data. chunks: any split of the file."""
        source = Source(chunks, self._scale)
        try:
            yield from self._parse(source)
        except FaultError as fault:
            self._held.append(fault.finding)
            self._held += fault.more
            if self._looks is not None:
                self._looks.broken()
        self._held = source.findings + self._held
        if self._looks is not None and any(finding.refuses for finding in self._held):
            self._looks.refused()
        yield from self._begin()
        yield from self._held
        if self._looks is not None and self._root is not None:
            yield from self._looks.told(self._root)
            yield from self._nothing(self._looks.empties)
        assert self._message is not None
        yield MessageEnd(self._message, self._elements)
        yield GroupEnd(self._message.group, received=1)
        yield InterchangeEnd(self._interchange, received=1)

    def _nothing(self, empties: Empties | None) -> Iterator[Finding]:
        """Say what was read to its end and names no shipment."""
        kind, root = self._kind, self._root
        if empties is None or kind is None or root is None:
            return
        if self._units:
            yield from empties.take()
        else:
            assert self._message is not None
            purpose = self._message.envelope.get("purpose", "")
            yield nothing_in(kind.type, kind.unit[-1], purpose, root.here())

    # --- parsing ----------------------------------------------------------------------------------------------

    def _parse(self, source: Source) -> Iterator[Event]:
        parser = etree.XMLPullParser(
            events=("start", "end"), encoding=source.encoding, resolve_entities=False, load_dtd=False, no_network=True,
            dtd_validation=False, attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True,
            recover=False,
        )  # fmt: skip
        if source.broken:
            return
        ended = False
        feeder = Feeder(parser, source, self._kinds)
        self._runs = feeder.runs
        try:
            for chunk in source:
                events = feeder.feed(chunk)
                before = self._elements
                yield from self._events(self._checked(events), source)
                if self._elements > before:
                    source.went_on()
            if source.broken:
                return
            ended = True
            parser.close()
        except etree.XMLSyntaxError as error:
            raise FaultError(*syntax_fault(error, source, self._root, self._open, cut=ended)) from None
        yield from self._events(self._checked(list(parser.read_events())), source)

    def _checked(self, events: list[Any]) -> list[Any]:
        """Return what the parser has read. No DTD: what its texts hold is told from tags by the parser alone, see tags.py."""
        if self._root is None:
            info = events[0][1].getroottree().docinfo if events else None
            if info is not None and (info.internalDTD is not None or info.doctype):
                raise FaultError(doctype())
        return events

    def _events(self, events: list[Any], source: Source) -> Iterator[Event]:  # noqa: PLR0912, PLR0915  the one loop over all elements
        """Make nodes of what the parser read, with the commonest of each step in line: a house has 20 elements."""
        starts, numbers = source.tags.found, self._numbers
        base, factor, before = source.base, source.factor, len(starts)
        up: Any = self._open  # None before the root
        try:
            for action, element in events:
                if action == "start":
                    if up is None:
                        up = self._start(element, base + factor * starts[0])
                        starts.popleft()
                        continue
                    place = up.at[element.tag]
                    local = place.local
                    node = XmlNode(
                        local, [local], base + factor * starts.popleft(), 0, element.sourceline or 1, 0, up=up, at=place
                    )
                    below = up.children
                    if below is None:
                        up.children = {local: [node]}
                    elif local in below:
                        same = below[local]
                        same.append(node)
                        node.number = len(same)
                    else:
                        below[local] = [node]
                    if place.named and numbers:
                        node.number += numbers[local]
                    attributes = element.items()
                    if attributes:
                        self._give(node, up, place, attributes)
                    elif place.rank < up.rank or (node.number > 1 and place.once):
                        self._look(node, up)
                    else:
                        up.rank = place.rank
                    up = node
                    continue
                node = up
                up = node.up
                if node.children is None:
                    text = element.text
                    if text and (text := text.strip()) and (node.attributes is None or element.get(_NIL) not in _TRUE):
                        node.elements.append(text)
                elif node.tag not in self._strays and (where := stray_text(element)) is not None:
                    self._strays.add(node.tag)
                    self._held.append(stray_remark(node, where))
                if node.at.outer and self._ends(node, node.at):
                    if self._runs and self._runs[0].offset == node.offset:
                        yield from self._run(self._runs.popleft(), node)
                    else:
                        yield from self._unit(node)
                    _free(element)
        finally:
            self._open = up
            self._elements += before - len(starts)

    def _start(self, element: Any, offset: int) -> XmlNode:
        """Return the root."""
        kind = kind_of_root(element, offset, self._kinds, self._profile)
        self._know(kind)
        node = self._root = XmlNode(
            kind.root, [kind.root], offset, 0, element.sourceline or 1, 0, at=places_of(kind).root
        )
        attributes = element.items()
        if attributes:
            node.attributes = {name.rpartition("}")[2]: value for name, value in attributes}
            if self._remarks is not None:
                self._remarks.attributes(node, [name for name, _ in attributes])
        return node

    def _give(self, node: XmlNode, up: XmlNode, place: Place, attributes: list[tuple[str, str]]) -> None:
        """Give a started element its attributes, and look at both."""
        remarks = self._remarks
        given = node.attributes = dict(attributes)
        strange = not place.attributes.issuperset(given)
        if strange:
            node.attributes = {name.rpartition("}")[2]: value for name, value in attributes}
        if remarks is not None and (
            place.rank < up.rank
            or (place.once and node.number > 1)
            or (place.weighs and node.attributes.get("unitCode", "") not in ("", *UNITS))
        ):
            remarks.look(node, up)
        else:
            up.rank = place.rank
        if strange:
            place.learn(remarks.attributes(node, list(given)) if remarks is not None else list(given))

    def _look(self, node: XmlNode, up: XmlNode) -> None:
        if self._remarks is not None:
            self._remarks.look(node, up)

    def _ends(self, node: XmlNode, place: Place) -> bool:
        """True when a closed element outside of units, or at their depth, is a unit."""
        if place.unit:
            return True
        empties = self._looks.empties if place.group and self._looks is not None else None
        if empties is not None and node.tag == empties.group:
            empties.close(self._units, node.here())
        self._kept += 1
        if self._units:
            self._look_behind(node)
        if self._kept > MAX_KEPT:
            said = f"More than {MAX_KEPT} elements stand outside of shipments."
            raise FaultError(Finding("XML-LIMIT", Severity.ERROR, Scope.INTERCHANGE, said, node.here()))
        return False

    def _look_behind(self, node: XmlNode) -> None:
        """Look at an element outside of units that ends behind one: is it about those before it?"""
        assert self._kind is not None
        assert self._message is not None
        said = self._late.look(node, self._kind, self._message, self._profile)
        if said is not None:
            self._held.append(said)
            if self._remarks is not None:
                self._remarks.withdraw(said)

    def _know(self, kind: Kind) -> None:
        """Take what a document is, and what is looked at in it."""
        self._kind = kind
        self._looks = Looks(kind, self._profile)
        self._remarks = self._looks.remarks

    # --- envelope and units -----------------------------------------------------------------------------------

    def _begin(self) -> Iterator[Event]:
        """Open the envelope, once: what the header says is known now."""
        if self._begun:
            return
        self._begun = True
        kind, root = self._kind, self._root
        facts = {name: text_at(root, path) for name, path in kind.paths.items()} if kind and root else {}
        sender = facts.get("sender", "")
        if sender and kind is not None and root is not None and not kind.answers:
            sender = facts["sender"] = known_sender(sender, kind, root, self._profile)
        self._interchange = Interchange(
            self._syntax, 0, sender_id=sender[:35], receiver_id=facts.get("receiver", "")[:35],
            control_number="" if kind is None or kind.answers else facts.get("id", "")[:64], number_of_use=number_of_use(facts),
        )  # fmt: skip
        yield InterchangeBegin(self._interchange)
        group = Group(0)
        yield GroupBegin(group)
        envelope = {f"{name}": value for name, value in facts.items()}
        self._message = Message(
            kind.format if kind else self._syntax, kind.type if kind else "", facts.get("version", ""), "", 0,
            root or XmlNode("", [""], 0, 0, 1, 0), self._interchange, group, envelope=envelope,
        )  # fmt: skip
        yield MessageBegin(self._message)
        if self._looks is not None:
            self._looks.open(self._message, self._profile)
        if sender and kind is not None and not kind.answers:
            yield from stranger(sender, kind, root, self._profile)
        if kind is not None and root is not None:
            yield from header_remarks(kind, root)
        held, self._held = self._held, []
        yield from held

    def _unit(self, node: XmlNode) -> Iterator[Event]:
        """Hand out a unit."""
        kind, looks = self._kind, self._looks
        assert kind is not None
        assert looks is not None
        yield from self._begin()
        assert self._message is not None
        if kind.answers:
            yield answer_in(node)
            return
        role = self._role(kind)
        self._tell_state()
        if self._remarks is not None:
            yield from self._remarks.take()
        looks.of_unit(node, role)
        self._units += 1
        yield Unit(self._message, self._units, node, f"{node.tag} {self._units}", role)
        self._let_go(node, 1)
        self._handed_out.add(node)

    def _run(self, run: Run, first: XmlNode) -> Iterator[Event]:
        """Hand out units of known layouts. first: what the parser was shown in their place."""
        kind, looks = self._kind, self._looks
        assert kind is not None
        assert looks is not None
        yield from self._begin()
        assert self._message is not None
        role, tag = self._role(kind), first.tag
        siblings = (first.up.children or {}).get(tag) if first.up is not None else None
        self._tell_state()
        if self._remarks is not None:
            yield from self._remarks.take()
        for number, (house, place) in enumerate(zip(run.houses, run.places(first.line), strict=True), first.number):
            node = known_node(first, number, place, run.text, house)
            if siblings:
                siblings[-1] = node
            looks.of_known(node, role)
            self._units += 1
            self._elements += len(house.layout.seats)
            yield Unit(self._message, self._units, node, f"{tag} {self._units}", role)
            self._handed_out.add(node)
        self._elements -= 1  # what stood in their place
        self._let_go(first, len(run.houses))

    def _tell_state(self) -> None:
        """Tell the root whether anything above the units changed: what came ended before the next unit."""
        if self._root is not None and self._kept != self._then:
            self._root.state, self._then = object(), self._kept

    def _role(self, kind: Kind) -> str:
        """Return what the units of the document are."""
        master = kind.master_when[0] and text_at(self._root, kind.master_when[0]) in kind.master_when[1]
        return "master" if master else kind.role

    def _let_go(self, node: XmlNode, count: int) -> None:
        """Take a unit from the tree of what stands above. count: of units that it stands for."""
        if node.up is not None and node.up.children:
            siblings = node.up.children[node.tag]
            siblings.pop()
            self._numbers[node.tag] = self._numbers.get(node.tag, 0) + count


def _free(element: Any) -> None:
    """Let go of a finished element and of everything before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
