"""What was undone and stays so, looked up in the ledger: an undo may itself be undone, as often as anyone likes."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import events
from sync.event import format_name, parse_name
from sync.history import Fact, undone_names


def said_at(site: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """Whether an event is of this site, for a query that looks events up by what they undo.

    Not `site = ...`: SQLite would then read all of the site's events instead of entering by the names.
    """
    return sa.func.coalesce(events.c.site, "") == site


def read_undone(connection: sa.Connection, site: str, names: Iterable[str]) -> set[str]:
    """Names of what is undone as things stand: of these events, of their undos, of the undos of those, and so on.

    Only by the word of their own site: a handheld of another may name any event.
    """
    voids: list[tuple[str, str]] = []
    seen: set[str] = set()
    edge = set(names)
    while edge:  # every name once, so that undos which go round in a ring end
        seen |= edge
        found = [void for chunk in in_chunks(edge) for void in _undos(connection, site, chunk)]
        voids += found
        edge = {name for name, _ in found} - seen
    return undone_names(voids)


def read_undone_at(connection: sa.Connection, site: str, since_ms: int = 0) -> set[str]:
    """Names of all that was undone at a site since a moment; most scans are not, so the undos are what is looked at."""
    e = events.c
    undos = sa.select(e.voids).where(e.site == site, e.voids.isnot(None), e.event_ms >= since_ms)
    return read_undone(connection, site, set(connection.execute(undos).scalars()))


def standing_undos(connection: sa.Connection, site: str, name: str) -> list[Fact]:
    """The undos of an event that are not undone themselves."""
    e = events.c
    here = said_at(site) & e.outcome.in_(FOLDED)
    rows = connection.execute(sa.select(events).where(here, e.voids == name)).mappings()
    undos = {format_name(fact.name): fact for fact in map(fact_of, rows)}
    undone = read_undone(connection, site, undos)
    return [fact for void, fact in undos.items() if void not in undone]


def read_undone_documents(connection: sa.Connection, facts: Iterable[Fact]) -> set[str]:
    """Documents of the scans that these facts undo."""
    e = events.c
    found: set[str] = set()
    for chunk in in_chunks(f.event.voids for f in facts if f.event.voids):
        key = sa.tuple_(e.device_no, e.epoch, e.seq).in_([parse_name(name) for name in chunk])
        query = sa.select(e.document).where(key, e.document.isnot(None))
        found.update(connection.execute(query).scalars())
    return found


def _undos(connection: sa.Connection, site: str, names: list[str]) -> list[tuple[str, str]]:
    """Each undo of one of these, and what it undoes; the earliest first."""
    e = events.c
    query = (
        sa.select(e.device_no, e.epoch, e.seq, e.voids)
        .where(said_at(site), e.voids.in_(names), e.outcome.in_(FOLDED))
        .order_by(e.event_ms, e.device_no, e.epoch, e.seq)
    )
    return [
        (format_name((device_no, epoch, seq)), target) for device_no, epoch, seq, target in connection.execute(query)
    ]
