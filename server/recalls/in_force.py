"""Which recalls are in force at a site now: neither released nor a drill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from server.tables import reference
from sync.recall import Recall


def rows(connection: sa.Connection, site: str) -> list[Mapping[str, Any]]:
    """Their rows as they were published."""
    t = reference.c
    query = sa.select(t.row).where(t.site == site, t.kind == "recall", t.row.isnot(None)).order_by(t.key)
    found = connection.execute(query).scalars()
    return [row for row in found if row.get("until_ms") is None and not row.get("drill")]


def predicates(connection: sa.Connection, site: str) -> list[Recall]:
    """What they reach."""
    return [Recall.from_row(row) for row in rows(connection, site)]
