"""Who is let into a site, as the office sees them; `staff.py` changes them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from server.people import NO_PASSWORD
from server.tables import people


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Someone, as the office sees them: no secrets."""

    id: int
    name: str
    role: str
    active: bool
    badge: str | None
    console: bool
    """Whether they have a password, for the console and the API."""
    home: str
    """The site whose people they are, and who alone changes them."""
    also: tuple[str, ...]
    """Further sites that they are let into."""


def list_members(connection: sa.Connection, site: str) -> list[Member]:
    """Everybody who is let into the site, by name; who left stands at the end."""
    t = people.c
    rows = connection.execute(sa.select(people).order_by(sa.desc(t.active), t.name)).all()
    return [
        Member(
            id=row.id,
            name=row.name,
            role=row.role,
            active=row.active,
            badge=row.badge,
            console=row.password_hash != NO_PASSWORD,
            home=row.site,
            also=tuple(row.also),
        )
        for row in rows
        if site in (row.site, *row.also)
    ]
