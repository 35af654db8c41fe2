"""What was undone and stays so, looked up in the ledger: an undo may itself be undone, as often as anyone likes.

Only the word of a site itself is looked up: a handheld of another may name any event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import events
from sync.event import INT_MAX, format_name, parse_name
from sync.history import Fact, undone_names


def said_at(site: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """Whether an event is of this site, for a query that looks events up by what they undo.

    Not `site = ...`: SQLite would then read all of the site's events instead of entering by the names.
    """
    return sa.func.coalesce(events.c.site, "") == site


_e: Final = events.c
UNDOING: Final = (
    sa.select(events)
    .where(said_at(SITE), _e.voids.in_(KEYS), _e.outcome.in_(FOLDED))
    .order_by(_e.event_ms, _e.device_no, _e.epoch, _e.seq)
)
"""What undoes events of these names; the earliest first."""
_VOIDS: Final = UNDOING.with_only_columns(_e.device_no, _e.epoch, _e.seq, _e.voids).where(
    _e.event_ms <= sa.bindparam("until")
)
_DOCUMENTS: Final = sa.select(_e.document, _e.voids).where(sa.tuple_(_e.device_no, _e.epoch, _e.seq).in_(KEYS))


def read_undone(connection: sa.Connection, site: str, names: Iterable[str], *, until_ms: int = INT_MAX) -> set[str]:
    """Names of what is undone as things stand: of these events, of their undos, of the undos of those, and so on.

    Args:
        until_ms: what was said later is left out.
    """
    voids = chain_of(connection, _VOIDS, {"site": site, "until": until_ms}, names)
    return undone_names((_name_in(void), void["voids"]) for void in voids)


def undos_of(connection: sa.Connection, site: str, names: Iterable[str]) -> list[Fact]:
    """What undoes these events, what undoes that, and so on."""
    return [fact_of(undo) for undo in chain_of(connection, UNDOING, {"site": site}, names)]


def chain_of(
    connection: sa.Connection, query: sa.Select[Any], asked: Mapping[str, Any], names: Iterable[str]
) -> list[sa.RowMapping]:
    """The undos of these, the undos of those, and so on.

    Args:
        query: `UNDOING` with at least the columns of an event's name.
    """
    found: list[sa.RowMapping] = []
    seen: set[str] = set()
    edge = set(names)
    while edge:  # every name once, so that undos which go round in a ring end
        seen |= edge
        above: list[sa.RowMapping] = []
        for keys in in_chunks(edge):
            above += connection.execute(query, {**asked, "keys": keys}).mappings()
        found += above
        edge = {*map(_name_in, above)} - seen
    return found


def _name_in(row: sa.RowMapping) -> str:
    return format_name((row["device_no"], row["epoch"], row["seq"]))


def read_undone_at(connection: sa.Connection, site: str, since_ms: int = 0) -> set[str]:
    """Names of all that was undone at a site since a moment; most scans are not, so the undos are what is looked at."""
    e = events.c
    undos = sa.select(e.voids).where(e.site == site, e.voids.isnot(None), e.event_ms >= since_ms)
    return read_undone(connection, site, set(connection.execute(undos).scalars()))


def standing_undos(connection: sa.Connection, site: str, name: str) -> list[Fact]:
    """The undos of an event that are not undone themselves."""
    undos = undos_of(connection, site, [name])
    undone = undone_names((format_name(undo.name), str(undo.event.voids)) for undo in undos)
    return [undo for undo in undos if undo.event.voids == name and format_name(undo.name) not in undone]


def read_undone_documents(connection: sa.Connection, facts: Iterable[Fact]) -> set[str]:
    """Documents of the scans that these facts undo, or let stand again: an undo need not name its scan's document."""
    found: set[str] = set()
    seen: set[str] = set()
    edge = {f.event.voids for f in facts if f.event.voids}
    while edge:
        seen |= edge
        above: set[str] = set()
        for chunk in in_chunks(edge):
            keys = [parse_name(name) for name in chunk]
            for document, target in connection.execute(_DOCUMENTS, {"keys": keys}):
                found |= {document} if document else set()
                above |= {target} if target else set()
        edge = above - seen
    return found
