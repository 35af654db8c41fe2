"""The receipts of a site: what is awaited, what is being received, what is closed, and what was scanned since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.ledger import FOLDED, in_chunks
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
    found = connection.execute(query).all()
    scanned, closed = _scanned(connection, site, found), _closed(connection, site, found)
    suppliers = _suppliers(connection, found)
    rows = [
        _row(row, scanned.get(row.number, (0, None)), closed.get(row.number, (0, None)), suppliers.get(row.digest))
        for row in found
    ]
    return [row for row in rows if state in (None, row.state)]


def _scanned(connection: sa.Connection, site: str, found: Sequence[Any]) -> dict[str, tuple[int, int | None]]:
    """How often something was received under each number, and when the last such scan arrived."""
    e = events.c
    said: dict[str, tuple[int, int | None]] = {}
    for numbers in in_chunks(row.number for row in found):
        query = (
            sa.select(e.document, sa.func.count(), sa.func.max(e.received_ms))
            .where(e.site == site, e.document.in_(numbers), e.action == "receive", e.outcome.in_(FOLDED))
            .group_by(e.document)
        )
        said.update((number, (scans, last_ms)) for number, scans, last_ms in connection.execute(query))
    return said


def _closed(connection: sa.Connection, site: str, found: Sequence[Any]) -> dict[str, tuple[int, int | None]]:
    """The latest version of each receipt, and when it was closed."""
    d = documents.c
    query = sa.select(d.number, d.event_ms).where(d.site == site, d.kind == "receipt_result", d.event.isnot(None))
    wanted = {row.number for row in found}
    said: dict[str, tuple[int, int | None]] = {}
    for name, moment in connection.execute(query):
        number, _, version = name.rpartition("/")
        if number in wanted and version.isdigit() and int(version) > said.get(number, (0, None))[0]:
            said[number] = (int(version), moment)
    return said


def _suppliers(connection: sa.Connection, found: Sequence[Any]) -> dict[str, str | None]:
    """Who sends each document; the same on every row, so that the first one says it."""
    t = document_rows.c
    said: dict[str, str | None] = {}
    for digests in in_chunks(row.digest for row in found):
        query = sa.select(t.document, t.attributes).where(t.document.in_(digests), t.row == 1)
        said.update((digest, (attributes or {}).get("supplier")) for digest, attributes in connection.execute(query))
    return said


def _row(
    document: Any, scanned: tuple[int, int | None], closed: tuple[int, int | None], supplier: str | None
) -> ReceiptRow:
    (scans, last_ms), (versions, closed_ms) = scanned, closed
    if closed_ms is not None:
        state = "changed" if last_ms is not None and last_ms > closed_ms else "closed"
    else:
        state = "partly" if scans else "open"
    return ReceiptRow(
        number=document.number,
        kind=document.kind,
        supplier=supplier,
        since_ms=document.since_ms,
        state=state,
        versions=versions,
        scans=scans,
        last_ms=last_ms,
    )
