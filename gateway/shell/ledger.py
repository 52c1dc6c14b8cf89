"""The ledger: what was dropped, what came of it, which control numbers were used. SQLite by default, PostgreSQL by URL.

    ledger = open_ledger("sqlite:////srv/gateway/state/ledger.db")
    with ledger.transaction() as connection:      # what belongs together commits together
        outbox.plan(connection, ...)

What was committed survives a power cut. How the databases are set up is in engines.py, their schema in schema.py.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Select, bindparam, func, select
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from gateway.errors import ConfigError, NotNowError
from gateway.shell import journal
from gateway.shell.engines import FROZEN, check_texts, engine_of, light_engine
from gateway.shell.folders import StateFolders, bytes_left, size_in_words
from gateway.shell.hot import HotConnection
from gateway.shell.revisions import migrate
from gateway.shell.schema import controls, drops, interchanges, parts
from gateway.shell.sole import Sole
from gateway.shell.statements import insert_rows, run

MAX_CONTROL = 999_999_999
STORAGE_FAULTS = (OSError, OperationalError, sqlite3.OperationalError)  # disk full, locked, connection lost: may pass
_NO_ROOM = 1_000_000  # bytes: SQLite's own files beside a ledger that is opened
_NO_RIGHTS = frozenset((sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN))
FINAL = ("done", "quarantined", "failed", "duplicate")


class Drop(msgspec.Struct, frozen=True):
    """One row of the table drops, see gateway.shell.schema."""

    receipt: str
    partner: str
    account: str
    file_name: str
    stored_name: str
    answer_stem: str
    size: int
    sha256: str
    state: str
    goal: str
    format: str
    verdict: str
    found: int
    accepted: int
    rejected: int
    duplicate: int
    tries: int
    received_at: str
    done_at: str
    error: str
    duplicate_of: str
    joined: int = 0
    waiting: int = 0


class Ledger:
    """One open ledger; thread safe. `reading` sees committed rows, `transaction` is all or nothing."""

    def __init__(self, engine: Engine, light: Engine | None = None) -> None:
        self._engine, self._light = engine, light or engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._hot = HotConnection(self._reader) if light is not None else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a write transaction; commits at the end of the block, rolls back when it raises."""
        with self._writing(self._engine, durable=True) as connection:
            yield connection

    @contextmanager
    def passing(self) -> Iterator[Connection]:
        """Open a transaction whose loss in a power cut does no harm: it survives the death of the process only.

        It is on the disk when the next `transaction` is; SQLite spares a wait for the disk.
        """
        with self._writing(self._light, durable=False) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for reading that holds no lock between statements."""
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(self._hot.reading()) if self._hot is not None else None
            yield connection or opened.enter_context(self._reader.connect())

    @contextmanager
    def frozen(self) -> Iterator[Connection]:
        """Open a connection to a PostgreSQL ledger that sees it as it is now, whatever is committed later."""
        engine = self._engine.execution_options(isolation_level=FROZEN)
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT 1 FROM controls LIMIT 1")  # the first statement fixes what is seen
            yield connection

    def sole(self) -> Sole:
        """Hold the ledger for this gateway alone until the answer is closed; see there."""
        return Sole(self._engine)

    def wipe(self) -> None:
        """Have SQLite write over what was deleted, and empty its log, which holds pages of before. PostgreSQL: see VACUUM."""
        if self._engine.dialect.name == "sqlite":
            with self._reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # busy: at the next wiping

    @contextmanager
    def _writing(self, engine: Engine, *, durable: bool) -> Iterator[Connection]:
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(self._hot.writing(durable=durable)) if self._hot is not None else None
            yield connection or opened.enter_context(engine.begin())

    def see(self, drop: Drop, at: str, *, answered: bool = False) -> tuple[Drop, bool]:
        """Note a claimed file as seen; return its row, as it is when it exists already, and whether it is new.

        answered: answers to a file of this name lie in the partner's folders, of a drop that the ledger may not know
        (it was restored from a backup): the new ones get a name of their own.
        """
        with self.passing() as connection:
            rows = run(connection, _queries().drop, receipt=drop.receipt).fetchall()
            if rows:
                return Drop(*rows[0]), False
            taken = run(connection, _queries().stem, partner=drop.partner, stem=drop.stored_name).fetchone()
            stem = f"{drop.stored_name}.{drop.receipt}" if taken is not None or answered else drop.stored_name
            drop = msgspec.structs.replace(drop, answer_stem=stem)
            insert_rows(connection, drops, Drop.__struct_fields__, [msgspec.structs.astuple(drop)])
            facts = {"partner": drop.partner, "file": drop.file_name, "size": drop.size, "sha256": drop.sha256}
            journal.append(connection, at, "seen", drop.receipt, **facts)
            return drop, True

    def drop(self, receipt: str) -> Drop | None:
        """Return the row of a receipt."""
        with self.reading() as connection:
            row = run(connection, _queries().drop, receipt=receipt).fetchone()
            return Drop(*row) if row is not None else None

    def find(self, *conditions: Any, newest: int = 0) -> list[Drop]:
        """Return drops by SQL conditions in the order of arrival; newest: only that many, the last one first."""
        order = drops.c.receipt.desc() if newest else drops.c.receipt
        query = select(drops).where(*conditions).order_by(order).limit(newest or None)
        with self.reading() as connection:
            return [Drop(**row._mapping) for row in connection.execute(query)]

    def same_content(self, partner: str, sha256: str, before: str) -> Drop | None:
        """Return the partner's earlier drop of the same bytes that was not held for a person; the newest replay."""
        with self.reading() as connection:
            rows = run(connection, _queries().content, partner=partner, sha256=sha256, before=before).fetchall()
            found = [Drop(*row) for row in rows]
        return next((drop for drop in reversed(found) if drop.state not in ("seen", "quarantined", "duplicate")), None)

    def newest_receipt(self, folders: StateFolders) -> str:
        """Return the highest receipt that was handed out, also to what the ledger does not know yet; "" = none."""
        with self.reading() as connection:
            known = str(connection.execute(select(func.max(drops.c.receipt))).scalar() or "")
        return max(known, folders.newest())

    def receipts_of(self, partner: str, sha256: str) -> frozenset[str]:
        """Return all drops of the same bytes."""
        found = self.find(drops.c.partner == partner, drops.c.sha256 == sha256)
        return frozenset(drop.receipt for drop in found)

    def partners(self) -> list[tuple[str, str]]:
        """Return (partner, the account of its newest drop) of all that ever sent something; from the index, one step each."""
        found, last, c = list[tuple[str, str]](), "", drops.c
        with self.reading() as connection:
            while last := str(connection.execute(select(func.min(c.partner)).where(c.partner > last)).scalar() or ""):
                newest = select(c.account).where(c.partner == last).order_by(c.receipt.desc()).limit(1)
                found.append((last, str(connection.execute(newest).scalar())))
        return found

    def waiting_of(self, partner: str) -> int:
        """Return how many shipments of a partner wait for another message."""
        query = select(func.count()).where(parts.c.partner == partner, parts.c.state == "waiting")
        with self.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def interchanges_of(self, receipt: str) -> list[tuple[str, str, str]]:
        """Return (sender, receiver, control number) of the interchanges of a drop."""
        c = interchanges.c
        query = select(c.sender, c.receiver, c.control).where(c.receipt == receipt).order_by(c.control)
        with self.reading() as connection:
            return [(row.sender, row.receiver, row.control) for row in connection.execute(query)]

    def counts(self) -> dict[str, int]:
        """Return how many drops are in each state."""
        with self.reading() as connection:
            rows = connection.execute(select(drops.c.state, func.count()).group_by(drops.c.state))
            return {row[0]: row[1] for row in rows}

    def last_control(self, scope: str) -> int:
        """Return the last number of a counter that was used, 0 when none was."""
        with self.reading() as connection:
            row = run(connection, _queries().control, scope=scope).fetchone()
            return int(row[0]) if row is not None else 0

    def next_control(self, scope: str) -> int:
        """Return the next number of a counter, durably used: it may be skipped after a crash, never given out again."""
        step = (
            controls.update()
            .where(controls.c.scope == scope)
            .values(last=controls.c.last % MAX_CONTROL + 1)
            .returning(controls.c.last)
        )
        while True:
            try:
                with self.transaction() as connection:
                    number = connection.execute(step).scalar()
                    if number is None:
                        connection.execute(controls.insert(), {"scope": scope, "last": 1})
                    return int(number or 1)
            except IntegrityError:  # another process made the counter this moment
                continue

    def close(self) -> None:
        """Close all connections."""
        if self._hot is not None:
            self._hot.close()
        self._engine.dispose()
        self._light.dispose()


class _Queries(NamedTuple):
    drop: Select[Any]
    stem: Select[Any]
    content: Select[Any]
    control: Select[Any]


@cache
def _queries() -> _Queries:
    """Return the questions about each drop, made once."""
    c = drops.c
    columns = [c[name] for name in Drop.__struct_fields__]
    partner = c.partner == bindparam("partner")
    content = select(*columns).where(partner, c.sha256 == bindparam("sha256"), c.receipt < bindparam("before"))
    return _Queries(
        select(*columns).where(c.receipt == bindparam("receipt")),
        select(c.receipt).where(partner, c.answer_stem == bindparam("stem")),
        content.order_by(c.receipt),
        select(controls.c.last).where(controls.c.scope == bindparam("scope")),
    )


def _left_beside(engine: Engine) -> int | None:
    """Return how many bytes are free on the disk of a SQLite ledger, None when that is not known."""
    if engine.dialect.name != "sqlite":
        return None
    try:
        return bytes_left(Path(engine.url.database or "").parent)
    except OSError:
        return None


def open_ledger(url: str, *, create: bool = True) -> Ledger:
    """Open the ledger and bring its tables up to date.

    url: "sqlite:///relative/ledger.db", "sqlite:////absolute/ledger.db" or "postgresql+psycopg://user@host/gateway".
    Raises ConfigError when it is missing (create=False), damaged, newer than this program or not reachable.
    """
    engine = engine_of(url, create=create)
    try:
        check_texts(engine)
        migrate(engine)
    except ConfigError:
        engine.dispose()
        raise
    except DatabaseError as error:
        engine.dispose()
        if (left := _left_beside(engine)) is not None and left < _NO_ROOM:
            said = f"The ledger cannot be opened: its disk is full ({size_in_words(left)} left)."
            raise NotNowError(
                said, "Make room on the disk of the state folder and start again; nothing is lost."
            ) from error
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _NO_RIGHTS:
            said = f"The ledger cannot be opened: {error.orig}. It is there, and this user may not write to it or its folder."
            raise NotNowError(
                said, "Run the command as the gateway's user; look whether the disk is mounted for writing."
            ) from error
        kind = NotNowError if isinstance(error, OperationalError) else ConfigError  # out of reach, or no ledger at all
        mend = "Stop all gateways; if it stays, restore the ledger from the last backup and run gateway verify."
        if engine.dialect.name != "sqlite" and kind is NotNowError:
            mend = "Start the database server, and look at the address, user and password that gateway.toml names."
        raise kind(f"The ledger cannot be opened: {error.orig}.", mend) from error
    return Ledger(engine, light_engine(engine) if engine.dialect.name == "sqlite" else None)
