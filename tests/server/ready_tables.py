"""Databases with the tables of this release and no row: tests need thousands, and the tables take longer than most.

SQLite gets a copy of a file that was made once. On PostgreSQL one database serves test after test, and is emptied
before each: a few rows are deleted, for to truncate a table makes each of its files anew.
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

DELETED_MAX: Final = 8 * 8_192
"""Bytes of a table whose rows are deleted; a larger one is truncated."""
REUSES_MAX: Final = 100
"""Each emptying leaves dead rows in PostgreSQL's catalogue, which a new database is free of."""
NAME: Final = "emptied"

# Whoever is still connected belongs to a test that is over.
_PART = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull), ',' ORDER BY attrelid, attnum)),
           (SELECT array_agg(version_num) FROM alembic_version)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
"""
# Where nothing was ever written there is nothing to empty. What was deleted still takes room, and is in the way of who
# reads the table: beyond some pages it is truncated.
_WRITTEN = """
    SELECT oid::regclass::text, pg_relation_size(oid) > %s FROM pg_class
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
    _own: psycopg.Connection[tuple[object, ...]] | None = field(default=None, init=False)
    """Stays open, for to connect takes as long as to empty."""
    _shape: object = field(default=None, init=False)
    _uses: int = field(default=0, init=False)

    def url(self) -> str:
        """SQLAlchemy's URL of the database; what was there before is gone."""
        if self._own is None or self._uses == REUSES_MAX or not _emptied(self._own, self._shape):
            self.close()
            self.cluster.drop_database(NAME)
            _upgrade(self.cluster.new_database(NAME))
            self._own = psycopg.connect(libpq_url(self.cluster.database_url(NAME)), autocommit=True)
            self._shape, self._uses = self._own.execute(_SHAPE).fetchone(), 0
        self._uses += 1
        return self.cluster.database_url(NAME)

    def close(self) -> None:
        """Let go of the database."""
        if self._own is not None:
            self._own.close()


def _emptied(c: psycopg.Connection[tuple[object, ...]], shape: object) -> bool:
    """Empty the database; False where a test changed the tables themselves, or went further."""
    try:
        c.execute(_PART, [NAME])
        c.execute(f"ALTER DATABASE {NAME} RESET ALL")
        if c.execute(_SHAPE).fetchone() != shape:
            return False
        written = c.execute(_WRITTEN, [DELETED_MAX]).fetchall()
        with c.transaction():
            c.execute("SET LOCAL session_replication_role = replica")  # no foreign key is looked up
            for table, is_large in written:
                c.execute(f"TRUNCATE {table} CASCADE" if is_large else f"DELETE FROM {table}")
        for (sequence,) in c.execute(_SEQUENCES).fetchall():
            c.execute(f"ALTER SEQUENCE {sequence} RESTART")
    except psycopg.Error:
        return False
    return True
