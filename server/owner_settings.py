"""What the owner has set: each change is a small document that names who made it and when; the latest word counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from server import papers
from server.database import SITE, lock
from server.tables import document_rows, documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One setting as it stands."""

    value: Mapping[str, Any]
    by: str | None
    at_ms: int


def keep(
    connection: sa.Connection,
    *,
    site: str,
    kind: str,
    key: str,
    value: Mapping[str, Any] | None,
    told: str,
    operator: str | None,
    now_ms: int,
) -> None:
    """Set something from now on; None takes it back. Nothing is written where it stands so already.

    Args:
        kind: what sort of setting, such as `adviser_setting`.
        key: which one of that sort.
        value: what the setting is, as JSON holds it.
        told: what the audit says of the change.
    """
    lock(connection, site, [f"{kind} {key}"])
    before = kept(connection, site, kind).get(key)
    if (before and dict(before.value)) == (None if value is None else dict(value)):
        return
    version = papers.versions(connection, site, kind, key) + 1
    papers.write(
        connection,
        site=site,
        kind=kind,
        number=f"{key}/{version}",
        action="administer",
        reason=told,
        rows=[{"subject": key, "attributes": {"value": value, "by": operator}}],
        operator=operator,
        now_ms=now_ms,
    )


@cache
def _kept() -> sa.Select[Any]:
    t, d = document_rows.c, documents.c
    # a longer number is a later one: those of one key differ in their version alone
    last = (d.event_ms.desc(), sa.func.length(d.number).desc(), d.number.desc())
    spoken = (
        sa.select(
            t.subject,
            t.attributes,
            d.event_ms,
            sa.func.row_number().over(partition_by=t.subject, order_by=last).label("back"),
        )
        .join(documents, d.digest == t.document)
        .where(d.site == SITE, d.kind == sa.bindparam("kind"), d.event.isnot(None))
        .subquery("spoken")  # a name made up at random would be drawn by whoever asks first
    )
    return sa.select(spoken).where(spoken.c.back == 1).order_by(spoken.c.subject)


def kept(connection: sa.Connection, site: str, kind: str) -> dict[str, Kept]:
    """Every setting of a sort that was not taken back, by its key."""
    rows = connection.execute(_kept(), {"site": site, "kind": kind})
    return {
        row.subject: Kept(value=row.attributes["value"], by=row.attributes["by"], at_ms=row.event_ms)
        for row in rows
        if row.attributes["value"] is not None
    }
