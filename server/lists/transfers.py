"""Transfers between sites, and what is on its way."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import sqlalchemy as sa

from server import latest_first
from server.context import now_ms
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.transfers import book


def _transfers(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    for one in latest_first.every(partial(book.list_transfers, connection, site, now_ms())):
        yield asdict(one) | {"state": one.state, "notices": ", ".join(one.notices)}


def _in_transit(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = map(asdict, latest_first.every(partial(book.in_transit, connection, site)))
    return with_names(connection, site, rows, {"subject": "name", "container": "carton"})


_ENDS = (Column("origin", "From"), Column("to", "To"))
LISTS = (
    Listing(
        name="transfers",
        title="Transfers",
        rows=_transfers,
        columns=(
            Column("number", "Number"),
            *_ENDS,
            Column("state", "State"),
            Column("since_ms", "Since", moment=True),
            Column("asked", "Asked"),
            Column("packed", "Packed"),
            Column("shipped", "Sent"),
            Column("notices", "Received under"),
            Column("in_transit", "On its way"),
            Column("arrived", "Arrived"),
            Column("short", "Short"),
        ),
    ),
    Listing(
        name="in_transit",
        title="Between sites",
        rows=_in_transit,
        columns=(
            Column("number", "Transfer"),
            Column("notice", "Received under"),
            *_ENDS,
            Column("name", "What"),
            Column("subject", "What, canonical name"),
            Column("quantity", "Pieces"),
            Column("carton", "Carton"),
            Column("container", "Carton, canonical name"),
        ),
    ),
)
