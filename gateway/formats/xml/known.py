"""Units of known layouts (layouts.py): their texts, and their elements when somebody asks for them.

What is taken away when a node is made (`del node.children`) is missing until it is asked for; then `__getattr__` puts it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.formats.xml.layouts import Layout, Seat
from gateway.formats.xml.nodes import XmlNode

_START = re.compile("<[^/]")
_OF_WHOLE = ("elements", "children", "attributes", "offset", "line", "number", "up")


class House(msgspec.Struct, frozen=True):
    """One unit. start, end: in the text that it stands in; texts: of its layout, as they stand there."""

    layout: Layout
    start: int
    end: int
    texts: tuple[str, ...]


class Run(msgspec.Struct, eq=False):
    """Units that stand behind each other in a text. offset: of the first of them in the file."""

    text: str
    offset: int
    houses: list[House]

    def places(self, line: int) -> Iterator[tuple[int, int]]:
        """Yield offset and line of each. line: of the first one."""
        text, offset, before = self.text, self.offset, self.houses[0].start
        plain = text.isascii()
        for house in self.houses:
            start = house.start
            offset += start - before if plain else len(text[before:start].encode())
            line += text.count("\n", before, start)
            before = start
            yield offset, line


class KnownNode(XmlNode, eq=False, kw_only=True):
    """A unit. written: the text that it stands in; nodes: its elements by their numbers, but for itself."""

    written: str
    house: House
    texts: tuple[str, ...]
    cut: bool = False
    nodes: list[XmlNode] | None = None

    def __getattr__(self, name: str) -> Any:
        if name == "children":
            every, below = self.every(), self.house.layout.seats[0].below
            self.children = {tag: [every[number] for number in few] for tag, few in below.items()}
            return self.children
        if name == "attributes":
            self.attributes = _given(self.house.layout.seats[0], self.texts)
            return self.attributes
        raise AttributeError(name)

    def cut_way_up(self) -> None:
        """See Node."""
        for node in self.nodes or ():
            node.up = None
        self.cut = True

    def part(self, number: int) -> KnownPart:
        """Return an element of it, for those who read it by its texts."""
        seat = self.house.layout.seats[number]
        part = KnownPart(seat.place.local, [], 0, 0, 0, 0, kinds=seat, at=seat.place, unit=self, texts=self.texts)
        del part.elements, part.children, part.attributes, part.offset, part.line, part.number, part.up
        return part

    def every(self) -> list[XmlNode]:
        """Return its elements by their numbers."""
        if self.nodes is None:
            self.nodes = self._made()
        return [self, *self.nodes]

    def _made(self) -> list[XmlNode]:
        seats, nodes = self.house.layout.seats, list[XmlNode]((self,))
        for (offset, line), seat in zip(self._starts(), seats, strict=True):
            if seat.up < 0:
                continue
            local, up = seat.place.local, nodes[seat.up]
            given = _given(seat, self.texts)
            node = XmlNode(local, [local], offset, 0, line, 0, attributes=given, up=up, at=seat.place)
            if seat.text >= 0 and (text := self.texts[seat.text].strip()):
                node.elements.append(text)
            node.number = 1 + seats[seat.up].below[local].index(seat.number)
            if up is not self:
                up.take(node)
            nodes.append(node)
        if self.cut:
            for node in nodes[1:]:
                node.up = None
        return nodes[1:]

    def _starts(self) -> Iterator[tuple[int, int]]:
        """Yield offset and line of each element."""
        text, start = self.written, self.house.start
        offset, line = self.offset, self.line
        for tag in _START.finditer(text, start, self.house.end):
            between = text[start : tag.start()]
            offset, line, start = offset + len(between.encode()), line + between.count("\n"), tag.start()
            yield offset, line


class KnownPart(XmlNode, eq=False, kw_only=True):
    """An element of such a unit."""

    unit: KnownNode
    texts: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_WHOLE:
            raise AttributeError(name)
        seat: Any = self.kinds
        whole = self.unit.every()[seat.number]
        for one in _OF_WHOLE:
            setattr(self, one, getattr(whole, one))
        return getattr(self, name)


def _given(seat: Seat, texts: tuple[str, ...]) -> dict[str, str] | None:
    """Return the attributes of an element."""
    return {name: texts[at] for name, at in seat.attributes.items()} if seat.attributes else None


def known_node(first: XmlNode, number: int, place: tuple[int, int], text: str, house: House) -> KnownNode:
    """Return a unit. first: what the parser was shown in the place of its run; number: see XmlNode; place: offset and line; text: of the run."""
    tag, (offset, line) = first.tag, place
    node = KnownNode(
        tag, [tag], offset, 0, line, 0, kinds=house.layout.seats[0], number=number, up=first.up, at=first.at,
        written=text, house=house, texts=house.texts,
    )  # fmt: skip
    del node.children, node.attributes
    return node
