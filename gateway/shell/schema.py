"""The ledger's tables (SQLAlchemy Core). Changes need a migration; a test proves that both agree.

Times are texts like 2025-03-03T10:00:00.000000Z, USD values whole millionths, hashes lower-case hex.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text

metadata = MetaData()
_LOTS = text("orders <> ''")


def fitted(value: str, column: Column[Any]) -> str:
    """Return a text of a file as a column keeps it: PostgreSQL takes no longer one.

    Of two that differ in what is cut off the hash differs. SQLite would take all; both keep the same.

    >>> fitted("999-12345675-" + "0" * 60, interchanges.c.control)
    '999-12345675-0000000000~d26006613513da0a'
    """
    length = column.type.length  # type: ignore[attr-defined]
    if len(value) <= length:
        return value
    return f"{value[: length - 17]}~{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


drops = Table(
    "drops",
    metadata,
    Column("receipt", String(40), primary_key=True),
    Column("partner", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("file_name", Text, nullable=False),  # as sent, control characters escaped
    Column("stored_name", String(255), nullable=False),
    Column("answer_stem", String(255), nullable=False),  # answers are answer_stem + suffix
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(12), nullable=False),  # seen translated delivered acked | done quarantined failed duplicate
    Column("goal", String(12), nullable=False),  # the final state that was decided on, "" while seen
    Column("format", String(64), nullable=False),
    Column("verdict", String(24), nullable=False),
    Column("found", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("received_at", String(32), nullable=False),
    Column("done_at", String(32), nullable=False),
    Column("error", Text, nullable=False),
    Column("duplicate_of", String(40), nullable=False),
    Column("joined", Integer, nullable=False, server_default="0"),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Index("drops_content", "partner", "sha256"),
    Index("drops_answers", "partner", "answer_stem", unique=True),
    Index("drops_received", "received_at"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("receipt", String(40), nullable=False),
    Column("kind", String(12), nullable=False),  # delivery, ack (also reject files), receipt
    Column("target", String(12), nullable=False),  # out, test, ack, reject
    Column("name", String(255), nullable=False),
    Column("staged", String(300), nullable=False),  # path below the drop's folder
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(12), nullable=False),  # planned, delivered, held
    Index("outputs_receipt", "receipt", "id"),
)

interchanges = Table(
    "interchanges",
    metadata,
    Column("partner", String(64), primary_key=True),
    Column("sender", String(80), primary_key=True),
    Column("receiver", String(80), primary_key=True),
    Column("control", String(40), primary_key=True),
    Column("receipt", String(40), nullable=False),
    Column("place", Text, nullable=False),
    Column("claimed_at", String(32), nullable=False),
)

shipments = Table(
    "shipments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("partner", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("receipt", String(40), nullable=False),
    Column("content", String(64), nullable=False),
    Column("place", Text, nullable=False),
    Column("person", String(64), nullable=False),  # keyed hash, never a name
    Column("day", String(10), nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("purpose", String(12), nullable=False),
    Column("state", String(12), nullable=False),  # active, replaced, cancelled
    Index(
        "shipments_active",
        "partner",
        "key",
        unique=True,
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
)

person_days = (
    Table(  # the active values of a person on a day; its own table so that a big file is inserted in key order
        "person_days",
        metadata,
        Column("person", String(64), primary_key=True),
        Column("day", String(10), primary_key=True),
        Column("partner", String(64), primary_key=True),
        Column("key", Text, primary_key=True),
        Column("value", BigInteger, nullable=False),
        Column("orders", Text, nullable=False, server_default=""),  # hashes of the orders it is a lot of, mostly none
        Index("person_days_orders", "person", sqlite_where=_LOTS, postgresql_where=_LOTS),
        sqlite_with_rowid=False,
    )
)

parts = Table(  # what messages said of shipments that wait for another one, or were delivered (gateway.joining)
    "parts",
    metadata,
    Column("partner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("receipt", String(40), nullable=False),
    Column("message", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # waiting, done, kept
    Column("place", Text, nullable=False),
    Column("draft", Text, nullable=False),  # gateway.halves
    Column("until", String(32), nullable=False),  # waiting: refused then; else persons are forgotten, then all of it
    Index("parts_until", "state", "until"),
    Index("parts_receipt", "receipt"),
)

responses = Table(  # what the receiver said and was passed on; said again, it is not passed on again
    "responses",
    metadata,
    Column("partner", String(64), primary_key=True),
    Column("shipment", String(255), primary_key=True),
    Column("status", String(12), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("decided_at", String(40), primary_key=True),
    Column("receipt", String(40), nullable=False),
)

mappings = Table(  # versions of mapping tables that were in force; their files lie in state/mappings
    "mappings",
    metadata,
    Column("mapping", String(64), primary_key=True),
    Column("version", String(12), primary_key=True),
    Column("sha256", String(64), nullable=False),  # of the list of its files
    Column("first_at", String(32), nullable=False),
    Column("last_at", String(32), nullable=False),  # when it was in force for the last time, "" = it is
)

controls = Table(
    "controls",
    metadata,
    Column("scope", String(128), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("event", String(24), nullable=False),
    Column("receipt", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("journal_receipt", "receipt"),
)
