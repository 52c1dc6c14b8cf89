"""What stands behind the shipments that it is about: they were read, and perhaps handed out, without it.

HouseManifest
  MasterConsignment
    IncludedHouseConsignment ..
    TransportContractDocument       the houses were read without their air waybill: told
  MessageHeaderDocument             and as originals, whatever its PurposeCode says: refused
"""

from __future__ import annotations

from typing import Any

from gateway.findings import Finding, Scope, Severity
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.nodes import XmlNode
from gateway.profile import Profile
from gateway.records import Message


class Late:
    """Looks at elements that end behind units. Each path is told once."""

    def __init__(self) -> None:
        self._known: set[tuple[str, ...]] = set()

    def look(self, node: XmlNode, kind: Kind, message: Message, profile: Profile) -> Finding | None:
        """Return what is said of an element outside of units; None when it is about none of those before it."""
        path = _behind_units(node, kind)
        if not path or path in self._known:
            return None
        self._known.add(path)
        return _remark(node, path, kind, message, profile)


def _behind_units(node: XmlNode, kind: Kind) -> tuple[str, ...]:
    """Return the path of an element from below the root when units, or what holds them, stand before it; () for others."""
    up, unit = node.up, kind.unit
    way = up.at.way if up is not None else None
    if up is None or way is None or len(way) >= len(unit):
        return ()
    before = unit[len(way)]
    return (*way, node.tag) if node.tag != before and before in (up.children or {}) else ()


def _remark(node: XmlNode, path: tuple[str, ...], kind: Kind, message: Message, profile: Profile) -> Finding | None:
    """Return what is said of such an element; None when nothing of it counts for shipments."""
    if kind.paths.get("purpose", ())[: len(path)] == path:
        said = f"{node.tag} stands behind the shipments; they were read without it, as originals."
        return Finding("XML-ORDER", Severity.ERROR, Scope.MESSAGE, said, node.here())
    choose = profile.programs
    program = choose(message.format, message.type, message.version) if choose else None
    read: Any = program.reads(message, profile, ()) if program is not None else {}
    for name in path:
        if (read := read.get(name)) is None:
            return None
    said = f"{node.tag} stands behind the shipments that it is about; they were read without what it says."
    return Finding("XML-ORDER", Severity.WARNING, Scope.MESSAGE, said, node.here())
