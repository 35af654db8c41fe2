"""In which zone of the warehouse each place lies, by the location list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server.ledger import in_chunks
from server.tables import reference
from sync.zones import is_quarantine

_ZONE: Final = reference.c.row["zone"].as_string()


def zones_of(connection: sa.Connection, site: str, places: Iterable[str | None] | None = None) -> dict[str, str]:
    """Location -> its zone; those without one are left out.

    Args:
        places: only these; None takes all of the site.
    """
    t = reference.c
    query = sa.select(t.key, _ZONE).where(t.site == site, t.kind == "location", _ZONE.isnot(None), _ZONE != "")
    if places is None:
        return dict(connection.execute(query).all())
    found: dict[str, str] = {}
    for keys in in_chunks(key for key in places if key is not None):
        found.update((key, zone) for key, zone in connection.execute(query.where(t.key.in_(keys))))
    return found


def set_apart(connection: sa.Connection, site: str, places: Iterable[str | None]) -> frozenset[str]:
    """Those of these places where things are set apart."""
    return frozenset(place for place, zone in zones_of(connection, site, places).items() if is_quarantine(zone))


def quarantine_bins(connection: sa.Connection, site: str) -> dict[str, str]:
    """The bins where things are set apart, each with its code: those of the zone called quarantine, or hold."""
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "location", t.row.isnot(None))
    return {key: row.get("code") or key for key, row in connection.execute(query) if is_quarantine(row.get("zone"))}
