"""The halves of a shipment that two messages bring, as the history keeps them.

    {"halves": [{"of": "mail", "where": "file items.xml", "draft": {...}}, {"of": "mail/part", ...}]}

A draft is as it was mapped, before completion. The half that says most stands first: the one that waits, or with which the
shipment was delivered; a late one came after that and is in no delivery yet. What the history noted before halves were
kept is one draft alone (waiting), or the names of the delivered fields (done).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.canonical.model import PARTY_ROLES, PERSONAL_FIELDS
from gateway.history import Part

NOT_TAKEN = frozenset(
    ("transmission_purpose", "_arrival_day", "_document_number", "house_bill_number", "shipment_tracking_number")
)
"""What says which message and shipment it is: it is taken from no other message."""

_MOST = 3  # messages of one kind that complete each other
_PERSONS = frozenset((*PARTY_ROLES, "person_claiming_exemption"))
FORGOTTEN: dict[str, Any] = {}
"""What stands for a party that was forgotten: it was there, and contradicts none."""


class Half(msgspec.Struct, omit_defaults=True):
    """What one kind of message said. same: hash of the whole draft, where its persons are forgotten.

    of: what read it, with /part where it names shipments only, with + where two tables of one kind complete each other.
    """

    of: str
    where: str
    draft: msgspec.Raw
    late: bool = False
    same: str = ""

    @property
    def names_only(self) -> bool:
        """True for a half that only names shipments: a house list, a despatch."""
        return names_only(self.of)

    def fields(self) -> dict[str, Any]:
        """Return the draft."""
        told: dict[str, Any] = msgspec.json.decode(self.draft)
        return told

    def is_said_by(self, draft: bytes) -> bool:
        """True when a message says what this half said, whatever its number and purpose."""
        if self.same:
            return self.same == _hash(msgspec.json.decode(draft))
        return _comparable(self.fields()) == _comparable(msgspec.json.decode(draft))


class _Kept(msgspec.Struct, omit_defaults=True):
    halves: list[Half]
    bare: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


def halves_of(part: Part | None) -> list[Half]:
    """Return what is known of a shipment."""
    if part is None:
        return []
    if part.draft.startswith(b'{"halves":'):
        return _decode(part.draft).halves
    return [Half("", part.where, msgspec.Raw(part.draft))] if part.state == "waiting" else []


def kept(halves: list[Half]) -> bytes:
    """Return halves as the history keeps them."""
    return _encode(_Kept(halves))


def names_only(of: str) -> bool:
    """True for a kind of message that only names shipments."""
    return of.rstrip("+").endswith("/part")


def kind_of(of: str, halves: list[Half], draft: bytes, *, apart: bool) -> str:
    """Return the half that a message says again or anew. apart: of what each alone has, both count."""
    mine = [half for half in halves if half.of.rstrip("+") == of]
    if not mine or (len(mine) == 1 and not apart):
        return of
    names = msgspec.json.decode(draft).keys()
    if apart:
        fitting = [half for half in mine if not (names - half.fields().keys() and half.fields().keys() - names)]
        if not fitting and len(mine) < _MOST:
            return of + "+" * len(mine)
    else:
        fitting = [half for half in mine if half.is_said_by(draft)] or [h for h in mine if h.fields().keys() == names]
    return (fitting or mine)[0].of


def without_persons(draft: bytes) -> bytes | None:
    """Return what is kept without the persons in it, None when they are gone already."""
    if not draft.startswith(b'{"halves":'):
        return None
    was = _decode(draft)
    return None if was.bare else _encode(_Kept([_bare(half) for half in was.halves], bare=True))


def _bare(half: Half) -> Half:
    told = half.fields()
    bare = {name: FORGOTTEN if name in _PERSONS else value for name, value in told.items()}
    if isinstance(scan := bare.get("security_scan"), dict):
        bare["security_scan"] = {
            name: value for name, value in scan.items() if name not in PERSONAL_FIELDS["security_scan"]
        }
    return msgspec.structs.replace(half, draft=msgspec.Raw(_encode(bare)), same=half.same or _hash(told))


def _comparable(draft: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if name not in NOT_TAKEN}


def _hash(draft: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(_comparable(draft), order="sorted")).hexdigest()[:32]


def newest(halves: Iterable[Half]) -> list[Half]:
    """Return the last word of each kind of message."""
    found: dict[str, Half] = {}
    for half in halves:
        if half.late or half.of not in found:
            found[half.of] = half
    return list(found.values())
