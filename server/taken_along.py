"""Units and pieces as their containers have them now, for lists and sums: what is in a carton goes where it goes.

Their rows hold what their own scans say. What became of their container since is read here, for all rows at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server.ledger import in_chunks
from server.stock_levels import balance_of
from server.tables import unit_states
from server.timelines import DEPTH_MAX
from server.unit_rows import states_of
from sync.identity import is_container
from sync.stock import here
from sync.unit import IN_STOCK, Status, UnitState, carried

TAKEN_ALONG: Final = IN_STOCK | {Status.ANNOUNCED}
"""Where a unit may stand by its own scans, so that its container has a word in it."""


def containers(connection: sa.Connection, site: str, places: Iterable[str | None]) -> dict[str, UnitState]:
    """State of each container among these places, itself as what it stands in has it."""
    own: dict[str, UnitState] = {}
    edge = {place for place in places if place is not None and is_container(place)}
    for _ in range(DEPTH_MAX):
        own |= states_of(connection, site, edge)
        edge = {s.place for s in own.values() if s.place is not None and is_container(s.place)} - own.keys() - edge
        if not edge:
            break

    def now(place: str | None, depth: int = DEPTH_MAX) -> UnitState | None:
        state = own.get(place or "")
        return carried(state, now(state.place, depth - 1)) if state and depth else state

    return {key: state for key in own if (state := now(key)) is not None}


def of_rows(connection: sa.Connection, site: str, rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Rows of units with `status`, `place` and `expected` as their containers have them.

    Args:
        rows: at least these three, `place_ms` and `announced_by` of each unit.
    """
    given = list(rows)
    around = containers(connection, site, (row["place"] for row in given))
    found = []
    for row in given:
        own = _own(row, row["place_ms"], expected=row["expected"])
        now = carried(own, around.get(row["place"] or ""))
        changed = {"status": now.status.value, "place": now.place, "expected": now.expected}
        found.append(dict(row) if now is own else dict(row) | changed)
    return found


def pieces_here(connection: sa.Connection, site: str, rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Balances with as many pieces as are here by now, `inferred` of them by their carton's label alone.

    What left in its container is none, and left out.

    Args:
        rows: all columns of each balance.
    """
    given = list(rows)
    around = containers(connection, site, (row["place"] for row in given))
    found = []
    for row in given:
        now = here(balance_of(row), row["place"], around.get(row["place"]))
        if now.pieces:
            found.append(dict(row) | {"quantity": now.pieces, "inferred": now.inferred})
    return found


def counted(
    connection: sa.Connection, site: str, *which: sa.ColumnElement[bool]
) -> Counter[tuple[str | None, Status, str | None]]:
    """How many units there are of each product, status and place, of the rows that meet these conditions."""
    u = unit_states.c
    groups = (
        sa.select(
            u.item, u.status, u.place, u.announced_by, sa.func.count().label("units"),
            sa.func.min(u.place_ms).label("first"), sa.func.max(u.place_ms).label("last"),
        )
        .where(u.site == site, *which)
        .group_by(u.item, u.status, u.place, u.announced_by)
    )  # fmt: skip
    rows = connection.execute(groups).mappings().all()
    around = containers(connection, site, {row["place"] for row in rows if row["status"] in TAKEN_ALONG})
    found: Counter[tuple[str | None, Status, str | None]] = Counter()
    apart: set[tuple[Any, ...]] = set()
    for row in rows:
        carrier = around.get(row["place"] or "")
        first, last = (carried(_own(row, row[moment]), carrier) for moment in ("first", "last"))
        parted = carrier is not None and any(row["first"] < abs(turn) <= row["last"] for turn in carrier.turns)
        if first.status is last.status and not parted:
            found[row["item"], first.status, first.place] += row["units"]
        else:  # some went in before their carton went on, or parted from what was in it, and some after
            apart.add(_group(row))
    for keys in in_chunks({place for _, _, place, _ in apart}):
        each = sa.select(u.item, u.status, u.place, u.announced_by, u.place_ms).where(
            u.site == site, u.place.in_(keys), *which
        )
        for row in connection.execute(each).mappings():
            if _group(row) in apart:
                now = carried(_own(row, row["place_ms"]), around.get(row["place"]))
                found[row["item"], now.status, now.place] += 1
    return found


def _group(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    return row["item"], row["status"], row["place"], row["announced_by"]


def _own(row: Mapping[Any, Any], place_ms: int, expected: str | None = None) -> UnitState:
    """As much of a unit's own state as its container asks for."""
    return UnitState(
        status=Status(row["status"]),
        place=row["place"],
        place_ms=place_ms,
        announced_by=row["announced_by"],
        expected=expected,
    )
