"""Elements that the standard demands and a message does not have: a remark, since the gateway can do without them.

The tables are columns of order.csv: `required` names what each element must have. `asked`, those that the mapping or the
header is told to lack anyway, in better words; `freight`, those that say nothing of the goods (signatures, charges):
a message without them is told as an information.
"""

from __future__ import annotations

from gateway.findings import Finding, Position, Scope, Severity
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.nodes import XmlNode, text_at

_MOST = 50  # of a message


class Missing:
    """Is shown the elements that must have others when they are whole; each fault is told once."""

    def __init__(self, kind: Kind) -> None:
        self._needed, self._freight = kind.needed, kind.freight
        self._told: set[tuple[str, str]] = set()
        self._lacking: list[tuple[XmlNode, str]] = []  # told when the shipment is whole: then their places are known
        self._found: list[Finding] = []

    def look(self, node: XmlNode) -> None:
        """Look at an element of `Kind.needed`."""
        lacking = self._needed[node.tag] - (node.children or {}).keys()
        for name in sorted(lacking) if lacking else ():
            if (node.tag, name) not in self._told and len(self._told) < _MOST:
                self._told.add((node.tag, name))
                self._lacking.append((node, name))

    def place(self) -> None:
        """Note where the elements stand that were shown since the last shipment."""
        for node, name in self._lacking:
            severity = Severity.INFO if name in self._freight.get(node.tag, ()) else Severity.WARNING
            said = f"{node.tag} has no {name}, which the standard demands."
            self._found.append(Finding("XML-MISSING", severity, Scope.MESSAGE, said, node.here()))
        self._lacking.clear()

    def take(self) -> list[Finding]:
        """Return what was found."""
        self.place()
        return self._found


def note_of(node: XmlNode) -> tuple[str, str, str, Position]:
    """Return (subject, control, text, place) of a customs note."""
    subject, control, text = (text_at(node, (part,)) for part in ("SubjectCode", "ContentCode", "Content"))
    return subject, control, text, node.here()
