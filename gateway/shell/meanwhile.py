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

from sqlalchemy import Connection, func, select

from gateway.shell.ledger import Ledger
from gateway.shell.merge import ClaimConflictError
from gateway.shell.schema import drops, journal, person_days, shipments

_DECIDING = ("translated", "late")  # journal events that change what a partner's shipments are judged by


class Meanwhile:
    """Remembers how far the ledger was when a drop of `partner` began to ask."""

    def __init__(self, ledger: Ledger, partner: str) -> None:
        self._partner = partner
        last = select(
            select(func.max(journal.c.seq)).scalar_subquery(), select(func.max(shipments.c.id)).scalar_subquery()
        )
        with ledger.reading() as connection:
            record, shipment = connection.execute(last).one()
        self._record, self._shipment = record or 0, shipment or 0

    def check_partner(self, connection: Connection, receipt: str) -> None:
        """Raise ClaimConflictError when another drop of the partner was decided meanwhile."""
        j = journal.c
        others = (
            select(j.receipt)
            .join(drops, drops.c.receipt == j.receipt)
            .where(j.seq > self._record, j.event.in_(_DECIDING), j.receipt != receipt, drops.c.partner == self._partner)
        )
        if (other := connection.execute(others.limit(1)).scalar()) is not None:
            raise ClaimConflictError(f"drop {other}")

    def persons(self, connection: Connection, mine: Callable[[tuple[str, str]], bool]) -> Iterator[tuple[str, str]]:
        """Yield the (person, day) among `mine` that others claimed meanwhile; ask before the own claims are merged."""
        c = shipments.c
        rows = select(c.person, c.day).where(c.id > self._shipment, c.person != "").distinct()
        for person, day in connection.execute(rows.execution_options(yield_per=1000)):
            if mine((person, day)):
                yield person, day


def check_sums(connection: Connection, persons: Iterable[tuple[str, str]], limit: int) -> None:
    """Raise ClaimConflictError when a sum (millionths) is above the limit now; ask after the own claims are merged."""
    c = person_days.c
    for person, day in persons:
        total = connection.execute(select(func.sum(c.value)).where(c.person == person, c.day == day)).scalar()
        if (total or 0) > limit:
            raise ClaimConflictError("sum of a person")
