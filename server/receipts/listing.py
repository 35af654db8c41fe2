"""The receipts of a site: what is awaited, what is being received, what is closed, and what was scanned since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.ledger import FOLDED
from server.receipts.kinds import KINDS
from server.tables import document_rows, documents, events

RECEIPTS_MAX: Final = 200
STATES: Final = ("open", "partly", "closed", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """One notice or purchase order."""

    number: str
    kind: str
    supplier: str | None
    since_ms: int
    state: str
    """`open`: nothing was scanned yet; `partly`; `closed`; `changed`: closed, and scanned since."""
    versions: int
    scans: int
    last_ms: int | None
    """When the server got the last scan."""


def list_receipts(
    connection: sa.Connection, site: str, *, state: str | None = None, limit: int = RECEIPTS_MAX
) -> list[ReceiptRow]:
    """Notices and purchase orders, the latest first."""
    d = documents.c
    query = (
        sa.select(d.kind, d.number, sa.func.min(d.event_ms).label("since_ms"), sa.func.min(d.digest).label("digest"))
        .where(d.site == site, d.kind.in_(KINDS), d.event.isnot(None))
        .group_by(d.kind, d.number)
        .order_by(sa.desc("since_ms"), d.number)
        .limit(limit)
    )
    rows = [_row(connection, site, row) for row in connection.execute(query).all()]
    return [row for row in rows if state in (None, row.state)]


def _row(connection: sa.Connection, site: str, document: Any) -> ReceiptRow:
    e = events.c
    scanned = sa.select(sa.func.count(), sa.func.max(e.received_ms)).where(
        e.site == site, e.document == document.number, e.action == "receive", e.outcome.in_(FOLDED)
    )
    scans, last_ms = connection.execute(scanned).one()
    versions = papers.versions(connection, site, "receipt_result", document.number)
    closed = sa.select(sa.func.max(documents.c.event_ms)).where(
        documents.c.site == site, documents.c.number == f"{document.number}/{versions}"
    )
    closed_ms = connection.execute(closed).scalar() if versions else None
    if closed_ms is not None:
        state = "changed" if last_ms is not None and last_ms > closed_ms else "closed"
    else:
        state = "partly" if scans else "open"
    first = sa.select(document_rows.c.attributes).where(
        document_rows.c.document == document.digest, document_rows.c.row == 1
    )
    return ReceiptRow(
        number=document.number,
        kind=document.kind,
        supplier=(connection.execute(first).scalar() or {}).get("supplier"),
        since_ms=document.since_ms,
        state=state,
        versions=versions,
        scans=scans,
        last_ms=last_ms,
    )
