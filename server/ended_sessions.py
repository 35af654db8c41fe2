"""Sessions that somebody ended by signing out: a copy of their cookie opens nothing any more.

A session lives in its cookie, signed and not kept here; only the number of one that was ended is, as a digest, for as
long as a copied cookie would be taken.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

import sqlalchemy as sa
from flask import session

from server.tables import ended_sessions
from server.upsert import insert_missing

NUMBER: Final = "number"
_NUMBER_BYTES: Final = 16


def begin() -> None:
    """Give the session of this request its number."""
    session[NUMBER] = secrets.token_urlsafe(_NUMBER_BYTES)


def standing() -> sa.ColumnElement[bool]:
    """Whether the session of this request was not ended, as part of a query; one without a number counts as ended."""
    number = session.get(NUMBER)
    if not isinstance(number, str):
        return sa.false()
    return ~sa.exists().where(ended_sessions.c.digest == _digest(number))


def end(connection: sa.Connection, *, now_ms: int, lifetime_ms: int) -> None:
    """End the session of this request, and forget those whose cookies nobody would take any more.

    Args:
        lifetime_ms: after how long a cookie of which nothing came is taken no more.
    """
    number = session.get(NUMBER)
    if not isinstance(number, str):
        return
    connection.execute(ended_sessions.delete().where(ended_sessions.c.ended_ms < now_ms - lifetime_ms))
    row: dict[str, Any] = {"digest": _digest(number), "ended_ms": now_ms}
    insert_missing(connection, ended_sessions, row)


def _digest(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()
