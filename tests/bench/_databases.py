"""A database to measure on, and a ledger that is full before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from server.database import writing
from server.tables import events, unit_states
from tests.postgres import running_postgres

KINDS: Final = ("sqlite", "postgres")


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


def copy_shift(device_no: int, copies: Iterable[int]) -> None:
    """Store what a handheld's shift left once more for each number: other handhelds, other units, else the same rows.

    The copies of a unit stand beside it, so that what is scanned next is spread over all of them.
    """
    scanned = sa.select(events.c.subject).where(events.c.device_no == device_no)
    for number in copies:
        suffix = f"~{number}"
        named = {"device_no": events.c.device_no + number, "subject": events.c.subject.concat(suffix)}
        with writing() as connection:
            connection.execute(_copied(events, events.c.device_no == device_no, named))
            states = unit_states.c.unit.in_(scanned)
            connection.execute(_copied(unit_states, states, {"unit": unit_states.c.unit.concat(suffix)}))


def _copied(table: sa.Table, where: sa.ColumnElement[bool], other: dict[str, Any]) -> sa.Insert:
    names = [column.name for column in table.c]
    return table.insert().from_select(names, sa.select(*(other.get(n, table.c[n]) for n in names)).where(where))
