"""What customers sent back, units and pieces: the one definition of a return, for every page that counts them.

A unit's is the fold's (`UnitState.returns`): it had been sold. The same box scanned again, another one under the number
of a unit in stock, what was never sold and what was rejected are none. Pieces cannot be told apart: of them each scan
that took some back is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa

from server.ledger import FOLDED
from server.tables import events, unit_states
from server.undone import read_undone
from sync.event import format_name
from sync.identity import is_stock, item_of
from sync.returning import why_said


class Return(NamedTuple):
    """One unit, or some pieces, that a customer sent back."""

    item: str
    subject: str
    quantity: int
    at_ms: int
    reason: str
    """A word of `sync.returning.REASONS`, or `NOT_SAID`."""
    time: int
    """The how manieth of this unit; always the first of pieces."""


def read_returns(connection: sa.Connection, site: str, *, since_ms: int, until_ms: int) -> list[Return]:
    """Every return from `since_ms` to just before `until_ms`, in order."""
    units = (one for one in _units(connection, site) if since_ms <= one.at_ms < until_ms)
    found = [*units, *_pieces(connection, site, since_ms, until_ms)]
    return sorted(found, key=lambda one: (one.at_ms, one.subject))


def _units(connection: sa.Connection, site: str) -> Iterator[Return]:
    t = unit_states.c
    query = sa.select(t.unit, t.item, t.returned_for, t.returned_ms).where(
        t.site == site, t.returns > 0, t.item.isnot(None)
    )
    for row in connection.execute(query):
        for time, (reason, at_ms) in enumerate(zip(row.returned_for, row.returned_ms, strict=True), 1):
            yield Return(row.item, row.unit, 1, at_ms, reason, time)


def _pieces(connection: sa.Connection, site: str, since_ms: int, until_ms: int) -> Iterator[Return]:
    e = events.c
    query = (
        sa.select(e.device_no, e.epoch, e.seq, e.subject, e.quantity, e.reason, e.event_ms)
        .where(e.site == site, e.action == "take_back", e.outcome.in_(FOLDED), e.subject.isnot(None))
        .where(e.event_ms >= since_ms, e.event_ms < until_ms)
    )
    rows = {format_name(tuple(row)[:3]): row for row in connection.execute(query) if is_stock(row.subject)}
    undone = read_undone(connection, site, rows)
    for name, row in rows.items():
        item = item_of(row.subject)
        if name not in undone and item is not None:
            pieces = 1 if row.quantity is None else row.quantity
            yield Return(item, row.subject, pieces, row.event_ms, why_said(row.reason), 1)
