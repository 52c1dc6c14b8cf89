"""What other drops changed in the ledger while a drop was being translated.

A drop reads the ledger first and commits much later; drops of other partners are decided meanwhile. Inside the
transaction that decides about it, it is asked whether what it was judged by still holds:

    same partner   nothing may have been decided: shipments, control numbers, waiting parts, late answers
    any partner    sums of a person and a day may have grown, but not above the limit together with this drop's own

Writers come one after the other (SQLite: BEGIN IMMEDIATE, PostgreSQL: an advisory lock), so the answer holds until the
commit. A sum that shrank meanwhile is no conflict: who was refused by it was refused rightly at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection, bindparam, func, literal, or_, select

from gateway.shell.ledger import Ledger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.schema import drops, journal, person_days, shipments
from gateway.shell.statements import run

_LAST = select(select(func.max(journal.c.seq)).scalar_subquery(), select(func.max(shipments.c.id)).scalar_subquery())
_PARTNER = (
    select(drops.c.partner).where(drops.c.receipt == journal.c.receipt).scalar_subquery()
)  # no join: it must not begin with all drops
_OTHERS = (
    select(journal.c.receipt)
    .where(journal.c.seq > bindparam("seq"), journal.c.receipt != bindparam("of"))
    .where(bindparam("partner") == _PARTNER)
    .where(or_(journal.c.event == "translated", journal.c.event == "late"))  # what changes judgements
)
_PERSONS = (
    select(shipments.c.person, shipments.c.day)
    .where(shipments.c.id > bindparam("after"), shipments.c.person != literal(""))
    .distinct()
)


class Meanwhile:
    """Remembers how far the ledger was when a drop of `partner` began to ask."""

    def __init__(self, ledger: Ledger, partner: str) -> None:
        self._partner = partner
        with ledger.reading() as connection:
            record, shipment = run(connection, _LAST).fetchone()
        self._record, self._shipment = record or 0, shipment or 0

    def check_partner(self, connection: Connection, receipt: str) -> None:
        """Raise ClaimConflictError when another drop of the partner was decided meanwhile."""
        facts = {"seq": self._record, "of": receipt, "partner": self._partner}
        if (other := run(connection, _OTHERS, **facts).fetchone()) is not None:
            raise ClaimConflictError(f"drop {other[0]}")

    def persons(self, connection: Connection, mine: Callable[[tuple[str, str]], bool]) -> Iterator[tuple[str, str]]:
        """Yield the (person, day) among `mine` that others claimed meanwhile; ask before the own claims are merged."""
        for person, day in run(connection, _PERSONS, after=self._shipment):
            if mine((person, day)):
                yield person, day


def check_sums(connection: Connection, persons: Iterable[tuple[str, str]], limit: int) -> None:
    """Raise ClaimConflictError when a sum (millionths) is above the limit now; ask after the own claims are merged."""
    c = person_days.c
    for person, day in persons:
        total = connection.execute(select(func.sum(c.value)).where(c.person == person, c.day == day)).scalar()
        if (total or 0) > limit:
            raise ClaimConflictError("sum of a person")
