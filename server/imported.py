"""The documents that were imported: who took them in, when, and how far each is."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from server.document_kinds import KINDS
from server.tables import document_rows, documents, events
from sync.event import parse_name

_another: Final = documents.alias()
OVERTAKEN: Final = documents.c.event.is_(None) & sa.exists().where(
    _another.c.site == documents.c.site,
    _another.c.number == documents.c.number,
    _another.c.kind == documents.c.kind,
    _another.c.event.isnot(None),
)
"""Whether a document was begun and never will count: another one has its number."""
_first: Final = document_rows.alias()
_OF_A_TRANSFER: Final = sa.exists().where(
    _first.c.document == documents.c.digest,
    _first.c.row == 1,
    documents.c.kind == "asn",
    _first.c.attributes["from_site"].as_string().isnot(None),
)
"""Whether the server itself wrote it, one for each carton that another site handed over."""
PAGE: Final = 50
After = tuple[int, str]
"""(moment, digest) of the last one of a page."""


def read_page(
    connection: sa.Connection, site: str, *, kind: str | None = None, after: After | None = None, limit: int = PAGE
) -> list[dict[str, Any]]:
    """Documents that people or programs sent, the unfinished first, then the latest; with who took each in."""
    d = documents.c
    begun = sa.func.coalesce(d.event_ms, _NOT_YET)
    query = (
        sa.select(d.kind, d.number, d.rows, d.folded_rows, d.digest, d.event, d.event_ms, begun.label("begun_ms"))
        .where(d.site == site, d.kind.in_([kind] if kind else list(KINDS)), ~OVERTAKEN, ~_OF_A_TRANSFER)
        .order_by(begun.desc(), d.digest.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(begun, d.digest) < sa.tuple_(*after))
    rows: list[dict[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        row["operator"] = _operator(connection, row["event"])
        row["loaded"] = row["rows"] if row["event"] else _loaded(connection, row["digest"])
    return rows


_NOT_YET: Final = 2**53 - 1


def _operator(connection: sa.Connection, event: str | None) -> str | None:
    if event is None:
        return None
    device_no, epoch, seq = parse_name(event)
    e = events.c
    query = sa.select(e.operator).where(e.device_no == device_no, e.epoch == epoch, e.seq == seq)
    return connection.execute(query).scalar()


def _loaded(connection: sa.Connection, digest: str) -> int:
    r = document_rows.c
    return connection.execute(sa.select(sa.func.max(r.row)).where(r.document == digest)).scalar() or 0
