"""Changes of how products are tracked."""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.modes import book


def _changes(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (
        asdict(one) | {"left": sum(need.quantity for need in one.left)} for one in book.list_changes(connection, site)
    )
    return with_names(connection, site, rows, {"item": "name"})


LISTS = (
    Listing(
        name="mode_changes",
        title="Changes of mode",
        rows=_changes,
        columns=(
            Column("number", "Number"),
            Column("item", "Product"),
            Column("name", "Name"),
            Column("before", "From"),
            Column("after", "To"),
            Column("opened_ms", "Begun", moment=True),
            Column("operator", "By"),
            Column("done", "Scanned"),
            Column("left", "Left"),
            Column("closed_ms", "Closed", moment=True),
            Column("outcome", "Outcome"),
        ),
    ),
)
