"""Claims to suppliers, and what each complains of."""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from server.claims import book
from server.claims.claim import ClaimError
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.roles import Task


def _claims(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    """A row for each currency of a claim: amounts in two are never one figure."""
    pairs = ((claim, currency) for claim in book.every(connection, site) for currency in claim.currencies or [""])
    for claim, currency in pairs:
        yield {
            "number": claim.number,
            "supplier": claim.supplier,
            "receipt": claim.receipt,
            "version": claim.version,
            "since_ms": claim.fates[0].at_ms,
            "status": claim.status,
            "lines": len(claim.lines),
            "claimed": claim.totals.get(currency),
            "credited": (claim.credited or {}).get(currency),
            "currency": currency or None,
        }


def _lines(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    try:
        claim = book.read(connection, site, filters["number"])
    except ClaimError as error:
        raise LookupError(str(error)) from None
    return with_names(connection, site, map(asdict, claim.lines), {"subject": "name", "carton": "in_carton"})


LISTS = (
    Listing(
        name="claims",
        task=Task.CLAIM,
        title="Claims",
        rows=_claims,
        columns=(
            Column("number", "Number"),
            Column("supplier", "Supplier"),
            Column("receipt", "Receipt"),
            Column("version", "Version of its report"),
            Column("since_ms", "Since", moment=True),
            Column("status", "State"),
            Column("lines", "Lines"),
            Column("claimed", "Claimed, in the smallest unit"),
            Column("credited", "Credited, in the smallest unit"),
            Column("currency", "Currency"),
        ),
    ),
    Listing(
        name="claim_lines",
        task=Task.CLAIM,
        title="Lines of a claim",
        rows=_lines,
        filters={"number": "of the claim"},
        needs="number",
        columns=(
            Column("wrong", "What is wrong"),
            Column("name", "Unit, product or lot"),
            Column("in_carton", "Carton"),
            Column("quantity", "Pieces"),
            Column("condition", "Condition"),
            Column("value", "Value, in the smallest unit"),
            Column("currency", "Currency"),
            Column("subject", "Canonical name"),
            Column("carton", "Canonical name of the carton"),
            Column("events", "Scans"),
        ),
    ),
)
