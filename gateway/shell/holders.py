"""Which shipments stand accepted under a number, by the index of the ledger: it may hold millions of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, select

from gateway.shell.schema import shipments

_ISSUERS = 2_000
"""Steps through the numbers of one partner: most have bills of a handful of issuers."""


def holders(connection: Connection, keys: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return (receipt, key) of the shipments that stand accepted under the keys of each partner."""
    c, found = shipments.c, []
    for partner, some in keys.items():
        query = select(c.receipt, c.key).where(c.partner == partner, c.key.in_(some), c.state == "active")
        found += [(row.receipt, row.key) for row in connection.execute(query)] if some else []
    return found


def issuers(connection: Connection, partner: str) -> Iterator[str]:
    """Yield the codes of four letters that keys of a partner begin with, by one step through the index for each."""
    c = shipments.c
    for prefix in ("", "test:"):
        at = f"{prefix}A"
        for _ in range(_ISSUERS):
            query = select(c.key).where(c.partner == partner, c.state == "active", c.key >= at)
            key = connection.execute(query.order_by(c.key).limit(1)).scalar()
            head = str(key or "")[len(prefix) : len(prefix) + 4]
            if key is None or not key.startswith(prefix) or not head or head > "ZZZZ":
                break
            if re.fullmatch("[A-Z]{4}", head):
                yield prefix + head
            after = prefix + _behind(head)
            if after <= at:
                break
            at = after


def _behind(head: str) -> str:
    """Return where the next code of four letters may begin: behind ABCD is ABCE, behind AB12 is ABA.

    >>> _behind("ABCD"), _behind("AB12"), _behind("ABZZ")
    ('ABCE', 'ABA', 'ABZ[')
    """
    strange = next((n for n, c in enumerate(head) if not "A" <= c <= "Z"), -1)
    if strange >= 0 and head[strange] < "A":
        return f"{head[:strange]}A"
    last = strange - 1 if strange > 0 else len(head) - 1
    return head[:last] + chr(ord(head[last]) + 1)
