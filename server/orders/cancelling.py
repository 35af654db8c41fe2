"""Cancelling an order: one event, and handhelds that take nothing more for it from their next sync on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from server import catalogue
from server.database import lock, stamp
from server.ledger import record
from server.orders import book


class OrderError(ValueError):
    """It cannot be done to this order; the message says why."""


def cancel(
    connection: sa.Connection, *, site: str, number: str, reason: str, operator: str | None, now_ms: int
) -> None:
    """Cancel an order from now on; what was picked for it is to be put back.

    Raises:
        LookupError: no such order was imported.
        OrderError: it was cancelled before, or no reason is given.
    """
    lock(connection, site, [number])
    if not book.read_orders(connection, site, [number]):
        raise LookupError(f"There is no order {number}.")
    if book.is_cancelled(book.read_cancellations(connection, site, [number]), number):
        raise OrderError(f"Order {number} was cancelled before.")
    if not reason.strip():
        raise OrderError("Say why it is cancelled: whoever has picked for it will ask.")
    record(
        connection,
        site=site,
        action="cancel_order",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=reason.strip(),
    )
    catalogue.publish_orders(connection, site, [number], stamp(connection))


def resume(
    connection: sa.Connection, *, site: str, number: str, reason: str, operator: str | None, now_ms: int
) -> None:
    """Take a cancellation back; what was not put back meanwhile is of the order again.

    Raises:
        LookupError: no such order was imported.
        OrderError: it is not cancelled, or no reason is given.
    """
    lock(connection, site, [number])
    if not book.read_orders(connection, site, [number]):
        raise LookupError(f"There is no order {number}.")
    if not book.is_cancelled(book.read_cancellations(connection, site, [number]), number):
        raise OrderError(f"Order {number} is not cancelled.")
    if not reason.strip():
        raise OrderError("Say why it is wanted after all: whoever has put it back will ask.")
    record(
        connection,
        site=site,
        action="resume_order",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=reason.strip(),
    )
    catalogue.publish_orders(connection, site, [number], stamp(connection))


def cancel_all(
    connection: sa.Connection, *, site: str, rows: Iterable[Mapping[str, str]], operator: str | None, now_ms: int
) -> int:
    """Cancel the orders of a file (`number`, `reason`), all or none; returns how many.

    Raises:
        LookupError, OrderError: one of them cannot be cancelled; the message names it.
    """
    cancelled = 0
    for row in sorted(rows, key=lambda row: row["number"]):
        cancel(connection, site=site, number=row["number"], reason=row["reason"], operator=operator, now_ms=now_ms)
        cancelled += 1
    return cancelled
