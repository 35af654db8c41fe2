"""What the server said on the strength of an event, taken back with it.

A scan that was read anew stands in a fact of the server's (`about` names the scan). When somebody undoes the scan
later, a handheld that was away maybe, that fact is undone as well; and when the undo is undone, it stands again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server import ledger
from server.database import KEYS, SITE
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import events
from server.undone import read_undone
from sync.actions import ACTIONS
from sync.event import format_name
from sync.history import Fact

DEPTH_MAX: Final = 20
"""How often one scan may have been read anew."""


def follow(connection: sa.Connection, site: str, facts: Iterable[Fact], now_ms: int) -> list[Fact]:
    """Undo what stands on the events that these facts undo; returns the undos, still to be folded."""
    made: list[Fact] = []
    for fact in facts:
        target = fact.event.voids
        if target is not None and target != fact.event.about:  # else it gave way to a reading, which stands
            made += [_undo(connection, site, resting, fact, now_ms) for resting in _resting(connection, site, target)]
    return made


def _resting(connection: sa.Connection, site: str, target: str) -> list[Fact]:
    """The server's facts about an event, and about those in turn, that stand."""
    found: dict[str, Fact] = {}
    edge = {target}
    for _ in range(DEPTH_MAX):
        about = [fact for fact in _about(connection, site, edge) if format_name(fact.name) not in found]
        if not about:
            break
        found.update((format_name(fact.name), fact) for fact in about)
        edge = {format_name(fact.name) for fact in about if fact.event.action != "void"}
    undone = read_undone(connection, site, found)
    return [fact for name, fact in found.items() if name not in undone]


_ABOUT: Final = sa.select(events).where(
    events.c.site == SITE,
    events.c.about.in_(KEYS),
    events.c.outcome.in_(FOLDED),
    events.c.device_no == ledger.SERVER_DEVICE,
)


def _about(connection: sa.Connection, site: str, names: Iterable[str]) -> list[Fact]:
    found: list[Fact] = []
    for chunk in in_chunks(names):
        rows = connection.execute(_ABOUT, {"site": site, "keys": chunk}).mappings()
        found += [fact_of(row) for row in rows if ACTIONS[row["action"]].roles]  # a scan, read anew
    # the undo by which a scan gave way to its new reading is no word of its own
    return [f for f in found if not (f.event.action == "void" and f.event.voids == f.event.about)]


def _undo(connection: sa.Connection, site: str, resting: Fact, because: Fact, now_ms: int) -> Fact:
    return ledger.record(
        connection,
        site=site,
        action="void",
        operator=because.event.operator,
        now_ms=now_ms,
        subject=resting.event.subject,
        location=resting.event.location,
        document=resting.event.document,
        voids=format_name(resting.name),
        about=format_name(because.name),
        reason=because.event.reason or "what it stands on was undone",
    )
