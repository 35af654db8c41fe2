"""What came with a unit: the same lot, carton or delivery."""

from __future__ import annotations

import sqlalchemy as sa

from server.context import now_ms
from server.defects.origin import origin
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names


def _siblings(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    found = origin(connection, site, filters["unit"], now_ms())
    rows = (
        {"unit": one.unit, "shares": ", ".join(one.shares), "status": one.status, "place": one.place}
        for one in found.siblings
    )
    return with_names(connection, site, rows, {"unit": "name", "place": "bin"})


LISTS = (
    Listing(
        name="siblings",
        title="What came with a unit",
        rows=_siblings,
        filters={"unit": "canonical name of the unit"},
        needs="unit",
        columns=(
            Column("name", "Unit"),
            Column("shares", "Shares"),
            Column("status", "State"),
            Column("bin", "Where"),
            Column("unit", "Canonical name"),
            Column("place", "Canonical name of the place"),
        ),
    ),
)
