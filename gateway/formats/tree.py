"""How mapping paths read a segment tree: the Dialect of X12 (and of any format made of tagged segments).

M11.05            element 5 of the first M11 below the level's node
N1[ST|CN]/N3.01   the ST party if there is one, else the CN party; its N3, element 1
N9[02=ABC].01     qualifier in element 2
REF.02-1          component 1 of element 2
L0.04@sum         of all L0 found: the sum; @join: the texts; @rest: those but the first; @same: the text all share
L5/L0.04@sum_each likewise, and nothing when an L5 has no L0: a line without weight is in no sum; @same_each too
/P4.01            from the message root (while streaming: the current P4)
../CUR.02         the HL that this HL stands under
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.dialect import Finder, Getter, InLineElement, InLinePath, Locator, Path, Step
from gateway.findings import Position
from gateway.formats.gathering import EACH, GATHER, gathers, number_of, of_each
from gateway.records import Node, Separators


class RootNode(Node, eq=False, kw_only=True):
    """The first node of a message: it knows the separators and the envelope facts of its interchange.

    turned: headers of shipments (P4) that others took the place of, the first ones.
    """

    separators: Separators
    envelope: dict[str, str]
    turned: list[Node] = msgspec.field(default_factory=list)
    usual: bool = True  # paths can be read in line, see gateway.mapping.forms


class TreeDialect:
    """See gateway.dialect.Dialect."""

    def __init__(
        self,
        name: str,
        reach: Callable[[Path, str, str], list[str]] | None = None,
        numbers: Callable[[Node, str, int], str] | None = None,
        *,
        seated: bool = False,
    ) -> None:
        """Make the dialect of one format. seated: its reader sets the kinds of nodes, see gateway.kinds.

        reach: (path, segment it starts at, message type) -> why it leads nowhere, for lint; None = not known.
        numbers: (message root, tag, element) -> data element number, for positions; None = positions have none.
        """
        self.name = name
        self._reach, self._numbers, self._seated = reach, numbers, seated

    def finder(self, path: Path, at: str) -> Finder:
        """Return the nodes the path leads to."""
        steps = path.steps
        own = not path.absolute and bool(steps) and steps[0].name == at
        rest = steps[1:] if own else steps
        first = _selector(steps[0]) if own and steps[0].values else None
        absolute = path.absolute
        if len(rest) == 1 and not absolute and not own:
            return _below(rest[0])
        walks = [(step.name, _selector(step) if step.values else None) for step in rest]

        def find(node: Node, root: Node) -> list[Node]:
            nodes = [root if absolute else node]
            if first is not None:
                nodes = first(nodes)
            for tag, select in walks:
                if tag == "..":
                    nodes = [one.parent for one in nodes if one.parent is not None]
                    continue
                below: list[Node] = []
                for one in nodes:
                    if one.children and tag in one.children:
                        below += one.children[tag]
                nodes = select(below) if select else below
                if not nodes:
                    return nodes
            return nodes

        return find

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the leaf at the first node found."""
        read = self.leaf(path.leaf)
        steps = path.steps
        if gathers(path.leaf):
            return self._gatherer(path, at)
        if not path.absolute and len(steps) == 1 and not steps[0].values and "-" not in path.leaf:
            number, tag = number_of(path.leaf), steps[0].name
            if tag == at:
                return lambda node, root: node.elements[number] if number < len(node.elements) else ""

            def direct(node: Node, root: Node) -> str:
                children = node.children
                if children is None or tag not in children:
                    return ""
                elements = children[tag][0].elements
                return elements[number] if number < len(elements) else ""

            return direct
        if not path.absolute and len(steps) == 1 and steps[0].name != at and "-" not in path.leaf:
            return _qualified(steps[0], number_of(path.leaf))
        find = self.finder(path, at)

        def get(node: Node, root: Node) -> str:
            nodes = find(node, root)
            return read(nodes[0], root) if nodes else ""

        return get

    def _gatherer(self, path: Path, at: str) -> Getter:
        """Return what reads a leaf of all nodes found: `04@sum`."""
        word = path.leaf.partition("@")[2]
        find, number, make = self.finder(path, at), number_of(path.leaf), GATHER[word]
        if word.endswith(EACH):
            owners = self.finder(msgspec.structs.replace(path, steps=path.steps[:-1], leaf=""), at)
            own = _below(path.steps[-1])
            return lambda node, root: make(of_each(owners(node, root), own, number, root))
        return lambda node, root: make([one.element(number) for one in find(node, root)])

    def leaf(self, leaf: str) -> Getter:
        """Return the text of one leaf of the node that is handed in."""
        number = number_of(leaf)
        if "-" not in leaf:
            return lambda node, root: node.elements[number] if number < len(node.elements) else ""
        component = int(leaf.partition("-")[2])

        def read(node: Node, root: RootNode) -> str:
            parts = node.element(number).split(root.separators.component)
            return parts[component - 1] if component <= len(parts) else ""

        return read

    def locator(self, path: Path, at: str) -> Locator:
        """Return the place of the element that the getter reads; of the segment when it has no such element."""
        find = self.finder(path, at)
        leaf, numbers = path.leaf, self._numbers
        rest = leaf.endswith("@rest")  # the first is not among those

        def locate(node: Node, root: Node) -> Position | None:
            nodes = find(node, root)
            if not nodes:
                return None
            place = place_of(nodes[rest and len(nodes) > 1], leaf, root)
            if numbers is None or place.element is None:
                return place
            return msgspec.structs.replace(place, data_element=numbers(root, place.segment, place.element))

        return locate

    def in_line(self, path: Path, at: str, others: tuple[str, ...]) -> InLinePath | None:
        """Return a path as gateway.mapping.in_line reads it, None for others. others: further leaves of the segment."""
        steps, leaves = path.steps, (path.leaf, *others)
        if path.absolute or not steps or any(step.name == ".." for step in steps):
            return None
        own = steps[0].name == at
        if (own and steps[0].values) or (others and not path.leaf):
            return None
        way = tuple((step.name, step.values, step.qualifier) for step in (steps[1:] if own else steps))
        if not path.leaf:
            return InLinePath(way)
        if all(leaf.isdecimal() for leaf in leaves):
            return InLinePath(way, tuple(InLineElement(int(leaf)) for leaf in leaves))
        if others or not way:
            return None
        if path.leaf.endswith(EACH):
            return None
        if gathers(path.leaf):
            number, make = number_of(path.leaf), GATHER[path.leaf.partition("@")[2]]
            return InLinePath(way, (), lambda nodes, root: make([one.element(number) for one in nodes]))
        read = self.leaf(path.leaf)
        return InLinePath(way, (), lambda nodes, root: read(nodes[0], root))

    @property
    def in_line_helpers(self) -> dict[str, Any]:
        """Return what gateway.mapping.in_line calls, or has to know of the format: what its text does not spell out."""
        helpers = {"below": below, "climbs": lambda tag: False, "index": _indexer}
        return {**helpers, "code_at": _code_at, "message": "", "codes_are_elements": True} if self._seated else helpers

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything."""
        problems = []
        if path.leaf and not path.leaf.replace("-", "").isdigit() and not gathers(path.leaf):
            problems.append(
                f'"{path.leaf}" is not an element number; write {path.steps[-1].name if path.steps else at}.05'
            )
        if self._reach is not None and not problems:
            problems = self._reach(path, at, message_type)
        return problems


def place_of(node: Node, leaf: str, root: Node) -> Position:
    """Return the bytes of an element; those of the segment where text and bytes differ (UTF-16, another character set)."""
    number = number_of(leaf) if leaf else 0
    node, number = node.stands(number)
    if not number or number >= len(node.elements):
        return node.place(number or None)
    if isinstance(root, RootNode) and _bytes(root.separators.element.join(node.elements)) != node.length:
        return node.place(number)
    offset, text = node.offset + node.start_of(number), node.elements[number]
    size, component = node.size_of(number), int(leaf.partition("-")[2]) if "-" in leaf else None
    if component is not None and isinstance(root, RootNode):
        parts = text.split(root.separators.component)
        if component <= len(parts):
            offset += sum(_bytes(p) + 1 for p in parts[: component - 1])
            size = _bytes(parts[component - 1])
    return Position(
        offset=offset, length=size, line=node.line, segment=node.tag, segment_position=node.position,
        element=number, component=component,
    )  # fmt: skip


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8"))


def _below(step: Step) -> Finder:
    """Return the commonest finder: nodes right below the level's node."""
    tag = step.name
    if not step.values:
        return lambda node, root: node.children.get(tag, []) if node.children else []
    select = _selector(step)
    return lambda node, root: select(node.children[tag]) if node.children and tag in node.children else []


def below(nodes: list[Node]) -> dict[str, list[Node]]:
    """Return the children of several nodes as if they were of one."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for tag, children in (node.children or {}).items():
            found[tag] = [*found[tag], *children] if tag in found else children
    return found


def _indexer(tag: str, qualifier: str) -> Callable[[list[Node], Node], dict[str, list[Node]]]:
    """Return what gives qualifier -> nodes; qualifier: the element that holds it, "" = the first."""
    number = number_of(qualifier) or 1

    def index(nodes: list[Node], root: Node) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in nodes:
            elements = node.elements
            if number < len(elements):
                text = elements[number]
                if text in found:
                    found[text].append(node)
                else:
                    found[text] = [node]
        return found

    return index


def _code_at(tag: str, qualifier: str) -> int | None:
    """Return which of the codes that a segment begins with a qualifier is, see gateway.kinds.Seat; None for another place."""
    return 0 if (number_of(qualifier) or 1) == 1 else None


def _qualified(step: Step, element: int) -> Getter:
    """Return what reads an element of the first child with the qualifier, values in the order written."""
    tag, values, number = step.name, step.values, number_of(step.qualifier) or 1

    def get(node: Node, root: Node) -> str:
        children = node.children
        if children is None or tag not in children:
            return ""
        for value in values:
            for child in children[tag]:
                elements = child.elements
                if number < len(elements) and elements[number] == value:
                    return elements[element] if element < len(elements) else ""
        return ""

    return get


def _selector(step: Step) -> Callable[[list[Node]], list[Node]]:
    """Return the choice by qualifier: the first value, in the order written, that any node has."""
    number = number_of(step.qualifier) or 1
    if len(step.values) == 1:
        only = step.values[0]
        return lambda nodes: [n for n in nodes if number < len(n.elements) and n.elements[number] == only]
    values = step.values

    def select(nodes: list[Node]) -> list[Node]:
        for value in values:
            found = []
            for node in nodes:
                elements = node.elements
                if number < len(elements) and elements[number] == value:
                    found.append(node)
            if found:
                return found
        return []

    return select
