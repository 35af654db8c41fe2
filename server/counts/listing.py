"""Every count with its state: open, waiting, closed, given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.counts.plan import Sort
from server.tables import document_rows, documents, reference

COUNTS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One count in a list."""

    number: str
    sort: Sort
    of: str | None
    state: str
    """open, proposed, closed or cancelled."""
    opened_ms: int
    bins: int
    done: int
    blind: bool
    versions: int
    expected: int | None
    """Units of the latest version, with `matched` its accuracy; None before the first close."""
    matched: int | None


def list_counts(connection: sa.Connection, site: str, *, limit: int = COUNTS_MAX) -> list[Listed]:
    """The counts of a site, the latest first."""
    heads = (
        sa.select(documents.c.number, documents.c.event_ms, document_rows.c.attributes, reference.c.row)
        .join(document_rows, (document_rows.c.document == documents.c.digest) & (document_rows.c.row == 1))
        .join(
            reference,
            (reference.c.site == documents.c.site)
            & (reference.c.kind == "document")
            & (reference.c.key == documents.c.number),
        )
        .where(documents.c.site == site, documents.c.kind == "count", documents.c.event.isnot(None))
        .order_by(documents.c.event_ms.desc(), documents.c.number.desc())
        .limit(limit)
    )
    rows = connection.execute(heads).all()
    since_ms = min((row.event_ms for row in rows), default=0)
    frozen = _frozen(connection, site, {row.number for row in rows}, since_ms)
    return [_listed(row, *frozen.get(row.number, (0, None))) for row in rows]


def state_of(connection: sa.Connection, site: str, number: str) -> str:
    """open, proposed, closed or cancelled, as handhelds are told."""
    t = reference.c
    query = sa.select(t.row).where(t.site == site, t.kind == "document", t.key == number)
    return str((connection.execute(query).scalar() or {}).get("state", "open"))


def _listed(row: Any, version: int, counted: Any) -> Listed:
    offered = row.row or {}
    bins = counted.values() if counted else ()
    return Listed(
        number=row.number,
        sort=Sort(row.attributes["sort"]),
        of=row.attributes["of"],
        state=offered.get("state", "open"),
        opened_ms=row.event_ms,
        bins=len(offered.get("bins", ())),
        done=len(offered.get("done", ())),
        blind=bool(offered.get("blind_bins")),
        versions=version,
        expected=sum(b["expected"] for b in bins) if counted else None,
        matched=sum(b["matched"] for b in bins) if counted else None,
    )


def _frozen(connection: sa.Connection, site: str, numbers: set[str], since_ms: int) -> dict[str, tuple[int, Any]]:
    """The latest version of each count: which it is, and how its bins came out."""
    query = (
        sa.select(documents.c.number, document_rows.c.attributes["bins"])
        .join(document_rows, (document_rows.c.document == documents.c.digest) & (document_rows.c.row == 1))
        .where(documents.c.site == site, documents.c.kind == "count_result", documents.c.event.isnot(None))
        .where(documents.c.event_ms >= since_ms)
    )
    found: dict[str, tuple[int, Any]] = {}
    for name, bins in connection.execute(query):
        number, _, version = name.rpartition("/")
        if number in numbers and version.isdigit() and int(version) > found.get(number, (0, None))[0]:
            found[number] = (int(version), bins)
    return found
