"""The journal: what happened to each drop, hash-chained so that an edited, removed or re-ordered record shows.

    hash = SHA-256 of (prev_hash, seq, at, event, receipt, payload), joined by newlines; the first prev_hash is 64 zeros

Payloads hold counts, names of files, hashes and rule ids; never names or addresses of persons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, literal_column, select

from gateway.shell.schema import journal
from gateway.shell.statements import insert_rows, run

START = "0" * 64
_LAST = select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(literal_column("1"))
_COLUMNS = ("seq", "at", "event", "receipt", "payload", "prev_hash", "hash")


def record_hash(prev_hash: str, seq: int, at: str, event: str, receipt: str, payload: str) -> str:
    """Return the hash of one record."""
    return hashlib.sha256("\n".join((prev_hash, str(seq), at, event, receipt, payload)).encode()).hexdigest()


def append(connection: Connection, at: str, event: str, receipt: str = "", **facts: Any) -> None:
    """Write the next record inside the caller's transaction. at: instant as the ledger writes it."""
    row = run(connection, _LAST).fetchone()
    seq, prev_hash = (row[0] + 1, row[1]) if row else (1, START)
    payload = json.dumps(facts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    chained = record_hash(prev_hash, seq, at, event, receipt, payload)
    insert_rows(connection, journal, _COLUMNS, [(seq, at, event, receipt, payload, prev_hash, chained)])


def records(connection: Connection, receipt: str = "") -> Iterator[dict[str, Any]]:
    """Yield the records, oldest first; of one drop when a receipt is given."""
    for row in _rows(connection, receipt):
        yield dict(row._mapping) | {"payload": json.loads(row.payload)}


def last_moment(connection: Connection) -> str:
    """Return when the last entry was made, "" when there is none."""
    row = connection.execute(select(journal.c.at).order_by(journal.c.seq.desc()).limit(1)).fetchone()
    return str(row[0]) if row else ""


def last_told(connection: Connection, receipt: str) -> dict[str, Any]:
    """Return what was last said of a drop to a person, or why it waits: rule and message; empty when nothing was."""
    told = journal.c.event.in_(("alert", "waits"))
    query = select(journal.c.payload).where(journal.c.receipt == receipt, told)
    payload = connection.execute(query.order_by(journal.c.seq.desc()).limit(1)).scalar()
    return json.loads(payload) if payload else {}


def broken_links(connection: Connection) -> Iterator[tuple[int, str]]:
    """Yield (seq, what is wrong) of each record that breaks the chain."""
    seq, prev_hash = 0, START
    for row in _rows(connection):
        if row.seq != seq + 1:
            first, last = seq + 1, row.seq - 1
            yield row.seq, f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
        elif row.prev_hash != prev_hash:
            yield row.seq, "does not follow the record before it"
        if row.hash != record_hash(row.prev_hash, row.seq, row.at, row.event, row.receipt, row.payload):
            yield row.seq, "was changed after it was written"
        seq, prev_hash = row.seq, row.hash


def _rows(connection: Connection, receipt: str = "") -> Iterator[Any]:
    """Yield the rows in pages, so that no statement stays open."""
    last = 0
    while True:
        query = select(journal).where(journal.c.seq > last).order_by(journal.c.seq).limit(1000)
        if receipt:
            query = query.where(journal.c.receipt == receipt)
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < 1000:
            return
        last = rows[-1].seq
