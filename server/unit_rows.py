"""States of units as rows of `unit_states`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.ledger import in_chunks
from server.tables import unit_states
from sync.identity import item_of
from sync.unit import Status, UnitState

_ROWS: Final = sa.select(unit_states.c.unit, *(unit_states.c[name] for name in UnitState._fields)).where(
    unit_states.c.site == SITE, unit_states.c.unit.in_(KEYS)
)
_STATUSES: Final = frozenset(status.value for status in Status)


def states_of(
    connection: sa.Connection, site: str, units: Iterable[str], *, readable: bool = False
) -> dict[str, UnitState]:
    """The stored state of each of these, by name.

    Args:
        readable: leave out rows whose status this version does not know (damaged, or of another release), for whoever
            folds them anew.
    """
    found: dict[str, UnitState] = {}
    for keys in in_chunks(units):
        for unit, status, *rest in connection.execute(_ROWS, {"site": site, "keys": keys}):
            if not readable or status in _STATUSES:
                found[unit] = UnitState(Status(status), *rest)
    return found


def state_of(row: sa.RowMapping) -> UnitState:
    """The state that stands in a row of `unit_states`."""
    status, *rest = (row[name] for name in UnitState._fields)
    return UnitState(Status(status), *rest)


def row_of(site: str, unit: str, state: UnitState, at: int) -> tuple[Any, ...]:
    """The row of a unit, in the order of the table's columns; `at` is the stamp of this transaction."""
    status, *rest = state
    return (site, unit, item_of(unit), status.value, *rest, at)
