"""Changed rows that nobody can be told of, because this server itself fails on them: noted, shown, and tried again.

Whoever pulls goes on behind such a row, so that it delays no other. `tell_again` gives it a new stamp once the fault is
mended: then everybody comes by it once more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import changes
from server.changes import Change, Fault
from server.database import reading, stamp, transact
from server.ledger import KEYS_PER_QUERY
from server.tables import cases, reference, removals, stock_levels, unit_states, untold
from server.taking_in import passes
from server.unread import AT, is_unread
from server.upsert import insert_missing

log = logging.getLogger(__name__)

SHOWN_MAX: Final = 200
NOTHING: Final = "This server failed when it was asked what changed. Its log says why; the office sees it at Set aside."
_TABLES: Final = {table.name: table for table in (reference, unit_states, stock_levels, cases, removals)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a handheld is told of what changed."""

    changes: list[Change] = field(default_factory=list)
    cursor: str
    more: bool
    untold: str | None = None
    """Why it could be told nothing, in a sentence."""


def pull(site: str, cursor: str | None, *, device_no: int, incarnation: str, now_ms: int) -> Told:
    """What changed behind a handheld's cursor; where the server fails on all of it, that, and the cursor stays.

    Raises:
        Exception: trouble that passes.
    """
    try:
        with leaving_out(site, now_ms) as leave_out, reading() as connection:
            rows, behind, more = changes.pull(connection, site, cursor, device_no=device_no, leave_out=leave_out)
    except Exception as error:
        if passes(error):
            raise
        log.exception("No handheld of %s can be told what changed: this server failed.", site)
        transact(partial(_note, site, [("", "", error)], now_ms))
        return Told(cursor=changes.unmoved(cursor, incarnation), more=True, untold=NOTHING)
    return Told(changes=rows, cursor=behind, more=more)


@contextmanager
def leaving_out(site: str, now_ms: int) -> Iterator[Callable[[Fault], None]]:
    """Takes the rows that are left out within the block, and notes them behind it."""
    faults: list[Fault] = []
    yield faults.append
    for fault in faults:
        log.error("%s of %s can be told to nobody: this server failed.", fault.key, site, exc_info=fault.error)
    if faults:
        found = [(fault.table.name, "\n".join(fault.key), fault.error) for fault in faults]
        transact(partial(_note, site, sorted(found, key=lambda one: one[:2]), now_ms))


def _note(site: str, found: Sequence[tuple[str, str, Exception]], now_ms: int, connection: sa.Connection) -> None:
    for of, key, error in found:
        said = {"reason": f"The server failed on it: {type(error).__name__}.", "last_ms": now_ms}
        insert_missing(connection, untold, {"site": site, "of": of, "key": key, "since_ms": now_ms, **said})
        connection.execute(untold.update().where(*_named(untold, site, of, key)).values(**said))


def _named(table: sa.Table, site: str, *key: str) -> list[sa.ColumnElement[bool]]:
    """The row of a table that has this primary key at a site."""
    names = [column for column in table.primary_key if column.name != "site"]
    return [table.c.site == site, *(column == part for column, part in zip(names, key, strict=True))]


def tell_again(site: str) -> int:
    """Let everybody come by the noted rows once more, and forget the notes; returns how many there were."""
    done = 0
    while count := transact(partial(_tell_some_again, site)):
        done += count
    return done


def _tell_some_again(site: str, connection: sa.Connection) -> int:
    query = sa.select(untold.c.of, untold.c.key).where(untold.c.site == site).order_by(untold.c.of, untold.c.key)
    noted = connection.execute(query.limit(KEYS_PER_QUERY)).all()
    at = stamp(connection) if noted else 0
    for of, key in noted:
        table = _TABLES.get(of.partition(AT)[0])
        if table is not None:
            parts = key.split("\n", len(table.primary_key) - 2)  # only the last part may hold line ends itself
            connection.execute(table.update().where(*_named(table, site, *parts)).values(stamp=at))
        connection.execute(untold.delete().where(*_named(untold, site, of, key)))
    return len(noted)


def listed(
    connection: sa.Connection, site: str, limit: int = SHOWN_MAX, *, by_handhelds: bool = False
) -> list[Mapping[str, Any]]:
    """What is noted, the latest first: `of` and `key` of a row (empty: all of it), `reason`, `since_ms`, `last_ms`.

    Args:
        by_handhelds: what they could not take over (`server/unread.py`), in place of what this server fails on.
    """
    u = untold.c
    noted = sa.select(untold).where(u.site == site, is_unread() if by_handhelds else ~is_unread())
    query = noted.order_by(u.last_ms.desc(), u.of, u.key).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def are_told(connection: sa.Connection, site: str, kind: str, keys: Collection[str]) -> bool:
    """Whether handhelds could be told of all of these reference data."""
    names = [f"{kind}\n{key}" for key in keys]
    query = sa.select(untold.c.key).where(untold.c.site == site, untold.c.of == reference.name)
    return connection.execute(query.where(untold.c.key.in_(names)).limit(1)).first() is None
