"""Every count with its state: open, waiting, closed, given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import latest_first
from server.counts.plan import Sort
from server.tables import document_rows, documents, reference

COUNTS_MAX: Final = 200
"""On one page of the list."""
STATES: Final = ("open", "proposed", "closed", "cancelled")


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


def list_counts(
    connection: sa.Connection,
    site: str,
    *,
    state: str | None = None,
    after: latest_first.Key | None = None,
    limit: int = COUNTS_MAX,
) -> tuple[list[Listed], str | None]:
    """The counts of a site, the latest first, and the `next` of their page; None on the last one.

    Args:
        state: only those that stand so.
        after: of the last one that was seen.
    """
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
    )
    if state is not None:
        heads = heads.where(reference.c.row["state"].as_string() == state)
    if after is not None:
        heads = heads.where(latest_first.behind(documents.c.event_ms, documents.c.number, after))
    found = connection.execute(heads.order_by(documents.c.event_ms.desc(), documents.c.number).limit(limit + 1)).all()
    rows = found[:limit]
    since_ms = min((row.event_ms for row in rows), default=0)
    frozen = _frozen(connection, site, {row.number for row in rows}, since_ms)
    more = latest_first.next_of(rows[-1].event_ms, rows[-1].number) if len(found) > limit else None
    return [_listed(row, *frozen.get(row.number, (0, None))) for row in rows], more


def in_state(connection: sa.Connection, site: str) -> Mapping[str, int]:
    """How many counts are open, wait for approval, are closed, or were given up."""
    t = reference.c
    state = t.row["state"].as_string()
    query = (
        sa.select(state, sa.func.count())
        .where(t.site == site, t.kind == "document", t.row.isnot(None), t.row["kind"].as_string() == "count")
        .group_by(state)
    )
    return dict(connection.execute(query).all())


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
