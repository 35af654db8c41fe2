"""What a transfer had announced and takes back, because its hand-over was undone."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server import catalogue, papers, piece_cases
from server.database import stamp
from server.rebuild import rebuild_stated
from server.tables import documents
from server.transfers.withdrawn import WITHDRAWN


def withdraw(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    rows: Iterable[sa.RowMapping],
    operator: str | None,
    reason: str,
    now_ms: int,
) -> None:
    """Take rows of a notice back at the site that they were announced to.

    Args:
        rows: of `document_rows`, each with the `event` that announced it.
    """
    rows = list(rows)
    undoing = [
        {
            "subject": row["subject"],
            "container": row["container"],
            "attributes": {"voids": row["event"], "reason": reason},
            "stated": row["stated"],
        }
        for row in rows
    ]
    digest = papers.write(
        connection,
        site=site,
        kind=WITHDRAWN,
        number=number,
        action="withdraw",
        rows=undoing,
        operator=operator,
        now_ms=now_ms,
        reason=reason,
    )
    document = connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()
    at = stamp(connection)
    rebuild_stated(connection, site, {row["subject"] for row in rows if row["stated"]}, at, document)
    piece_cases.refold_told(connection, site, [number], at)
    catalogue.publish_notice(connection, site, number, at)
