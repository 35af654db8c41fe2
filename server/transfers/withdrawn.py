"""Which lines of a notice are awaited no longer, because their hand-over was undone at the site that sent them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server import papers

WITHDRAWN: Final = "transfer_withdrawn"

Telling = tuple[str, str, str | None]
"""The event that told of a notice's row, with its subject and container: what came back may be handed over again."""


def withdrawn(connection: sa.Connection, site: str, number: str) -> set[Telling]:
    """What of a notice is awaited no longer."""
    rows = papers.rows_of(connection, site, WITHDRAWN, number)
    return {(row["attributes"]["voids"], row["subject"], row["container"]) for row in rows}
