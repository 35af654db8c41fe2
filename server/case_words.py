"""What a person types into the filter of cases, as the keys that it means."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server.tables import reference, unit_states
from sync.identity import item_of

ZONES_MAX: Final = 500


def zones(connection: sa.Connection, site: str) -> list[str]:
    """The zones of a site, by name."""
    zone = reference.c.row["zone"].as_string()
    query = (
        sa.select(zone)
        .where(reference.c.site == site, reference.c.kind == "location", reference.c.row.isnot(None))
        .distinct()
        .limit(ZONES_MAX)
    )
    return sorted(found for found in connection.execute(query).scalars() if found)


def item_filter(connection: sa.Connection, site: str, typed: str) -> str | None:
    """The product that a person means by a GTIN, a stock-keeping number, a name or a canonical name; None where none.

    Raises:
        ValueError: several products are called so.
    """
    try:
        known = item_of(typed)
    except ValueError:
        known = None
    if known:
        return known
    row = reference.c.row
    digits = typed.zfill(14) if typed.isdigit() else typed
    matches = (
        (row["sku"].as_string() == typed)
        | (sa.func.lower(row["name"].as_string()) == typed.lower())
        | reference.c.key.endswith(f"/01/{digits}", autoescape=True)
    )
    query = sa.select(reference.c.key).where(reference.c.site == site, reference.c.kind == "item", matches).limit(2)
    found = list(connection.execute(query).scalars())
    if len(found) > 1:
        raise ValueError(f"Several products are called {typed!r}: give the GTIN.")
    return found[0] if found else None


def place_filter(connection: sa.Connection, site: str, typed: str) -> str | None:
    """The bin or carton that a person means by its code, number or canonical name; None where none."""
    r = reference.c
    bins = sa.select(r.key).where(
        r.site == site, r.kind == "location", r.row.isnot(None), (r.row["code"].as_string() == typed) | (r.key == typed)
    )
    found = connection.execute(bins.limit(1)).scalar()
    if found is not None:
        return str(found)
    u = unit_states.c
    cartons = sa.select(u.unit).where(u.site == site, u.unit.contains("/00/"))
    cartons = cartons.where((u.unit == typed) | u.unit.endswith(f"/00/{typed}", autoescape=True))
    return connection.execute(cartons.limit(1)).scalar()
