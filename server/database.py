"""The database: one Flask-SQLAlchemy object, and how its transactions begin.

SQLite takes one writer at a time. A transaction that begins by reading and then writes can find itself locked out
for good, so writers say `BEGIN IMMEDIATE`, and within this process they queue at a lock, which is fairer than
SQLite's own polling. PostgreSQL needs neither.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from server.config import PREFIX, SettingError

db = SQLAlchemy(session_options={"autoflush": False})

_writer_lock: Final = threading.Lock()

Result = TypeVar("Result")
ATTEMPTS_MAX: Final = 5
SITE: Final[sa.BindParameter[str]] = sa.bindparam("site")
KEYS: Final[sa.BindParameter[str]] = sa.bindparam("keys", expanding=True)
"""What most statements ask for that are built once: to build one anew costs more than SQLite takes to run it."""
STATEMENTS_KEPT: Final = 256
"""So many a SQLite connection keeps prepared: pushes ask some 200 different ones, more than Python's 128."""
_GATE: Final = 0x5CA9
"""Number of the advisory lock that every write transaction shares, and takes before any other."""
_GIVEN_UP: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock (PostgreSQL, appendix A)."""

WAL_RESET_FIXED: Final = (3, 51, 3)
"""First SQLite release without the WAL-reset bug, which two connections can meet (sqlite.org/wal.html)."""


def sqlite_module() -> ModuleType:
    """The newest SQLite at hand: pysqlite3's where it is installed, else the interpreter's."""
    return import_module("pysqlite3.dbapi2" if find_spec("pysqlite3") else "sqlite3")


def wal_is_safe() -> bool:
    """Whether this SQLite may use a write-ahead log with several connections."""
    return tuple(map(int, sqlite_module().sqlite_version.split("."))) >= WAL_RESET_FIXED


def engine_options(url: str) -> dict[str, Any]:
    """Options of `create_engine` for a database URL."""
    quiet = {"hide_parameters": True}  # what goes into the log with a failure holds no hash, secret or address
    if url.startswith("sqlite"):
        return quiet | {
            "module": sqlite_module(),
            "connect_args": {"timeout": 30, "cached_statements": STATEMENTS_KEPT},
        }
    return quiet | {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 10}


def prepare(engine: sa.Engine) -> None:
    """Set up every new connection of a SQLite engine; PostgreSQL's need nothing.

    Raises:
        SettingError: the file cannot be made.
    """
    if engine.dialect.name != "sqlite":
        return
    name = engine.url.database
    if name and name != ":memory:" and not name.startswith("file:"):
        try:
            keep_private(Path(name))
        except OSError as error:
            raise SettingError(f"{PREFIX}DATABASE_URL names {name}, which cannot be made: {error.strerror}.") from None
    journal = "WAL" if wal_is_safe() else "DELETE"

    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # SQLAlchemy's `begin` below says when a transaction starts
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-262144",  # KiB: the upper levels of every index stay in memory
            "temp_store=MEMORY",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def keep_private(path: Path) -> None:
    """Make a SQLite file, where there is none yet, that its owner alone can read: it holds keys and password hashes.

    SQLite gives the files that it puts beside it the same mode.
    """
    if path.parent.is_dir() and not path.exists():
        path.touch(mode=0o600)


@contextmanager
def writing() -> Iterator[sa.Connection]:
    """One write transaction: committed at the end of the block, rolled back where it raises."""
    engine = db.engine
    sqlite = engine.dialect.name == "sqlite"
    with _writer_lock if sqlite else nullcontext(), engine.connect() as raw:
        connection = raw.execution_options(writes=True)
        with connection.begin():
            _enter(connection)
            yield connection


def transact(write: Callable[[sa.Connection], Result]) -> Result:
    """What `write` returns from one write transaction, tried again where PostgreSQL chose it to end a deadlock.

    Nothing of an attempt that failed is left, so `write` must do nothing but write to the connection.

    Raises:
        sqlalchemy.exc.OperationalError: it was chosen `ATTEMPTS_MAX` times, or failed for another reason.
    """
    attempt = 1
    while True:
        try:
            with writing() as connection:
                if attempt > 1:
                    alone(connection)
                return write(connection)
        except sa.exc.OperationalError as error:
            if attempt == ATTEMPTS_MAX or not was_given_up(error):
                raise
        attempt += 1


def was_given_up(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL ended this transaction in favour of others: the same may well succeed when tried again."""
    return getattr(error.orig, "sqlstate", None) in _GIVEN_UP


def _enter(connection: sa.Connection) -> None:
    """Go through the gate together with others."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:gate)"), {"gate": _GATE})


def alone(connection: sa.Connection) -> None:
    """Wait until every other write transaction is over, and let none begin before this one ends.

    On SQLite it is so anyway. Two that ask for it at the same moment deadlock; `transact` tries again.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": _GATE})


def lock(connection: sa.Connection, site: str, keys: Iterable[str], *, shared: bool = False) -> None:
    """Hold these names until the transaction ends, so that two workers do not fold one unit at once.

    SQLite has one writer anyway. PostgreSQL's advisory locks need no row to exist; one statement takes them all in
    one order. What is only read, such as the carton that a unit is in, is shared with others who read it.
    """
    wanted = sorted(set(keys))
    if connection.dialect.name != "postgresql" or not wanted:
        return
    take = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    connection.execute(
        sa.text(
            f"SELECT {take}(h) FROM (SELECT DISTINCT hashtextextended(k, 0) AS h "  # noqa: S608  # one of two names
            "FROM unnest(CAST(:keys AS text[])) AS k ORDER BY h) AS ordered"
        ),
        {"keys": [f"{site}\n{key}" for key in wanted]},
    )


@contextmanager
def reading() -> Iterator[sa.Connection]:
    """One read transaction: everything in the block is of one moment on SQLite, of each statement on PostgreSQL."""
    with db.engine.connect() as connection, connection.begin():
        yield connection


ROWS_LOOKED_AT: Final = 400
"""Of each index, as SQLite advises (sqlite.org/lang_analyze.html): a third of a second for 160 MB."""


def take_stock() -> None:
    """Let SQLite learn how its tables are filled, where that has changed much since it last did.

    Without that it takes one index for as good as another, and reads all of a site where it could look up a name.
    PostgreSQL does it by itself.
    """
    if db.engine.dialect.name != "sqlite":
        return
    with writing() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}")
        connection.exec_driver_sql("PRAGMA optimize=0x10002")  # all tables, not only those that were asked just now


_STAMP: Final = sa.text("UPDATE server_state SET stamp = stamp + 1 RETURNING stamp")


def stamp(connection: sa.Connection) -> int:
    """A number for the rows that this write transaction publishes; see `server/changes.py`."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(sa.text("SELECT pg_current_xact_id()::text::bigint")).scalar_one())
    return int(connection.execute(_STAMP).scalar_one())
