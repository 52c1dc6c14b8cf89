"""What readers hand to `translate`: envelope facts, the segment tree, and the events that carry them.

    InterchangeBegin  GroupBegin  MessageBegin  Unit Unit ...  MessageEnd  GroupEnd  InterchangeEnd

A *unit* is the subtree of one shipment (X12 309: one LX loop; CUSCAR: one CNI group). Findings travel between the
events; a finding of scope `shipment` belongs to the Unit that comes next, one of scope `message` to the open
message, and so on. Formats without groups or interchanges yield one of each with empty facts, so that every
consumer sees the same nesting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.findings import Finding, Position
from gateway.kinds import Kinds


class Node(msgspec.Struct, eq=False):
    """One segment with the segments below it: the tree that mapping paths walk.

    elements: elements[0] is the tag, elements[n] element n, raw text (components and repetitions not split).
    offset, length: bytes in the received file, without the terminator; position: 1 = ST/UNH.
    children: tag -> nodes in document order; a loop hangs under its first segment (N1 holds its N3, N4).
    kinds: what stands below, where the reader has seen the same before.
    """

    tag: str
    elements: list[str]
    offset: int
    length: int
    line: int
    position: int
    children: dict[str, list[Node]] | None = None
    parent: Node | None = None
    kinds: Kinds | None = None

    def add(self, node: Node) -> None:
        """Hang `node` under this one and tell it its parent."""
        node.parent = self
        self.take(node)

    def take(self, node: Node) -> None:
        """Hang `node` under this one without a way back: such trees are freed at once, without the cycle collector."""
        children = self.children
        if children is None:
            self.children = {node.tag: [node]}
        elif node.tag in children:
            children[node.tag].append(node)
        else:
            children[node.tag] = [node]

    def cut_way_up(self) -> None:
        """Take the way back from all nodes below this one: they are freed at once, then."""
        for nodes in (self.children or {}).values():
            for child in nodes:
                child.parent = None
                if child.children:
                    child.cut_way_up()

    def element(self, number: int) -> str:
        """Return element `number` (1-based), "" when absent."""
        return self.elements[number] if number < len(self.elements) else ""

    def stands(self, number: int) -> tuple[Node, int]:
        """Return the segment that element `number` stands in, and its number there: mostly this one."""
        return self, number

    def start_of(self, number: int) -> int:
        """Return how many bytes of the segment stand before element `number` (exact while the segment is ASCII or UTF-8)."""
        return sum(self.size_of(n) + 1 for n in range(min(number, len(self.elements))))

    def size_of(self, number: int) -> int:
        """Return how many bytes element `number` has (exact while the segment is ASCII or UTF-8)."""
        text = self.elements[number]
        return len(text) if text.isascii() else len(text.encode("utf-8"))

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it in document order."""
        nodes = [self]
        stack = list(self.children.values()) if self.children else []
        while stack:
            for child in stack.pop():
                nodes.append(child)
                if child.children:
                    stack.extend(child.children.values())
        return iter(sorted(nodes, key=lambda n: n.offset))

    def place(self, element: int | None = None, component: int | None = None, data_element: str = "") -> Position:
        """Return the position of this segment or of one of its elements."""
        return Position(
            offset=self.offset, length=self.length, line=self.line, segment=self.tag, segment_position=self.position,
            element=element, component=component, data_element=data_element,
        )  # fmt: skip


class Together(msgspec.Struct, eq=False):
    """Units of a table that were read together, so that a mapping may look at all of them column by column.

    units: the elements of each; rows: those of all their rows, one unit after the other; counts: how many rows each has.
    made: what mappings made of them.
    """

    units: Sequence[Sequence[str]]
    rows: Sequence[Sequence[str]]
    counts: list[int]
    made: dict[Any, list[Any]] = {}


class Separators(msgspec.Struct, frozen=True):
    """Service characters of one interchange; "" where the syntax has none."""

    element: str
    component: str
    segment: str
    repetition: str = ""
    release: str = ""
    decimal: str = "."


class Interchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts of one interchange (ISA..IEA, UNB..UNZ; an XML document or a CSV file is one with few facts).

    number_of_use: what is remembered as used in place of the control number, where that may come again.
    """

    syntax: str  # x12, edifact, cargo_xml, cargo_imp, postal, tabular, none
    index: int  # 0-based in the file
    sender_qualifier: str = ""
    sender_id: str = ""
    receiver_qualifier: str = ""
    receiver_id: str = ""
    control_number: str = ""
    date: str = ""  # as received (ISA09)
    time: str = ""
    version: str = ""  # ISA12, UNB syntax identifier:version
    test: bool = False
    ack_requested: bool = False
    separators: Separators | None = None
    offset: int = 0
    line: int = 1  # of its header
    sender_internal: str = ""
    number_of_use: str = ""


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts of one functional group (GS..GE, UNG..UNE). Group 0 with empty facts stands for "no group"."""

    index: int
    functional_id: str = ""
    sender: str = ""
    receiver: str = ""
    date: str = ""
    time: str = ""
    control_number: str = ""
    agency: str = ""
    version: str = ""  # GS08
    offset: int = 0


@dataclass(slots=True)
class Message:
    """One transaction set, message or document while it is read.

    format: name of format + type, e.g. "x12_309"; type "309"; version "005020".
    root: what absolute mapping paths walk (X12: the ST node; XML: the root element).
    context: grows by 1 each time the header segments above the units change (a new P4), so that values read at
        message level are computed once and not per unit.
    envelope: facts that paths `envelope.NAME` read, e.g. {"ISA06": "NRTX", "GS02": ...}.
    sound: numbers of units whose elements were found right elsewhere (gateway.sharing): the reader need not look at them.
    """

    format: str
    type: str
    version: str
    control_number: str
    index: int  # 0-based in the file
    root: Any
    interchange: Interchange
    group: Group
    implementation: str = ""  # ST03
    context: int = 0
    envelope: dict[str, str] = field(default_factory=dict)
    unit: str = ""  # tag of the unit loop
    cache: dict[str, Any] = field(default_factory=dict)  # values read once per context, kept by the mapping
    written: Callable[[str], str] | None = None  # tables: a standard column -> as the file's header writes it
    sound: Collection[int] = ()


class InterchangeBegin(msgspec.Struct, frozen=True, tag="IB", tag_field="record"):
    """An interchange header was read."""

    interchange: Interchange


class GroupBegin(msgspec.Struct, frozen=True, tag="GB", tag_field="record"):
    """A group header was read."""

    group: Group


@dataclass(slots=True)
class MessageBegin:
    """A message header was read; its program can be chosen now (type, version and format are known)."""

    message: Message


class Unit(msgspec.Struct, eq=False):
    """One shipment's subtree is complete. number: 1-based in the message; label: what the sender calls it ("LX 2").

    role: "shipment"; "part", a shipment that lacks what another message brings (a house of XFHL or FHL: no parties,
        no values); "master", facts of a master bill or flight that no shipment is made of (XFWB of a consolidation,
        XFFM): not counted as found; "unread", a shipment whose cells cannot be told (a quote that was not closed): named
        and refused with the reader's findings, not mapped.
    sound: the reader looked at all its elements at once and found them right, see Message.
    """

    message: Message
    number: int
    node: Any
    label: str = ""
    role: str = "shipment"
    sound: bool = False


@dataclass(slots=True)
class MessageEnd:
    """The message trailer was read (or is missing: then a finding came before)."""

    message: Message
    segments: int = 0


class GroupEnd(msgspec.Struct, frozen=True, tag="GE", tag_field="record"):
    """The group trailer. declared: GE01/UNE 0060 as received; received: messages counted."""

    group: Group
    declared: str = ""
    received: int = 0


class InterchangeEnd(msgspec.Struct, frozen=True, tag="IE", tag_field="record"):
    """The interchange trailer."""

    interchange: Interchange
    declared: str = ""
    received: int = 0


class Acknowledged(msgspec.Struct, frozen=True):
    """An acknowledgment of something we sent. kind: "interchange", "group", "set" or "status".

    result: its code (A, E, P, R), or in words what is none of these. status: accepted, rejected, hold or released, where it is about one bill. issuer: of
    the bill's number; code: as received; at: when it was decided, RFC 3339 (local times are taken as UTC).
    """

    kind: str
    control_number: str
    result: str
    position: Position
    text: str = ""
    status: str = ""
    issuer: str = ""
    code: str = ""
    at: str = ""
    quantity: str = ""


Event = (
    Acknowledged
    | InterchangeBegin
    | GroupBegin
    | MessageBegin
    | Unit
    | MessageEnd
    | GroupEnd
    | InterchangeEnd
    | Finding
)
