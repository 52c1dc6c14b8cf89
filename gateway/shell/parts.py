"""Shipments that wait for another message or were joined, as one drop sees them: the ledger below, the drop's own on top."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, literal, or_, select

from gateway.halves import without_persons
from gateway.history import Part
from gateway.shell.folders import instant, parse_instant
from gateway.shell.ledger import Ledger
from gateway.shell.schema import drops, parts
from gateway.shell.statements import Lookup, in_batches, insert_rows, numbered, padded, parameters, run

SCRATCH = """
CREATE TABLE parts (seq INTEGER PRIMARY KEY, key TEXT, state TEXT, place TEXT, draft BLOB, until TEXT, message INTEGER,
    number INTEGER, receipt TEXT);
CREATE INDEX parts_key ON parts (key, seq);
"""
_ASKED, _AT_ONCE = 32, 500  # keys of one question, rows of one batch
_NEWEST = "SELECT key, state, place, draft, until, message, number, receipt, max(seq) FROM parts"
_WAITED = "SELECT count(DISTINCT message || '/' || number) FROM parts WHERE state = 'waiting' AND receipt = ''"
_OVERDUE = (
    select(parts.c.receipt).where(parts.c.state == literal("waiting"), parts.c.until <= bindparam("now")).distinct()
)
_PAST = (
    select(parts.c.partner, parts.c.key, parts.c.draft)
    .where(
        or_(parts.c.state == literal("done"), parts.c.state == literal("kept")),
        parts.c.until > literal(""),
        parts.c.until <= bindparam("now"),
    )
    .limit(_AT_ONCE)
)
_ONE = parts.c.partner == bindparam("of_partner"), parts.c.key == bindparam("of_key")
_REMEMBERED = timedelta(days=366)  # as long as a partner's control numbers
_PART = ("key", "state", "place", "draft", "until", "message", "number", "receipt")
_COLUMNS = ("partner", "key", "receipt", "state", "place", "draft", "until", "message", "number")


class Parts:
    """The parts of one drop; `scratch` is the private database of its history, rolled back by the history."""

    def __init__(self, scratch: sqlite3.Connection, ledger: Ledger, partner: str) -> None:
        self._scratch, self._ledger, self._partner = scratch, ledger, partner
        self._noted = False

    def find(self, keys: Sequence[str]) -> list[Part | None]:
        """Return what is known under each key, None for nothing or what was withdrawn."""
        asked = list({key for key in keys if key})
        found: dict[str, Part] = {}
        for some in in_batches(iter(asked), _ASKED):
            found |= self._told(some)
            query = f"{_NEWEST} WHERE key IN ({','.join('?' * len(some))}) GROUP BY key"
            found |= {key: _part(key, *rest) for key, *rest, _ in self._scratch.execute(query, some)}
        return [part if (part := found.get(key)) is not None and part.state != "gone" else None for key in keys]

    def _told(self, keys: list[str]) -> dict[str, Part]:
        """Return what the ledger knows under up to _ASKED keys."""
        with self._ledger.reading() as connection:
            lookup = Lookup(connection, _queries()["known"])
            rows = lookup.rows(padded(self._partner, keys, _ASKED))
        return {key: _part(key, state, place, draft.encode(), *rest) for key, state, place, draft, *rest in rows}

    def note(self, seq: int, part: Part) -> None:
        """Note a part under a rising number."""
        self._noted = True
        until = instant(part.until) if part.until else ""
        row = (seq, part.key, part.state, part.where, part.draft, until, part.message, part.number, part.receipt)
        self._scratch.execute("INSERT INTO parts VALUES (?,?,?,?,?,?,?,?,?)", row)

    def commit(self, connection: Connection, receipt: str) -> None:
        """Write the newest of each key to the ledger; a drop whose shipment no longer waits has one more joined."""
        if not self._noted:
            return
        waiting = self._scratch.execute(_WAITED).fetchone()[0]
        for batch in in_batches(self._scratch.execute(f"{_NEWEST} GROUP BY key ORDER BY key"), _AT_ONCE):
            mine = numbered(padded(self._partner, [row[0] for row in batch], _AT_ONCE))
            still = {(row[0], row[7]) for row in batch if row[1] == "waiting"}
            for key, other in run(connection, _queries()["waiting"], **mine).fetchall():
                if (key, other) not in still:
                    settle_waiting(connection, other, joined=1)
            run(connection, _queries()["delete"], **mine)
            kept = [
                (self._partner, key, of or receipt, state, place, draft.decode(), until, message, number)
                for key, state, place, draft, until, message, number, of, _ in batch
                if state != "gone"
            ]  # fmt: skip
            waiting -= sum(row[1] == "waiting" and not row[7] for row in batch)
            if kept:
                insert_rows(connection, parts, _COLUMNS, kept)
        if waiting:  # named twice in this drop, or completed by it
            settle_waiting(connection, receipt, joined=waiting)


@cache
def _queries() -> dict[str, Any]:
    """Return what is asked of the ledger for many keys: made once, since each one made leaves much to be collected."""
    mine = parts.c.partner == parameters(1)[0]
    keys = parts.c.key.in_(parameters(_AT_ONCE, 1))
    return {
        "known": select(*(parts.c[name] for name in _PART)).where(mine, parts.c.key.in_(parameters(_ASKED, 1))),
        "waiting": select(parts.c.key, parts.c.receipt).where(mine, keys, parts.c.state == literal("waiting")),
        "delete": parts.delete().where(mine, keys),
    }


def settle_waiting(connection: Connection, receipt: str, *, joined: int = 0, rejected: int = 0) -> None:
    """Move waiting shipments of a drop to joined or rejected in its books."""
    c = drops.c
    connection.execute(
        drops.update()
        .where(c.receipt == receipt)
        .values(waiting=c.waiting - joined - rejected, joined=c.joined + joined, rejected=c.rejected + rejected)
    )


def overdue(ledger: Ledger, now: datetime) -> list[str]:
    """Return the receipts of drops with shipments whose time is up."""
    with ledger.reading() as connection:
        return sorted(row[0] for row in run(connection, _OVERDUE, now=instant(now)).fetchall())


def forget(ledger: Ledger, now: datetime) -> bool:
    """Forget the persons of delivered halves whose time is up, a year later the halves; some at once: True = there are more."""
    with ledger.transaction() as connection:
        rows = run(connection, _PAST, now=instant(now)).fetchall()
        bare = {(partner, key): without_persons(draft.encode()) for partner, key, draft in rows}
        kept = [
            {"of_partner": partner, "of_key": key, "bare": draft.decode(), "next": instant(now + _REMEMBERED)}
            for (partner, key), draft in bare.items()
            if draft is not None
        ]
        gone = [{"of_partner": partner, "of_key": key} for (partner, key), draft in bare.items() if draft is None]
        if kept:
            connection.execute(
                parts.update().where(*_ONE).values(draft=bindparam("bare"), until=bindparam("next")), kept
            )
        if gone:
            connection.execute(parts.delete().where(*_ONE), gone)
    return len(rows) == _AT_ONCE


def of_drop(connection: Connection, receipt: str) -> set[tuple[int, int]]:
    """Return (message, number) of a drop's shipments that still wait."""
    query = select(parts.c.message, parts.c.number).where(parts.c.receipt == receipt, parts.c.state == "waiting")
    return {(message, number) for message, number in connection.execute(query)}


def give_up(connection: Connection, receipt: str) -> None:
    """Forget a drop's waiting shipments, which are refused now."""
    connection.execute(parts.delete().where(parts.c.receipt == receipt, parts.c.state == "waiting"))


def _part(key: str, state: str, place: str, draft: Any, until: str, message: int, number: int, receipt: str) -> Part:
    moment = parse_instant(until) if until else None
    return Part(key, state, place, bytes(draft), moment, message, number, receipt if state == "waiting" else "")
