"""What was decided, and by whom: the server's own facts, read from the ledger, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.tables import events
from sync.actions import ACTIONS
from sync.event import format_name, parse_name
from sync.protocol import Outcome

PAGE: Final = 100
KINDS: Final = tuple(name for name, what in ACTIONS.items() if not what.roles)
"""Actions that only the server says; repairs and undos made here bear those of the floor."""
_DECIMALS: Final = 18

Key = tuple[int, int, int]
"""Event time, epoch and number: where a page ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact that was made here."""

    at_ms: int
    name: str
    operator: str | None
    action: str
    subject: str | None
    document: str | None
    reason: str | None
    voids: str | None

    @property
    def after(self) -> str:
        """What asks for the page behind this entry."""
        _, epoch, seq = parse_name(self.name)
        return f"{self.at_ms}.{epoch}.{seq}"


def read_after(text: str | None) -> Key | None:
    """Where the page before ended; None for the first page.

    Raises:
        ValueError: it is no such place.
    """
    if not text:
        return None
    parts = text.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) <= _DECIMALS for p in parts):
        raise ValueError(f"{text!r:.60} is no place in the audit.")
    at_ms, epoch, seq = map(int, parts)
    return at_ms, epoch, seq


def entries(
    connection: sa.Connection,
    site: str,
    *,
    person: str | None = None,
    action: str | None = None,
    after: Key | None = None,
    limit: int = PAGE,
) -> list[Entry]:
    """The facts that were made here, the newest first.

    Args:
        person: only what bears exactly this name.
        action: only these.
    """
    t = events.c
    key = (t.event_ms, t.epoch, t.seq)
    query = (
        sa.select(*key, t.operator, t.action, t.subject, t.document, t.reason, t.voids)
        .where(t.site == site, t.device_no == 0, t.outcome == Outcome.ACCEPTED)
        .order_by(*(column.desc() for column in key))
        .limit(limit)
    )
    if person is not None:
        query = query.where(t.operator == person)
    if action is not None:
        query = query.where(t.action == action)
    if after is not None:
        query = query.where(t.event_ms <= after[0], sa.tuple_(*key) < sa.tuple_(*map(sa.literal, after)))
    return [
        Entry(
            at_ms=row.event_ms,
            name=format_name((0, row.epoch, row.seq)),
            operator=row.operator,
            action=row.action,
            subject=row.subject,
            document=row.document,
            reason=row.reason,
            voids=row.voids,
        )
        for row in connection.execute(query)
    ]
