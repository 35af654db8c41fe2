"""Folded rows that later facts took away: the feed tells of them, for their tables no longer can."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.tables import removals
from server.upsert import upsert


def note(connection: sa.Connection, site: str, kind: str, keys: Iterable[tuple[str, ...]], at: int) -> None:
    """Remember that rows are gone: the parts of what named each, and the stamp of the transaction that removes them."""
    rows = [{"site": site, "kind": kind, "key": "\n".join(parts), "stamp": at} for parts in sorted(keys)]
    upsert(connection, removals, rows)
