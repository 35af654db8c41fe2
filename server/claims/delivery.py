"""A claim of what a closed receipt lacks, has too much of, or found damaged."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server import costs, papers
from server.claims.book import claims_of, put
from server.claims.claim import VALUED, ClaimError, ClaimLine
from server.claims.version import WRONG_OF, frozen, has_changed, is_wrong
from server.database import lock
from server.receipts.lines import ReceiptLine
from server.receipts.receipt import report
from server.transfers.arrival import sender


def draft(connection: sa.Connection, *, site: str, receipt: str, operator: str | None, now_ms: int) -> str:
    """Make a claim of a closed receipt's differences; returns its number.

    Raises:
        ClaimError: the receipt is not closed, was scanned since, has no differences, or is claimed already; or it is a
            transfer's, which no supplier has to make good.
    """
    lock(connection, site, [receipt, "claims"])
    if sent := sender(connection, site, receipt):
        raise ClaimError(
            f"{receipt} came from {sent[0]}, a site of ours: what differs is a case there too, and no claim."
        )
    version = papers.versions(connection, site, "receipt_result", receipt)
    if not version:
        raise ClaimError(
            f"{receipt} is not closed yet: close it first, so that the claim rests on what will not change."
        )
    now = report(connection, site=site, number=receipt)
    if has_changed(connection, site, receipt, version, now):
        raise ClaimError(f"{receipt} was scanned since it was closed: close it again first.")
    lines = _claimed(connection, site, frozen(connection, site, receipt, version)[1], now_ms)
    if not lines:
        raise ClaimError(f"{receipt} came as announced: there is nothing to claim.")
    earlier = next((c.number for c in claims_of(connection, site, receipt) if c.version == version), None)
    if earlier:
        raise ClaimError(f"{earlier} claims version {version} of {receipt} already.")
    return put(
        connection,
        site=site,
        receipt=receipt,
        version=version,
        supplier=now.supplier,
        lines=lines,
        operator=operator,
        now_ms=now_ms,
    )


def _claimed(connection: sa.Connection, site: str, lines: Iterable[ReceiptLine], now_ms: int) -> list[ClaimLine]:
    found = [line for line in lines if is_wrong(line)]
    worth = costs.worth(connection, site, (line.subject for line in found), now_ms)
    return [_claim_line(line, worth.get(line.subject)) for line in found]


def _claim_line(line: ReceiptLine, price: tuple[int, str] | None) -> ClaimLine:
    wrong = WRONG_OF.get(line.kind, "damaged")
    wrong = "damaged" if line.damaged and wrong not in VALUED else wrong
    quantity = abs(line.expected_quantity - line.quantity) or line.quantity
    owed = wrong in VALUED and price is not None
    return ClaimLine(
        subject=line.subject,
        wrong=wrong,
        carton=line.expected if wrong == "short" else next(iter(line.seen), line.expected),
        quantity=quantity,
        condition=line.condition,
        value=quantity * price[0] if price and owed else None,
        currency=price[1] if price and owed else None,
        events=line.events,
    )
