"""Elements of an XML document as the mapping walks them: local names, attributes, whole text."""

from __future__ import annotations

import re

from gateway.findings import Position
from gateway.formats.xml.places import NO_PLACE, Place
from gateway.records import Node


class XmlNode(Node, eq=False, kw_only=True):
    """One element. elements: [local name, text]; offset: of its start tag, length 0; position: 0.

    text: whole over comments and CDATA, blanks at both ends taken off, "" when the element has children or is nil.
    number: which one of its name under its parent, from 1; up: the element around it; at: what is known of all elements there.
    """

    attributes: dict[str, str] | None = None
    number: int = 1
    up: XmlNode | None = None
    rank: int = 0  # of the last child that stood in its order, see remarks.py
    at: Place = NO_PLACE
    usual: bool = True  # of the root: units may be mapped by their kinds, see gateway.mapping.forms
    state: object = None  # of the root: another one after each change of what stands above the units

    @property
    def text(self) -> str:
        """Text of the element."""
        return self.elements[1] if len(self.elements) > 1 else ""

    def cut_way_up(self) -> None:
        """See Node: the way back of an element is `up`."""
        for nodes in (self.children or {}).values():
            for child in nodes:
                child.up = None  # type: ignore[attr-defined]  # below an element stand elements
                if child.children:
                    child.cut_way_up()

    def xpath(self) -> str:
        """Return the path from the root; a number only where a name repeats."""
        path, node = "", self
        while True:
            up = node.up
            if node.number > 1 or (up is not None and up.children and len(up.children.get(node.tag, ())) > 1):
                path = f"/{node.tag}[{node.number}]{path}"
            else:
                path = f"/{node.tag}{path}"
            if up is None:
                return path
            node = up

    def here(self, attribute: str = "") -> Position:
        """Return the position of the element or of one of its attributes."""
        path = self.xpath() + (f"/@{attribute}" if attribute else "")
        return Position(offset=self.offset, line=self.line, segment=self.tag, xpath=path)


def text_at(node: Node | None, path: tuple[str, ...]) -> str:
    """Return the text of the first element on a path, or of an attribute; path ("=3.00",) is fixed text."""
    if path and path[0].startswith("="):
        return path[0][1:]
    for step in path:
        if node is None:
            return ""
        if step.startswith("@"):
            return (node.attributes or {}).get(step[1:], "") if isinstance(node, XmlNode) else ""
        below = (node.children or {}).get(step)
        node = below[0] if below else None
    return node.element(1) if node is not None else ""


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_LINE = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def xml_characters(text: str, *, one_line: bool = False) -> str:
    """Leave out what no XML text can hold. one_line: tabs and line breaks too."""
    return (_NO_LINE if one_line else _NO_XML).sub("", text)
