"""What came of a transfer, told to the site that sent it: what did not arrive, and what arrived though never sent."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server import papers, piece_cases
from server.counts.compare import Line, ReportLine
from server.database import stamp
from server.rebuild import rebuild
from server.tables import document_rows, documents
from server.unit_rows import states_of
from sync.identity import is_container, is_stock
from sync.unit import IN_STOCK

MISSING = "transfer_missing"
ARRIVED = "transfer_arrived"


def sender(connection: sa.Connection, site: str, number: str) -> tuple[str, str] | None:
    """The site that a notice came from, and the transfer's number there; None where it is no transfer's."""
    query = (
        sa.select(document_rows.c.attributes)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == site, documents.c.kind == "asn", documents.c.number == number)
        .where(document_rows.c.row == 1)
    )
    said = connection.execute(query).scalar() or {}
    return (said["from_site"], said["transfer"]) if said.get("from_site") else None


def report_back(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    version: int,
    lines: Iterable[ReportLine],
    operator: str | None,
    now_ms: int,
) -> None:
    """Tell the sender what the receipt of its transfer came to: facts of its own units, from which its cases follow."""
    origin = sender(connection, site, number)
    if origin is None:
        return
    home, _ = origin
    lines = list(lines)
    pieces = _pieces_missing(connection, home, number, lines)
    units = [line for line in lines if not is_stock(line.subject) and not is_container(line.subject)]
    missing = {line.subject for line in units if line.kind is Line.MISSING}
    here = {line.subject for line in units if line.kind is not Line.MISSING}
    told = _told(connection, home, number)
    unannounced = {line.subject for line in units if not line.expected_quantity}
    states = states_of(connection, home, here & unannounced)
    unsent = {unit for unit, state in states.items() if state.status in IN_STOCK}
    arrived = (here & told) | unsent
    for kind, action, found in ((MISSING, "report_missing", missing), (ARRIVED, "report_arrived", arrived)):
        counted = pieces if kind == MISSING else {}
        if found or counted:
            papers.write(
                connection,
                site=home,
                kind=kind,
                number=f"{number}/{version}",
                action=action,
                reason=f"{site} closed its receipt",
                rows=[{"subject": unit, "attributes": {"to_site": site}, "stated": True} for unit in sorted(found)]
                + [{"subject": s, "quantity": n, "attributes": {"to_site": site}} for s, n in sorted(counted.items())],
                operator=operator,
                now_ms=now_ms,
            )
    if missing | arrived:
        rebuild(connection, home, missing | arrived, stamp(connection))
    if pieces:
        piece_cases.refold(connection, home, number, stamp(connection))


def _pieces_missing(connection: sa.Connection, home: str, number: str, lines: Iterable[ReportLine]) -> dict[str, int]:
    """How many of each product or lot did not arrive; nought of what was told before and is here by now."""
    lacking = {
        line.subject: line.expected_quantity - line.quantity
        for line in lines
        if is_stock(line.subject) and line.quantity < line.expected_quantity
    }
    return dict.fromkeys(filter(is_stock, _told(connection, home, number)), 0) | lacking


def _told(connection: sa.Connection, home: str, number: str) -> set[str]:
    """Units and pieces of which it was said before that they had not arrived."""
    query = (
        sa.select(document_rows.c.subject)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == home, documents.c.kind == MISSING, documents.c.number.startswith(f"{number}/"))
    )
    return set(connection.execute(query).scalars())
