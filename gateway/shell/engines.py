"""Connections to the ledger's database: how SQLite and PostgreSQL are set up, and when a transaction starts.

SQLite runs in WAL mode with synchronous=FULL: what was committed survives a power cut. With both there is one writer at
a time, from the beginning of its transaction.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from gateway.errors import ConfigError
from gateway.shell.soundness import tell_damage

FROZEN = "REPEATABLE READ"
"""Isolation level of a transaction that reads the database as it was when it began, and waits for no writer."""
_BUSY_MS = 30_000
_CACHE_KIB = 4096


def engine_of(url: str, *, create: bool) -> Engine:
    """Return the engine of a database; nothing is read yet. create: make the file of SQLite when it is missing.

    Raises ConfigError when the URL cannot be used, or when the file is missing or cannot be made.
    """
    try:
        address = make_url(url)
        sqlite = address.get_backend_name() == "sqlite"
        if sqlite:
            _prepare_file(Path(address.database or ""), create)
        options: dict[str, Any] = {"connect_args": {"timeout": _BUSY_MS / 1000}} if sqlite else {"pool_pre_ping": True}
        if address.get_driver_name() == "psycopg":
            options["connect_args"] = {"client_encoding": "utf8"}  # whatever the database or the user's settings say
        engine = create_engine(address, hide_parameters=True, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            f"gateway.toml: ledger cannot be used: {error}.",
            "Write sqlite:///PATH or install the driver named in the URL.",
        ) from None
    if sqlite:
        tell_damage(engine)
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_other)
        if engine.dialect.driver == "psycopg":
            event.listen(engine, "connect", _tune_psycopg)
    return engine


def check_texts(engine: Engine) -> None:
    """Raise ConfigError for a PostgreSQL database that cannot keep every text: names of files and persons of all scripts."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        encoding = str(connection.exec_driver_sql("SHOW server_encoding").scalar())
    if encoding != "UTF8":
        raise ConfigError(
            f"The database of the ledger keeps texts as {encoding}, which has no signs for most names.",
            "Make a new one: CREATE DATABASE gateway ENCODING 'UTF8' TEMPLATE template0; name it under ledger.",
        )


def light_engine(engine: Engine) -> Engine:
    """Return an engine on the same SQLite file whose commits do not wait for the disk."""
    light = create_engine(engine.url, hide_parameters=True, connect_args={"timeout": _BUSY_MS / 1000})
    tell_damage(light)
    event.listen(light, "connect", _tune_sqlite)
    event.listen(light, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))
    event.listen(light, "begin", _begin_sqlite)
    return light


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
        "secure_delete=ON",  # what is deleted is written over; not every build of SQLite does so by itself
        f"cache_size=-{_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _tune_psycopg(connection: Any, _record: Any) -> None:
    """Let texts of a file be asked for and kept whatever they hold: PostgreSQL has no NUL, it becomes U+FFFD."""
    from psycopg.types.string import StrDumperUnknown

    class Texts(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    connection.adapters.register_dumper(str, Texts)


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # take the write lock now, not half-way


def _begin_other(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") not in ("AUTOCOMMIT", FROZEN):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(321)")  # as with SQLite: one writer at a time
