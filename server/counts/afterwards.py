"""What reached the server after a count was closed and tells of before: a handheld was away, or something was undone.

By it a unit may have lain in a counted bin of which the closed versions have no line, wherever it is by now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from server.contents import SAID_INSIDE
from server.counts.scans import CLOCK_MS_MAX
from server.database import KEYS, SITE
from server.identifiers import names_of, owners
from server.ledger import FOLDED, in_chunks
from server.tables import documents, events
from server.tables.ledger import AFTERWARDS, SOON_MS
from sync.event import format_name, parse_name
from sync.identity import is_container, is_stock

COMMITTED_MS_MAX: Final = 600_000
"""So long before the closing something may have arrived whose transaction the closing did not see yet."""

_e: Final = events.c
_SINCE, _UNTIL = sa.bindparam("since", type_=sa.BigInteger), sa.bindparam("until", type_=sa.BigInteger)
_TOLD: Final = (
    sa.select(_e.subject)
    .where(_e.site == SITE, _e.subject.isnot(None), _e.outcome.in_(FOLDED))
    .where((_e.action != "count") | (_e.document != sa.bindparam("number", type_=sa.Text)) | _e.document.is_(None))
    .distinct()
)
"""Without the scans of the count itself, which are looked at anyway."""
_ARRIVED: Final = _TOLD.where(_e.received_ms >= _SINCE)
_HAPPENED: Final = (_e.event_ms <= _UNTIL + CLOCK_MS_MAX) & (_e.event_ms - _e.uncertainty_ms <= _UNTIL)
_LONG_AFTER: Final = _ARRIVED.where(AFTERWARDS, _HAPPENED)
_SOON_AFTER: Final = _ARRIVED.where(_e.event_ms >= _SINCE - SOON_MS, _HAPPENED)
_READ_AFTER: Final = _TOLD.where(_e.read_ms >= _SINCE, _HAPPENED)
"""What had come before, in a form that was too new then."""
_UNDOING: Final = [
    since.where(_e.voids.isnot(None), ~_HAPPENED).add_columns(_e.voids)
    for since in (_ARRIVED.where(AFTERWARDS), _TOLD.where(_e.read_ms >= _SINCE))
]
_UNDONE: Final = sa.select(_e.device_no, _e.epoch, _e.seq, _HAPPENED | _e.identifiers.isnot(None), _e.voids).where(
    sa.tuple_(_e.device_no, _e.epoch, _e.seq).in_(KEYS)
)
"""What was undone, and whether it tells of then: names that are parted now were one then, whenever they were joined."""
_FIRST_RECKONED: Final = sa.select(sa.func.min(documents.c.event_ms)).where(
    documents.c.site == SITE,
    documents.c.kind.in_(("count_result", "count_proposal")),
    documents.c.number == sa.bindparam("version"),
    documents.c.event.isnot(None),
)
"""What was approved later rests on what was here when it was proposed."""


def subjects(connection: sa.Connection, site: str, number: str, until_ms: int) -> set[str]:
    """Units and containers that something tells of which the first version of a closed count could not know yet.

    What a container took along is among them, whatever became of it. None where the count was never closed.

    Args:
        until_ms: when the last bin was finished; what only happened later is left out, but for undos of what did not.
    """
    reckoned_ms = connection.execute(_FIRST_RECKONED, {"site": site, "version": f"{number}/1"}).scalar()
    if reckoned_ms is None:
        return set()
    asked: dict[str, Any] = {"site": site, "number": number, "until": until_ms}
    asked["since"] = reckoned_ms - COMMITTED_MS_MAX
    found = {
        subject
        for query in (_LONG_AFTER, _SOON_AFTER, _READ_AFTER)
        for subject in connection.execute(query, asked).scalars()
        if not is_stock(subject)
    }
    found |= _undoing(connection, asked)
    return found | _ever_in(connection, site, found)


def _undoing(connection: sa.Connection, asked: dict[str, Any]) -> set[str]:
    """What is undone since that tells of then, or stands again with the undo of its undo."""
    rows = [tuple(row) for query in _UNDOING for row in connection.execute(query, asked)]
    tells: set[str] = set()
    by: dict[str, set[str]] = {}
    """By what each of these is undone."""
    looked_up: set[str] = set()
    edge = {str(voids) for _, voids in rows}
    while edge:
        looked_up |= edge
        undone: set[str] = set()
        for chunk in in_chunks(edge):
            keys = [parse_name(name) for name in chunk]
            for *own, tells_of_then, voids in connection.execute(_UNDONE, asked | {"keys": keys}):
                name = format_name(tuple(own))
                tells |= {name} if tells_of_then else set()
                if voids is not None:
                    undone.add(voids)
                    by.setdefault(voids, set()).add(name)
        edge = undone - looked_up
    reached, edge = set(tells), tells
    while edge:
        edge = {undo for name in edge for undo in by.get(name, ())} - reached
        reached |= edge
    return {subject for subject, voids in rows if not is_stock(subject) and str(voids) in reached}


def _ever_in(connection: sa.Connection, site: str, boxes: Iterable[str]) -> set[str]:
    """Units and containers that were ever put into one of these, or are said to be in it, however deep."""
    found: set[str] = set()
    named = set(boxes)
    edge = {box for box in named | set(owners(connection, site, named).values()) if is_container(box)}
    while edge:
        edge |= {name for names in names_of(connection, site, edge).values() for name in names}
        asked = [(query, {"site": site, "keys": keys}) for keys in in_chunks(edge) for query in SAID_INSIDE]
        put = {subject for query, keys in asked for _, subject in connection.execute(query, keys)} - found
        put = {subject for subject in put if subject is not None and not is_stock(subject)}
        found |= put
        edge = {subject for subject in put if is_container(subject)}
    return found
