"""Merges a drop's provisional claims into the ledger, in the caller's transaction.

Rows go in batches and in the order of the index: a file of a million shipments touches each page once and needs no more
memory than a small one. Where they are few, each batch is sorted here. What the ledger holds now is compared with what
the drop saw when it claimed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, text
from sqlalchemy.exc import IntegrityError

from gateway.shell.schema import interchanges, person_days, shipments
from gateway.shell.statements import insert_rows, numbered, padded, parameters, run

_BATCH = 500  # of shipments that are asked for
_SORTED = 4096  # rows that are sorted at once
_FEW = 16 * _SORTED  # claims of a drop that the scratch database does not sort
_SHIPMENT = ("partner", "key", "receipt", "content", "place", "person", "day", "value", "purpose", "state")
_PERSON = ("person", "day", "partner", "key", "value", "orders")
_NUMBER = ("partner", "sender", "receiver", "control")
_INTERCHANGE = (*_NUMBER, "receipt", "place", "claimed_at")
_SAME = [interchanges.c[name] == bindparam(name) for name in _NUMBER]
_TAKEN = select(interchanges.c.claimed_at, interchanges.c.receipt).where(*_SAME)
_FREE = interchanges.delete().where(*_SAME)
_ACTIVE = text("shipments.state = 'active'")
_COLUMNS = """
SELECT ?, key, ?, content, place, person, day, value, purpose,
CASE purpose WHEN 'cancel' THEN 'cancelled' ELSE 'active' END FROM {}
"""
_COUNT = "SELECT max(seq), max(orders) FROM claims"
_OF_PERSON = "SELECT person, day, ?, key, value, orders FROM {} WHERE person <> '' ORDER BY person, day, key"
_NEWEST = "(SELECT *, max(seq) FROM claims GROUP BY key)"
_FIRST = "SELECT old_content, min(seq) FROM claims GROUP BY key ORDER BY key"


_KEY = itemgetter(1)


class ClaimConflictError(Exception):
    """Another drop changed a shipment or interchange between our question and our commit: translate again."""


def merge_interchanges(
    connection: Connection, batches: Iterable[list[dict[str, str]]], since: str, again: frozenset[str]
) -> None:
    """Insert interchange claims; a number older than `since` or of the drops in `again` gives way.

    Raises ClaimConflictError for any other.
    """
    for batch in batches:
        for row in batch:
            number = {name: row[name] for name in _NUMBER}
            taken = run(connection, _TAKEN, **number).fetchone()
            if taken is not None and taken[0] >= since and taken[1] not in again:
                raise ClaimConflictError(f"interchange {row['control']}")
            if taken is not None:
                run(connection, _FREE, **number)
        insert_rows(
            connection, interchanges, _INTERCHANGE, [tuple(row[name] for name in _INTERCHANGE) for row in batch]
        )


def merge_shipments(
    connection: Connection, scratch: sqlite3.Connection, partner: str, receipt: str, *, once: bool, fresh: bool
) -> int:
    """Replace, cancel and insert shipments; return how many became active. Raises ClaimConflictError.

    once: no key comes twice among the claims; fresh: none of them replaces a shipment of the ledger. Both spare a sort.
    """
    claims = "claims" if once else _NEWEST
    last, orders = scratch.execute(_COUNT).fetchone()
    few = fresh and (last or 0) <= _FEW
    newest = scratch.execute(_COLUMNS.format(claims) + ("" if few else " ORDER BY key"), (partner, receipt))
    first = None if fresh else scratch.execute(_FIRST)
    active = 0
    while rows := newest.fetchmany(_SORTED if few else _BATCH):
        if few:
            rows.sort(key=_KEY)
        if first is not None:
            _retire(connection, partner, rows, [old for old, _ in first.fetchmany(_BATCH)])
        try:
            insert_rows(connection, shipments, _SHIPMENT, rows)
        except IntegrityError:  # another drop's shipment became active meanwhile
            raise ClaimConflictError("shipment") from None
        active += sum(row[-1] == "active" for row in rows)
        if few and not orders:
            insert_rows(connection, person_days, _PERSON, sorted([(r[5], r[6], partner, r[1], r[7], "") for r in rows if r[5]]))  # fmt: skip
    if not few or orders:
        summed = scratch.execute(_OF_PERSON.format(claims), (partner,))
        while rows := summed.fetchmany(_BATCH):
            insert_rows(connection, person_days, _PERSON, rows)
    return active


def _retire(connection: Connection, partner: str, rows: list[Any], old: list[str | None]) -> None:
    """Close the active rows that these replace or cancel, after checking that they are those they saw. old: their content."""
    keys = [row[1] for row in rows]
    mine = numbered(padded(partner, keys, _BATCH))
    now = {key: rest for key, *rest in run(connection, _active(), **mine).fetchall()}
    for key, old_content in zip(keys, old, strict=True):
        if (now[key][0] if key in now else None) != old_content:
            raise ClaimConflictError("shipment")
    if not now:
        return
    end = shipments.update().where(shipments.c.partner == partner, shipments.c.key == bindparam("b_key"), _ACTIVE)
    states = [
        {"b_key": key, "b_state": "cancelled" if state == "cancelled" else "replaced"}
        for _, key, *_, state in rows
        if key in now
    ]
    connection.execute(end.values(state=bindparam("b_state")), states)
    summed = [{"b_person": person, "b_day": day, "b_key": key} for key, (_, person, day) in now.items() if person]
    if summed:
        c = person_days.c
        gone = person_days.delete().where(
            c.person == bindparam("b_person"),
            c.day == bindparam("b_day"),
            c.partner == partner,
            c.key == bindparam("b_key"),
        )
        connection.execute(gone, summed)


@cache
def _active() -> Select[Any]:
    """Return the question for the active rows of up to _BATCH shipments, made once."""
    c = shipments.c
    of_keys = (c.partner == parameters(1)[0], c.key.in_(parameters(_BATCH, 1)), _ACTIVE)
    return select(c.key, c.content, c.person, c.day).where(*of_keys)
