"""Orders: one row a line, with how far it is."""

from __future__ import annotations

import time

import sqlalchemy as sa

from server.exports import ROWS_AT_ONCE, Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.orders.book import read_said
from server.orders.progress import list_numbers, read_progress
from sync.identity import item_of, split_key

ORDERS_MAX = 100_000


def _orders(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    def lines() -> Rows:
        numbers, _ = list_numbers(connection, site, limit=ORDERS_MAX)
        if filters.get("number"):
            numbers = [number for number in numbers if number == filters["number"]]
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            found = read_progress(connection, site, numbers[start : start + ROWS_AT_ONCE], time.time_ns() // 1_000_000)
            said = {name: read_said(connection, site, found, name) for name in ("channel", "to_site")}
            for number, one in found.items():
                for line in one.lines:
                    yield {
                        "number": number,
                        "channel": said["channel"].get(number),
                        "to_site": said["to_site"].get(number),
                        "standing": one.standing,
                        "due": one.order.due,
                        "priority": one.order.priority,
                        "imported_ms": one.imported_ms,
                        "cancelled_ms": one.cancelled_ms,
                        "item": line.line.item,
                        "lot": line.line.lot,
                        "unit": line.line.unit,
                        "quantity": line.line.quantity,
                        "picked": line.picked,
                        "packed": line.packed,
                        "shipped": line.shipped,
                        "short": line.short,
                    }

    yield from with_names(connection, site, lines(), {"item": "product"})


def _units(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    """What each order has, unit by unit: an invoice can carry the serial and lot numbers."""

    def units() -> Rows:
        numbers, _ = list_numbers(connection, site, limit=ORDERS_MAX)
        if filters.get("number"):
            numbers = [number for number in numbers if number == filters["number"]]
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            found = read_progress(connection, site, numbers[start : start + ROWS_AT_ONCE], time.time_ns() // 1_000_000)
            channel = read_said(connection, site, found, "channel")
            for number, one in found.items():
                tracking = {parcel.container: ", ".join(map(_last, parcel.tracking)) for parcel in one.parcels}
                for unit in one.units:
                    yield {
                        "number": number,
                        "channel": channel.get(number),
                        "item": item_of(unit.subject),
                        "serial": _last(unit.subject) if "/21/" in unit.subject else None,
                        "lot": unit.lot,
                        "quantity": unit.quantity,
                        "status": unit.status.value,
                        "container": None if unit.container is None else _last(unit.container),
                        "tracking": tracking.get(unit.container or ""),
                        "unit": unit.subject,
                    }

    yield from with_names(connection, site, units(), {"item": "product"})


def _last(key: str) -> str:
    """The number that people read of a name."""
    return split_key(key).elements[-1][1]


LISTS = (
    Listing(
        name="order_units",
        title="Orders, unit by unit",
        columns=(
            Column("number", "Order"),
            Column("channel", "Channel"),
            Column("product", "Product"),
            Column("serial", "Serial number"),
            Column("lot", "Lot"),
            Column("quantity", "Pieces"),
            Column("status", "State"),
            Column("container", "Carton"),
            Column("tracking", "Tracking"),
            Column("item", "Product, canonical name"),
            Column("unit", "Unit, canonical name"),
        ),
        rows=_units,
        filters={"number": "one order"},
    ),
    Listing(
        name="orders",
        title="Orders, line by line",
        columns=(
            Column("number", "Order"),
            Column("standing", "State"),
            Column("channel", "Channel"),
            Column("to_site", "To site"),
            Column("due", "Due"),
            Column("priority", "Priority"),
            Column("imported_ms", "Imported", moment=True),
            Column("cancelled_ms", "Cancelled", moment=True),
            Column("product", "Product"),
            Column("item", "Product, canonical name"),
            Column("lot", "Lot"),
            Column("unit", "Made for it"),
            Column("quantity", "Ordered"),
            Column("picked", "Picked"),
            Column("packed", "Packed"),
            Column("shipped", "Shipped"),
            Column("short", "Short"),
        ),
        rows=_orders,
        filters={"number": "one order"},
    ),
)
