"""Pieces that became units: one event makes the unit, and takes a piece out of what was counted there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import document_rows, documents, events
from server.undone import read_undone
from sync.event import INT_MAX, ScanEvent, format_name
from sync.history import Fact
from sync.identity import item_of, lot_key

ACTION = "tell_apart"
_CHANGES: Final = (
    sa.select(documents.c.number)
    .join(document_rows, document_rows.c.document == documents.c.digest)
    .where(document_rows.c.site == SITE, document_rows.c.subject.in_(KEYS), documents.c.kind == "mode_change")
)
_SAID: Final = sa.select(events).where(
    events.c.site == SITE,
    events.c.document.in_(KEYS),
    events.c.action == ACTION,
    events.c.outcome.in_(FOLDED),
    events.c.event_ms <= sa.bindparam("until"),
)
_TAKEN: Final = sa.select(events.c.subject, events.c.lot).where(
    events.c.site == SITE, events.c.subject.in_(KEYS), events.c.action == ACTION
)


def taken_from(event: ScanEvent) -> str | None:
    """The item or lot of which this event took a piece."""
    item = item_of(event.subject or "")
    return lot_key(item, event.lot) if item is not None and event.lot else item


def facts_of(
    connection: sa.Connection, site: str, subjects: Iterable[str], *, until_ms: int | None = None
) -> dict[str, list[Fact]]:
    """For each of these items and lots the events that took a piece of it; of two about one unit the first counts.

    Args:
        until_ms: leave out what happened after this moment, undoing too.
    """
    wanted, until = set(subjects), INT_MAX if until_ms is None else until_ms
    numbers: set[str] = set()
    for chunk in in_chunks({item_of(subject) or subject for subject in wanted}):
        numbers.update(connection.execute(_CHANGES, {"site": site, "keys": chunk}).scalars())
    first: dict[str, Fact] = {}
    for chunk in in_chunks(numbers):
        asked = {"site": site, "keys": chunk, "until": until}
        facts = [fact_of(row) for row in connection.execute(_SAID, asked).mappings()]
        undone = read_undone(connection, site, (format_name(fact.name) for fact in facts), until_ms=until)
        for fact in sorted(facts, key=lambda one: one.order):
            if format_name(fact.name) not in undone:
                first.setdefault(str(fact.event.subject), fact)
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in first.values():
        subject = taken_from(fact.event)
        if subject in wanted:
            found[str(subject)].append(fact)
    return found


def touched(connection: sa.Connection, site: str, units: Iterable[str]) -> set[str]:
    """Items and lots of which these units were a piece once."""
    found: set[str] = set()
    for chunk in in_chunks(units):
        for subject, lot in connection.execute(_TAKEN, {"site": site, "keys": chunk}):
            item = item_of(subject)
            if item is not None:
                found.add(lot_key(item, lot) if lot else item)
    return found
