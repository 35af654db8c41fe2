"""The handheld's one SQLite connection: what is committed through it survives a kill and a power cut.

The only file of the client that knows sqlite3. Writing ahead with ``synchronous=FULL`` syncs at every commit
(https://www.sqlite.org/pragma.html#pragma_synchronous); the exclusive lock keeps every other process out, so that
the WAL-reset bug, which takes two connections, cannot happen here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Final, Generic, TypeVar

SCHEMA_VERSION: Final = 1
CACHE_KIB: Final = 16_384
BUSY_MS: Final = 500
"""How long another process may take to let go of the file while it ends."""

Row = tuple[Any, ...]
T = TypeVar("T")


class DatabaseError(Exception):
    """The file cannot be opened, read or written; the message says why. What was committed is still in it."""


class InUseError(DatabaseError):
    """Another process has the file open."""


class UnfitError(DatabaseError):
    """A value cannot be stored where it was to stand; nothing is wrong with the file."""


class Database:
    """One connection that the threads of one process take turns with."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._turn = RLock()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it is durable when the block has ended, or none of it where the block or the disk fails."""
        with self._turn, _as_database_error(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Nothing else writes while the block reads."""
        with self._turn:
            yield

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement inside a transaction; the number of rows that it changed."""
        with self._turn, _as_database_error(self.path):
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row inside a transaction."""
        with self._turn, _as_database_error(self.path):
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a query that bounds itself."""
        with self._turn, _as_database_error(self.path):
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        """The first row of a query, or None."""
        with self._turn, _as_database_error(self.path):
            row: Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def close(self) -> None:
        """Let go of the file; what is committed stays."""
        with self._turn:
            self._connection.close()


class Remembered(Generic[T]):
    """What is read from the database once and kept until it has changed, for several threads.

    A thread that read before somebody else's commit may end after it: what it read is then answered, but not kept.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._turn = Lock()
        self._kept: T | None = None
        self._changes = 0

    def get(self) -> T:
        """What was kept, or is read now."""
        changes, kept = self._changes, self._kept
        if kept is not None:
            return kept
        fresh = self._read()
        with self._turn:
            if changes == self._changes:
                self._kept = fresh
        return fresh

    def forget(self) -> None:
        """Read it anew at the next `get`: called when a change of it has been committed."""
        with self._turn:
            self._kept = None
            self._changes += 1


def open_database(path: Path, schema: Sequence[str]) -> Database:
    """Open the file, or make it with these statements, for this process alone.

    Raises:
        InUseError: another process has it open.
        DatabaseError: it is no database of this version, or the disk refuses.
    """
    with _as_database_error(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite would make it readable for everyone
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        try:
            _prepare(connection, path, schema)
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def _prepare(connection: sqlite3.Connection, path: Path, schema: Sequence[str]) -> None:
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", f"cache_size=-{CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("BEGIN EXCLUSIVE")  # takes the lock now, not at the first scan
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        for statement in schema:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")
    if version > SCHEMA_VERSION:
        raise DatabaseError(
            f"{path} was written by a newer version of this program (file version {version}): install that one."
        )


@contextmanager
def _as_database_error(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InUseError(f"{path} is open in another process.") from error
        raise DatabaseError(f"{path} cannot be used: {error}.") from error
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise UnfitError(f"{path} does not take this value: {error}.") from error
    except sqlite3.Error as error:
        raise DatabaseError(f"{path} cannot be used: {error}.") from error
    except OSError as error:
        raise DatabaseError(f"{path} cannot be opened: {error.strerror}.") from error
