"""The connection of a SQLite ledger that is used again and again, so that its pages and prepared statements stay warm.

A drop asks and writes some forty times. A connection of the pool costs as much as the statement itself, and each one that
writes makes the others read their pages again. So whoever finds this one free takes it, in one thread; others, and
questions of the same thread while it writes, get one of the pool: what is not committed is seen by its writer only.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from gateway.shell.statements import told

_FULL = 2  # what PRAGMA synchronous says when a commit waits for the disk


class HotConnection:
    """One connection without transactions of its own. A statement is read to its end before the next transaction."""

    def __init__(self, reader: Engine) -> None:
        self._reader, self._lock = reader, threading.RLock()
        self._connection: Connection | None = None
        self._writing = False

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Take it for questions; None when it is not free."""
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            yield None if self._writing else self._opened()
        finally:
            self._lock.release()

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[Connection | None]:
        """Take it for one transaction, with the write lock from the beginning; None when it is not free.

        durable: the commit waits for the disk.
        """
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            if self._writing:
                yield None
                return
            connection = self._opened()
            self._writing = True
            try:
                with _transaction(connection, durable):
                    yield connection
            except BaseException:
                self._forget_broken(connection)
                raise
            finally:
                self._writing = False
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close it, unless another thread is in the middle of something; it opens itself again when it is needed."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        finally:
            self._lock.release()

    def _forget_broken(self, connection: Connection) -> None:
        """After a fault: a connection that is still in its transaction, or no longer waits for the disk, is not used again."""
        try:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            sound = not driver.in_transaction and driver.execute("PRAGMA synchronous").fetchone() == (_FULL,)
        except sqlite3.Error:
            sound = False
        if not sound:
            self._connection = None
            connection.invalidate()

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._reader.connect()
        return self._connection


@contextmanager
def _transaction(connection: Connection, durable: bool) -> Iterator[None]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        if not durable:
            driver.execute("PRAGMA synchronous=NORMAL")
        _do(connection, driver, "BEGIN IMMEDIATE")  # take the write lock now, not half-way
        try:
            yield
            _do(connection, driver, "COMMIT")
        except BaseException:
            with contextlib.suppress(
                sqlite3.Error
            ):  # SQLite has rolled back by itself, or will when the file is opened
                driver.rollback()
            raise
    finally:
        if not durable:
            driver.execute("PRAGMA synchronous=FULL")


def _do(connection: Connection, driver: sqlite3.Connection, sql: str) -> None:
    try:
        driver.execute(sql)
    except sqlite3.Error as error:
        raise told(error, connection.dialect, sql) from error
