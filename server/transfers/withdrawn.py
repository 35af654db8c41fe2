"""Which lines of a notice are awaited no longer, because their hand-over was undone at the site that sent them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server import papers

WITHDRAWN: Final = "transfer_withdrawn"

Line = tuple[str, str | None]
"""Subject and container of a notice's row."""


def withdrawn(connection: sa.Connection, site: str, number: str) -> set[Line]:
    """The lines of a notice that are awaited no longer."""
    return {(row["subject"], row["container"]) for row in papers.rows_of(connection, site, WITHDRAWN, number)}
