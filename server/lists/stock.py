"""Stock: units, balances of what has none, products, locations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa

from server import inventory
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import batches, with_names
from server.zones import zones_of
from sync.identity import split_key


def _units(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    rows = inventory.units(
        connection,
        site,
        item=filters.get("item"),
        status=filters.get("status"),
        places=_places(connection, site, filters),
    )
    return with_names(
        connection, site, _located(connection, site, rows), {"unit": "name", "location": "at", "expected": "belongs"}
    )


def _places(connection: sa.Connection, site: str, filters: Filters) -> list[str] | None:
    """The bin that is asked for, and every container in it."""
    bin_ = filters.get("location")
    return None if bin_ is None else [bin_, *inventory.inside(connection, site, [bin_])]


def _located(connection: sa.Connection, site: str, rows: Iterator[Any]) -> Rows:
    """The rows with the location of their place and its zone."""
    for batch in batches(rows):
        at = inventory.resolve(connection, site, (row["place"] for row in batch))
        zones = zones_of(connection, site, at.values())
        for row in batch:
            location = at.get(row["place"] or "")
            yield row | {"location": location, "zone": zones.get(location or "")}


def _levels(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    rows = inventory.levels(connection, site, item=filters.get("item"), places=_places(connection, site, filters))
    return with_names(connection, site, _located(connection, site, rows), {"subject": "name", "location": "at"})


def _products(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    after = None
    while page := inventory.products(connection, site, text=filters.get("q", ""), after=after):
        for product in page:
            gtin = dict(split_key(product.key).elements)["01"]
            yield asdict(product) | {"gtin": gtin, "in_stock": product.in_stock}
        after = (page[-1].sort, page[-1].key)


def _locations(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    after = None
    while page := inventory.places(connection, site, text=filters.get("q", ""), after=after):
        yield from map(asdict, page)
        after = (page[-1].sort, page[-1].key)


_ITEM: Final = {"item": "canonical name of a product"}
_LOCATION: Final = {"location": "canonical name of a bin; what stands in it in cartons is in it"}
LISTS: Final = (
    Listing(
        name="units",
        title="Units",
        rows=_units,
        filters=_ITEM | _LOCATION | {"status": "received, stored, picked, ..."},
        columns=(
            Column("name", "Unit"),
            Column("status", "State"),
            Column("at", "Place"),
            Column("zone", "Zone"),
            Column("observed", "Seen there"),
            Column("belongs", "Belongs"),
            Column("lot", "Lot"),
            Column("expiry", "Expires"),
            Column("condition", "Condition"),
            Column("document", "Document"),
            Column("place_ms", "There since", moment=True),
            Column("last_ms", "Last scan", moment=True),
            Column("unit", "Canonical name"),
            Column("place", "Canonical place"),
            Column("expected", "Canonical place where it belongs"),
        ),
    ),
    Listing(
        name="stock_levels",
        title="Stock without units",
        rows=_levels,
        filters=_ITEM | _LOCATION,
        columns=(
            Column("name", "Product or lot"),
            Column("at", "Place"),
            Column("zone", "Zone"),
            Column("quantity", "Pieces"),
            Column("counted_ms", "Counted", moment=True),
            Column("last_ms", "Last movement", moment=True),
            Column("subject", "Canonical name"),
            Column("place", "Canonical place"),
        ),
    ),
    Listing(
        name="products",
        title="Products",
        rows=_products,
        filters={"q": "part of its name, SKU or GTIN"},
        columns=(
            Column("name", "Product"),
            Column("sku", "SKU"),
            Column("gtin", "GTIN or own number"),
            Column("mode", "Tracked by"),
            Column("in_stock", "Units in stock"),
            Column("pieces", "Pieces without a unit"),
            Column("key", "Canonical name"),
        ),
    ),
    Listing(
        name="locations",
        title="Locations",
        rows=_locations,
        filters={"q": "part of its code, name or zone"},
        columns=(
            Column("code", "Code"),
            Column("name", "Name"),
            Column("zone", "Zone"),
            Column("units", "Units in stock"),
            Column("pieces", "Pieces without a unit"),
            Column("key", "Canonical name"),
        ),
    ),
)
