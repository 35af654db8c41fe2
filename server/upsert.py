"""Insert rows, or replace or leave those that are there under the same key: one statement on either database.

Many rows go to the driver as they are: a statement is compiled once, and only columns whose type asks for it (JSON) are
converted. SQLAlchemy looks at every value of every row instead, which cost as much as storing them.
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


def insert_missing(connection: sa.Connection, table: sa.Table, row: _Row) -> None:
    """Store a row unless there is one under its primary key; waits for a transaction that is just making it."""
    connection.execute(_insert(connection.dialect, table).on_conflict_do_nothing(), row)


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[_Row]) -> None:
    """Store full rows.

    Raises:
        sqlalchemy.exc.IntegrityError: there is one under a primary key; nothing was stored.
    """
    if rows:
        _bulk(connection.dialect, table, replacing=False).send(connection, rows)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[_Row]) -> None:
    """Store full rows under their primary keys. Give them in a fixed order: unsorted ones deadlock on PostgreSQL."""
    if rows:
        _bulk(connection.dialect, table, replacing=True).send(connection, rows)


def load(connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
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
    """A statement as the driver takes it."""

    text: str
    converted: tuple[tuple[str, Callable[[Any], Any]], ...]
    """Columns whose values the driver does not take as they are."""
    placed: Callable[[_Row], Any] | None
    """Puts the values in the order of their marks; None where the driver takes them by name."""

    def send(self, connection: sa.Connection, rows: Sequence[_Row]) -> None:
        ready = [row | {name: convert(row[name]) for name, convert in self.converted} for row in rows]
        connection.exec_driver_sql(self.text, list(map(self.placed, ready)) if self.placed else ready)


@lru_cache(maxsize=128)
def _bulk(dialect: sa.Dialect, table: sa.Table, *, replacing: bool) -> _Bulk:
    statement = _insert(dialect, table)
    if replacing:
        keys = [c.name for c in table.primary_key]
        others = {c.name: statement.excluded[c.name] for c in table.c if c.name not in keys}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=others)
    compiled: Any = statement.compile(dialect=dialect)  # an SQLCompiler, which its type does not say
    kinds = ((c.name, c.type.dialect_impl(dialect).bind_processor(dialect)) for c in table.c)
    return _Bulk(
        text=compiled.string,
        converted=tuple((name, convert) for name, convert in kinds if convert is not None),
        placed=itemgetter(*compiled.positiontup) if compiled.positiontup else None,
    )


def _insert(dialect: sa.Dialect, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
