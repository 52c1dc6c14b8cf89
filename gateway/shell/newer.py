"""What later files of a partner changed, asked when an old one is judged or sent again on a person's order.

r1 original, held    r2 amendment, delivered    r1 is released: its shipment is that of r2 now, and stays so
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.shell import outbox
from gateway.shell.ledger import Drop, Ledger
from gateway.shell.schema import shipments

_SEVERAL = 500


class Newer:
    """Shipments that a partner changed or withdrew since a file came. again: all drops of its bytes; the first one counts."""

    def __init__(self, connection: Connection, partner: str, again: frozenset[str]) -> None:
        self._connection, self._partner, self._again = connection, partner, again
        self._withdrawn: frozenset[str] | None = None

    def among(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the keys that a later file changed or withdrew."""
        if not self._again:
            return frozenset()
        if self._withdrawn is None:  # few; they stand in no index
            self._withdrawn = self._later(shipments.c.purpose == "cancel")
        asked, found = sorted({key for key in keys if key}), set[str]()
        for start in range(0, len(asked), _SEVERAL):
            some = shipments.c.key.in_(asked[start : start + _SEVERAL])
            found |= self._later(shipments.c.state == "active", some)
        return self._withdrawn.intersection(asked) | found

    def _later(self, *conditions: Any) -> frozenset[str]:
        c = shipments.c
        rows = select(c.key, c.receipt).where(c.partner == self._partner, c.receipt > min(self._again), *conditions)
        return frozenset(key for key, receipt in self._connection.execute(rows) if receipt not in self._again)


def overtaken(ledger: Ledger, drop: Drop) -> int:
    """Return how many shipments of a drop later ones changed or withdrew, of which something was delivered.

    0 when nothing of the drop is still to be delivered.
    """
    if not any(outbox.outputs_of(ledger, drop.receipt, ("delivery",), "held")):
        return 0
    c = shipments.c
    own, first = select(c.key).where(c.receipt == drop.receipt), select(func.min(c.id)).where(c.receipt == drop.receipt)
    rows = select(c.receipt, c.key).where(
        c.partner == drop.partner, c.id > first.scalar_subquery(), c.receipt != drop.receipt, c.key.in_(own)
    )
    with ledger.reading() as connection:
        changed: Sequence[Any] = connection.execute(rows).all()
    sent = {r for r in {row[0] for row in changed} if any(outbox.outputs_of(ledger, r, ("delivery",), "delivered"))}
    return len({key for receipt, key in changed if receipt in sent})
