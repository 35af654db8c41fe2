"""Where a thing was over time, its containers followed; and what is in a container now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from server import nearby
from server.queries import TrailLine
from server.surroundings import gather
from server.tables import unit_states
from server.timelines import END_OF_TIME, Movements
from server.unit_rows import states_of
from sync.identity import is_container
from sync.unit import Status, UnitState

MOMENTS_MAX: Final = 2_000
CONTENTS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A place that a thing was in, since when and until when."""

    place: str
    """A location; a container where nobody knows where that stood."""
    container: str | None
    """What it was in there."""
    since_ms: int
    until_ms: int | None
    """None: it is there still."""
    observed: bool
    """Whether a scan of the thing itself says so, or a document or its container's scan."""


def over_time(connection: sa.Connection, site: str, key: str, lines: Iterable[TrailLine], now_ms: int) -> list[Stay]:
    """The places of a unit or container, oldest first; being seen again in the same place is no new stay."""
    facts = [line.fact for line in lines if not line.undone and line.fact.event.action not in ("void", "note")]
    around = gather(connection, site, {key: facts}, [])
    moments: list[int] = []
    states: list[UnitState] = []
    state: UnitState | None = None
    for fact in facts:
        state = around.step(state, fact)
        moments.append(fact.event_ms)
        states.append(state)
    carried = {ms for line in around.timelines.values() for ms in line.moments if moments and ms >= moments[0]}
    found: list[Stay] = []
    for ms in sorted({*moments, *carried})[-MOMENTS_MAX:]:
        own = states[bisect_right(moments, ms) - 1]
        then = around.carried(own, ms) or own
        place = around.locate(then.place, ms)
        container = then.place if then.place and then.place != place and is_container(then.place) else None
        last = found[-1] if found and found[-1].until_ms is None else None
        if last is not None and (last.place, last.container) == (place, container):
            found[-1] = replace(last, observed=last.observed or own.observed)
            continue
        if last is not None:
            found[-1] = replace(last, until_ms=ms)
        if place is not None:
            found.append(Stay(place=place, container=container, since_ms=ms, until_ms=None, observed=own.observed))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Something that is in a container."""

    unit: str
    status: str
    observed: bool
    """Whether it was itself scanned into it, or is there by a document's word."""


def contents(connection: sa.Connection, site: str, container: str) -> tuple[list[Inside], int]:
    """What is directly in a container by the records, at most `CONTENTS_MAX`; and how much that is."""
    u = unit_states.c
    here = (u.site == site) & (u.place == container)
    known = states_of(connection, site, [container]).get(container)
    if known is not None and known.turns and known.status is not Status.SHIPPED:
        here &= u.place_ms >= abs(known.turns[-1])  # it parted from what was in it before
    units = connection.execute(sa.select(u.unit).where(here).order_by(u.unit).limit(CONTENTS_MAX)).scalars().all()
    states = states_of(connection, site, units)
    around = nearby.movements_of(connection, site, states.values())
    count = len(units)
    if count == CONTENTS_MAX:
        count = int(connection.execute(sa.select(sa.func.count()).select_from(unit_states).where(here)).scalar_one())
    return [_inside(unit, states[unit], around) for unit in units], count


def _inside(unit: str, own: UnitState, around: Movements) -> Inside:
    """It stands as its container has it: what was only announced in one that was received is received."""
    now = around.carried(own, END_OF_TIME) or own
    return Inside(unit=unit, status=now.status.value, observed=own.observed)
