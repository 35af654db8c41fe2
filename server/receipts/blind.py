"""Whether a receipt is blind: handhelds are told no expectation and no verdict but a recall, so that people count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server import catalogue
from server.database import lock, stamp
from server.ledger import record
from server.receipts import notice
from server.tables import reference


def set_blind(
    connection: sa.Connection, *, site: str, number: str, blind: bool, operator: str | None, now_ms: int
) -> None:
    """Receive a notice or order blind from now on, or guided again.

    Raises:
        CountError: none of that number was imported.
    """
    lock(connection, site, [number])
    notice.read(connection, site, number)
    reason = "blind" if blind else "guided"
    record(
        connection, site=site, action="open_receipt", operator=operator, now_ms=now_ms, document=number, reason=reason
    )
    catalogue.publish_notice(connection, site, number, stamp(connection))


def is_blind(connection: sa.Connection, site: str, number: str) -> bool:
    """Whether handhelds are told nothing of it."""
    return bool((connection.execute(_offered(site, number)).scalar() or {}).get("blind"))


def _offered(site: str, number: str) -> sa.Select[Any]:
    key = (reference.c.site == site) & (reference.c.kind == "document") & (reference.c.key == number)
    return sa.select(reference.c.row).where(key)
