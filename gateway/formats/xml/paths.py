"""How mapping paths read XML: local names of elements, an attribute as @name.

IncludedHouseConsignment/GrossWeightMeasure              the text of an element
GrossWeightMeasure/@unitCode                             an attribute
AssociatedParty[RoleCode=SE|DP]/Name                     the party whose RoleCode is SE, else DP
SpecifiedLogisticsTransportMovement[StageCode=Main-Carriage]
/MessageHeaderDocument/ID                                from the root of the document
Address/Line/@rest                                       the texts of all elements found but the first; @join: of all; @lines: a line each
Movement[StageCode=Main]/ArrivalEvent/Time/@last         of the last movement chosen: nothing when that one has no time
Movement[StageCode=Main]/ArrivalEvent/Time/@leg          of the movement that counts, see legs.py: likewise
IncludedCustomsNote[SubjectCode+ContentCode=CNE+CT]/Content      the note that has both
../@id                                                   the element around this one
TransportContractDocument[TypeCode=!703|740]/ID          those of any other type, or of none
Movement[StageCode=Main-Carriage|]/ID                    the movement of that stage, else the one without a stage

Codes are compared in any letters: senders write MAIN-CARRIAGE too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any

from gateway.dialect import Finder, Getter, Locator, Path, Step, Texts
from gateway.findings import Position
from gateway.formats.xml.layouts import Seat
from gateway.formats.xml.legs import AIRPORTS, Legs, last_of, that_counts
from gateway.formats.xml.nodes import XmlNode, text_at

_GATHERED = {
    "@join": slice(None),
    "@rest": slice(1, None),
    "@lines": slice(None),
}  # leaf that reads all elements found -> which of them
_OF_ONE = ("@last", "@leg")
"""Leaves that read what is below one of the elements chosen."""
_NO_NAME = re.compile(r"[^\w.\-]")


class XmlDialect:
    """See gateway.dialect.Dialect."""

    name = "xml"
    nodes_have_text = True  # two elements that say the same are no contradiction

    def __init__(self, codes: Mapping[str, Any] | None = None) -> None:
        """codes: tables of codes, see legs.py."""
        self._codes = codes if codes is not None and AIRPORTS in codes else None

    def with_codes(self, codes: Mapping[str, Any]) -> XmlDialect:
        """Return the dialect for a mapping with these tables of codes."""
        return XmlDialect(codes)

    def _port_of(self, airport: str) -> object:
        return None if self._codes is None else self._codes[AIRPORTS].get(airport)

    def finder(self, path: Path, at: str) -> Finder:
        """Return the elements the path leads to."""
        steps = path.steps
        if steps and steps[0].name == at and not path.absolute:
            steps = steps[1:]
        if not steps:
            return (lambda node, root: [root]) if path.absolute else _itself
        if not any(step.values or step.name == ".." for step in steps):
            return _plain_finder([step.name for step in steps], path.absolute)
        plain = list(takewhile(lambda step: not step.values and step.name != "..", steps))
        above, walks = [step.name for step in plain], [(step.name, _selector(step)) for step in steps[len(plain) :]]
        absolute = path.absolute

        def find(node: XmlNode, root: XmlNode) -> list[XmlNode]:
            one: Any = root if absolute else node
            nodes = [one]
            for tag in above:  # mostly there is one of each
                if (children := one.children) is None or (same := children.get(tag)) is None:
                    return []
                if len(same) != 1:
                    nodes = _all_on(above, [root if absolute else node])
                    break
                (one,) = same
                nodes = same
            for tag, select in walks:
                if tag == "..":
                    nodes = [one.up for one in nodes if one.up is not None]
                    continue
                if len(nodes) == 1:
                    children = nodes[0].children
                    below: Any = [*children[tag]] if children is not None and tag in children else []
                else:
                    below = _all_below(nodes, tag)
                nodes = select(below) if below and select is not None else below
                if not nodes:
                    return nodes
            return nodes

        return find

    def _finder_of_one(self, path: Path, at: str, leaf: str) -> Finder:
        """Return what is below one of the elements that the path chooses: legs of a flight do not lend each other a time."""
        one_of: Legs = that_counts(self._port_of) if leaf == "@leg" else last_of
        choices = [number for number, step in enumerate(path.steps, start=1) if step.values]
        cut = choices[-1] if choices else len(path.steps)
        chosen = self.finder(Path(path.text, path.steps[:cut], "", path.absolute), at)
        below = self.finder(Path(path.text, path.steps[cut:], "", False), "")
        return lambda node, root: [found for one in one_of(chosen(node, root)) for found in below(one, root)[:1]]

    def getter(self, path: Path, at: str) -> Getter:
        """Return the text of the first element found, or of its attribute."""
        if path.leaf in _OF_ONE:
            of_one, own_text = self._finder_of_one(path, at, path.leaf), self.leaf("")
            return lambda node, root: next((own_text(n, root).strip() for n in of_one(node, root)), "")
        plain = not path.absolute and len(path.steps) == 1 and not path.steps[0].values and path.steps[0].name not in (at, "..")  # fmt: skip
        if plain and not path.leaf.startswith("@"):
            return _text_of_child(path.steps[0].name)
        find, read = self.finder(path, at), self.leaf(path.leaf)
        if path.leaf in _GATHERED:
            which, text, between = _GATHERED[path.leaf], self.leaf(""), "\n" if path.leaf == "@lines" else " "
            return lambda node, root: between.join(t for n in find(node, root)[which] if (t := text(n, root).strip()))
        if find is _itself:
            return read
        own = path.steps[1:] if path.steps and path.steps[0].name == at and not path.absolute else path.steps
        if not any(step.values or step.name == ".." for step in own):
            return _plain_getter([step.name for step in own], path.absolute, read, find)

        def get(node: XmlNode, root: XmlNode) -> str:
            nodes = find(node, root)
            return read(nodes[0], root) if nodes else ""

        return get

    def leaf(self, leaf: str) -> Getter:
        """Return the text of an element ("") or one of its attributes ("@unitCode")."""
        if leaf:
            name = leaf.removeprefix("@")
            return lambda node, root: given.get(name, "") if (given := node.attributes) else ""
        return lambda node, root: node.elements[1] if len(node.elements) > 1 else ""

    def locator(self, path: Path, at: str) -> Locator:
        """Return the place of the element or attribute; of the nearest element above when it is not there."""
        ways = [Path(path.text, path.steps[:n], "", path.absolute) for n in range(len(path.steps), -1, -1)]
        of_one = path.leaf in _OF_ONE
        finders = [self._finder_of_one(way, at, path.leaf) if of_one else self.finder(way, at) for way in ways]
        gathered = _GATHERED.get(path.leaf, slice(None))
        attribute = path.leaf[1:] if path.leaf.startswith("@") and path.leaf not in (*_GATHERED, *_OF_ONE) else ""

        if not path.steps and not path.absolute and path.leaf not in (*_GATHERED, *_OF_ONE):
            return lambda node, root: node.here(attribute)

        def locate(node: XmlNode, root: XmlNode) -> Position | None:
            for depth, find in enumerate(finders):
                nodes = find(node, root)[gathered if depth == 0 else slice(None)]
                if nodes:
                    place: Position = nodes[0].here(attribute if depth == 0 else "")
                    return place
            return None

        return locate

    def seats(self, path: Path, at: str, seat: Seat) -> tuple[Seat, ...] | None:
        """Return the elements of a layout that a path leads to from one of them, as the finder would; None when it is not known."""
        steps = path.steps[1:] if path.steps and path.steps[0].name == at and not path.absolute else path.steps
        if path.absolute or any(step.values for step in steps):
            return None
        every, found = seat.layout.seats, [seat]
        for step in steps:
            if step.name != "..":
                found = [every[number] for one in found for number in one.below.get(step.name, ())]
            elif all(one.up >= 0 for one in found):
                found = [every[one.up] for one in found]
            else:
                return None
        return tuple(found)

    def texts(self, path: Path, at: str, leaf: str, seat: Seat) -> Texts | None:
        """Return the numbers of the texts that the getter reads; None when they are not known."""
        found = self.seats(path, at, seat)
        if found is None or leaf in _OF_ONE:
            return None
        if leaf == path.leaf and leaf in _GATHERED:
            numbers = tuple(one.text for one in found[_GATHERED[leaf]] if one.text >= 0)
            return Texts(numbers, "\n" if leaf == "@lines" else " ")
        first = found[:1]
        if leaf:
            return Texts(tuple(one.attributes[leaf[1:]] for one in first if leaf[1:] in one.attributes), None)
        return Texts(tuple(one.text for one in first if one.text >= 0), " ")

    def still(self, path: Path, seat: Seat) -> bool:
        """True when a path leads to what stands above the units only, from a unit or below it."""
        names = tuple(step.name for step in path.steps)
        way = seat.layout.seats[0].place.way or ()
        return path.absolute and ".." not in names and names[: len(way)] != way

    def problems(self, path: Path, at: str, message_type: str, version: str) -> list[str]:
        """Return why the path can never read anything."""
        if path.leaf and not path.leaf.startswith("@"):
            return [f'elements are parted by "/": write {path.text.replace(".", "/")}']
        return [said for step in path.steps if (said := _no_name(path, step.name))]


def _no_name(path: Path, name: str) -> str:
    """Return why nothing in a document can have a name, "" when it can."""
    if name == ".." or not (found := _NO_NAME.search(name)):
        return ""
    mends = {":": f"names have no prefix: write {name.rpartition(':')[2]}", "@": 'an attribute stands behind a "/": write NAME/@NAME', "\\": 'elements are parted by "/"'}  # fmt: skip
    return f"{path.text}: {mends.get(found[0], f'no element is called {name}')}"


def _itself(node: XmlNode, root: XmlNode) -> list[XmlNode]:
    return [node]


def _all_below(nodes: list[XmlNode], tag: str) -> list[XmlNode]:
    """Return the elements of a name below several."""
    return [child for one in nodes if one.children for child in one.children.get(tag, ())]  # type: ignore[misc]  # below an element stand elements


def _all_on(tags: list[str], nodes: list[XmlNode]) -> list[XmlNode]:
    """Return all elements below each other on a way."""
    for tag in tags:
        nodes = _all_below(nodes, tag)
    return nodes


def _plain_finder(tags: list[str], absolute: bool) -> Finder:
    """Return what finds the elements below each other; mostly there is one of each above the last."""
    *above, last = tags

    def find(node: XmlNode, root: XmlNode) -> list[XmlNode]:
        one: Any = root if absolute else node
        for tag in above:
            if (children := one.children) is None or (same := children.get(tag)) is None:
                return []
            if len(same) != 1:
                return _all_on(tags, [root if absolute else node])
            (one,) = same
        children = one.children
        return [*children[last]] if children is not None and last in children else []

    return find


def _text_of_child(tag: str) -> Getter:
    """Return what reads the text of an element right below the node."""

    def direct(node: XmlNode, root: XmlNode) -> str:
        children = node.children
        if children is None or tag not in children:
            return ""
        elements = children[tag][0].elements
        return elements[1] if len(elements) > 1 else ""

    return direct


def _plain_getter(tags: list[str], absolute: bool, read: Getter, find: Finder) -> Getter:
    """Return what reads the first of the elements below each other; mostly there is one of each."""

    def get(node: XmlNode, root: XmlNode) -> str:
        one: Any = root if absolute else node
        for tag in tags:
            if (children := one.children) is None or (same := children.get(tag)) is None:
                return ""
            if len(same) != 1:
                nodes = find(node, root)
                return read(nodes[0], root) if nodes else ""
            (one,) = same
        return read(one, root)

    return get


def _selector(step: Step) -> Callable[[list[XmlNode]], list[XmlNode]] | None:
    """Return the choice by a child element or attribute: the first value, in the order written, that any node has."""
    if not step.values:
        return None
    qualifier, values = step.qualifier or "TypeCode", step.values

    if "+" in qualifier:
        names = qualifier.split("+")
        return _chosen(values, lambda node: "+".join(text_at(node, (name,)) for name in names))

    def value_of(node: XmlNode) -> str:
        if qualifier.startswith("@"):
            return (node.attributes or {}).get(qualifier[1:], "")
        below = (node.children or {}).get(qualifier)
        return below[0].elements[1] if below and len(below[0].elements) > 1 else ""

    return _chosen(values, value_of)


def _chosen(values: tuple[str, ...], text_of: Callable[[XmlNode], str]) -> Callable[[list[XmlNode]], list[XmlNode]]:
    """Return the choice of the nodes with the first value that any of them has; `!A|B`: of those that have none of them."""
    wanted = [value.upper() for value in values]

    def code_of(node: XmlNode) -> str:
        return text_of(node).strip().upper()

    if wanted[0].startswith("!"):
        others = frozenset((wanted[0][1:], *wanted[1:]))
        return lambda nodes: [node for node in nodes if code_of(node) not in others]

    def select(nodes: list[XmlNode]) -> list[XmlNode]:
        codes = [text_of(node).strip().upper() for node in nodes]
        for value in wanted:
            if value in codes:
                return [node for node, code in zip(nodes, codes, strict=True) if code == value]
        return []

    return select


DIALECT = XmlDialect()
