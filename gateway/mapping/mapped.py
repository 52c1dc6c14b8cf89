"""What mapping one unit gave: the draft, what is said of it, and the way back to the source."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from gateway.canonical.model import PARTY_ROLES
from gateway.findings import NOWHERE, Finding
from gateway.mapping.sources import Run
from gateway.profile import MappedShipment, Origin, Profile
from gateway.records import Message, Node

if TYPE_CHECKING:
    from gateway.mapping.program import CompiledProgram


class Mapped:
    """Result of one unit; see gateway.profile.MappedShipment. parties, items, references: the nodes that these were read in."""

    __slots__ = (
        "_firsts", "_header", "_message", "_profile", "_then", "draft", "findings", "items", "node", "parties", "program",
        "references",
    )  # fmt: skip

    def __init__(self, program: CompiledProgram, message: Message, node: Any, profile: Profile) -> None:
        self.program = program
        self._message, self.node, self._profile = message, node, profile
        self._header = header_now(message, node)
        self.parties: dict[str, Any] = {}
        self.items: list[Any] = []
        self.references: list[Any] = []
        self.draft: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self._then: tuple[Any, Run] | None = None  # what `locate` reads in, made when it is asked the first time
        self._firsts: set[int] | None = None  # what `begins` looks at, likewise

    def begins(self, node: Any) -> bool:
        """True for the first segment of a loop: a text is never carried on from one container to the next."""
        if self._firsts is None:
            self._firsts = _firsts(self.node)
        return id(node) in self._firsts

    def locate(self, pointer: str) -> Origin:
        """Return where the value at a JSON pointer comes from; the unit when nothing nearer is known."""
        parts = [p for p in pointer.split("/") if p]
        program = self.program
        if self._then is None:
            root = self._message.root
            if self._header is not None:
                root = copy(root)
                root.children = self._header
            self._then = root, Run(self._message, self._profile)
        root, run = self._then
        found = self._given(".".join(parts), root, run) if parts else None
        if found is None and parts:
            found = self._place(parts, root, run)
        return found or Origin(program.here(self.node, root) or NOWHERE)

    def _given(self, name: str, root: Any, run: Run) -> Origin | None:
        """Return where a row of the shipment or of the header read a field, a part of a party among them."""
        program = self.program
        return program.given("shipment", name, self.node, root, run) or program.given("message", name, root, root, run)

    def _place(self, parts: list[str], root: Any, run: Run) -> Origin | None:
        program = self.program
        if parts[0] in PARTY_ROLES and parts[0] in self.parties:
            return program.place(parts[0], ".".join(parts[1:]), self.parties[parts[0]], root, run)
        if parts[0] in ("items", "references"):
            level = parts[0][:-1]
            index = int(parts[1]) if len(parts) > 1 and parts[1].isascii() and parts[1].isdigit() else 0
            nodes = self.items if level == "item" else self.references
            node = nodes[index] if index < len(nodes) else self.node
            if level == "reference" and node is not self.node:  # several blocks of a table make references
                return Origin(program.here(node, root) or NOWHERE)
            return program.place(level, ".".join(parts[2:]), node, root, run)
        found = program.place("shipment", ".".join(parts), self.node, root, run)
        return found or program.place("message", ".".join(parts), root, root, run)


class Later:
    """A unit that was passed by. It is mapped when somebody asks where its values stand: a finding of the whole file.

    What stands above it is kept as it is now, because the message goes on meanwhile.
    """

    __slots__ = ("_context", "_header", "_known", "_mapped", "_message", "_node", "_profile", "draft", "findings", "program")  # fmt: skip

    def __init__(self, program: CompiledProgram, message: Message, node: Any, profile: Profile) -> None:
        self.program, self._message, self._node, self._profile = program, message, node, profile
        self._header, self._known, self._context = header_now(message, node), dict(message.cache), message.context
        self._mapped: MappedShipment | None = None
        self.draft: dict[str, Any] = {}
        self.findings: list[Finding] = []

    def locate(self, pointer: str) -> Origin:
        """See Mapped."""
        if self._mapped is None:
            then = copy(self._message)
            then.cache, then.context = self._known, self._context
            if self._header is not None:
                then.root = copy(then.root)
                then.root.children = self._header
            self._mapped = self.program.run(then, self._node, self._profile)
        return self._mapped.locate(pointer)


def header_now(message: Message, node: Any) -> dict[str, Any] | None:
    """Return the segments above a unit as they are now, made once per context: a later P4 or HL takes the place of this one."""
    kept = message.cache.get("header")
    if kept is None or kept[0] != message.context:
        kept = message.cache["header"] = (message.context, _above_unit(message.root, node))
    header: dict[str, Any] | None = kept[1]
    return header


def _above_unit(root: Any, node: Any) -> dict[str, Any] | None:
    """Return the children of the root; what stands between it and the unit (HL of a shipment, HL of an order) is copied with its own."""
    between = []
    above = getattr(node, "parent", None)
    while above is not None and above is not root:
        between.append(above)
        above = above.parent
    header = here = _children_of(root)
    for one in reversed(between):
        beside = here.get(one.tag, ()) if here else ()
        if here is None or not any(other is one for other in beside):
            break
        own = copy(one)
        own.children = _children_of(one)
        here[one.tag] = [own if other is one else other for other in beside]
        here = own.children
    return header


def _firsts(unit: Any) -> set[int]:
    if not isinstance(unit, Node):
        return set()
    return {id(nodes[0]) for node in unit.walk() for nodes in (node.children or {}).values()}


def _children_of(node: Any) -> dict[str, Any] | None:
    """Return what stands below a node, apart from what will be added there."""
    children = getattr(node, "children", None)
    return {tag: list(nodes) for tag, nodes in children.items()} if children else None
