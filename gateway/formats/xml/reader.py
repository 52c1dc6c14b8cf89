"""XML file -> events: one document, its units one by one, memory of one unit.

    InterchangeBegin GroupBegin MessageBegin  Unit Unit ...  MessageEnd GroupEnd InterchangeEnd

Document id, version, sender and purpose are read before the first unit, so the envelope opens then. What is wrong with
the bytes, the syntax or the root refuses the whole file: elements that were complete before a cut are taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from gateway.findings import Finding, Scope, Severity
from gateway.formats.handed_out import HandedOut
from gateway.formats.notes import Notes
from gateway.formats.xml.bytes_in import Source
from gateway.formats.xml.faults import FaultError, doctype, stranger, syntax_fault, unknown_root
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.missing import Missing, notes_of, parties_of
from gateway.formats.xml.nodes import XmlNode, text_at
from gateway.formats.xml.nothing import Empties, nothing_in
from gateway.formats.xml.remarks import Remarks, header_remarks, stray_remark, stray_text
from gateway.formats.xml.totals import Totals
from gateway.formats.xml.unread import Unread, unread_in
from gateway.profile import Profile
from gateway.records import (
    Acknowledged,
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
_UNDER_THE_SAME_ID = ("UPDATE", "DELETION")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class XmlReader:
    """Reads one file; `read` yields the events of gateway.records."""

    def __init__(self, syntax: str, kinds: tuple[Kind, ...], profile: Profile, scale: tuple[int, int] = (0, 1)) -> None:
        """syntax: name of the format folder; kinds: its documents; scale: see bytes_in.Source."""
        self._syntax, self._kinds, self._profile, self._scale = syntax, kinds, profile, scale
        self._kind: Kind | None = None
        self._root: XmlNode | None = None
        self._open: list[XmlNode] = []
        self._kept = self._units = self._elements = 0
        self._depth = (
            0  # elements that are open where a closed one is looked at; all, when the whole document is the unit
        )
        self._begun = False
        self._interchange = Interchange(syntax, 0)
        self._message: Message | None = None
        self._names: dict[str, str] = {}
        self._held: list[Finding] = []
        self._strays: set[str] = set()  # names of elements with text between their elements: told once
        self._remarks: Remarks | None = None
        self._totals: Totals | None = None
        self._unread: Unread | None = None
        self._missing: Missing | None = None
        self._empties: Empties | None = None
        self._notes: Notes | None = None
        self._parties: Notes | None = None
        self._numbers: dict[str, int] = {}  # how many units of a name were let go
        self._handed_out = HandedOut()

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield events; never raises on data. chunks: any split of the file."""
        source = Source(chunks, self._scale)
        try:
            yield from self._parse(source)
        except FaultError as fault:
            self._held.append(fault.finding)
            self._held += fault.more
            self._unread = self._totals = None
        self._held = source.findings + self._held
        if any(finding.refuses for finding in self._held):
            self._missing = self._empties = None  # a part of the message may not have been read
        yield from self._begin()
        yield from self._held
        if self._remarks is not None:
            yield from self._remarks.take()
        if self._missing is not None and self._root is not None:
            yield from self._missing.of_whole(self._root)
        for left in (self._notes, self._parties):
            if left is not None and (remark := left.remark()) is not None:
                yield remark
        if self._totals is not None and self._root is not None:
            yield from self._totals.compare(self._root)
        if self._unread is not None and (remark := self._unread.remark()) is not None:
            yield remark
        yield from self._nothing()
        assert self._message is not None
        yield MessageEnd(self._message, self._elements)
        yield GroupEnd(self._message.group, received=1)
        yield InterchangeEnd(self._interchange, received=1)

    def _nothing(self) -> Iterator[Finding]:
        """Say what was read to its end and names no shipment."""
        kind, root = self._kind, self._root
        if self._empties is None or kind is None or root is None:
            return
        if self._units:
            yield from self._empties.take()
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
        try:
            for chunk in source:
                parser.feed(chunk)
                before = self._elements
                yield from self._events(self._read_of(parser), source)
                if self._elements > before:
                    source.went_on()
            if source.broken:
                return
            ended = True
            parser.close()
        except etree.XMLSyntaxError as error:
            raise FaultError(*syntax_fault(error, source, self._root, self._open, cut=ended)) from None
        yield from self._events(self._read_of(parser), source)

    def _read_of(self, parser: Any) -> Any:
        """Return what the parser has read. No DTD: what its texts hold is told from tags by the parser alone, see tags.py."""
        events = parser.read_events()
        if self._root is None:
            events = list(events)
            info = events[0][1].getroottree().docinfo if events else None
            if info is not None and (info.internalDTD is not None or info.doctype):
                raise FaultError(doctype())
        return events

    def _events(self, events: Any, source: Source) -> Iterator[Event]:
        """Make nodes of what the parser read. One loop, with the commonest of each step in line: a house has 20 elements."""
        opened, names, starts = self._open, self._names, source.tags.found
        base, factor = source.base, source.factor
        for action, element in events:
            if action == "start":
                tag = element.tag
                local = names.get(tag)
                if local is None:
                    local = names[tag] = tag.rpartition("}")[2]
                offset = base + factor * starts.popleft()
                if self._root is None:
                    self._find_kind(element, local, offset)
                node = XmlNode(local, [local], offset, 0, element.sourceline or 1, 0)
                attributes = element.items()
                if attributes:
                    node.attributes = {name.rpartition("}")[2]: value for name, value in attributes}
                self._elements += 1
                if opened:
                    self._hang(node, opened[-1], local)
                else:
                    self._root = node
                if attributes and self._remarks is not None:
                    self._remarks.attributes(node, attributes)
                opened.append(node)
                continue
            node = opened.pop()
            if node.children is None:
                text = element.text
                if text and (text := text.strip()) and (node.attributes is None or element.get(_NIL) not in _TRUE):
                    node.elements.append(text)
            elif node.tag not in self._strays and (where := stray_text(element)) is not None:
                self._strays.add(node.tag)
                self._held.append(stray_remark(node, where))
            if len(opened) <= self._depth and self._ends(node):
                yield from self._unit(node)
                _free(element)

    def _hang(self, node: XmlNode, up: XmlNode, local: str) -> None:
        """Hang a started element under the one that is open."""
        node.up = up
        below = up.children
        if below is None:
            up.children = {local: [node]}
        elif local in below:
            same = below[local]
            same.append(node)
            node.number = len(same)
        else:
            below[local] = [node]
        if local in self._numbers:
            node.number += self._numbers[local]
        if self._remarks is not None and (
            node.attributes is not None or node.number > 1 or up.tag in self._remarks.parents
        ):
            self._remarks.look(node, up)

    def _ends(self, node: XmlNode) -> bool:
        """True when a closed element outside of units, or at their depth, is a unit."""
        kind, depth = self._kind, len(self._open)
        assert kind is not None
        if depth == len(kind.unit) and self._is_unit(node, kind.unit):
            return True
        if self._empties is not None and depth == len(kind.unit) - 1 and node.tag == self._empties.group:
            self._empties.close(self._units, node.here())
        self._kept += 1
        if self._kept > MAX_KEPT:
            said = f"More than {MAX_KEPT} elements stand outside of shipments."
            raise FaultError(Finding("XML-LIMIT", Severity.ERROR, Scope.INTERCHANGE, said, node.here()))
        return False

    def _is_unit(self, node: XmlNode, path: tuple[str, ...]) -> bool:
        at: XmlNode | None = node
        for name in reversed(path):
            if at is None or at.tag != name:
                return False
            at = at.up
        return at is self._root

    def _find_kind(self, element: Any, local: str, offset: int) -> None:
        """Look at the root: a document that we know."""
        namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
        self._kind = next((k for k in self._kinds if k.fits(local, namespace)), None)
        tolerant = bool(self._profile.options.get("ignore_namespaces", False))
        if self._kind is None and tolerant:
            self._kind = next((k for k in self._kinds if k.root == local), None)
        if self._kind is None:
            raise FaultError(unknown_root(namespace, local, (offset, element.sourceline), self._profile))
        refusing = [rule for rule, severity in self._profile.severities.items() if severity is Severity.ERROR]
        self._remarks = Remarks(self._kind, refusing) if self._kind.order else None
        self._totals = Totals(self._kind) if self._kind.totals else None
        self._missing = Missing(self._kind) if self._kind.needed and not self._kind.answers else None
        self._depth = len(self._kind.unit) or 1 << 30
        if self._kind.unit and not self._kind.answers and self._kind.role != "master":
            self._empties = Empties(*(local, *self._kind.unit)[-2:])

    # --- envelope and units -----------------------------------------------------------------------------------

    def _begin(self) -> Iterator[Event]:
        """Open the envelope, once: what the header says is known now."""
        if self._begun:
            return
        self._begun = True
        kind, root = self._kind, self._root
        facts = {name: text_at(root, path) for name, path in kind.paths.items()} if kind and root else {}
        sender = facts.get("sender", "")
        self._interchange = Interchange(
            self._syntax, 0, sender_id=sender[:35], receiver_id=facts.get("receiver", "")[:35],
            control_number="" if kind is None or kind.answers else facts.get("id", "")[:64], number_of_use=_number_of_use(facts),
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
        self._unread = unread_in(self._message, kind, self._profile)
        if kind is not None and kind.notes:
            self._notes = Notes(self._message, self._profile, kind.notes)
        if kind is not None and kind.parties:
            self._parties = Notes(self._message, self._profile, kind.parties[-1], "MAP-PARTY-ROLE")
        if sender and kind is not None and not kind.answers:
            yield from stranger(sender, kind, root, self._profile)
        if kind is not None and root is not None:
            yield from header_remarks(kind, root)
        held, self._held = self._held, []
        yield from held

    def _unit(self, node: XmlNode) -> Iterator[Event]:
        kind = self._kind
        assert kind is not None
        yield from self._begin()
        assert self._message is not None
        if kind.answers:
            yield self._answer(node)
            return
        role = kind.role
        if kind.master_when[0] and text_at(self._root, kind.master_when[0]) in kind.master_when[1]:
            role = "master"
        if self._remarks is not None:
            yield from self._remarks.take()
        if self._unread is not None:
            self._unread.look(node)
        if self._missing is not None and node is not self._root:
            self._missing.look(node)
        if self._notes is not None and role != "master" and kind is not None:
            self._notes.look(notes_of(node, kind.notes))
            if self._parties is not None:
                self._parties.look(parties_of(node, kind.parties))
        if self._totals is not None:
            self._totals.add(node)
        self._units += 1
        yield Unit(self._message, self._units, node, f"{node.tag} {self._units}", role)
        if node.up is not None and node.up.children:
            siblings = node.up.children[node.tag]
            siblings.pop()
            self._numbers[node.tag] = self._numbers.get(node.tag, 0) + 1
        self._handed_out.add(node)

    def _answer(self, node: XmlNode) -> Acknowledged:
        status = text_at(node, ("BusinessHeaderDocument", "StatusCode"))
        reasons = [text_at(s, ("Reason",)) for s in (node.children or {}).get("ResponseStatus", ())]
        conversation = text_at(node, ("MessageHeaderDocument", "ConversationID"))
        return Acknowledged("status", conversation, status, node.here(), text="; ".join(filter(None, reasons))[:500])


def _free(element: Any) -> None:
    """Let go of a finished element and of everything before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _number_of_use(facts: dict[str, str]) -> str:
    """Return what is remembered of the id of a Cargo-XML Update or Deletion: programs send those under the id of the Creation."""
    purpose = facts.get("purpose", "").strip().upper()
    if purpose not in _UNDER_THE_SAME_ID:
        return ""
    told = hashlib.sha256(f"{facts.get('id', '')}|{purpose}|{facts.get('created', '')}".encode()).hexdigest()
    return f"{facts.get('id', '')[:24]}-{told[:12]}"
