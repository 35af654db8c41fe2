"""What things are in, as all of it stands now: asked of the stored rows.

What was at another moment is told by whole histories (`server/timelines.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.database import SITE
from server.identifiers import owners
from server.surroundings import containers_at
from server.tables import identifier_claims, unit_states
from server.timelines import END_OF_TIME, Movements, Timeline
from server.unit_rows import state_of, states_of
from sync.identity import is_container
from sync.unit import UnitState

_UNIT: Final[sa.BindParameter[str]] = sa.bindparam("unit", type_=sa.Text)


@dataclass(frozen=True, slots=True)
class Nearby:
    """What is stored of a thing and of what is around it, by name."""

    states: dict[str, UnitState]
    claimed: frozenset[str]
    """Names without a row of their own that some unit claims: what was scanned under them may be folded into it."""


def _question() -> sa.Select[Any]:
    """A thing, where it belongs, and what each of these is in, and that in turn: whichever of them has a row."""
    u, claims = unit_states.c, identifier_claims.c
    belongs = sa.select(u.expected).where(u.site == SITE, u.unit == _UNIT)
    names = sa.select(_UNIT.label("name")).cte("names", recursive=True)
    names = names.union(belongs, sa.select(u.place).where(u.site == SITE, u.unit == names.c.name))
    claimed = sa.exists().where(claims.site == SITE, claims.name == names.c.name).label("claimed")
    row = names.outerjoin(unit_states, (u.site == SITE) & (u.unit == names.c.name))  # the names first, for the planner
    return sa.select(names.c.name, claimed, unit_states).select_from(row).where(names.c.name.isnot(None))


_QUESTION: Final = _question()


def read(connection: sa.Connection, site: str, key: str) -> Nearby:
    """What is stored under this very name, and of the containers around it."""
    rows = connection.execute(_QUESTION, {"site": site, "unit": key}).mappings().all()
    return Nearby(
        states={row["name"]: state_of(row) for row in rows if row["unit"] is not None},
        claimed=frozenset(row["name"] for row in rows if row["unit"] is None and row["claimed"]),
    )


def movements(connection: sa.Connection, site: str, own: UnitState, around: Nearby, now_ms: int) -> Movements:
    """Where the containers are that a thing is in or belongs in.

    Of a container without a row nothing is known, unless another one claims its name. Then, and where one was moved
    after `now_ms`, all of their histories are read.
    """
    return _stored(around, now_ms) or containers_at(connection, site, _containers((own.place, own.expected)))


def movements_of(
    connection: sa.Connection, site: str, own: Iterable[UnitState], now_ms: int = END_OF_TIME
) -> Movements:
    """The same of many things, and where they are: a question for all containers, and one for those around each."""
    boxes = _containers(state.place for state in own)
    states: dict[str, UnitState] = {}
    bare: set[str] = set()
    wanted = boxes
    while wanted:
        found = states_of(connection, site, wanted)
        states |= found
        bare |= wanted - found.keys()
        wanted = _containers(state.place for state in found.values()) - states.keys() - bare
    around = Nearby(states, frozenset(owners(connection, site, bare)) if bare else frozenset())
    return _stored(around, now_ms) or containers_at(connection, site, boxes)


def carried_states(connection: sa.Connection, site: str, things: Iterable[str]) -> dict[str, UnitState]:
    """The state of each of these, as its container has it by now."""
    own = states_of(connection, site, things)
    around = movements_of(connection, site, own.values())
    return {thing: around.carried(state, END_OF_TIME) or state for thing, state in own.items()}


def _containers(places: Iterable[str | None]) -> set[str]:
    return {place for place in places if place and is_container(place)}


def _stored(around: Nearby, now_ms: int) -> Movements | None:
    """What the rows say; None where they do not say it for certain."""
    if around.claimed or any(state.last_ms > now_ms for state in around.states.values()):
        return None
    return Movements({key: Timeline([state.last_ms], [state]) for key, state in around.states.items()})
