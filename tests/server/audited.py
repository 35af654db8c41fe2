"""Whatever a request or a command changes, a fact of the ledger says so, and *Audit* shows it.

It is watched in every test that asks a server something, and such a test need not know of it: where rows of some table
were committed and no fact beside them, the test fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask, Response, has_request_context, request, request_finished

from server.database import db

UNSAID: Final = {
    "alembic_version": "of which release the tables are",
    "ended_sessions": "somebody signed out",
    "failed_tries": "somebody could not sign in",
    "untold": "the server failed on something that it should tell; *Set aside* shows it",
    "server_state": "counts changes for whoever follows them",
}
"""Tables in which nothing is administered, each with what its rows say."""
BY_THEMSELVES: Final = {
    "handhelds.push": "what it brings are facts themselves",
    "handhelds.take_unread": "a handheld says what it could not read",
    "pictures.take": "shows a scan that is a fact, which names it",
    "deliver-webhooks": "notes how far it came with what somebody has asked for",
}
"""Endpoints and commands that need no fact, each with the reason."""
_FACT: Final = "chains"
"""Every fact of the server's own moves the end of its chain; the fact's row goes another way than by SQLAlchemy."""
_WRITES: Final = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)(?: SET (used_ms))?")
_by_command: Final[ContextVar[set[str] | None]] = ContextVar("tables that the command has changed", default=None)


def _execute(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
    written = _WRITES.match(statement)
    if written and cursor.rowcount and not written[2]:  # when a key was used last
        connection.info["written"].add(written[1])


def _begin(connection: sa.Connection) -> None:
    connection.info.update(written=set(), saved=[])


def _commit(connection: sa.Connection) -> None:
    asked = request.environ.setdefault("written", set()) if has_request_context() else _by_command.get()
    if asked is not None:
        asked.update(connection.info["written"])


def _save(connection: sa.Connection, _name: str | None) -> None:
    connection.info["saved"].append(set(connection.info["written"]))


def _go_on(connection: sa.Connection, _name: str, _context: None) -> None:
    connection.info["saved"].pop()


def _go_back(connection: sa.Connection, _name: str, _context: None) -> None:
    connection.info["written"] = connection.info["saved"].pop()


_HOOKS: Final[dict[str, Callable[..., None]]] = {
    "after_cursor_execute": _execute,
    "begin": _begin,
    "commit": _commit,
    "savepoint": _save,
    "release_savepoint": _go_on,
    "rollback_savepoint": _go_back,
}


@contextmanager
def watched(app: Flask) -> Iterator[None]:
    """Look at every request to this app within the block; inside an app context."""

    def answered(_app: Flask, response: Response) -> None:
        _check(str(request.endpoint), request.environ.get("written", set()))

    for name, hook in _HOOKS.items():
        sa.event.listen(db.engine, name, hook)
    with request_finished.connected_to(answered, app):
        yield
    for name, hook in _HOOKS.items():
        sa.event.remove(db.engine, name, hook)


@contextmanager
def by_command(name: str) -> Iterator[None]:
    """The block runs this command of a watched app."""
    written: set[str] = set()
    token = _by_command.set(written)
    yield
    _by_command.reset(token)
    _check(name, written)


def _check(act: str, written: set[str]) -> None:
    silent = sorted(written - UNSAID.keys())
    assert silent == [] or _FACT in written or act in BY_THEMSELVES, f"{act} changed {silent}, and no fact says so"
