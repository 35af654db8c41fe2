"""That a server runs on a database: a lock that ends with the server's processes, whatever ends them.

For SQLite it is a file beside the database, which `serve` holds and its workers inherit; of PostgreSQL every
connection of a worker shares an advisory lock, which it takes anew after each failover by itself. `restore` needs it
alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa

from server.database import db
from server.held_file import hold

_LOCK: Final = 0x5CAE
"""Number of PostgreSQL's advisory lock."""
_PATIENCE: Final = "3s"
"""PostgreSQL notices within this that a server which was killed is gone."""
_LOCK_NOT_AVAILABLE: Final = "55P03"
"""SQLSTATE of a lock that was not had in time (PostgreSQL, appendix A)."""
_STOP_IT: Final = "A server runs on this database: stop it first. Nothing was changed."
_held: Final[dict[Path, IO[bytes]]] = {}
"""Lock files of this process."""


class ServedError(ValueError):
    """A server runs on this database; the message says what to do."""


def take_file(url: sa.URL) -> None:
    """Hold a SQLite file for the server that this process and those forked from it are, until the last has ended.

    Raises:
        ServedError: another one holds it.
    """
    lock = _lock_file(url)
    if lock is None or lock in _held:
        return
    held = hold(lock)
    if held is None:
        raise ServedError(
            f"A server runs on {url.database} already, or it is being restored: one file takes one server. Stop "
            "that one first."
        )
    _held[lock] = held


def share(engine: sa.Engine) -> None:
    """Let this worker's connections to PostgreSQL say that it serves."""
    if engine.dialect.name != "postgresql":
        return

    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.execute("SELECT pg_advisory_lock_shared(%s)", [_LOCK])
        raw.commit()

    engine.dispose()  # what was opened before has no lock
    with suppress(sa.exc.OperationalError), engine.connect():  # one at once; else the first request's will
        pass


def stopped() -> AbstractContextManager[None]:
    """No server runs on this app's database in the block, and none starts.

    Raises:
        ServedError: one runs.
    """
    return _alone_in_postgresql() if db.engine.dialect.name == "postgresql" else _alone_at_file()


@contextmanager
def _alone_in_postgresql() -> Iterator[None]:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"SET lock_timeout = '{_PATIENCE}'")
        try:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise ServedError(_STOP_IT) from None
            raise
        try:
            yield
        finally:
            connection.invalidate()  # its session ends, and the lock with it


@contextmanager
def _alone_at_file() -> Iterator[None]:
    lock = _lock_file(db.engine.url)
    with ExitStack() as held:
        if lock is not None:
            opened = hold(lock)
            if opened is None:
                raise ServedError(_STOP_IT)
            held.enter_context(opened)
        yield


def _lock_file(url: sa.URL) -> Path | None:
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    path = Path(name).resolve()
    return path.with_name(path.name + ".serving")
