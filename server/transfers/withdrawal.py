"""What a transfer had announced and takes back, because its hand-over was undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.changes import publish
from server.database import stamp
from server.rebuild import rebuild_stated
from server.tables import documents, reference
from sync.identity import is_stock, item_of

WITHDRAWN: Final = "transfer_withdrawn"

Line = tuple[str, str | None]
"""Subject and container of a notice's row."""


def withdrawn(connection: sa.Connection, site: str, number: str) -> set[Line]:
    """The lines of a notice that are awaited no longer."""
    return {(row["subject"], row["container"]) for row in papers.rows_of(connection, site, WITHDRAWN, number)}


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
    _tell_handhelds(connection, site, number, rows, at)


def _tell_handhelds(connection: sa.Connection, site: str, number: str, rows: Sequence[Any], at: int) -> None:
    """Take the pieces out of the lines that handhelds know of the notice; units they learn one by one."""
    r = reference.c
    known = connection.execute(
        sa.select(r.row).where(r.site == site, r.kind == "document", r.key == number)
    ).scalar_one_or_none()
    gone = {(item_of(row["subject"]), row["lot"], row["container"]) for row in rows if is_stock(row["subject"])}
    if known and gone:
        left = [line for line in known["lines"] if (line["item"], line["lot"], line["container"]) not in gone]
        publish(connection, site, "document", number, known | {"lines": left}, at)
