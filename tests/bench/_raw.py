"""The control of what a server does: the database alone, given the same rows by its driver, and nothing asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from psycopg.types.json import Json

from server.database import reading, writing
from server.tables import events, unit_states

_Rows = Sequence[tuple[Any, ...]]
_TABLES: Final = (events, unit_states)


class RawDatabase:
    """Copies of the ledger and of the folded states, with all of their indexes and what stood in them before."""

    def __init__(self, *, postgres: bool) -> None:
        self._mark = "%s" if postgres else "?"
        with writing() as connection:
            for table in _TABLES:
                copy = table.to_metadata(sa.MetaData(), name=f"raw_{table.name}")
                for index in copy.indexes:
                    index.name = sa.sql.quoted_name(f"raw_{index.name}", quote=None)
                copy.create(connection)
                connection.execute(sa.text(f"INSERT INTO {copy.name} SELECT * FROM {table.name}"))

    def store(self, batch: tuple[_Rows, _Rows]) -> None:
        """Insert the events and upsert the states of one batch, durably, as `rows_of` gives them."""
        with writing() as connection:
            for table, rows in zip(_TABLES, batch, strict=True):
                connection.exec_driver_sql(self._statement(table), list(rows))

    def _statement(self, table: sa.Table) -> str:
        names = [column.name for column in table.c]
        keys = [column.name for column in table.primary_key]
        later = ", ".join(f"{n} = excluded.{n}" for n in names if n not in keys)
        marks = ", ".join([self._mark] * len(names))
        text = f"INSERT INTO raw_{table.name} VALUES ({marks})"
        return text + (f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {later}" if table is unit_states else "")


def rows_of(device_no: int, first: int, last: int) -> tuple[_Rows, _Rows]:
    """The rows that the server holds of a run of events, and of the units in it, as the driver takes them."""
    run = (events.c.device_no == device_no) & events.c.seq.between(first, last)
    touched = unit_states.c.unit.in_(sa.select(events.c.subject).where(run))
    with reading() as connection:
        return (
            _driven(connection, sa.select(events).where(run).order_by(events.c.seq)),
            _driven(connection, sa.select(unit_states).where(touched).order_by(unit_states.c.unit)),
        )


def _driven(connection: sa.Connection, query: sa.Select[Any]) -> _Rows:
    """Rows as the driver gives them, with no type of SQLAlchemy's between."""
    text = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    rows = connection.exec_driver_sql(text.replace("%%", "%")).all()
    return [tuple(Json(value) if isinstance(value, list) else value for value in row) for row in rows]
