"""Which handhelds know of a recall: those that have asked for news from behind it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from server.changes import readable
from server.recalls.book import Standing
from server.tables import devices
from server.unread import by_handhelds
from server.untold import are_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaware:
    """A handheld that may not know of the recall yet."""

    name: str
    last_seen_ms: int | None


def unaware(connection: sa.Connection, site: str, standing: Standing) -> list[Unaware]:
    """Handhelds in use that have not said that they hold it; a drill reaches none, and so leaves out none."""
    if standing.drill or standing.until_ms is not None:
        return []
    strange = by_handhelds(connection, site, "recall", standing.number)
    d = devices.c
    query = (
        sa.select(d.device_no, d.name, d.last_seen_ms, d.pulled)
        .where(d.site == site, d.revoked_ms.is_(None), d.device_no != 0)
        .order_by(d.name)
    )
    mine, _ = readable(connection)
    told = are_told(connection, site, "recall", [standing.number])  # else it was left out, whatever a cursor has passed
    return [
        Unaware(name=row.name, last_seen_ms=row.last_seen_ms)
        for row in connection.execute(query)
        if not (told and row.device_no not in strange and knows(row.pulled, mine, standing))
    ]


def knows(cursor: str | None, incarnation_: str, standing: Standing) -> bool:
    """Whether whoever holds this cursor holds the recall: it was published with a stamp that the cursor has passed."""
    parts = (cursor or "").split(".")
    passed = len(parts) == 2 and parts[0] == incarnation_ and parts[1].isdigit()
    return passed and int(parts[1]) >= standing.row["stamp"]
