"""What the pure core asks about the past, and the memory version of the answer (used by `check` and by tests).

Everything claimed during a translation is provisional: `mark` / `rollback` undo the claims of a message, group or
interchange that is refused later, and the shell commits the rest together with the work, in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

PERSON_LIMIT_USD = Decimal(800)
"""Up to this sum a person's shipments of a day do not decide about each other (19 U.S.C. 1321; gateway.rules checks it)."""

PersonDay = tuple[str, str]
"""Person (keyed hash) and local day of arrival."""

DaySum = tuple[Decimal, list[str]]
"""USD of the accepted shipments of a person and day, and the shipments' own keys (this partner's only)."""


_PIECE = re.compile(r"[^-]+-[0-9]{1,2}")
"""A number with a piece behind it: order 1001, parcel 1 is 1001-1, not 10011."""

_GAPS = {
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u200b\ufeff\t"), " "),
    **dict.fromkeys(range(0x2010, 0x2015), "-"),
}


def bare_number(number: str) -> str:
    """Return a number as numbers are compared: in capitals, without the blanks and hyphens that some print into it.

    Other signs (slash, dot) stay, since they may tell two numbers apart; so does the one hyphen before a piece of one or two digits.

    >>> [bare_number(n) for n in ("9400 1112 0255 5555 5555 55", "gw-095s001", "GW 095/1", "1001-1")]
    ['9400111202555555555555', 'GW095S001', 'GW095/1', '1001-1']
    """
    if number.isalnum():  # nearly every one
        return number.upper()
    plain = (number if number.isascii() else number.translate(_GAPS)).replace(" ", "").upper()
    return plain if _PIECE.fullmatch(plain) else plain.replace("-", "") or number


def are_bare(numbers: Sequence[str]) -> bool:
    """Return whether numbers are plainly as `bare_number` leaves them.

    >>> are_bare(["GW095S001", "1001"]), are_bare(["GW095S001", "gw1"]), are_bare(["1001-1"])
    (True, False, False)
    """
    text = "".join(numbers)
    return text.isalnum() and text == text.upper()


_AS = ", written "


def told_as(where: str, number: str, key: str) -> str:
    """Return the words for where a shipment came from, with its number where that is written otherwise than its key."""
    return where if number == key else f"{where}{_AS}{number}"


def as_sent(key: str, where: str) -> str:
    """Return the number of a shipment as its sender wrote it. where: see told_as.

    >>> as_sent("GW095S001", told_as("file a.csv", "GW-095S001", "GW095S001")), as_sent("GW1", "file a.csv")
    ('GW-095S001', 'GW1')
    """
    key = key.removeprefix("test:")
    number = where.rpartition(_AS)[2]
    return number if number != where and bare_number(number) == key else key


class ShipmentClaim(msgspec.Struct, frozen=True):
    """One accepted shipment as the history keeps it.

    key: issuer + bill number (or tracking number) of one partner, bare: what makes a shipment the same shipment.
    content: hash of the canonical shipment. person, day: keys of the USD 800 sum ("" = not summed, "test:..." = of test
    data); value_usd counts into it. orders: keys of the orders it is a lot of, parted by blanks ("" = not looked at). where: what to tell the sender about the earlier one ("trip GWT0000001, file trip1.edi").
    """

    key: str
    content: str
    where: str
    person: str = ""
    day: str = ""
    value_usd: Decimal = Decimal(0)
    purpose: str = "original"
    orders: str = ""


class Lot(msgspec.Struct, frozen=True):
    """An accepted shipment of a person that belongs to an order. key: "" for one of another partner."""

    day: str
    value_usd: Decimal
    orders: str
    key: str


class Part(msgspec.Struct, frozen=True):
    """What one message said of a shipment that another message completes (see gateway.joining).

    key: master/house. draft: see gateway.halves. state: "waiting" (until: its time is up; message, number: which result of
    its drop; receipt: the drop, "" = this one), "done" (delivered, with the file named in where; until: its persons are
    forgotten), "kept" (the other message was withdrawn; it completes that one when it comes again) or "gone" (withdrawn).
    """

    key: str
    state: str
    where: str
    draft: bytes = b"{}"
    until: datetime | None = None
    message: int = 0
    number: int = 0
    receipt: str = ""


class History(Protocol):
    """The past of one gateway as seen by one partner's file."""

    def interchange(self, sender: str, receiver: str, control_number: str) -> str | None:
        """Return the file name that used this control number before (persisted or earlier in this file), else None."""
        ...

    def claim_interchange(self, sender: str, receiver: str, control_number: str, where: str) -> None:
        """Note that this file uses the control number."""
        ...

    def release_interchange(self, sender: str, receiver: str, control_number: str) -> None:
        """Take back a claim of this file: nothing of the interchange stands, and it may be sent again under its number."""
        ...

    def shipments(self, keys: Sequence[str]) -> list[ShipmentClaim | None]:
        """Return the accepted shipment with each key, None where there is none. Sees the claims of this file."""
        ...

    def day_totals(self, days: Sequence[PersonDay]) -> list[DaySum]:
        """Return the sum of each person and day. Sees the claims of this file; nobody changes what is returned."""
        ...

    def lots(self, person: str) -> list[Lot]:
        """Return the accepted shipments of a person that belong to orders, of all partners and days."""
        ...

    def claim(self, claims: Sequence[ShipmentClaim]) -> None:
        """Note accepted shipments, provisional until commit. Purpose amend replaces, cancel removes the earlier one."""
        ...

    def newer(self, keys: Sequence[str]) -> frozenset[str]:
        """Return the keys of shipments that a later file changed or withdrew; asked for a file that is judged again."""
        ...

    def parts(self, keys: Sequence[str]) -> list[Part | None]:
        """Return what is known under each key ("" = nothing): waiting, done or kept, None for nothing. Sees this file's own."""
        ...

    def note_parts(self, parts: Sequence[Part]) -> None:
        """Note parts, provisional until commit; the newest of a key counts."""
        ...

    def mark(self) -> int:
        """Return a point that `rollback` can return to."""
        ...

    def rollback(self, mark: int) -> None:
        """Undo all claims made since `mark`."""
        ...

    def next_control(self, scope: str) -> int:
        """Return the next control number of a counter such as "nrtx/ISA13"; never the same twice, also after a crash."""
        ...

    def sent(self, kind: str, control_number: str) -> bool:
        """True when we sent a group or interchange with this number (for inbound acknowledgments)."""
        ...


class MemoryHistory:
    """A history that lives as long as the object: `check`, case files and tests."""

    def __init__(self) -> None:
        self._interchanges: dict[tuple[str, str, str], str] = {}
        self._shipments: dict[str, ShipmentClaim] = {}
        self._days: dict[PersonDay, dict[str, Decimal]] = {}
        self._lots: dict[str, dict[str, Lot]] = {}
        self._parts: dict[str, Part] = {}
        self._undo: list[tuple[str, Any]] = []
        self._controls: dict[str, int] = {}

    def interchange(self, sender: str, receiver: str, control_number: str) -> str | None:
        """See History."""
        return self._interchanges.get((sender, receiver, control_number))

    def claim_interchange(self, sender: str, receiver: str, control_number: str, where: str) -> None:
        """See History."""
        self._interchanges[sender, receiver, control_number] = where

    def release_interchange(self, sender: str, receiver: str, control_number: str) -> None:
        """See History."""
        del self._interchanges[sender, receiver, control_number]

    def shipments(self, keys: Sequence[str]) -> list[ShipmentClaim | None]:
        """See History."""
        return [self._shipments.get(key) for key in keys]

    def day_totals(self, days: Sequence[PersonDay]) -> list[DaySum]:
        """See History."""
        entries = [self._days.get(day, {}) for day in days]
        return [(sum(e.values(), Decimal(0)), list(e)) for e in entries]

    def lots(self, person: str) -> list[Lot]:
        """See History."""
        return list(self._lots.get(person, {}).values())

    def claim(self, claims: Sequence[ShipmentClaim]) -> None:
        """See History."""
        for claim in claims:
            self._undo.append((claim.key, self._shipments.get(claim.key)))
            self._put(claim.key, None if claim.purpose == "cancel" else claim)

    def _put(self, key: str, claim: ShipmentClaim | None) -> None:
        old = self._shipments.pop(key, None)
        if old is not None and old.person:
            self._days.get((old.person, old.day), {}).pop(key, None)
            self._lots.get(old.person, {}).pop(key, None)
        if claim is not None:
            self._shipments[key] = claim
            if claim.person:
                self._days.setdefault((claim.person, claim.day), {})[key] = claim.value_usd
            if claim.orders:
                self._lots.setdefault(claim.person, {})[key] = Lot(claim.day, claim.value_usd, claim.orders, key)

    def newer(self, keys: Sequence[str]) -> frozenset[str]:
        """See History."""
        return frozenset()

    def parts(self, keys: Sequence[str]) -> list[Part | None]:
        """See History."""
        return [self._parts.get(key) for key in keys]

    def note_parts(self, parts: Sequence[Part]) -> None:
        """See History."""
        for part in parts:
            self._undo.append((part.key, self._parts.get(part.key, Part(part.key, "gone", ""))))
            self._put_part(part)

    def _put_part(self, part: Part) -> None:
        self._parts[part.key] = part
        if part.state == "gone":
            del self._parts[part.key]

    def mark(self) -> int:
        """See History."""
        return len(self._undo)

    def rollback(self, mark: int) -> None:
        """See History."""
        while len(self._undo) > mark:
            key, before = self._undo.pop()
            if isinstance(before, Part):
                self._put_part(before)
            else:
                self._put(key, before)

    def next_control(self, scope: str) -> int:
        """See History."""
        self._controls[scope] = self._controls.get(scope, 0) + 1
        return self._controls[scope]

    def sent(self, kind: str, control_number: str) -> bool:
        """See History."""
        return False
