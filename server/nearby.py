"""A thing and all that it is in, as they stand now: one question, put to the stored rows.

What was at another moment is told by whole histories (`server/timelines.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.database import SITE
from server.surroundings import containers_at
from server.tables import identifier_claims, unit_states
from server.timelines import Movements, Timeline
from server.unit_rows import state_of
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
    if not around.claimed and all(state.last_ms <= now_ms for state in around.states.values()):
        return Movements({key: Timeline([state.last_ms], [state]) for key, state in around.states.items()})
    return containers_at(connection, site, {p for p in (own.place, own.expected) if p and is_container(p)})
