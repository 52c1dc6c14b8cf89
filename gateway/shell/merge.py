"""Merges a drop's provisional claims into the ledger, in the caller's transaction.

Rows go in key order and in batches: a file of a million shipments touches each page of the index once and needs no
more memory than a small one. What the ledger holds now is compared with what the drop saw when it claimed.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, text
from sqlalchemy.exc import IntegrityError

from gateway.shell.schema import interchanges, person_days, shipments
from gateway.shell.statements import in_batches, insert_rows, numbered, padded, parameters, run

_BATCH = 500
_SHIPMENT = ("partner", "key", "receipt", "content", "place", "person", "day", "value", "purpose", "state")
_PERSON = ("person", "day", "partner", "key", "value", "orders")
_NUMBER = ("partner", "sender", "receiver", "control")
_INTERCHANGE = (*_NUMBER, "receipt", "place", "claimed_at")
_SAME = [interchanges.c[name] == bindparam(name) for name in _NUMBER]
_TAKEN = select(interchanges.c.claimed_at, interchanges.c.receipt).where(*_SAME)
_FREE = interchanges.delete().where(*_SAME)
_ACTIVE = text("shipments.state = 'active'")
_NEWEST = "SELECT key, content, place, person, day, value, purpose, max(seq) FROM claims GROUP BY key ORDER BY key"
_EVERY = "SELECT key, content, place, person, day, value, purpose, seq FROM claims ORDER BY key"  # no key comes twice
_FIRST = "SELECT old_content, min(seq) FROM claims GROUP BY key ORDER BY key"
_EVERY_PERSON = """
SELECT person, day, ?, key, value, orders FROM claims WHERE person <> '' ORDER BY person, day, key
"""
_PERSONS = """
SELECT person, day, ?, key, value, orders FROM (SELECT person, day, key, value, orders, max(seq) FROM claims GROUP BY key)
WHERE person <> '' ORDER BY person, day, key
"""


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
    active = 0
    newest = scratch.execute(_EVERY if once else _NEWEST)
    old = itertools.repeat((None,)) if fresh else scratch.execute(_FIRST)
    for batch in in_batches((new[:7] + first[:1] for new, first in zip(newest, old, strict=False)), _BATCH):
        rows = [_row(values, partner, receipt) for values in batch]
        if not fresh:
            _retire(connection, partner, batch)
        try:
            insert_rows(connection, shipments, _SHIPMENT, rows)
        except IntegrityError:  # another drop's shipment became active meanwhile
            raise ClaimConflictError("shipment") from None
        active += sum(row[-1] == "active" for row in rows)
    for days in in_batches(scratch.execute(_EVERY_PERSON if once else _PERSONS, (partner,)), _BATCH):
        insert_rows(connection, person_days, _PERSON, days)
    return active


def _retire(connection: Connection, partner: str, batch: list[Any]) -> None:
    """Close the active rows that the batch replaces or cancels, after checking that they are those it saw."""
    mine = numbered(padded(partner, [row[0] for row in batch], _BATCH))
    now = {key: rest for key, *rest in run(connection, _active(), **mine).fetchall()}
    for key, *_, old_content in batch:
        if (now[key][0] if key in now else None) != old_content:
            raise ClaimConflictError("shipment")
    if not now:
        return
    end = shipments.update().where(shipments.c.partner == partner, shipments.c.key == bindparam("b_key"), _ACTIVE)
    states = [
        {"b_key": row[0], "b_state": "cancelled" if row[6] == "cancel" else "replaced"}
        for row in batch
        if row[0] in now
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


def _row(values: tuple[Any, ...], partner: str, receipt: str) -> tuple[Any, ...]:
    key, content, place, person, day, value, purpose, _ = values
    state = "cancelled" if purpose == "cancel" else "active"
    return partner, key, receipt, content, place, person, day, value, purpose, state
