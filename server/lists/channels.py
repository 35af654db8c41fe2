"""Channels, with what each has reserved and sold."""

from __future__ import annotations

import time
from dataclasses import asdict

import sqlalchemy as sa

from server.channels import read_channels
from server.exports import Column, Filters, Listing, Rows


def _channels(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    yield from map(asdict, read_channels(connection, site, time.time_ns() // 1_000_000, filters.get("item")))


LISTS = (
    Listing(
        name="channels",
        title="Channels",
        rows=_channels,
        columns=(
            Column("name", "Channel"),
            Column("orders", "Open orders"),
            Column("reserved", "Reserved"),
            Column("sold", "Sold in 30 days"),
        ),
        filters={"item": "one product, by canonical name"},
    ),
)
