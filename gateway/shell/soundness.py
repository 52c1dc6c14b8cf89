"""A ledger that is there and cannot be used: a SQLite file that is damaged, or that may not be written to.

SQLite tells a damaged page with another class of error than a locked file or a full disk. Drops must wait for it all the
same: a fault of the machine is none of the file that just happened to be looked at.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.shell.ledger import Ledger

_CHECK = "PRAGMA quick_check(1)"
DAMAGED_MEND = "Stop the gateway, look at the disk, and restore the last backup (docs/operations.md, Backup); then run gateway verify."


def is_damaged(error: BaseException | None) -> bool:
    """True when SQLite says that its file is not what it wrote; also for an error that was made of such a one."""
    if isinstance(error, DBAPIError):
        error = error.orig
    return type(error) is sqlite3.DatabaseError


def as_storage(error: DBAPIError) -> DBAPIError:
    """Return the error of a damaged file as one of the storage, any other one as it is."""
    if not is_damaged(error) or isinstance(error, OperationalError):
        return error
    assert isinstance(error.orig, BaseException)
    return OperationalError(error.statement, None, error.orig, hide_parameters=True)


def tell_damage(engine: Engine) -> None:
    """Have an engine raise `as_storage` of its errors."""

    def raised(context: Any) -> None:
        found = context.sqlalchemy_exception
        if isinstance(found, DBAPIError) and as_storage(found) is not found:
            context.chained_exception = as_storage(found)

    event.listen(engine, "handle_error", raised)


def check_sound(ledger: Ledger) -> None:
    """Raise ConfigError when the ledger is damaged: then nothing that is read of it can be relied on."""
    _refuse(damage(ledger))


def check_file(path: Path) -> None:
    """Raise ConfigError when the SQLite file of a ledger is damaged."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            found = _last_line(connection.execute(_CHECK).fetchone()[0])
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            found = str(error)
    _refuse(found)


def damage(ledger: Ledger) -> str:
    """Read a SQLite ledger through; return what is wrong with it, "" when nothing is. PostgreSQL checks what it reads."""
    try:
        with ledger.reading() as connection:
            if connection.dialect.name != "sqlite":
                return ""
            return _last_line(connection.exec_driver_sql(_CHECK).scalar())
    except DatabaseError as error:
        if not is_damaged(error):
            raise
        return str(error.orig)


def _last_line(found: object) -> str:
    return "" if found == "ok" else str(found).splitlines()[-1]


def _refuse(wrong: str) -> None:
    if wrong:
        raise ConfigError(f"The ledger is damaged: {wrong}.", DAMAGED_MEND)
