"""What is looked at in the units of a document beside what they say: order, totals, what is missing, read by nobody or empty."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.findings import Finding, Severity
from gateway.formats.notes import Notes
from gateway.formats.xml.kinds import Kind
from gateway.formats.xml.known import KnownNode
from gateway.formats.xml.layouts import Layout
from gateway.formats.xml.missing import Missing, codes_in, notes_of, notes_of_known, parties_of
from gateway.formats.xml.nodes import XmlNode
from gateway.formats.xml.nothing import Empties
from gateway.formats.xml.remarks import Remarks
from gateway.formats.xml.totals import Totals
from gateway.formats.xml.unread import Unread, unread_in
from gateway.profile import Profile
from gateway.records import Message

_CODES = 256


class Looks:
    """What is told of one document. remarks, empties: None where nothing is to be told; the reader calls them itself."""

    def __init__(self, kind: Kind, profile: Profile) -> None:
        self._kind = kind
        refusing = [rule for rule, severity in profile.severities.items() if severity is Severity.ERROR]
        self.remarks = Remarks(kind, refusing) if kind.order else None
        self._totals = Totals(kind) if kind.totals else None
        self._missing = Missing(kind) if kind.needed and not kind.answers else None
        self.empties: Empties | None = None
        if kind.unit and not kind.answers and kind.role != "master":
            self.empties = Empties(*(kind.root, *kind.unit)[-2:])
        self._unread: Unread | None = None
        self._notes: Notes | None = None
        self._parties: Notes | None = None
        self._codes: set[tuple[Layout, object]] = set()  # of notes of which no more is to be said

    def open(self, message: Message, profile: Profile) -> None:
        """Begin with what asks for the mapping of the message."""
        kind = self._kind
        self._codes.clear()
        self._unread = unread_in(message, kind, profile)
        if kind.notes:
            self._notes = Notes(message, profile, kind.notes)
        if kind.parties:
            self._parties = Notes(message, profile, kind.parties[-1], "MAP-PARTY-ROLE")

    def broken(self) -> None:
        """Reading ended in the middle: what was not read is in no sum."""
        self._unread = self._totals = None

    def refused(self) -> None:
        """A part of the message may not have been read: nobody knows what it has not."""
        self._missing = self.empties = None

    def of_unit(self, unit: XmlNode, role: str) -> None:
        """Look at a unit."""
        kind = self._kind
        if self._unread is not None:
            self._unread.look(unit)
        if self._missing is not None and unit.up is not None:  # the root is looked at in the end
            self._missing.look(unit)
        if self._notes is not None and role != "master":
            self._notes.look(notes_of(unit, kind.notes))
            if self._parties is not None:
                self._parties.look(parties_of(unit, kind.parties))
        if self._totals is not None:
            self._totals.add(unit)

    def of_known(self, unit: KnownNode, role: str) -> None:
        """Look at a unit of a known layout: what is missing in all of them is told once, so the first is enough."""
        kind, house = self._kind, unit.house
        if self._unread is not None:
            self._unread.look(unit)
        if self._missing is not None:
            self._missing.look_once(house.layout, unit)
        if self._notes is not None and role != "master":
            below = house.layout.seats[0].below
            if kind.notes in below:
                codes = house.layout, codes_in(house.layout, kind.notes)(unit.texts)
                if (
                    codes not in self._codes
                    and self._notes.look(notes_of_known(unit, kind.notes))
                    and len(self._codes) < _CODES
                ):
                    self._codes.add(codes)
            if self._parties is not None and kind.parties[0] in below:
                self._parties.look(parties_of(unit, kind.parties))
        if self._totals is not None:
            self._totals.add_known(house)

    def told(self, root: XmlNode) -> Iterator[Finding]:
        """Yield what is to be said of the whole document."""
        if self.remarks is not None:
            yield from self.remarks.take()
        if self._missing is not None:
            yield from self._missing.of_whole(root)
        for left in (self._notes, self._parties):
            if left is not None and (remark := left.remark()) is not None:
                yield remark
        if self._totals is not None:
            yield from self._totals.compare(root)
        if self._unread is not None and (remark := self._unread.remark()) is not None:
            yield remark
