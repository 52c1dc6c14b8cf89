"""Statements that every drop runs, without the cost of a full execute: compiled once, run on the driver's cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Select, Table, bindparam
from sqlalchemy.exc import DBAPIError

from gateway.shell.soundness import as_storage


def run(connection: Connection, statement: Executable, **values: Any) -> Any:
    """Run a statement that is kept and run often (see `_compiled`) on the driver's cursor, which is returned."""
    sql, order, fixed = _compiled(statement, connection.dialect)
    params: Any = fixed | values
    if order is not None:
        params = [params[name] for name in order]
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, params)
    except connection.dialect.loaded_dbapi.Error as error:
        raise told(error, connection.dialect, sql) from error
    return cursor


def told(error: Exception, dialect: Dialect, sql: str) -> DBAPIError:
    """Return a driver's error as SQLAlchemy's, which is of the same class for every database; values stay out of it."""
    made = DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect)
    assert isinstance(made, DBAPIError)
    return as_storage(made)


class Lookup:
    """A select that is compiled once and runs on the driver's cursor: a tenth of the cost of a full execute.

    Parameters are bindparams p0, p1 ...; a list is written as IN (p0, p1 ...) of fixed length.
    """

    def __init__(self, connection: Connection, query: Select[Any]) -> None:
        self._cursor, self._dialect = connection.connection.cursor(), connection.dialect
        self._sql, self._order, self._fixed = _compiled(query, connection.dialect)
        self._straight = not self._fixed and self._order == [f"p{at}" for at in range(len(self._order or ()))]

    def rows(self, values: Sequence[Any]) -> list[Any]:
        """Run with the values of p0, p1 ... and return all rows as tuples."""
        params: Any = values
        if not self._straight:
            params = self._fixed | numbered(values)
            if self._order is not None:
                params = [params[name] for name in self._order]
        try:
            self._cursor.execute(self._sql, params)
            return list(self._cursor.fetchall())
        except self._dialect.loaded_dbapi.Error as error:
            raise told(error, self._dialect, self._sql) from error


@lru_cache(64)
def _compiled(query: Executable, dialect: Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
    """Return SQL, order of its parameters and fixed ones; made once for a query that is kept (every drop asks)."""
    compiled: Any = query.compile(dialect=dialect)  # type: ignore[attr-defined]
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), compiled.positiontup, fixed


@lru_cache(64)
def _insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[str, list[str] | None]:
    compiled = table.insert().inline().compile(dialect=dialect, column_keys=list(names))
    return str(compiled), compiled.positiontup


_ROWS = 64  # of one statement: many parameters, but fewer than any SQLite takes


def run_rows(cursor: Any, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run an INSERT of one row on a cursor of SQLite, for many rows: 0.6 of the time of its executemany."""
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        cursor.execute(_of_many(statement, len(some)), [*chain.from_iterable(some)])


@lru_cache(256)
def _of_many(statement: str, count: int) -> str:
    """Return an INSERT of one row as one of several.

    >>> _of_many("INSERT INTO a (b, c) VALUES (?, ?)", 2)
    'INSERT INTO a (b, c) VALUES (?, ?), (?, ?)'
    """
    head, values, one = statement.partition(" VALUES ")
    return f"{head}{values}{', '.join([one] * count)}"


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows with the driver's own cursor, at a fifth of the cost. rows: tuples ordered as names."""
    statement, order = _insert(table, tuple(names), connection.dialect)
    values: Sequence[Any] = rows
    if order is None:
        values = [dict(zip(names, row, strict=True)) for row in rows]
    elif list(order) != list(names):
        places = [names.index(name) for name in order]
        values = [tuple(row[place] for place in places) for row in rows]
    cursor = connection.connection.cursor()
    try:
        if connection.dialect.paramstyle == "qmark":
            run_rows(cursor, statement, values)
        else:
            cursor.executemany(statement, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise told(error, connection.dialect, statement) from error
    finally:
        cursor.close()


def parameters(count: int, start: int = 0) -> list[Any]:
    """Return bindparams p0 ... for a Lookup."""
    return [bindparam(f"p{index}", required=False) for index in range(start, start + count)]


def padded(first: str, keys: list[str], size: int) -> list[str]:
    """Return the values of a question for up to `size` keys behind a first value; the last key fills it up."""
    return [first, *keys, *keys[-1:] * (size - len(keys))]


def numbered(values: Sequence[Any]) -> dict[str, Any]:
    """Return values by the names that `parameters` gives."""
    return {f"p{index}": value for index, value in enumerate(values)}


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
