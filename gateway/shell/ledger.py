"""The ledger: what was dropped, what came of it, which control numbers were used. SQLite by default, PostgreSQL by URL.

    ledger = open_ledger("sqlite:////srv/gateway/state/ledger.db")
    with ledger.transaction() as connection:      # what belongs together commits together
        outbox.plan(connection, ...)

SQLite runs in WAL mode with synchronous=FULL: what was committed survives a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, NoSuchModuleError, OperationalError

from gateway.errors import ConfigError
from gateway.shell import journal
from gateway.shell.schema import controls, drops, interchanges, metadata, shipments

REVISION = "0003"  # the newest file in migrations/versions
MAX_CONTROL = 999_999_999
STORAGE_FAULTS = (OSError, OperationalError, sqlite3.OperationalError)  # disk full, locked, connection lost: may pass
FINAL = ("done", "quarantined", "failed", "duplicate")
_BUSY_MS = 30_000
_CACHE_KIB = 4096


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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a write transaction; commits at the end of the block, rolls back when it raises."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for reading that holds no lock between statements."""
        with self._reader.connect() as connection:
            yield connection

    def see(self, drop: Drop, at: str) -> tuple[Drop, bool]:
        """Note a claimed file as seen; return its row, as it is when it exists already, and whether it is new."""
        with self.transaction() as connection:
            row = connection.execute(select(drops).where(drops.c.receipt == drop.receipt)).first()
            if row is not None:
                return Drop(**row._mapping), False
            taken = select(drops.c.receipt).where(
                drops.c.partner == drop.partner, drops.c.answer_stem == drop.stored_name
            )
            stem = (
                drop.stored_name if connection.execute(taken).first() is None else f"{drop.stored_name}.{drop.receipt}"
            )
            drop = msgspec.structs.replace(drop, answer_stem=stem)
            connection.execute(drops.insert(), msgspec.structs.asdict(drop))
            facts = {"partner": drop.partner, "file": drop.file_name, "size": drop.size, "sha256": drop.sha256}
            journal.append(connection, at, "seen", drop.receipt, **facts)
            return drop, True

    def drop(self, receipt: str) -> Drop | None:
        """Return the row of a receipt."""
        return next(iter(self.find(drops.c.receipt == receipt)), None)

    def find(self, *conditions: Any, newest: int = 0) -> list[Drop]:
        """Return drops by SQL conditions in the order of arrival; newest: only that many, the last one first."""
        order = drops.c.receipt.desc() if newest else drops.c.receipt
        query = select(drops).where(*conditions).order_by(order).limit(newest or None)
        with self.reading() as connection:
            return [Drop(**row._mapping) for row in connection.execute(query)]

    def same_content(self, partner: str, sha256: str, before: str) -> Drop | None:
        """Return the partner's earlier drop of the same bytes that was not held for a person; the newest replay."""
        found = self.find(drops.c.partner == partner, drops.c.sha256 == sha256, drops.c.receipt < before)
        return next((drop for drop in reversed(found) if drop.state not in ("seen", "quarantined", "duplicate")), None)

    def receipts_of(self, partner: str, sha256: str) -> frozenset[str]:
        """Return all drops of the same bytes."""
        found = self.find(drops.c.partner == partner, drops.c.sha256 == sha256)
        return frozenset(drop.receipt for drop in found)

    def holder_of(self, shipment: str) -> str:
        """Return the receipt of the newest drop that a shipment was accepted in, "" when there is none."""
        c = shipments.c
        query = select(c.receipt).where(c.key.in_((shipment, f"test:{shipment}"))).order_by(c.id.desc()).limit(1)
        with self.reading() as connection:
            return str(connection.execute(query).scalar() or "")

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
            return int(connection.execute(select(controls.c.last).where(controls.c.scope == scope)).scalar() or 0)

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
        self._engine.dispose()


class Lookup:
    """A select that is compiled once and runs on the driver's cursor: a tenth of the cost of a full execute.

    Parameters are bindparams p0, p1 ...; a list is written as IN (p0, p1 ...) of fixed length.
    """

    def __init__(self, connection: Connection, query: Select[Any]) -> None:
        self._cursor = connection.connection.cursor()
        self._sql, self._order, self._fixed = _compiled(query, connection.dialect)

    def rows(self, values: Sequence[Any]) -> list[Any]:
        """Run with the values of p0, p1 ... and return all rows as tuples."""
        params: Any = self._fixed | {f"p{index}": value for index, value in enumerate(values)}
        if self._order is not None:
            params = [params[name] for name in self._order]
        self._cursor.execute(self._sql, params)
        return list(self._cursor.fetchall())


@lru_cache(64)
def _compiled(query: Select[Any], dialect: Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
    """Return SQL, order of its parameters and fixed ones; made once for a query that is kept (every drop asks)."""
    compiled = query.compile(dialect=dialect)
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), compiled.positiontup, fixed


@lru_cache(64)
def _insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[str, list[str] | None]:
    compiled = table.insert().inline().compile(dialect=dialect, column_keys=list(names))
    return str(compiled), compiled.positiontup


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows with the driver's own executemany, at a third of the cost. rows: tuples ordered as names."""
    statement, order = _insert(table, tuple(names), connection.dialect)
    values: Sequence[Any] = rows
    if order is None:
        values = [dict(zip(names, row, strict=True)) for row in rows]
    elif list(order) != list(names):
        places = [names.index(name) for name in order]
        values = [tuple(row[place] for place in places) for row in rows]
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement, values)
    finally:
        cursor.close()


def parameters(count: int, start: int = 0) -> list[Any]:
    """Return bindparams p0 ... for a Lookup."""
    return [bindparam(f"p{index}", required=False) for index in range(start, start + count)]


def in_batches(rows: Iterator[Any], size: int = 1000) -> Iterator[list[Any]]:
    """Yield lists of `size` rows, the last one shorter: what executemany gets."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def open_ledger(url: str, *, create: bool = True) -> Ledger:
    """Open the ledger and bring its tables up to date.

    url: "sqlite:///relative/ledger.db", "sqlite:////absolute/ledger.db" or "postgresql+psycopg://user@host/gateway".
    Raises ConfigError when it is missing (create=False), damaged, newer than this program or not reachable.
    """
    try:
        address = make_url(url)
        sqlite = address.get_backend_name() == "sqlite"
        if sqlite:
            _prepare_file(Path(address.database or ""), create)
        engine = create_engine(address, connect_args={"timeout": _BUSY_MS / 1000} if sqlite else {})
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            f"ledger_url cannot be used: {error}.", "Write sqlite:///PATH or install the driver named in the URL."
        ) from None
    if sqlite:
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_other)
    try:
        _migrate(engine, create=create)
    except DatabaseError as error:
        engine.dispose()
        raise ConfigError(
            f"The ledger cannot be opened: {error.orig}.",
            "Stop all gateways; if it stays, restore the ledger from the last backup and run gateway verify.",
        ) from error
    return Ledger(engine)


def _prepare_file(path: Path, create: bool) -> None:
    if not path.exists():
        if not create:
            raise ConfigError(
                f"There is no ledger at {path}.", "Check state_dir, or run gateway serve once to make it."
            )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise ConfigError(
                f"The ledger cannot be made at {path}: {error.strerror}.", "Make the folder writable for the gateway."
            ) from None


def _tune_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below says when a transaction starts
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # take the write lock now, not half-way


def _begin_other(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(321)")  # as with SQLite: one writer at a time


def _migrate(engine: Engine, *, create: bool) -> None:
    if _revision(engine) == REVISION:
        return
    from alembic import command, script  # only when there is something to do: the import takes 0.1 s
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {revision.revision for revision in script.ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        found = _revision_of(connection)
        if found and found not in known:
            raise ConfigError(
                f"The ledger has the schema {found}, which this version does not know.",
                "Install the newer gateway again.",
            )
        if not found and set(inspect(connection).get_table_names()) & set(metadata.tables):
            raise ConfigError(
                "The ledger database holds tables of something else.", "Give the gateway its own database."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")
