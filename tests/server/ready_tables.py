"""Databases with the tables of this release and no row: tests need thousands, and the tables take longer than most.

SQLite gets a copy of a file that was made once. On PostgreSQL one database serves test after test, and is emptied
before each.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa

from server import migrations
from server.database import db, engine_options, keep_private, prepare
from tests.postgres import Server, libpq_url

REUSES_MAX: Final = 100
"""Each emptying leaves dead rows in PostgreSQL's catalogue, which a new database is free of."""
NAME: Final = "emptied"

# Whoever is still connected belongs to a test that is over.
_PART = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s"
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)),
           (SELECT array_agg(version_num) FROM alembic_version)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
"""
# Once empty it has no size again, and where nothing was written there is nothing to empty.
_WRITTEN = """
    SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
          AND pg_relation_size(oid) > 0
"""
_SEQUENCES = "SELECT schemaname || '.' || sequencename FROM pg_sequences WHERE last_value IS NOT NULL"


def lay(engine: sa.Engine) -> None:
    """Give an empty database its tables; one that has them is left as it is."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as c:
            migrations.upgrade(c)
    elif engine.url.database is None:  # in memory
        db.metadata.create_all(engine)
    else:
        path = Path(engine.url.database)
        if not path.exists() or not path.stat().st_size:
            lay_file(path)


def lay_file(path: Path) -> None:
    """Make a SQLite file that has the tables."""
    keep_private(path)
    path.write_bytes(_file())


@cache
def _file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.sqlite3"
        _upgrade(f"sqlite:///{path}")
        return path.read_bytes()


def _upgrade(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, **_options(url))
    prepare(engine)
    with engine.connect().execution_options(writes=True) as c, c.begin():
        migrations.upgrade(c)
    engine.dispose()


def _options(url: str) -> dict[str, object]:
    return {k: v for k, v in engine_options(url).items() if not k.startswith(("pool_", "max_"))}


@dataclass(slots=True)
class Emptied:
    """One PostgreSQL database after the other: each is emptied and used again, as long as its tables are unchanged."""

    cluster: Server
    _shape: object = field(default=None, init=False)
    _uses: int = field(default=0, init=False)

    def url(self) -> str:
        """SQLAlchemy's URL of the database; what was there before is gone."""
        if not 0 < self._uses < REUSES_MAX or not self._empty():
            self.cluster.drop_database(NAME)
            _upgrade(self.cluster.new_database(NAME))
            with self._connect(NAME) as c:
                self._shape, self._uses = c.execute(_SHAPE).fetchone(), 0
        self._uses += 1
        return self.cluster.database_url(NAME)

    def _empty(self) -> bool:
        """Whether it could be emptied: not where a test changed the tables themselves, or went further."""
        with self._connect("postgres") as c:
            c.execute(_PART, [NAME])
            c.execute(f"ALTER DATABASE {NAME} RESET ALL")
        with self._connect(NAME) as c:
            try:
                if c.execute(_SHAPE).fetchone() != self._shape:
                    return False
            except psycopg.Error:
                return False
            for (written,) in c.execute(_WRITTEN).fetchall():
                if written:
                    c.execute(f"TRUNCATE {written} RESTART IDENTITY")
            for (sequence,) in c.execute(_SEQUENCES).fetchall():
                c.execute(f"ALTER SEQUENCE {sequence} RESTART")
        return True

    def _connect(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(libpq_url(self.cluster.database_url(name)), autocommit=True)
