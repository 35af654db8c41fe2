"""What handhelds are told of the people with a badge, so that they sign in with no network.

Reference rows of kind `person`, under the badge's code:

    {"name", "roles": [[since_ms, role or null], ...], "pin": its hash (`sync/pin.py`) or null, "active", "since_ms"}

`roles` says what they were at this site from each moment on, null where they might do nothing; `since_ms` when they
got this badge. The roles begin with their first badge at the site, and only ever grow at their end: a rebuild judges
by them what was scanned (`server/permissions.py`) as it was judged when it arrived. So a badge that was given back
stays, inactive and without its PIN.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from server.changes import publish
from server.database import stamp
from server.tables import people, reference

KIND: Final = "person"

Spells = list[list[Any]]
"""``[since_ms, role or None]``, ascending: what somebody was at one site from each moment on."""


def bearer(connection: sa.Connection, site: str, badge: str) -> str | None:
    """Name of whoever has this badge at a site, or had it last."""
    row = connection.execute(_of_site(site).where(reference.c.key == badge)).one_or_none()
    return row.row["name"] if row else None


def tell(connection: sa.Connection, number: int, now_ms: int) -> None:
    """Tell each site where somebody has or had a badge what they are from now on, if that is anything new."""
    person = connection.execute(sa.select(people).where(people.c.id == number)).one()
    let_into = {person.site, *person.also}
    roles: dict[str, Spells] = dict(person.roles)
    for site in let_into | roles.keys():
        role = person.role if person.active and site in let_into else None
        if site in roles or (role and person.badge):
            roles[site] = later(roles.get(site, []), role, now_ms)
    connection.execute(people.update().where(people.c.id == number).values(roles=roles))
    for site, spells in sorted(roles.items()):
        told = {row.key: row.row for row in connection.execute(_of_site(site)) if row.row["name"] == person.name}
        for badge in sorted(told.keys() | ({person.badge} if person.badge else set())):
            since_ms = told[badge]["since_ms"] if badge in told else now_ms
            pin = person.pin_hash if badge == person.badge and spells[-1][1] else None
            row = {"name": person.name, "roles": spells, "pin": pin, "active": pin is not None, "since_ms": since_ms}
            publish(connection, site, KIND, badge, row, stamp(connection))


def later(spells: Spells, role: str | None, now_ms: int) -> Spells:
    """These spells and a role from now on; nothing said is taken away, also where the server's clock was set back."""
    if spells and spells[-1][1] == role:
        return spells
    return [*spells, [max(now_ms, spells[-1][0] if spells else 0), role]]


def _of_site(site: str) -> sa.Select[Any]:
    t = reference.c
    return sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.row.isnot(None))
