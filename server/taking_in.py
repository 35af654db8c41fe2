"""Take in a run of a handheld's events. One on which this server itself fails is set aside, and delays no other.

A fault of ours that one event meets would otherwise refuse its chain for ever. So a run that fails is taken in by
halves, each a transaction of its own, down to that event. Trouble that passes (the database is away, busy or full, the
machine out of memory) sets nothing aside: the handheld is told to send again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import sqlalchemy as sa
from werkzeug.exceptions import HTTPException

from server.database import alone, transact
from server.ingest import Ingested
from server.pushed_lines import UNABLE
from sync.event import chain
from sync.protocol import ProtocolError, PushHeader

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Write = Callable[[sa.Connection, PushHeader, Sequence[bytes], str | None], Result]
"""Ingests a run in a transaction; the text says why its events are set aside, None where they are read."""

_OF_THE_VALUE: Final = (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.ProgrammingError)
_OTHER_SCHEMA: Final = frozenset({"42P01", "42703", "42501"})
"""SQLSTATE of a table or column that is not there, and of one that may not be touched (PostgreSQL, appendix A): the
database is not this release's, and every event would be set aside."""
_PASSING: Final = (
    HTTPException,
    ProtocolError,
    sa.exc.TimeoutError,
    sa.exc.DisconnectionError,
    OSError,
    MemoryError,
)


def take_in(write: Write[Result], header: PushHeader, lines: Sequence[bytes]) -> list[Result]:
    """What `write` makes of a run; of each of its parts in order, where this server failed on one of its events.

    Raises:
        Exception: what passes, what refuses the run as a whole, and what fails even where nothing is read.
    """
    try:
        return [transact(lambda c: write(c, header, lines, None))]
    except Exception as error:
        if passes(error) or not lines:
            raise
        log.warning("Events %s could not be taken in at once: %s", _named(header), type(error).__name__)
    after = [header.after] if header.altered else [d.hex() for d in chain(bytes.fromhex(header.before), lines)]
    digests = [header.before, *after]

    def part(span: Sequence[int]) -> PushHeader:
        start, stop = span[0], span[-1] + 1
        return replace(
            header,
            first=header.first + start,
            count=stop - start,
            before=digests[start],
            after=digests[stop],
            waiting=max(0, header.waiting - start),
        )

    def attempt(span: Sequence[int], unable: str | None = None) -> Result:
        def again(connection: sa.Connection) -> Result:
            alone(connection)  # so that no collision with another transaction is taken for a fault of the event's
            return write(connection, part(span), lines[span[0] : span[-1] + 1], unable)

        return transact(again)

    def give_up(at: int, error: Exception) -> Result:
        log.error("Event %s is set aside: this server failed on it.", _named(part([at])), exc_info=error)
        return attempt([at], f"{UNABLE}: {type(error).__name__}. It is kept, and can be read again.")

    return by_halves(attempt, give_up, range(len(lines)))


def by_halves(
    take: Callable[[Sequence[Item]], Result], give_up: Callable[[Item, Exception], Result], items: Sequence[Item]
) -> list[Result]:
    """What `take` makes of all, or of ever smaller parts of them in order; of one that fails, what `give_up` does.

    Raises:
        Exception: what passes.
    """
    try:
        return [take(items)]
    except Exception as error:
        if passes(error) or not items:
            raise
        if len(items) == 1:
            return [give_up(items[0], error)]
    middle = len(items) // 2
    return [*by_halves(take, give_up, items[:middle]), *by_halves(take, give_up, items[middle:])]


def passes(error: Exception) -> bool:
    """Whether it is no fault that one event meets: the whole was refused, or the same may well succeed later."""
    if isinstance(error, sa.exc.DBAPIError):
        other_schema = getattr(error.orig, "sqlstate", None) in _OTHER_SCHEMA
        return error.connection_invalidated or other_schema or not isinstance(error, _OF_THE_VALUE)
    return isinstance(error, _PASSING)


def joined(parts: Sequence[Ingested]) -> Ingested:
    """What became of a run that was taken in by parts."""
    return replace(
        parts[-1],  # how far the chain reaches now
        accepted=sum(part.accepted for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        failed=sum(part.failed for part in parts),
        exceptions=[exception for part in parts for exception in part.exceptions],
    )


def _named(header: PushHeader) -> str:
    last = header.first + header.count - 1
    return f"{header.device_no}.{header.epoch}.{header.first}" + (f" to {last}" if last > header.first else "")
