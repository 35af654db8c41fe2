"""Repairs."""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.warranty.desk import list_repairs


def _repairs(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (asdict(repair) | {"lent": " ".join(repair.lent)} for repair in list_repairs(connection, site))
    return with_names(connection, site, rows, {"unit": "name", "location": "at", "replaced_by": "replacement"})


LISTS = (
    Listing(
        name="repairs",
        title="Repairs",
        rows=_repairs,
        columns=(
            Column("number", "Number"),
            Column("name", "Unit"),
            Column("fault", "What is wrong"),
            Column("since_ms", "Since", moment=True),
            Column("at", "At"),
            Column("done", "What was done"),
            Column("until_ms", "Until", moment=True),
            Column("replacement", "Replaced by"),
            Column("unit", "Canonical name"),
            Column("lent", "Lent meanwhile"),
            Column("replaced_by", "Canonical name of the replacement"),
        ),
    ),
)
