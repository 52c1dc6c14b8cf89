"""Elements that the standard demands and a message does not have: a remark, since the gateway can do without them.

The tables are columns of order.csv: `required` names what each element must have. `asked`, those that the mapping or the
header is told to lack anyway, in better words; `freight`, those that say nothing of the goods (signatures, charges):
a message without them is told as an information.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from operator import itemgetter

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.known import KnownNode
from gateway.formats.xml.layouts import Layout
from gateway.formats.xml.nodes import XmlNode
from gateway.records import Node

_MOST = 50  # of a message
_OF_NOTE = ("SubjectCode", "ContentCode", "Content")


class Missing:
    """Looks at one shipment after the other, and at what stands above them; each fault is told once."""

    def __init__(self, kind: Kind) -> None:
        self._needed, self._freight = kind.needed, kind.freight
        self._told: set[tuple[str, str]] = set()
        self._looked: set[Layout] = set()
        self._found: list[Finding] = []

    def look(self, top: XmlNode) -> None:
        """Look at an element and those in it that must have something; each of them stands in another one, or in the root."""
        needed, nodes = self._needed, [top]
        for node in nodes:  # grows meanwhile
            below = node.children or {}
            if (own := needed.get(node.tag)) is not None and not own <= below.keys():
                self._tell(node, sorted(own - below.keys()))
            for tag, same in below.items():
                if tag in needed:
                    nodes += same  # type: ignore[arg-type]  # below an element stand elements

    def look_once(self, layout: Layout, top: XmlNode) -> None:
        """Look at the first unit of a layout: others lack the same."""
        if layout not in self._looked:
            self._looked.add(layout)
            self.look(top)

    def of_whole(self, root: XmlNode) -> Iterator[Finding]:
        """Look at what stands above the shipments, which were let go, and yield all that was found."""
        self.look(root)
        yield from self._found

    def _tell(self, node: XmlNode, names: list[str]) -> None:
        for name in names:
            if (node.tag, name) in self._told or len(self._told) >= _MOST:
                continue
            self._told.add((node.tag, name))
            severity = Severity.INFO if name in self._freight.get(node.tag, ()) else Severity.WARNING
            said = f"{node.tag} has no {name}, which the standard demands."
            self._found.append(Finding("XML-MISSING", severity, Scope.MESSAGE, said, node.here()))


_Note = tuple[str, str, str, Callable[[], Position]]


def notes_of(unit: XmlNode, name: str) -> Iterator[_Note]:
    """Yield (subject, control, text, what tells its place) of each customs note of a shipment; of a house in a list it has them itself."""
    nodes = _all(unit, name) if unit.up is None else (unit.children or {}).get(name, ())
    for note in nodes:
        if isinstance(note, XmlNode):
            below = note.children or {}
            subject, control, text = (below[part][0].element(1) if part in below else "" for part in _OF_NOTE)
            yield subject, control, text, note.here


def notes_of_known(unit: KnownNode, name: str) -> Iterator[_Note]:
    """Yield what `notes_of` does, by the texts of a unit of a known layout: its elements are not made for that."""
    texts = unit.texts
    for number, places in _notes_in(unit.house.layout, name):
        subject, control, text = (texts[at].strip() if at >= 0 else "" for at in places)
        yield subject, control, text, partial(_here, unit, number)


@lru_cache(256)
def codes_in(layout: Layout, name: str) -> Callable[[tuple[str, ...]], object]:
    """Return what gives the subjects and controls of the notes of a layout, out of its texts."""
    places = [at for _, (*codes, _) in _notes_in(layout, name) for at in codes if at >= 0]
    return itemgetter(*places) if places else len


def _here(unit: KnownNode, number: int) -> Position:
    return unit.every()[number].here()


@lru_cache(256)
def _notes_in(layout: Layout, name: str) -> list[tuple[int, list[int]]]:
    """Return the number of each note of a layout, and the places of its subject, control and text, -1 for none."""
    seats = layout.seats
    notes = [seats[number] for number in seats[0].below.get(name, ())]
    return [(note.number, [seats[note.below[part][0]].text if part in note.below else -1 for part in _OF_NOTE]) for note in notes]  # fmt: skip


def _all(unit: XmlNode, name: str) -> list[Node]:
    """Return all elements of a name in a document, in order."""
    found: list[Node] = []
    around: list[Node] = [unit]
    for node in around:  # grows meanwhile
        for tag, same in (node.children or {}).items():
            if tag == name:
                found += same
            around += [child for child in same if child.children]
    return sorted(found, key=lambda node: node.offset)


def parties_of(unit: XmlNode, path: tuple[str, ...]) -> Iterator[_Note]:
    """Yield what notes.py asks of each party at a path below the shipment: ("", its role, "" where it is empty, its place)."""
    nodes = [unit]
    for name in path:
        nodes = [child for node in nodes for child in (node.children or {}).get(name, ()) if isinstance(child, XmlNode)]
    for party in nodes:
        below = party.children or {}
        role = below["RoleCode"][0].element(1) if "RoleCode" in below else ""
        said = any(
            node.element(1)
            for name, held in below.items()
            if name not in ("RoleCode", "Role")
            for one in held
            for node in one.walk()
        )
        yield "", role or "without RoleCode", "said" if said else "", party.here
