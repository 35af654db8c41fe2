"""What the histories of some units lean on: their containers' movements, recalls, listings and shared identifiers.

Gathered before a replay with a few queries for all units together, so that the replay itself is pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from server.identifiers import rivals_of
from server.ledger import FOLDED, history, in_chunks
from server.tables import document_rows, documents, events, reference
from sync.history import Fact, effective, step
from sync.identity import is_container, item_of
from sync.recall import Recall
from sync.unit import Status, UnitState

DEPTH_MAX: Final = 8
"""Pallet, carton, inner box, and some more; beyond it a place is taken as it stands."""
PUTTING_IN: Final = ("receive", "put_away", "move", "pick", "pack", "take_back")
"""Actions that put what they are about into the container which they name."""


@dataclass(slots=True)
class Timeline:
    """Where a container was, and whether it had been shipped: moments, ascending, and what held from each on."""

    moments: list[int] = field(default_factory=list)
    places: list[str | None] = field(default_factory=list)
    shipped: list[bool] = field(default_factory=list)

    def index(self, at_ms: int) -> int | None:
        """The entry that held at a moment; None before the first."""
        return bisect_right(self.moments, at_ms) - 1 if self.moments and self.moments[0] <= at_ms else None


@dataclass(slots=True)
class Gathered:
    """`Surroundings` of a replay, read from the database."""

    timelines: dict[str, Timeline] = field(default_factory=dict)
    claims: dict[str, dict[str, str]] = field(default_factory=dict)
    listings: frozenset[tuple[str, str]] = frozenset()
    recalls: list[tuple[int, int | None, Recall]] = field(default_factory=list)
    """Since when, until when, and what."""
    filled: dict[str, int] = field(default_factory=dict)
    """Since when each container is one of ours: something was put into it."""

    def locate(self, place: str | None, at_ms: int) -> str | None:
        """The location where a container stood at that moment; a location stands for itself."""
        for _ in range(DEPTH_MAX):
            line = self.timelines.get(place) if place is not None else None
            index = line.index(at_ms) if line is not None else None
            if line is None or index is None or line.places[index] is None:
                break
            place = line.places[index]
        return place

    def shipped_in(self, place: str | None, since_ms: int, at_ms: int) -> str | None:
        """The container that was shipped with what has been in `place` since a moment: that one, or one around it."""
        for _ in range(DEPTH_MAX):
            line = self.timelines.get(place) if place is not None else None
            index = line.index(at_ms) if line is not None else None
            if line is None or index is None:
                break
            if line.shipped[index]:
                return place if line.moments[index] > since_ms else None  # else it was filled anew since
            place, since_ms = line.places[index], line.moments[index]
        return None

    def holds(self, unit: str, at_ms: int) -> bool:
        return self.filled.get(unit, at_ms) < at_ms

    def recalled(self, unit: str, state: UnitState | None, at_ms: int) -> bool:
        if not self.recalls:
            return False
        lot = state.lot if state else None
        return any(
            since <= at_ms and (until is None or at_ms < until) and recall.bites(key=unit, item=item_of(unit), lot=lot)
            for since, until, recall in self.recalls
        )

    def listed(self, document: str | None, unit: str) -> bool:
        item = item_of(unit)
        return document is not None and item is not None and (document, item) in self.listings

    def rivals(self, unit: str) -> Mapping[str, str]:
        return self.claims.get(unit, {})


Hold = Callable[[Iterable[str]], None]


def _hold_nothing(_containers: Iterable[str]) -> None:
    """For who only reads."""


def gather(
    connection: sa.Connection,
    site: str,
    facts: Mapping[str, Iterable[Fact]],
    stored: Iterable[UnitState],
    hold: Hold = _hold_nothing,
) -> Gathered:
    """The surroundings of these units' facts and of the states that they go on from.

    Args:
        hold: called with containers before their movements are read, so that none is moved meanwhile.
    """
    places: set[str] = set()
    numbers: set[str] = set()
    for unit_facts in facts.values():
        for fact in unit_facts:
            event = fact.event
            if event.container:
                places.add(event.container)
            if event.document and event.action == "receive":
                numbers.add(event.document)
    for state in stored:
        places.update(p for p in (state.place, state.expected) if p and is_container(p))
    return Gathered(
        timelines=_timelines(connection, site, places, hold),
        claims=rivals_of(connection, site, facts),
        listings=_listings(connection, site, numbers),
        recalls=_recalls(connection, site),
        filled=_filled(connection, site, {unit for unit in facts if is_container(unit)}),
    )


def _timelines(connection: sa.Connection, site: str, containers: set[str], hold: Hold) -> dict[str, Timeline]:
    timelines: dict[str, Timeline] = {}
    wanted = containers
    for _ in range(DEPTH_MAX):
        wanted = wanted - timelines.keys()
        if not wanted:
            break
        hold(wanted)
        found = history(connection, site, wanted)
        timelines.update((key, _timeline(found.get(key, []))) for key in wanted)
        wanted = {p for key in wanted for p in timelines[key].places if p and is_container(p)}
    return timelines


def _timeline(facts: Iterable[Fact]) -> Timeline:
    line = Timeline()
    state = None
    for fact in effective(facts):
        state = step(state, fact)
        shipped = state.status is Status.SHIPPED
        if not line.moments or (line.places[-1], line.shipped[-1]) != (state.place, shipped):
            line.moments.append(fact.event_ms)
            line.places.append(state.place)
            line.shipped.append(shipped)
    return line


def _filled(connection: sa.Connection, site: str, containers: set[str]) -> dict[str, int]:
    """When something was first put into each of these; undoing that does not make a stranger of the carton."""
    found: dict[str, int] = {}
    for chunk in in_chunks(containers):
        rows = connection.execute(
            sa.select(events.c.container, sa.func.min(events.c.event_ms))
            .where(events.c.site == site, events.c.container.in_(chunk), events.c.action.in_(PUTTING_IN))
            .where(events.c.outcome.in_(FOLDED), events.c.subject.isnot(None))
            .group_by(events.c.container)
        )
        found.update((container, moment) for container, moment in rows)
    return found


def _listings(connection: sa.Connection, site: str, numbers: set[str]) -> frozenset[tuple[str, str]]:
    """(document number, product) of the lines that announce a product without naming its units."""
    found: set[tuple[str, str]] = set()
    for chunk in in_chunks(numbers):
        rows = connection.execute(
            sa.select(documents.c.number, document_rows.c.subject)
            .distinct()
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(
                documents.c.site == site,
                documents.c.number.in_(chunk),
                documents.c.event.isnot(None),
                document_rows.c.quantity.isnot(None),
            )
        )
        found.update((number, item_of(subject) or subject) for number, subject in rows)
    return frozenset(found)


def _recalls(connection: sa.Connection, site: str) -> list[tuple[int, int | None, Recall]]:
    rows = connection.execute(
        sa.select(reference.c.row).where(
            reference.c.site == site, reference.c.kind == "recall", reference.c.row.isnot(None)
        )
    ).scalars()
    return [(row["since_ms"], row["until_ms"], Recall.from_row(row)) for row in rows]
