"""Elements of a unit that no row of the mapping reads, for documents that say far more than a shipment (WCO, UBL).

One remark for a file names the first few by their path below the unit. Of a part that is read by nobody the whole is
named, not each element in it. Only what holds text counts; documents.csv names in its column aside what says nothing of a
shipment (line numbers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.nodes import XmlNode
from gateway.profile import Profile
from gateway.records import Message, Node

_KEPT = 50  # different elements that are told apart in one file
_NAMED = 8  # that the remark names
_LONG = 120  # characters of a path that are shown

_OF_XML = ("nil", "lang", "space", "schemaLocation", "noNamespaceSchemaLocation")
"""Attributes that say nothing of a shipment in any document, by their local names."""

Names = tuple[str, ...]


def unread_in(message: Message, kind: Kind | None, profile: Profile) -> Unread | None:
    """Return what notes the elements of a message that no row reads; None where they are not told.

    Attributes are noted too where we have no list of those that the document may have.
    """
    if kind is None or kind.aside is None:
        return None
    own = len(kind.unit)
    facts = frozenset(path[own:] for path in kind.paths.values() if path[:own] == kind.unit)
    return unread_below(message, profile, kind.unit, kind.aside, facts, attributes=not kind.names)


def unread_below(
    message: Message,
    profile: Profile,
    unit: Names,
    aside: tuple[Names, ...],
    facts: frozenset[Names] = frozenset(),
    *,
    attributes: bool = False,
) -> Unread | None:
    """Return what notes the elements below a unit that no row reads; None without a mapping. See Unread."""
    choose = profile.programs
    program = choose(message.format, message.type, message.version) if choose else None
    if program is None:
        return None
    return Unread(program.reads(message, profile, unit), facts, aside, attributes=attributes)


class Unread:
    """What was met in one file. read: names that the mapping reads, as a tree; facts: paths that the envelope reads; aside: see kinds.py."""

    def __init__(
        self, read: Mapping[str, Any], facts: frozenset[Names], aside: tuple[Names, ...], *, attributes: bool = False
    ) -> None:
        self._read, self._facts, self._aside, self._attributes = read, facts, aside, attributes
        self._found: dict[Names, int] = {}  # path below the unit -> line of the first
        self._told = 0  # of those found, told before
        self._first: Position | None = None
        self._more = False

    def look(self, unit: XmlNode) -> None:
        """Note what is not read of a unit."""
        self._look(unit, self._read, ())

    def _look(self, node: Node, read: Mapping[str, Any], path: Names) -> None:
        if self._attributes and (given := node.attributes if isinstance(node, XmlNode) else None):
            for name, text in given.items():
                here = (*path, f"@{name}")
                if (
                    here[-1] not in read
                    and text
                    and not text.isspace()
                    and name not in _OF_XML
                    and not self._known(here)
                ):
                    self._note(here, node)
        for name, nodes in (node.children or {}).items():
            here = (*path, name)
            below = read.get(name)
            if below is not None:
                for child in nodes:
                    self._look(child, below, here)
            elif not self._known(here) and (told := next((one for one in nodes if self._says(one)), None)) is not None:
                self._note(here, told)

    def _known(self, path: Names) -> bool:
        """True when a path was noted before, is read for the envelope or says nothing of a shipment."""
        return path in self._found or path in self._facts or any(path[-len(end) :] == end for end in self._aside)

    def _says(self, node: Node) -> bool:
        """True when an element or anything in it holds text."""
        return any(one.text or (self._attributes and one.attributes) for one in node.walk())  # type: ignore[attr-defined]  # below an element stand elements

    def _note(self, path: Names, node: Node) -> None:
        """Keep what is read by nobody."""
        if len(self._found) >= _KEPT:
            self._more = True
            return
        self._found[path] = node.line
        if self._first is None:
            self._first = node.here(path[-1][1:] if path[-1].startswith("@") else "")  # type: ignore[attr-defined]

    def remark(self) -> Finding | None:
        """Return what is to be said of the file, or of its part since the last remark; None when everything is read."""
        if self._first is None:
            return None
        new = [f"{'/'.join(path)[-_LONG:]} (line {line})" for path, line in self._found.items()][self._told :]
        shown, rest = new[:_NAMED], len(new[_NAMED:])
        more = f" and {'more than ' if self._more else ''}{rest} others" if rest else ""
        said = f"Elements that no row of the mapping reads, so that what they say was not passed on: {', '.join(shown)}{more}."
        first, self._first, self._told = self._first, None, len(self._found)
        return Finding("XML-NOT-READ", Severity.INFO, Scope.MESSAGE, said, first)
