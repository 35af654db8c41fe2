"""What the owner has set: each change is a small document that names who made it and when; the latest word counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import papers
from server.rebuild import lock
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


def kept(connection: sa.Connection, site: str, kind: str) -> dict[str, Kept]:
    """Every setting of a sort that was not taken back, by its key."""
    t = document_rows.c
    query = (
        sa.select(t.subject, t.attributes, documents.c.number, documents.c.event_ms)
        .join(documents, documents.c.digest == t.document)
        .where(documents.c.site == site, documents.c.kind == kind, documents.c.event.isnot(None))
    )
    rows = connection.execute(query).all()
    found: dict[str, Kept] = {}
    for row in sorted(rows, key=lambda row: (row.event_ms, int(row.number.rpartition("/")[2]))):
        said = row.attributes
        if said["value"] is None:
            found.pop(row.subject, None)
        else:
            found[row.subject] = Kept(value=said["value"], by=said["by"], at_ms=row.event_ms)
    return found
