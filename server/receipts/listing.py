"""The receipts of a site: what is awaited, what is being received, what is closed, and what was scanned since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import latest_first
from server.ledger import FOLDED, in_chunks, name_in
from server.receipts import notice
from server.receipts.kinds import KINDS
from server.tables import document_rows, documents, events, reference
from server.transfers.withdrawn import WITHDRAWN
from server.undone import read_undone

RECEIPTS_MAX: Final = 200
"""On one page of the list."""
STATES: Final = ("open", "partly", "closed", "changed", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """One notice or purchase order."""

    number: str
    kind: str
    supplier: str | None
    since_ms: int
    state: str
    """`open`: nothing was scanned yet; `partly`; `closed`; `changed`: closed, and scanned since; `withdrawn`: nothing
    of it is on its way, for the site that sent it took all of it back."""
    versions: int
    scans: int
    """That were not undone."""
    last_ms: int | None
    """When the server got the last of them."""


def list_receipts(
    connection: sa.Connection,
    site: str,
    *,
    state: str | None = None,
    after: latest_first.Key | None = None,
    limit: int = RECEIPTS_MAX,
) -> tuple[list[ReceiptRow], str | None]:
    """Notices and purchase orders, the latest first, and the `next` of their page; None on the last one.

    Args:
        state: only those that stand so.
        after: of the last one that was seen.
    """
    rows: list[ReceiptRow] = []
    while len(rows) <= limit and (page := _page(connection, site, after)):
        rows += [row for row in page if state in (None, row.state)]
        after = (page[-1].since_ms, page[-1].number)
    more = latest_first.next_of(rows[limit - 1].since_ms, rows[limit - 1].number) if len(rows) > limit else None
    return rows[:limit], more


def _page(connection: sa.Connection, site: str, after: latest_first.Key | None) -> list[ReceiptRow]:
    d = documents.c
    since_ms = sa.func.min(d.event_ms)
    query = (
        sa.select(d.kind, d.number, since_ms.label("since_ms"), sa.func.min(d.digest).label("digest"))
        .where(d.site == site, d.kind.in_(KINDS), d.event.isnot(None))
        .group_by(d.kind, d.number)
        .order_by(sa.desc("since_ms"), d.number)
        .limit(RECEIPTS_MAX)
    )
    if after is not None:
        query = query.having(latest_first.behind(since_ms, d.number, after))
    found = connection.execute(query).all()
    scanned, closed = _scanned(connection, site, (row.number for row in found)), _closed(connection, site, found)
    suppliers = _suppliers(connection, found)
    gone = _withdrawn(connection, site, (row.number for row in found if row.number not in scanned))
    return [
        _row(
            row,
            scanned.get(row.number, (0, None)),
            closed.get(row.number, (0, None)),
            suppliers.get(row.digest),
            withdrawn=row.number in gone,
        )
        for row in found
    ]


def open_receipts(connection: sa.Connection, site: str) -> Mapping[str, int]:
    """How many receipts are not closed: nothing of them was scanned yet (`open`), or something was (`partly`).

    One that was wholly taken back is awaited no longer.
    """
    t = reference.c
    query = sa.select(t.key).where(
        t.site == site, t.kind == "document", t.row.isnot(None),
        t.row["kind"].as_string().in_(KINDS), t.row["state"].as_string() == "open",
    )  # fmt: skip
    numbers = list(connection.execute(query).scalars())
    begun = _scanned(connection, site, numbers)
    gone = _withdrawn(connection, site, (number for number in numbers if number not in begun))
    return {"open": len(numbers) - len(begun) - len(gone), "partly": len(begun)}


def _withdrawn(connection: sa.Connection, site: str, wanted: Iterable[str]) -> set[str]:
    """Those of these notices of which everything was taken back at the site that sent it."""
    d = documents.c
    taken_back: set[str] = set()
    for numbers in in_chunks(wanted):
        query = sa.select(d.number).where(d.site == site, d.kind == WITHDRAWN, d.number.in_(numbers))
        taken_back.update(connection.execute(query).scalars())
    return {number for number in taken_back if notice.read(connection, site, number).is_empty}


def _scanned(connection: sa.Connection, site: str, wanted: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """How many scans under each number stand, and when the last of them arrived; numbers without any are left out."""
    e, undo = events.c, events.alias("undo").c
    name = name_in(events)
    meant = sa.exists().where(undo.voids == name)
    said: dict[str, tuple[int, int | None]] = {}
    doubted: list[tuple[str, str, int]] = []
    for numbers in in_chunks(wanted):
        receipts = (e.site == site, e.document.in_(numbers), e.action == "receive", e.outcome.in_(FOLDED))
        query = sa.select(e.document, sa.func.count(), sa.func.max(e.received_ms)).where(*receipts, ~meant)
        said.update((row[0], (row[1], row[2])) for row in connection.execute(query.group_by(e.document)))
        doubted += connection.execute(sa.select(e.document, name, e.received_ms).where(*receipts, meant))
    undone = read_undone(connection, site, (scan for _, scan, _ in doubted))  # an undo may be undone itself
    for number, scan, received_ms in doubted:
        if scan not in undone:
            scans, last_ms = said.get(number, (0, None))
            said[number] = (scans + 1, max(received_ms, last_ms or 0))
    return said


def _closed(connection: sa.Connection, site: str, found: Sequence[Any]) -> dict[str, tuple[int, int | None]]:
    """The latest version of each receipt, and when it was closed."""
    d = documents.c
    since_ms = min((row.since_ms for row in found), default=0)
    query = sa.select(d.number, d.event_ms).where(
        d.site == site, d.kind == "receipt_result", d.event.isnot(None), d.event_ms >= since_ms
    )
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
    document: Any,
    scanned: tuple[int, int | None],
    closed: tuple[int, int | None],
    supplier: str | None,
    *,
    withdrawn: bool,
) -> ReceiptRow:
    (scans, last_ms), (versions, closed_ms) = scanned, closed
    if closed_ms is not None:
        state = "changed" if last_ms is not None and last_ms > closed_ms else "closed"
    else:
        state = "partly" if scans else "withdrawn" if withdrawn else "open"
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
