"""Units of a known layout: their texts, and the tree of elements when somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.findings import Position
from gateway.formats.xml.layouts import Layout, Seat
from gateway.formats.xml.nodes import XmlNode
from gateway.records import Node

_START = re.compile("<[^/]")


class House(msgspec.Struct, frozen=True):
    """One unit of a run. start, end: in the text of the run; texts: of its layout, as they stand there."""

    layout: Layout
    start: int
    end: int
    texts: tuple[str, ...]


class Run(msgspec.Struct, eq=False):
    """Units of known layouts that stand behind each other in a text. offset: of the first of them in the file."""

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
    """A unit of a known layout. written: the text that it stands in; nodes: its elements, made when they are asked for."""

    written: str
    house: House
    texts: tuple[str, ...]
    cut: bool = False
    position: Position | None = None
    nodes: list[XmlNode] | None = None
    under: dict[str, list[Node]] | None = None

    @property  # type: ignore[override]
    def attributes(self) -> dict[str, str] | None:
        """See XmlNode."""
        return _given(self.house.layout.seats[0], self.texts)

    @property  # type: ignore[override]
    def children(self) -> dict[str, list[Node]]:
        """See Node."""
        if self.under is None:
            nodes = self.elements_below()
            below = self.house.layout.seats[0].below
            self.under = {tag: [nodes[number] for number in few] for tag, few in below.items()}
        return self.under

    def cut_way_up(self) -> None:
        """See Node."""
        for node in self.nodes or ():
            node.up = None
        self.cut = True

    def here(self, attribute: str = "") -> Position:
        """See XmlNode."""
        if attribute:
            return super().here(attribute)
        if self.position is None:
            self.position = super().here()
        return self.position

    def part(self, number: int) -> KnownPart:
        """Return an element of it, to be read by those who know where its texts are."""
        seat = self.house.layout.seats[number]
        local = seat.place.local
        return KnownPart(local, [local], 0, 0, 0, 0, kinds=seat, at=seat.place, unit=self, texts=self.texts)

    def elements_below(self) -> list[XmlNode]:
        """Return the elements of its layout by their numbers."""
        if self.nodes is None:
            self.nodes = self._made()
        return [self, *self.nodes]

    def _made(self) -> list[XmlNode]:
        nodes: list[XmlNode] = [self]
        for (offset, line), seat in zip(self._starts(), self.house.layout.seats, strict=True):
            if seat.up < 0:
                continue
            local, up = seat.place.local, nodes[seat.up]
            node = XmlNode(local, [local], offset, 0, line, 0, attributes=_given(seat, self.texts), up=up, at=seat.place)
            nodes.append(node)
            if seat.text >= 0 and (text := self.texts[seat.text].strip()):
                node.elements.append(text)
            node.number = 1 + self.house.layout.seats[seat.up].below[local].index(seat.number)
            if up is not self:
                up.take(node)
        if self.cut:
            for node in nodes[1:]:
                node.up = None
        return nodes[1:]

    def _starts(self) -> Iterator[tuple[int, int]]:
        """Yield offset and line of each element."""
        text, start, end = self.written, self.house.start, self.house.end
        offset, line = self.offset, self.line
        for tag in _START.finditer(text, start, end):
            between = text[start : tag.start()]
            offset, line, start = offset + len(between.encode()), line + between.count("\n"), tag.start()
            yield offset, line


class KnownPart(XmlNode, eq=False, kw_only=True):
    """An element of such a unit, read by its texts; whoever asks for more is told what the element itself says."""

    unit: KnownNode
    texts: tuple[str, ...]

    @property
    def whole(self) -> XmlNode:
        """The element itself."""
        seat: Any = self.kinds
        return self.unit.elements_below()[seat.number]

    @property  # type: ignore[override]
    def elements(self) -> list[str]:
        """See Node."""
        return self.whole.elements

    @property  # type: ignore[override]
    def children(self) -> dict[str, list[Node]] | None:
        """See Node."""
        return self.whole.children

    @property  # type: ignore[override]
    def attributes(self) -> dict[str, str] | None:
        """See XmlNode."""
        return self.whole.attributes

    @property  # type: ignore[override]
    def offset(self) -> int:
        """See Node."""
        return self.whole.offset

    @property  # type: ignore[override]
    def line(self) -> int:
        """See Node."""
        return self.whole.line

    @property  # type: ignore[override]
    def number(self) -> int:
        """See XmlNode."""
        return self.whole.number

    @property  # type: ignore[override]
    def up(self) -> XmlNode | None:
        """See XmlNode."""
        return self.whole.up


def _given(seat: Seat, texts: tuple[str, ...]) -> dict[str, str] | None:
    """Return the attributes of an element."""
    return {name: texts[at] for name, at in seat.attributes.items()} if seat.attributes else None
