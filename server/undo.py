"""Undoing any scan at any time: what depended on it, and the new fact that takes it back.

An undo is an event with a reason, and can itself be undone. What was counted and closed never changes by it: to a
closed count an undo is a late fact, as a late scan is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from server import case_list, changes, ledger, queries
from server.case import episode_in
from server.case_list import CaseLine
from server.database import lock, stamp
from server.decisions import worded
from server.effects import take_effect
from server.ledger import fact_of
from server.queries import TrailLine
from server.tables import cases, events
from server.undone import standing_undos
from server.whatif import Effect, WhatIf, hypothesis, touched_by
from sync.actions import ACTIONS
from sync.event import EventError, ScanEvent, format_name, parse_name
from sync.history import Fact, fold

REASONS: Final = ("scanned by mistake", "wrong unit", "wrong bin or carton", "wrong document", "the label was misread")
"""What is offered; any other words will do."""
LISTED_MAX: Final = 50


class UndoError(ValueError):
    """The event cannot be undone; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependants:
    """What rests on one scan."""

    later: list[TrailLine] = field(default_factory=list)
    """Later facts about the same thing, the latest last."""
    inside: list[str] = field(default_factory=list)
    """Units and cartons whose place comes from this scan of what they are in."""
    inside_count: int = 0
    counted: int = 0
    """Scans of the bin that this scan opened for counting."""
    names: list[str] = field(default_factory=list)
    """Further names that the unit has by this scan alone."""
    cases: list[CaseLine] = field(default_factory=list)
    """Cases that it opened, decided or not."""
    closed: list[CaseLine] = field(default_factory=list)
    """Cases that it explained, and that are open again without it."""

    def __bool__(self) -> bool:
        return bool(self.later or self.inside or self.counted or self.names or self.cases or self.closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """An event before it is undone: what depends on it, and what would come of it."""

    fact: Fact
    problem: str
    """Why it cannot be undone, in a sentence; empty where it can."""
    depends: Dependants
    effects: list[Effect]
    """Of every unit that it bears on, those first that would change."""


def look(connection: sa.Connection, site: str, name: str, now_ms: int) -> Undoing | None:
    """What depends on an event, and what would come of its undo; None where there is no such event."""
    fact = _read(connection, site, name)
    if fact is None:
        return None
    units, inside = touched_by(connection, site, fact.event.subject)
    what_if = WhatIf(connection, site, units, now_ms)
    lost = _names_lost(what_if.facts.get(units[0], []) if units else [], fact)
    void = hypothesis(now_ms, action="void", subject=fact.event.subject, voids=name, reason="what if")
    return Undoing(
        fact=fact,
        problem=_problem(connection, site, fact) or "",
        depends=Dependants(
            later=_later(connection, site, fact) if fact.event.subject else [],
            inside=units[1 : LISTED_MAX + 1],
            inside_count=inside,
            counted=_counted(connection, site, name) if fact.event.action == "open_bin" else 0,
            names=lost,
            cases=_cases(connection, site, _opened_by(name)),
            closed=_cases(connection, site, cases.c.closed_by == name),
        ),
        effects=what_if.undone(void, lost),
    )


def undo(connection: sa.Connection, *, site: str, name: str, reason: str, operator: str, now_ms: int) -> Fact:
    """Take back what an event said, by a new fact of the server's.

    Raises:
        LookupError: there is no such event.
        UndoError: it was undone already, or is nothing that can be.
        DecisionError: the reason will not do.
    """
    fact = _read(connection, site, name)
    if fact is None:
        raise LookupError(f"There is no event {name!r:.60} here.")
    event = fact.event
    lock(connection, site, [event.subject or name])  # of two people who undo it at once, the second is told
    problem = _problem(connection, site, fact)
    if problem:
        raise UndoError(problem)
    void = ledger.record(
        connection,
        site=site,
        action="void",
        operator=operator,
        now_ms=now_ms,
        subject=event.subject,
        location=event.location,
        document=event.document,
        voids=name,
        reason=worded(reason),
    )
    at = stamp(connection)
    take_effect(connection, site, [void], now_ms, at)
    _tell_handheld(connection, site, fact, void, at)
    return void


def _tell_handheld(connection: sa.Connection, site: str, undone: Fact, void: Fact, at: int) -> None:
    """Have the handheld that made a scan hear that it was taken back; and, of an undo, that the scan stands again."""
    changes.publish_all(connection, site, "undone", _told(connection, undone, void), at)


def _told(connection: sa.Connection, undone: Fact, void: Fact) -> dict[str, Any]:
    """What an undo tells handhelds of their scans, by name: who took it back and why; None where it stands again."""
    said = {"by": void.event.operator, "reason": void.event.reason}
    rows: dict[str, Any] = {}
    for event in (undone.event, *_undone_before(connection, undone)):
        if event.device_no != ledger.SERVER_DEVICE:
            gone = event is undone.event
            rows[format_name(event.name)] = said | {"action": event.action, "subject": event.subject} if gone else None
    return rows


def told_of(connection: sa.Connection, site: str) -> set[str]:
    """Scans of whose undo by the office their handhelds are told."""
    return {name for name, row in _told_by_all(connection, site).items() if row is not None}


def tell(connection: sa.Connection, site: str, names: Collection[str], at: int) -> None:
    """Offer what every undo of the office's together says of these scans."""
    said = _told_by_all(connection, site)
    changes.publish_all(connection, site, "undone", {name: said.get(name) for name in names}, at)


def _told_by_all(connection: sa.Connection, site: str) -> dict[str, Any]:
    e = events.c
    query = (
        sa.select(events)
        .where(e.site == site, e.device_no == ledger.SERVER_DEVICE, e.action == "void")
        .where(e.about.is_(None), e.voids.isnot(None))  # an undo about something else follows from it, untold
        .order_by(e.event_ms, e.epoch, e.seq)
    )
    rows: dict[str, Any] = {}
    for void in [fact_of(row) for row in connection.execute(query).mappings()]:
        undone = _read(connection, site, void.event.voids or "")
        rows |= _told(connection, undone, void) if undone is not None else {}
    return rows


def _undone_before(connection: sa.Connection, void: Fact) -> list[ScanEvent]:
    """What an undo of the server's had taken back, and what stands again with its own undo."""
    if void.event.voids is None:
        return []
    found = ledger.read_fact(connection, void.event.voids)
    return [found.event] if found else []


def may_be_undone(fact: Fact) -> bool:
    """Whether it is a scan, or an undo; what a document or a decision says is taken back in its own way."""
    what = ACTIONS.get(fact.event.action)
    return fact.row == 0 and what is not None and bool(what.roles)


def _read(connection: sa.Connection, site: str, name: str) -> Fact | None:
    try:
        device_no, epoch, seq = parse_name(name)
    except EventError:
        return None
    here = sa.select(events.c.site).where(
        events.c.device_no == device_no, events.c.epoch == epoch, events.c.seq == seq, events.c.site == site
    )
    if connection.execute(here.limit(1)).first() is None:
        return None
    return ledger.read_fact(connection, name)


def _problem(connection: sa.Connection, site: str, fact: Fact) -> str | None:
    if not may_be_undone(fact):
        return (
            "Only scans and their undos are undone here: a decision is taken back by opening its case again, and a "
            "document by another one that puts it right."
        )
    if fact.event.action == "void" and fact.event.about is not None:
        return (
            f"It came of something else ({fact.event.about}): where that was an undo, undo it; where a label was read "
            "again, undo the scan as it reads now."
        )
    standing = next(iter(standing_undos(connection, site, format_name(fact.name))), None)
    if standing is None:
        return None
    who = f" by {standing.event.operator}" if standing.event.operator else ""
    why = f", because: {standing.event.reason}" if standing.event.reason else ""
    return f"It was undone already{who}{why}. To have it back, undo that undo ({format_name(standing.name)})."


def _later(connection: sa.Connection, site: str, fact: Fact) -> list[TrailLine]:
    """Later facts of the same thing's trail that stand."""
    lines = queries.trail(connection, site, fact.event.subject or "")
    after = [line for line in lines if not line.undone and line.fact.order > fact.order]
    return [line for line in after if line.fact.event.voids is None and line.fact.event.action != "note"][-LISTED_MAX:]


def _counted(connection: sa.Connection, site: str, opening: str) -> int:
    query = sa.select(sa.func.count()).select_from(events)
    opened = parse_name(opening)
    row = ledger.read_fact(connection, opening)
    if row is None:
        return 0
    here = (events.c.site == site) & (events.c.document == row.event.document) & (events.c.device_no == opened[0])
    return int(connection.execute(query.where(here, events.c.opening == opening)).scalar_one())


def _names_lost(facts: list[Fact], fact: Fact) -> list[str]:
    """Further names that the unit would have no longer."""
    if not fact.event.identifiers:
        return []
    with_it = fold(facts)
    without = fold(f for f in facts if f.name != fact.name)
    kept = set(without.identifiers) if without else set()
    return [name for name in (with_it.identifiers if with_it else ()) if name not in kept]


def _opened_by(name: str) -> sa.ColumnElement[bool]:
    """Cases that this event opened, those of closed counts too."""
    return (cases.c.episode == name) | cases.c.episode.startswith(episode_in(name, ""), autoescape=True)


def _cases(connection: sa.Connection, site: str, which: sa.ColumnElement[bool]) -> list[CaseLine]:
    query = sa.select(cases.c.unit, cases.c.rule, cases.c.episode).where(cases.c.site == site, which)
    rows = connection.execute(query.order_by(cases.c.unit, cases.c.rule).limit(LISTED_MAX)).all()
    found = [case_list.read_case(connection, site, row.unit, row.rule, row.episode) for row in rows]
    return [case for case in found if case is not None]
