"""Customs notes (OCI) and parties of Cargo-XML and Cargo-IMP that no row of the mapping reads: what they say is not passed on.

    OCI/US/CUS/AN/4711        control AN of CUS; read by rows with OCI[03=AN], IncludedCustomsNote[SubjectCode+ContentCode=CUS+AN]
    RoleCode CB               of an AssociatedParty; read by rows with AssociatedParty[RoleCode=CB]

One remark for a message names the kinds of notes and the roles, never what they say: it may be a person's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.findings import Finding, Position, Scope, Severity
from gateway.profile import Profile
from gateway.records import Message

_NAMED = 12  # kinds that the remark names
_LONG = 16  # characters of a kind that are shown
_SAID = {
    "CARGO-NOTES": "Customs notes that no row of the mapping reads, so that what they say was not passed on",
    "MAP-PARTY-ROLE": "Parties of a role that no row of the mapping reads, so that they were not passed on",
}


class Notes:
    """Collects the kinds of notes of one message. tag: of a note as the mapping names it; rule: what tells them."""

    def __init__(self, message: Message, profile: Profile, tag: str, rule: str = "CARGO-NOTES") -> None:
        self._rule = rule
        choose = profile.programs
        program = choose(message.format, message.type, message.version) if choose else None
        self._program, self._message, self._profile, self._tag = program, message, profile, tag
        self._read: frozenset[str] | None = None
        self._found: dict[str, None] = {}
        self._first: Position | None = None

    def look(self, notes: Iterable[tuple[str, str, str, Callable[[], Position]]]) -> bool:
        """Note the notes of one shipment: (subject, control, text, what tells its place). True when no more is to be said of such ones."""
        if self._program is None:
            return True
        known = True
        for subject, control, text, place in notes:
            if self._read is None:
                self._read = self._program.selects(self._message, self._profile, self._tag)
            kind = f"{subject}/{control}".strip("/")[:_LONG]
            if control in self._read or f"{subject}+{control}" in self._read or kind in self._found:
                continue
            known = False
            if not text:
                continue
            if len(self._found) <= _NAMED:
                self._found[kind] = None
            self._first = self._first or place()
        return known

    def remark(self) -> Finding | None:
        """Return what is to be said of the message; None when all notes are read."""
        if not self._found:
            return None
        kinds = list(self._found)[:_NAMED]
        more = " and others" if len(self._found) > _NAMED else ""
        said = f"{_SAID[self._rule]}: {', '.join(kinds)}{more}."
        return Finding(self._rule, Severity.INFO, Scope.MESSAGE, said, self._first or Position())
