"""Orders: one row a line, with how far it is."""

from __future__ import annotations

import time

import sqlalchemy as sa

from server.exports import ROWS_AT_ONCE, Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.orders.progress import list_numbers, read_progress

ORDERS_MAX = 100_000


def _orders(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    def lines() -> Rows:
        numbers, _ = list_numbers(connection, site, limit=ORDERS_MAX)
        if filters.get("number"):
            numbers = [number for number in numbers if number == filters["number"]]
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            found = read_progress(connection, site, numbers[start : start + ROWS_AT_ONCE], time.time_ns() // 1_000_000)
            for number, one in found.items():
                for line in one.lines:
                    yield {
                        "number": number,
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


LISTS = (
    Listing(
        name="orders",
        title="Orders, line by line",
        columns=(
            Column("number", "Order"),
            Column("standing", "State"),
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
