"""Returns: what waits, return rates by product, and lots that failed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import sqlalchemy as sa

from server import context
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.returns import desk, loops, lots


def _waiting(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = map(asdict, desk.waiting(connection, site, context.now_ms(), limit=desk.EXPORTED_MAX))
    return with_names(connection, site, rows, {"unit": "name", "location": "place"})


def _rates(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (
        asdict(one)
        | {"rate": one.rate, "rate_without_loops": one.rate_without_loops}
        | {"reasons": ", ".join(f"{count} {why}" for why, count in sorted(one.reasons.items()))}
        for one in loops.products(connection, site, context.now_ms())
    )
    return with_names(connection, site, rows, {"item": "name"})


def _lots(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (
        asdict(one) | {"siblings": ", ".join(f"{count} {status}" for status, count in sorted(one.siblings.items()))}
        for one in lots.failed(connection, site)
    )
    return with_names(connection, site, rows, {"item": "name", "first": "first_name"})


LISTS: Final = (
    Listing(
        name="returns",
        title="Returns that wait",
        rows=_waiting,
        columns=(
            Column("outcome", "Verdict"),
            Column("name", "Unit"),
            Column("because", "Why"),
            Column("since_ms", "Since", moment=True),
            Column("place", "Place"),
            Column("document", "Came with"),
            Column("sold_on", "Sold on"),
            Column("reason", "Reason"),
            Column("condition", "Condition"),
            Column("returns", "Times"),
            Column("lot", "Lot"),
            Column("unit", "Canonical name"),
        ),
    ),
    Listing(
        name="return_rates",
        title="Return rates, last two years",
        rows=_rates,
        columns=(
            Column("name", "Product"),
            Column("sold", "Sold"),
            Column("returns", "Returns"),
            Column("units", "Units that came back"),
            Column("rate", "Rate"),
            Column("rate_without_loops", "Rate without loops"),
            Column("loop_units", "Units in loops"),
            Column("loop_returns", "Their returns"),
            Column("reasons", "Why"),
            Column("item", "Canonical name"),
        ),
    ),
    Listing(
        name="failed_lots",
        title="Lots that failed",
        rows=_lots,
        columns=(
            Column("name", "Product"),
            Column("lot", "Lot"),
            Column("failed", "Failed"),
            Column("first_name", "First"),
            Column("siblings", "Siblings"),
            Column("recalled", "Recalled"),
            Column("proposed", "Recall proposed"),
            Column("item", "Canonical name"),
        ),
    ),
)
