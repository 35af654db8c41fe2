"""Insert rows, or replace or leave those that are there under the same key: one statement on either database.

Many rows go to the driver as they are: a statement is written once, and only columns whose type asks for it (JSON) are
converted. SQLAlchemy looks at every value of every row instead, which cost as much as storing them. PostgreSQL copies
what is new: row by row took it twice as long, and a list for each column (`unnest`) four times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

_Row = dict[str, Any]
_Values = tuple[Any, ...]


def insert_missing(connection: sa.Connection, table: sa.Table, row: _Row) -> None:
    """Store a row unless there is one under its primary key; waits for a transaction that is just making it."""
    connection.execute(_insert(connection.dialect, table).on_conflict_do_nothing(), row)


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[_Values]) -> None:
    """Store full rows: values in the order of the table's columns.

    Raises:
        sqlalchemy.exc.IntegrityError: there is one under a primary key; nothing was stored.
    """
    if rows:
        load(connection, table, _bulk(connection.dialect, table).driven(rows))


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[_Row]) -> None:
    """Store full rows under their primary keys. Give them in a fixed order: unsorted ones deadlock on PostgreSQL."""
    upsert_values(connection, table, list(map(itemgetter(*(column.name for column in table.c)), rows)))


def upsert_values(connection: sa.Connection, table: sa.Table, rows: Sequence[_Values]) -> None:
    """The same of values in the order of the table's columns."""
    if rows:
        bulk = _bulk(connection.dialect, table)
        connection.exec_driver_sql(bulk.replacing, bulk.driven(rows))


def load(connection: sa.Connection, table: sa.Table, rows: Iterable[_Values]) -> None:
    """Store new rows as they come, however many: values in the order of the table's columns, as the driver takes them.

    Raises:
        sqlalchemy.exc.IntegrityError: something is stored under one of their primary keys; as each other error of the
            driver's, it is raised as if SQLAlchemy had sent the rows.
    """
    names = ", ".join(f'"{column.name}"' for column in table.c)
    text = f"COPY {table.name} ({names}) FROM STDIN"
    if connection.dialect.name == "sqlite":
        text = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' for _ in table.c)})"  # noqa: S608  # no input
    driver: Any = connection.dialect.loaded_dbapi
    cursor: Any = connection.connection.cursor()
    try:
        if connection.dialect.name == "sqlite":
            cursor.executemany(text, rows)
        else:
            with cursor.copy(text) as copy:
                for row in rows:
                    copy.write_row(row)
    except driver.Error as error:
        gone = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        raise sa.exc.DBAPIError.instance(
            text, None, error, driver.Error, dialect=connection.dialect, connection_invalidated=gone
        ) from error
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class _Bulk:
    """How the driver takes the rows of a table."""

    replacing: str
    """Stores a row, or replaces what is there under its primary key."""
    converted: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Columns whose values the driver does not take as they are, by their place."""

    def driven(self, rows: Sequence[_Values]) -> list[_Values]:
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for at, convert in self.converted:
            columns[at] = list(map(convert, columns[at]))
        return list(zip(*columns, strict=True))


@lru_cache(maxsize=128)
def _bulk(dialect: sa.Dialect, table: sa.Table) -> _Bulk:
    quoted: Callable[[str], str] = dialect.identifier_preparer.quote
    names = [quoted(column.name) for column in table.c]
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(names))
    keys = ", ".join(quoted(column.name) for column in table.primary_key)
    others = ", ".join(f"{n} = excluded.{n}" for c, n in zip(table.c, names, strict=True) if not c.primary_key)
    converters = (
        (at, column.type.dialect_impl(dialect).bind_processor(dialect))
        for at, column in enumerate(table.c)
        if not isinstance(column.type, sa.LargeBinary)  # both drivers take bytes
    )
    return _Bulk(
        f"INSERT INTO {quoted(table.name)} ({', '.join(names)}) VALUES ({marks}) "  # noqa: S608  # no input
        f"ON CONFLICT ({keys}) DO UPDATE SET {others}",
        tuple((at, convert) for at, convert in converters if convert is not None),
    )


def _insert(dialect: sa.Dialect, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
