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

Names = tuple[str, ...]


def unread_in(message: Message, kind: Kind | None, profile: Profile) -> Unread | None:
    """Return what notes the elements of a message that no row reads; None where they are not told."""
    choose = profile.programs
    program = choose(message.format, message.type, message.version) if choose else None
    if kind is None or kind.aside is None or program is None:
        return None
    own = len(kind.unit)
    facts = frozenset(path[own:] for path in kind.paths.values() if path[:own] == kind.unit)
    return Unread(program.reads(message, profile, kind.unit), facts, kind.aside)


class Unread:
    """What was met in one file. read: names that the mapping reads, as a tree; facts: paths that the envelope reads; aside: see kinds.py."""

    def __init__(self, read: Mapping[str, Any], facts: frozenset[Names], aside: tuple[Names, ...]) -> None:
        self._read, self._facts, self._aside = read, facts, aside
        self._found: dict[Names, int] = {}  # path below the unit -> line of the first
        self._first: Position | None = None
        self._more = False

    def look(self, unit: XmlNode) -> None:
        """Note what is not read of a unit."""
        self._look(unit, self._read, ())

    def _look(self, node: Node, read: Mapping[str, Any], path: Names) -> None:
        for name, nodes in (node.children or {}).items():
            here = (*path, name)
            below = read.get(name)
            if below is not None:
                for child in nodes:
                    self._look(child, below, here)
            elif here not in self._found and not self._passed_by(here):
                self._note(here, nodes)

    def _passed_by(self, path: Names) -> bool:
        return path in self._facts or any(path[-len(end) :] == end for end in self._aside)

    def _note(self, path: Names, nodes: list[Any]) -> None:
        """Keep an element that is read by nobody, if it or anything in it holds text."""
        told = next((node for node in nodes if any(one.text for one in node.walk())), None)
        if told is None:
            return
        if len(self._found) >= _KEPT:
            self._more = True
            return
        self._found[path] = told.line
        if self._first is None:
            self._first = told.here()

    def remark(self) -> Finding | None:
        """Return what is to be said of the file; None when everything is read."""
        if self._first is None:
            return None
        shown = [f"{'/'.join(path)[-_LONG:]} (line {line})" for path, line in self._found.items()][:_NAMED]
        rest = len(self._found) - len(shown)
        more = f" and {'more than ' if self._more else ''}{rest} others" if rest else ""
        said = f"Elements that no row of the mapping reads, so that what they say was not passed on: {', '.join(shown)}{more}."
        return Finding("XML-NOT-READ", Severity.INFO, Scope.MESSAGE, said, self._first)
