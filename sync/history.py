"""A unit's history, and the fold of it into one state.

Facts are put in order by their time and name, those that were undone are left out, and each of the others is applied.
Containers are folded as units are: a carton has a place and a status too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sync.actions import ACTIONS
from sync.event import EventName, ScanEvent, format_name
from sync.unit import UnitState


@dataclass(frozen=True, slots=True)
class Fact:
    """An event of a unit's history with its stored time.

    Histories are ordered by ``(event_ms, name, row, digest)``; `row` numbers the rows of an imported document
    behind the one event that imported them.
    """

    event_ms: int
    name: EventName
    row: int
    digest: bytes
    uncertainty_ms: int
    event: ScanEvent
    forked: bool = False

    @property
    def order(self) -> tuple[int, EventName, int, bytes]:
        return (self.event_ms, self.name, self.row, self.digest)


def effective(history: Iterable[Fact]) -> list[Fact]:
    """The history in order, without the events that were undone.

    An undo that was itself undone undoes nothing; the latest word counts.
    """
    ordered = sorted(history, key=lambda f: f.order)
    undone: set[str] = set()
    for fact in reversed(ordered):
        if fact.event.voids and format_name(fact.name) not in undone:
            undone.add(fact.event.voids)
    return [f for f in ordered if format_name(f.name) not in undone] if undone else ordered


def step(state: UnitState | None, fact: Fact) -> UnitState:
    """The state after one more fact."""
    before = state or UnitState()
    event = fact.event
    after = ACTIONS[event.action].apply(before, event)
    if event.identifiers and event.action != "unlink":
        known = after.identifiers
        after = replace(after, identifiers=known + tuple(i for i in event.identifiers if i not in known))
    return replace(
        after,
        place_ms=fact.event_ms if after.place != before.place or event.location else before.place_ms,
        last_event=format_name(fact.name),
        last_ms=fact.event_ms,
        last_uncertainty_ms=fact.uncertainty_ms,
    )


def fold(history: Iterable[Fact]) -> UnitState | None:
    """The state that a history leads to; None where nothing of it is left."""
    state = None
    for fact in effective(history):
        state = step(state, fact)
    return state
