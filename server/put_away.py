"""Where something is to be put away, by all that the server knows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from server.tables import reference, stock_levels, unit_states
from sync.identity import is_location, item_of
from sync.put_away import Bin, Suggestion, suggest
from sync.unit import IN_STOCK, Status


def suggestion(connection: sa.Connection, site: str, subject: str) -> Suggestion | None:
    """The bin for a unit, lot or product; None for a container, and where nothing speaks for any bin."""
    item = item_of(subject)
    if item is None:
        return None
    home = (connection.execute(_entry(site, "item", item)).scalar() or {}).get("zone")
    same: Counter[str] = Counter()
    u, s = unit_states.c, stock_levels.c
    units = (
        sa.select(u.place, sa.func.count())
        .where(u.site == site, u.item == item, u.status == Status.STORED.value, u.place.isnot(None))
        .group_by(u.place)
    )
    same.update(_in_bins(connection, units))
    pieces = (
        sa.select(s.place, sa.func.sum(s.quantity))
        .where(s.site == site, (s.subject == item) | s.subject.startswith(f"{item}/10/", autoescape=True))
        .where(s.quantity > 0)
        .group_by(s.place)
    )
    same.update(_in_bins(connection, pieces))
    return suggest(same, home=home, bins=_bins(connection, site))


def _in_bins(connection: sa.Connection, query: sa.Select[Any]) -> dict[str, int]:
    return {place: int(held) for place, held in connection.execute(query) if is_location(place)}


def _entry(site: str, kind: str, key: str) -> sa.Select[Any]:
    return sa.select(reference.c.row).where(reference.c.site == site, reference.c.kind == kind, reference.c.key == key)


def _bins(connection: sa.Connection, site: str) -> list[Bin]:
    u, s, r = unit_states.c, stock_levels.c, reference.c
    stock = [status.value for status in IN_STOCK]
    units = sa.select(u.place, sa.func.count()).where(u.site == site, u.status.in_(stock), u.place.isnot(None))
    held = Counter(_in_bins(connection, units.group_by(u.place)))
    pieces = sa.select(s.place, sa.func.sum(s.quantity)).where(s.site == site, s.quantity > 0).group_by(s.place)
    held.update(_in_bins(connection, pieces))
    places = sa.select(r.key, r.row).where(r.site == site, r.kind == "location", r.row.isnot(None))
    return [Bin(key=row.key, zone=row.row.get("zone"), held=held[row.key]) for row in connection.execute(places)]
