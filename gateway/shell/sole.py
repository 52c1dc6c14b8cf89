"""One gateway per PostgreSQL ledger: two with state folders of their own would answer and count as one, and lose files.

The lock is the database's, held by a connection of its own: it goes with the process, whatever became of it. A SQLite
ledger needs none, it lies in the state folder that gateway.shell.lock guards.
"""

from __future__ import annotations

import contextlib
import time

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from gateway.errors import NotNowError

_TAKE = "SELECT pg_try_advisory_lock(321, 1)"  # apart from the lock of each transaction, which has one number
_WATCHED = ("SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10", "SET tcp_keepalives_count = 3")
"""So that the server lets go of the lock within minutes when the machine of the gateway that holds it is gone."""
_ENDS_S = 15.0  # as gateway.shell.lock waits for workers of a gateway that was killed


class Sole:
    """Holds the lock from now on. Raises NotNowError when another gateway holds it, OperationalError without a server."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine if engine.dialect.name == "postgresql" else None
        self._connection: Connection | None = None
        end = time.monotonic() + _ENDS_S
        while self._engine is not None and not self._taken(self._engine):
            if time.monotonic() > end:
                raise _another()
            time.sleep(0.1)

    def look(self) -> None:
        """Take the lock again if the connection that held it was lost. Raises NotNowError when another gateway has it now."""
        if self._engine is None:
            return
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("SELECT 1")
                return
        except OperationalError:
            self.close()
        with contextlib.suppress(OperationalError):  # the server is away, and so is the ledger
            if not self._taken(self._engine):
                raise _another()

    def close(self) -> None:
        """Let the next gateway in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OperationalError):
                connection.invalidate()  # closed, not put back with the lock: that would hold it on
                connection.close()

    def _taken(self, engine: Engine) -> bool:
        connection = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        self._connection = connection
        for setting in _WATCHED:
            connection.exec_driver_sql(setting)
        if connection.exec_driver_sql(_TAKE).scalar():
            return True
        self.close()
        return False


def _another() -> NotNowError:
    return NotNowError(
        "Another gateway works with this ledger.", "Stop it, or name another database under ledger in gateway.toml."
    )
