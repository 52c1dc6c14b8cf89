"""Remarks about elements that stand elsewhere than the standard says, or that it does not know: read all the same.

The tables are order.csv of a format folder: type ("" = every message), parent, children in their order, those a
writer must give (required; missing.py tells of them), those that may stand again (many). Only parents of the
table are looked at; names.csv says what elements of a document may hold in any order; each fault is told once for a parent and child,
of each shipment where a value was not read (XML-TWICE) or where it refuses. A row of parent * stands for documents whose order we have no table of: of all elements
that hold text those of its column many may stand again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.nodes import XmlNode, text_at
from gateway.moments import is_moment
from gateway.records import Node

_MOST = 50  # of a message, and of each shipment
UNITS = ("KGM", "LBR")
_Key = tuple[str, str, str, str | None]
MAPPED = frozenset(("XML-UNIT", "XML-TWICE"))
"""Remarks on elements that the mapping may not be able to use, and then says so of each shipment."""

_OF_XML = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")
"""Namespaces of attributes that any element may have."""


def header_remarks(kind: Kind, root: XmlNode) -> Iterator[Finding]:
    """Yield what the header says of itself that is not so: a version we do not know, a type code of another message."""
    version, code = text_at(root, kind.paths.get("version", ())), text_at(root, kind.code)
    if kind.versions and version.partition(".")[0] not in kind.versions:
        known = ", ".join(f"{v}.00" for v in kind.versions)
        found = f"{kind.paths['version'][-1]} {version}" if version else f"no {kind.paths['version'][-1]}"
        said = f"The message has {found}; {kind.type} is known as {known} and was read as such."
        yield Finding("XML-VERSION", Severity.WARNING, Scope.MESSAGE, said, root.here(), value=version)
    if kind.codes and code not in kind.codes:
        found = f'{kind.code[-1]} "{code}" is not that' if code else f"The message has no {kind.code[-1]}, such as that"
        said = f"{found} of a {kind.type} ({' or '.join(kind.codes)}); the root element counts."
        yield Finding("XML-TYPE-CODE", Severity.WARNING, Scope.MESSAGE, said, root.here(), value=code)
    yield from _header_gaps(kind, root)


def _header_gaps(kind: Kind, root: XmlNode) -> Iterator[Finding]:
    """Yield what a header with a sender lacks or has in a form that is none: what stands in for it is said."""
    if "sender" not in kind.paths:
        return
    gaps = {
        "id": "; the message cannot be told from others",
        "purpose": "; it was read as an original",
        "created": "; the time of receipt stands in for it",
    }
    for name, instead in gaps.items():
        if name not in kind.paths:  # a document of a site's own, whose table says nothing of it
            continue
        path, found = kind.paths[name], text_at(root, kind.paths[name])
        if not found:
            said = f"The message has no {path[-1].lstrip('@')}{instead}."
        elif name == "created" and not is_moment(found):
            said = f'{path[-1].lstrip("@")} "{found[:40]}" is not a date and time{instead}.'
        else:
            continue
        yield Finding("XML-HEADER", Severity.WARNING, Scope.MESSAGE, said, root.here(), value=found)


def stray_text(element: Any) -> int | None:
    """Return the line of the text that stands between the elements of an element, None for blanks only.

    element: of lxml, whole, with elements in it. No row reads such a text: a tag is missing around it, or stands inside a value.
    """
    if (text := element.text) and not text.isspace():
        return int(element.sourceline or 1)
    for child in element:
        if (text := child.tail) and not text.isspace():
            return int(child.sourceline or 1)
    return None


def stray_remark(node: XmlNode, line: int) -> Finding:
    """Return the remark on it; the text itself may be a name or an address, so it is not shown."""
    said = f"Text stands between the elements of {node.tag} (near line {line}); it was not read."
    return Finding("XML-STRAY-TEXT", Severity.WARNING, Scope.MESSAGE, said, node.here())


class Remarks:
    """Looks at one element after the other; `take` gives what was found since."""

    def __init__(self, kind: Kind, each: Collection[str] = ()) -> None:
        """each: rules that are told of each shipment, since they refuse (a partner has raised them to errors)."""
        self._each = frozenset(("XML-TWICE", *each)) & MAPPED
        self._order, self._many, self._free = kind.order, kind.many, kind.many.get("*")
        self._names, self._any = kind.names, kind.names.get("*")
        self._again: list[XmlNode] = []  # compared when they are whole
        self._unit = kind.unit[-1] if kind.unit else ""
        self._told: set[_Key] = set()
        self._of_unit: tuple[XmlNode | None, set[_Key]] = (None, set())  # the shipment, and what was told of it
        self._found: list[Finding] = []

    def look(self, node: XmlNode, up: XmlNode) -> None:
        """Compare an element that starts with what its parent may hold."""
        names = self._names.get(up.tag)
        if names is not None and names.children is not None and node.tag not in names.children:
            self._tell("XML-UNKNOWN-ELEMENT", f"{node.tag} is no element of {up.tag} that we know.", node, up)
        if self._free is not None:
            if node.number > 1 and node.tag not in self._free:
                self._again.append(node)
            return
        ranks = self._order.get(up.tag)
        if ranks is not None:
            rank = ranks.get(node.tag)
            if rank is None:
                said = f"{node.tag} is no element of {up.tag} in the standard."
                self._tell("XML-UNKNOWN-ELEMENT", said, node, up)
            elif rank < up.rank:
                self._tell("XML-ORDER", f"{node.tag} stands behind an element of {up.tag} that follows it.", node, up)
            else:
                up.rank = rank
            if node.number > 1 and rank is not None and node.tag not in self._many[up.tag]:
                self._again.append(node)
        if node.attributes is not None and node.tag.endswith("WeightMeasure"):
            unit = node.attributes.get("unitCode", "")
            if unit and unit not in UNITS:
                said = f'unitCode "{unit}" of {node.tag} is none of {" and ".join(UNITS)}.'
                self._tell("XML-UNIT", said, node, up, value=unit)

    def attributes(self, node: XmlNode, given: list[str]) -> list[str]:
        """Compare the attributes of an element (qualified names) with those that it may have; return these."""
        names, known = self._names.get(node.tag) or self._any, []
        if names is None:
            return given
        for name in given:
            if name in names.attributes or name.startswith(_OF_XML):
                known.append(name)
                continue
            local = name.rpartition("}")[2]
            said = f"{local} is no attribute of {node.tag} that we know."
            self._tell("XML-UNKNOWN-ATTRIBUTE", said, node, node, local)
        return known

    def _tell(
        self, rule: str, said: str, node: XmlNode, up: XmlNode, attribute: str = "", value: str | None = None
    ) -> None:
        key = (rule, up.tag, attribute or node.tag, value)
        unit = self._unit_of(node) if rule in MAPPED else None
        told = self._told_of(unit) if unit is not None and rule in self._each else self._told
        if key in told or len(told) >= _MOST:
            return
        told.add(key)
        scope = Scope.MESSAGE if unit is None else Scope.SHIPMENT
        self._found.append(Finding(rule, Severity.WARNING, scope, said, node.here(attribute), value=value))

    def _unit_of(self, node: XmlNode) -> XmlNode | None:
        """Return the shipment that a node lies in, None for what stands above: the mapping may say better what is told of it (gateway.judge)."""
        while node.tag != self._unit:
            if node.up is None:
                return None if self._unit else node  # the whole document is the shipment
            node = node.up
        return node

    def _told_of(self, unit: XmlNode) -> set[_Key]:
        if self._of_unit[0] is not unit:
            self._of_unit = unit, set()
        return self._of_unit[1]

    def withdraw(self, better: Finding) -> None:
        """Leave out what another finding of the same rule and place says better."""
        self._found = [one for one in self._found if (one.rule, one.position) != (better.rule, better.position)]

    def take(self) -> list[Finding]:
        """Return what was found since the last time."""
        for node in self._again:
            first = node.up.children[node.tag][0] if node.up is not None and node.up.children else node
            parts = self._free is not None and (first.children or node.children)
            if not parts and _content(first) != _content(node):
                said = f"{node.tag} may stand once in {node.up.tag if node.up else ''} and stands there again, with other content: the first was read."
                self._tell("XML-TWICE", said, node, node.up or node)
        self._again.clear()
        found, self._found = self._found, []
        return found


def _content(node: Node) -> tuple[object, ...]:
    """Return all that an element says."""
    attributes = node.attributes if isinstance(node, XmlNode) else None
    below = [(tag, [_content(n) for n in nodes]) for tag, nodes in (node.children or {}).items()]
    return node.elements, attributes, below
