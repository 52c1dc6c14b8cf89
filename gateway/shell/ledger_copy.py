"""The rows of a ledger, from one database into another: PostgreSQL into the SQLite file of a backup, and back.

Both have the tables of gateway.shell.schema in the newest revision, so a copy is row by row; keys and the hash chain of
the journal stay what they are. Not here: SQLite to SQLite, which copies pages (gateway.shell.backup).
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from gateway.errors import ConfigError
from gateway.shell.ledger import Ledger, open_ledger
from gateway.shell.schema import metadata

_ROWS = 2_000


def copy_into_file(source: Connection, goal: Path) -> None:
    """Make the SQLite file of a ledger with the rows that the transaction of `source` sees."""
    with contextlib.closing(open_ledger(f"sqlite:///{goal}")) as ledger, ledger.transaction() as connection:
        _copy_rows(source, connection)


def load(copy: Path, ledger: Ledger) -> int:
    """Fill a ledger without rows from the SQLite file of a backup; return the number of rows. Raises ConfigError."""
    with contextlib.closing(open_ledger(f"sqlite:///{copy}", create=False)) as source, ledger.transaction() as goal:
        if any(goal.execute(select(func.count()).select_from(table)).scalar() for table in metadata.sorted_tables):
            raise ConfigError(
                "The ledger holds rows already.",
                "Name an empty database under ledger in gateway.toml, then load again.",
            )
        with source.reading() as connection:
            rows = _copy_rows(connection, goal)
        _go_on_counting(goal)
    return rows


def _copy_rows(source: Connection, goal: Connection) -> int:
    """Copy all tables, in the order of their keys, some rows at a time; return how many there were."""
    count = 0
    for table in metadata.sorted_tables:
        rows = source.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key))
        for some in rows.mappings().partitions():
            goal.execute(table.insert(), [dict(row) for row in some])
            count += len(some)
    return count


def _go_on_counting(goal: Connection) -> None:
    """Let PostgreSQL give new rows the numbers behind those that were copied."""
    if goal.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            last = goal.execute(select(func.max(column))).scalar()
            step = text("SELECT setval(pg_get_serial_sequence(:name, :key), :last)")
            goal.execute(step, {"name": table.name, "key": column.name, "last": last}) if last else None
