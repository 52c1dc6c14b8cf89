"""Why a ledger cannot be opened or written to, in words, and the mend."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from gateway.errors import ConfigError, NotNowError
from gateway.shell.folders import StateFolders, bytes_left, size_in_words, user_name
from gateway.shell.soundness import DAMAGED_MEND, is_damaged

_NO_ROOM = 1_000_000  # bytes: SQLite's own files beside a ledger that is opened
_NO_RIGHTS = frozenset((sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN))

LOST = "The ledger is empty or not there, and the state folder holds drops of before: they would be delivered again, under used control numbers."
LOST_MEND = "Name the right one under ledger in gateway.toml, or restore it (docs/operations.md, Backup); to begin anew, move the state folder away."


@contextmanager
def in_words(engine: Engine) -> Iterator[None]:
    """Raise what the database says as ConfigError, as NotNowError when it may pass."""
    try:
        yield
    except DatabaseError as error:
        raise _cannot(engine, error) from error


def check_not_lost(folders: StateFolders) -> None:
    """Raise ConfigError for a ledger without entries beside drops of before: numbers and shipments would be used again."""
    if folders.keeps_drops():
        raise ConfigError(LOST, LOST_MEND)


def _cannot(engine: Engine, error: DatabaseError) -> ConfigError:
    if engine.dialect.name != "sqlite":
        return _of_server(error)
    path = Path(engine.url.database or "")
    if is_damaged(error):
        return ConfigError(f"The ledger is damaged: {error.orig}.", DAMAGED_MEND)
    if (left := _left_beside(path)) is not None and left < _NO_ROOM:
        said = f"The ledger cannot be opened: its disk is full ({size_in_words(left)} left)."
        return NotNowError(said, "Make room on the disk of the state folder and start again; nothing is lost.")
    if why := without_rights(path):
        return NotNowError(f"The ledger cannot be used: {why}.", "Give the user who runs the gateway the right to read and write it.")  # fmt: skip
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _NO_RIGHTS:
        said = (
            f"The ledger cannot be opened: {error.orig}. It is there, and this user may not write to it or its folder."
        )
        return NotNowError(said, "Run the command as the gateway's user; look whether the disk is mounted for writing.")
    kind = NotNowError if isinstance(error, OperationalError) else ConfigError  # out of reach, or no ledger at all
    mend = "Stop all gateways; if it stays, restore the ledger from the last backup and run gateway verify."
    return kind(f"The ledger cannot be opened: {error.orig}.", mend)


def _of_server(error: DatabaseError) -> ConfigError:
    if isinstance(error, OperationalError):
        mend = "Start the database server, and look at the address, user and password that gateway.toml names."
        return NotNowError(f"The ledger cannot be opened: {error.orig}.", mend)
    mend = "Stop all gateways; if it stays, restore the ledger from the last backup and run gateway verify."
    return ConfigError(f"The ledger cannot be opened: {error.orig}.", mend)


def _left_beside(path: Path) -> int | None:
    """Return how many bytes are free on the disk of a SQLite ledger, None when that is not known."""
    try:
        return bytes_left(path.parent)
    except OSError:
        return None


def without_rights(path: Path) -> str:
    """Return which file of a SQLite ledger, or its folder, may not be read and written; "" when all may."""
    for one in (path.parent, path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
        try:
            status = one.stat()
        except OSError:
            continue
        if os.statvfs(one).f_flag & os.ST_RDONLY:
            return f"the disk of {one} is read-only"
        if not os.access(one, os.R_OK | os.W_OK, effective_ids=True):
            return f"{one} belongs to {user_name(status.st_uid)}, mode {stat.S_IMODE(status.st_mode):o}"
    return ""
