"""Who delivers webhooks: of all processes of a server exactly one, for as long as it lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from flask import Flask

from server import context
from server.database import db
from server.held_file import hold
from server.webhooks import Sender

log = logging.getLogger(__name__)

TURN_S: Final = 2.0
"""Between two looks for what is due."""
WAIT_S: Final = 15.0
"""Between two tries to become the one who delivers."""
_LOCK: Final = 0x5CAF
"""Number of the advisory lock of PostgreSQL."""


@contextmanager
def alone(folder: Path) -> Iterator[Callable[[], bool]]:
    """Asks whether this process delivers; nobody else does before the block is left or the process has ended.

    PostgreSQL keeps the lock for all machines of a company; SQLite is used by one machine, where a file will do.
    """
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            took = bool(connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar())

            def still() -> bool:
                connection.execute(sa.text("SELECT 1"))  # raises where the session, and its lock with it, has ended
                return took

            try:
                yield still
            finally:
                if took and not connection.invalidated:
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        return
    folder.mkdir(parents=True, exist_ok=True)
    held = hold(folder / "delivering.lock")
    try:
        yield lambda: held is not None
    finally:
        if held is not None:
            held.close()


def sender() -> Sender:
    """What delivers for the running app."""
    return Sender(now_ms=context.now_ms, origins=context.settings().webhook_origins)


def deliver(stop: threading.Event, say: Callable[[str], None] = lambda _: None) -> None:
    """Deliver until told to stop; where another process does, wait until it no longer does."""
    sending = sender()
    while not stop.is_set():
        try:
            with alone(context.settings().instance) as mine:
                while mine() and not stop.is_set():
                    done = sending.deliver_due()
                    if done:
                        say(f"{done} request{'s' if done > 1 else ''} delivered.")
                    stop.wait(TURN_S)
        except Exception:  # the database may be away for a while: what was not delivered is still there
            log.exception("Webhooks could not be delivered")
        stop.wait(WAIT_S)


def start(app: Flask) -> threading.Event:
    """Deliver in a thread of this process; returns what stops it."""
    stop = threading.Event()

    def run() -> None:
        with app.app_context():
            deliver(stop)

    threading.Thread(target=run, name="webhooks", daemon=True).start()
    return stop
