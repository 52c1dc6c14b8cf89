"""What the ledger knows of the past, asked by every drop: statements that are compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, func, select, text

from gateway.history import Lot, PersonDay, ShipmentClaim
from gateway.shell.ledger import Ledger
from gateway.shell.newer import Newer
from gateway.shell.schema import interchanges, person_days, shipments
from gateway.shell.statements import Lookup, padded, parameters

MILLION = 1_000_000
MAX_KEYS = 100  # contributors named by day_totals; the sum counts all of them
BATCH = 256
FEW = 32  # keys of the smaller of the two compiled look-ups; translate asks about so many at once


@cache
def _queries() -> dict[str, Select[Any]]:
    """Return the questions to the ledger, made once."""
    mine = (shipments.c.partner == parameters(1)[0], text("shipments.state = 'active'"))
    columns = [shipments.c[n] for n in ("key", "content", "place", "person", "day", "value", "purpose")]
    active = select(*columns).where(*mine)
    number = zip(("partner", "sender", "receiver", "control"), parameters(4), strict=True)
    same = [interchanges.c[name] == parameter for name, parameter in number]
    person, day, own = parameters(3)
    of_day = (person_days.c.person == person, person_days.c.day == day)
    names = select(person_days.c.key).where(*of_day, person_days.c.partner == own).order_by(person_days.c.key)
    sums = select(person_days.c.person, func.sum(person_days.c.value)).where(person_days.c.day == parameters(1)[0])
    sums = sums.group_by(person_days.c.person)
    return {
        "many": active.where(shipments.c.key.in_(parameters(BATCH, 1))),
        "few": active.where(shipments.c.key.in_(parameters(FEW, 1))),
        "interchange": select(interchanges.c.place, interchanges.c.receipt).where(
            *same, interchanges.c.claimed_at >= parameters(1, 4)[0]
        ),
        "many sums": sums.where(person_days.c.person.in_(parameters(BATCH, 1))),
        "few sums": sums.where(person_days.c.person.in_(parameters(FEW, 1))),
        "keys": names.limit(MAX_KEYS),
        "lots": select(*(person_days.c[n] for n in ("day", "value", "orders", "partner", "key")))
        .where(person_days.c.person == parameters(1)[0], text("orders <> ''"))
        .limit(MAX_KEYS),
        "any lots": select(person_days.c.key).where(text("orders <> ''")).limit(1),
    }


class Past:
    """The committed rows of the ledger, read through statements that are compiled once."""

    def __init__(self, ledger: Ledger, partner: str) -> None:
        self.partner = partner
        self._reading = ledger.reading()
        connection = self._reading.__enter__()
        self._any_lots: bool | None = None
        self._newer: Newer | None = None
        self._connection, self._lookups = connection, dict[str, Lookup]()

    def shipments(self, keys: list[str]) -> dict[str, ShipmentClaim]:
        """Return the active shipments among up to BATCH keys."""
        size, name = (FEW, "few") if len(keys) <= FEW else (BATCH, "many")
        rows = self._rows(name, padded(self.partner, keys, size))
        return {
            key: ShipmentClaim(key, content, place, person, day, Decimal(value) / MILLION, purpose)
            for key, content, place, person, day, value, purpose in rows
        }

    def interchange(self, sender: str, receiver: str, control: str, since: str) -> tuple[str | None, str]:
        """Return where the control number was used, and the receipt of that drop."""
        rows = self._rows("interchange", [self.partner, sender, receiver, control, since])
        return (str(rows[0][0]), str(rows[0][1])) if rows else (None, "")

    def days(self, days: Sequence[PersonDay]) -> dict[PersonDay, tuple[int, list[str]]]:
        """Return the sums in millionths and this partner's keys, of those persons and days that the ledger knows."""
        found: dict[PersonDay, tuple[int, list[str]]] = {}
        for day in {day for _, day in days}:
            persons = sorted({person for person, of in days if of == day})
            for start in range(0, len(persons), BATCH):
                some = persons[start : start + BATCH]
                size, name = (FEW, "few sums") if len(some) <= FEW else (BATCH, "many sums")
                for person, total in self._rows(name, padded(day, some, size)):
                    keys = [key for (key,) in self._rows("keys", [person, day, self.partner])]
                    found[person, day] = int(total), keys
        return found

    def lots(self, person: str) -> list[Lot]:
        """Return the shipments of a person that belong to orders; the keys of this partner's only."""
        if self._any_lots is None:
            self._any_lots = bool(self._rows("any lots", []))
        rows = self._rows("lots", [person]) if self._any_lots else ()
        return [
            Lot(day, Decimal(value) / MILLION, orders, key if partner == self.partner else "")
            for day, value, orders, partner, key in rows
        ]

    def newer(self, keys: Sequence[str], again: frozenset[str]) -> frozenset[str]:
        """Return the keys of shipments that files later than the drops `again` changed or withdrew."""
        if self._newer is None:
            self._newer = Newer(self._connection, self.partner, again)
        return self._newer.among(keys)

    def _rows(self, name: str, values: list[Any]) -> list[Any]:
        lookup = self._lookups.get(name)
        if lookup is None:
            lookup = self._lookups[name] = Lookup(self._connection, _queries()[name])
        return lookup.rows(values)

    def close(self) -> None:
        """Give the connection back."""
        self._reading.__exit__(None, None, None)
