"""A database to measure on, and a ledger that is full before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from server.database import writing
from server.ledger import in_chunks
from server.tables import events, unit_states
from tests.postgres import running_postgres

KINDS: Final = ("sqlite", "postgres")
ROWS_AT_ONCE: Final = 200_000
"""Rows that are copied in one transaction."""
COPIES_AT_ONCE: Final = 40
"""Of the same shift's events, some thousands."""
NUMBER: Final = sa.column("number", sa.BigInteger)
SUFFIX: Final = sa.literal("~").concat(sa.cast(NUMBER, sa.Text))


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty database: a file in the folder, or one of a PostgreSQL of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'warehouse.sqlite3'}"
        return
    with running_postgres() as cluster:
        yield cluster.new_database("bench")


def analyze(connection: sa.Connection) -> None:
    """Have PostgreSQL look at what was just stored, as it does by itself some minutes later; SQLite never does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")


def copy_shift(device_no: int, copies: range) -> None:
    """Store what a handheld's shift left once more for each number: other handhelds, other units, else the same rows.

    The copies of a unit stand beside it, so that what is scanned next is spread over all of them. Indexes are made
    anew at the end, and states go in in the order of their names: millions take minutes, and hours otherwise.
    """
    if not copies:
        return
    with writing() as connection:
        scanned = sa.select(events.c.subject).where(events.c.device_no == device_no)
        units = connection.execute(sa.select(unit_states.c.unit).where(unit_states.c.unit.in_(scanned))).scalars()
        parts = [*in_chunks(units, max(1, ROWS_AT_ONCE // len(copies)))]
        indexes = [each for table in (events, unit_states) for each in _indexes(connection, table)]
        for name, _ in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
    named = {"device_no": events.c.device_no + NUMBER, "subject": events.c.subject.concat(SUFFIX)}
    for some in (copies[at : at + COPIES_AT_ONCE] for at in range(0, len(copies), COPIES_AT_ONCE)):
        with writing() as connection:
            connection.execute(_copied(events, events.c.device_no == device_no, named, some))
    for part in parts:
        with writing() as connection:
            states = unit_states.c.unit.in_(part)
            connection.execute(_copied(unit_states, states, {"unit": unit_states.c.unit.concat(SUFFIX)}, copies))
    for _, made in indexes:
        with writing() as connection:
            connection.exec_driver_sql(made)


def _indexes(connection: sa.Connection, table: sa.Table) -> list[tuple[str, str]]:
    """Name and making of each index beside the key, in the order in which they were made: SQLite goes by it."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table AND indexname NOT LIKE '%\\_pkey' "
            "ORDER BY to_regclass(indexname)::oid"
        )
    return [(name, made) for name, made in connection.execute(sa.text(query), {"table": table.name})]


def _copied(
    table: sa.Table, where: sa.ColumnElement[bool], other: dict[str, sa.ColumnElement[Any]], copies: Iterable[int]
) -> sa.Insert:
    names = [column.name for column in table.c]
    numbers = sa.values(NUMBER, name="copies").data([(number,) for number in copies]).cte()
    rows = sa.select(*(other.get(n, table.c[n]) for n in names)).join_from(table, numbers, sa.true()).where(where)
    return table.insert().from_select(names, rows.order_by(*(table.c[key.name] for key in table.primary_key)))
