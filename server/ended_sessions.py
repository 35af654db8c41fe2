"""Which sessions still stand: how long one may last at all, and those that somebody ended by signing out.

A session lives in its cookie, signed and not kept here; only the number of one that was ended is, as a digest, until
the session would be too old anyway. Flask gives a cookie a new date with every answer, and takes it for
`SCAN_SESSION_HOURS` from there; so whoever has a copy could keep it alive for ever. Therefore the moment of the sign-in
is in it as well.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

import sqlalchemy as sa
from flask import current_app, session

from server.tables import ended_sessions
from server.upsert import insert_missing

NUMBER: Final = "number"
BEGAN: Final = "began_ms"
LIFETIMES_MAX: Final = 7
"""A session ends so many times `SCAN_SESSION_HOURS` after the sign-in, however it is used: who works a shift a day
signs in daily anyway, a screen that is looked at day and night asks twice a week, and a stolen cookie has an end."""
_NUMBER_BYTES: Final = 16


def begin(*, now_ms: int) -> None:
    """Give the session of this request its number, and say since when it is."""
    session[NUMBER] = secrets.token_urlsafe(_NUMBER_BYTES)
    session[BEGAN] = now_ms


def standing(*, now_ms: int) -> sa.ColumnElement[bool]:
    """Whether the session of this request is neither ended nor too old, as part of a query.

    One without a number counts as ended, and so does one that began in the future: the clock was put back, and nobody
    knows how old it is.
    """
    number, began_ms = session.get(NUMBER), session.get(BEGAN)
    if not isinstance(number, str) or not isinstance(began_ms, int) or not 0 <= now_ms - began_ms < _age_max_ms():
        return sa.false()
    return ~sa.exists().where(ended_sessions.c.digest == _digest(number))


def end(connection: sa.Connection, *, now_ms: int) -> None:
    """End the session of this request, and forget those that are too old by now."""
    number = session.get(NUMBER)
    if not isinstance(number, str):
        return
    connection.execute(ended_sessions.delete().where(ended_sessions.c.ended_ms <= now_ms - _age_max_ms()))
    row: dict[str, Any] = {"digest": _digest(number), "ended_ms": now_ms}
    insert_missing(connection, ended_sessions, row)


def _age_max_ms() -> int:
    return LIFETIMES_MAX * int(current_app.permanent_session_lifetime.total_seconds() * 1000)


def _digest(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()
