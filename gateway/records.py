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
from typing import Any, NamedTuple, Protocol

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


class Step(msgspec.Struct, frozen=True):
    """One step of a mapping path: `N1[SH|SF]` -> name N1, values (SH, SF), qualifier leaf "" (= first element)."""

    name: str
    values: tuple[str, ...] = ()
    qualifier: str = ""  # leaf text: "02", "1153", "TypeCode"; "" = the first element


class Path(msgspec.Struct, frozen=True):
    """A parsed mapping path. text is as written; leaf e.g. "05", "02-1", "3036", "@unitCode" or "" (a node path)."""

    text: str
    steps: tuple[Step, ...]
    leaf: str = ""
    absolute: bool = False


Getter = Callable[[Any, Any], str]  # (node of the level, message root) -> raw text, "" = no value
Finder = Callable[
    [Any, Any], list[Any]
]  # (node of the level, message root) -> nodes in preference, then document order
Locator = Callable[[Any, Any], Position | None]


InLineSteps = tuple[tuple[str, tuple[str, ...], str], ...]
"""From the level's node down: (tag, values of the qualifier, what holds the qualifier or "").

ITSELF as the first step: what follows stands below the node, never above it.
"""

ITSELF: tuple[str, tuple[str, ...], str] = ("", (), "")


class InLineElement(msgspec.Struct, frozen=True):
    """An element that gateway.mapping.in_line reads.

    read: its text -> text, or the texts of several leaves in it ("" when all are empty); None when it takes more
    than splitting. Without read the text is taken as it is. plain: a text without these characters is taken as it is too.
    deep: nothing is there in a text of one component; a text without those of `plain` is split at colons, and `part` taken.
    """

    number: int
    read: Callable[[str], Any] | None = None
    plain: str = ""
    deep: bool = False
    part: int = 0


class InLinePath(msgspec.Struct, frozen=True):
    """A path, with further leaves of its segment. Without elements it leads to segments, or `of_nodes` reads text or texts of them.

    What `of_nodes` reads, alone: stands in this element where the segment is the only one with its tag; every: is made of
    the texts of this element (its number, texts -> text or texts, as InLineElement.read) where the segments are one of each goods line.
    """

    steps: InLineSteps
    elements: tuple[InLineElement, ...] = ()
    of_nodes: Callable[[Any, Any], Any] | None = None
    alone: InLineElement | None = None
    every: tuple[int, Callable[[Any], Any]] | None = None


class Texts(NamedTuple):
    """Where the text of a path stands among the texts of a node whose kinds are known (XML): numbers of those that are there.

    between: what joins several texts of elements, whose blanks at both ends do not count; None for one that is taken as it is.
    """

    numbers: tuple[int, ...]
    between: str | None


class Dialect(Protocol):
    """How one format's paths are read; handed to the mapping compiler, which never imports a format.

    `at` is the tag of the level's node: a path whose first step is that tag reads the node itself. A step with
    several qualifier values tries them in the order written; the first value that any node has wins.
    """

    name: str

    def finder(self, path: Path, at: str) -> Finder:
        """Return the nodes the path (leaf ignored) leads to; several values in brackets: only those of the first hit."""
        ...

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the leaf at the first node found."""
        ...

    def leaf(self, leaf: str) -> Getter:
        """Return the text of one leaf of the node that is handed in (for sources that start with `.`)."""
        ...

    def locator(self, path: Path, at: str) -> Locator:
        """Return where the getter's value stands (offset and length of the very element where the format allows)."""
        ...

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything in this message (for lint), [] when it can or is not known."""
        ...
