"""States of units as rows of `unit_states`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from server.ledger import in_chunks
from server.tables import unit_states
from sync.identity import item_of
from sync.unit import Status, UnitState

_ROWS: Final = sa.select(unit_states).where(
    unit_states.c.site == sa.bindparam("site"), unit_states.c.unit.in_(sa.bindparam("keys", expanding=True))
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
        rows = connection.execute(_ROWS, {"site": site, "keys": keys}).mappings()
        found.update((row["unit"], state_of(row)) for row in rows if not readable or row["status"] in _STATUSES)
    return found


def state_of(row: sa.RowMapping) -> UnitState:
    """The state that stands in a row of `unit_states`."""
    values = {name: row[name] for name in UnitState._fields}
    values["status"] = Status(values["status"])
    values |= {name: tuple(values[name]) for name in ("identifiers", "returned_for", "returned_ms", "doubts")}
    return UnitState(**values)


def row_of(site: str, unit: str, state: UnitState, at: int) -> dict[str, Any]:
    """The row of a unit; `at` is the stamp of this transaction."""
    row = {name: getattr(state, name) for name in UnitState._fields}
    return row | {"site": site, "unit": unit, "item": item_of(unit), "status": state.status.value, "stamp": at}
