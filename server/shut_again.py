"""What was shut since a backup was made, and must not open again by restoring it: keys, people, handhelds.

The replaced database still says what was shut, if it can be read; then a restore shuts it again, each by a fact of its
own. Where it cannot be read, nobody can know: who restores is told to look.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from server import enrolment, integrations, staff
from server.staff import Change, StaffError
from server.tables import devices, people
from server.tables import integrations as keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """What opens nothing in one database, and how people came in."""

    keys: frozenset[str]
    """Digests of revoked keys."""
    handhelds: frozenset[int]
    left: frozenset[tuple[str, str]]
    """Site and name of who may not sign in."""
    people: frozenset[tuple[str, str, str, str, str | None]]
    """Site, name, role, hash of the password, hash of the PIN."""


def read(connection: sa.Connection) -> Shut | None:
    """What is shut in a database; None where it holds nothing of ours."""
    if not sa.inspect(connection).has_table(people.name):
        return None
    p = people.c
    crew = sa.select(p.site, p.name, p.role, p.password_hash, p.pin_hash, p.active)
    rows = connection.execute(crew).all()
    return Shut(
        keys=frozenset(connection.execute(sa.select(keys.c.digest).where(keys.c.revoked_ms.isnot(None))).scalars()),
        handhelds=frozenset(
            connection.execute(sa.select(devices.c.device_no).where(devices.c.revoked_ms.isnot(None))).scalars()
        ),
        left=frozenset((row.site, row.name) for row in rows if not row.active),
        people=frozenset((row.site, row.name, row.role, row.password_hash, row.pin_hash) for row in rows if row.active),
    )


def shut(connection: sa.Connection, before: Shut, *, operator: str, now_ms: int) -> list[str]:
    """Shut again, in the restored database, what had been shut; a sentence for each, and for what only a person can."""
    said = [
        *_keys(connection, before, operator, now_ms),
        *_handhelds(connection, before, operator, now_ms),
        *_people(connection, before, operator, now_ms),
    ]
    now = read(connection)
    known = {(site, name): rest for site, name, *rest in before.people}
    for site, name, *rest in sorted(now.people if now else (), key=lambda row: row[:2]):
        was = known.get((site, name))
        if was is not None and was != rest:
            what = [word for word, a, b in zip(("role", "password", "PIN"), was, rest, strict=True) if a != b]
            said.append(f"{name} has an earlier {' and '.join(what)} again: set it anew with `people`.")
    return said


def _keys(connection: sa.Connection, before: Shut, operator: str, now_ms: int) -> list[str]:
    t = keys.c
    rows = connection.execute(sa.select(t.id, t.site, t.name, t.digest).where(t.revoked_ms.is_(None))).all()
    again = [row for row in rows if row.digest in before.keys]
    for row in again:
        integrations.revoke(connection, site=row.site, number=row.id, by=operator, now_ms=now_ms)
    return [f"The key of {row.name} had been revoked since, and is revoked again." for row in again]


def _handhelds(connection: sa.Connection, before: Shut, operator: str, now_ms: int) -> list[str]:
    t = devices.c
    rows = connection.execute(sa.select(t.device_no, t.name).where(t.revoked_ms.is_(None))).all()
    again = [row for row in rows if row.device_no in before.handhelds]
    for row in again:
        enrolment.revoke(connection, number=row.device_no, operator=operator, now_ms=now_ms)
    return [f"Handheld {row.name} had been revoked since, and is revoked again." for row in again]


def _people(connection: sa.Connection, before: Shut, operator: str, now_ms: int) -> list[str]:
    p = people.c
    rows = connection.execute(sa.select(p.id, p.site, p.name).where(p.active)).all()
    said = []
    for row in rows:
        if (row.site, row.name) not in before.left:
            continue
        try:
            staff.set_active(connection, row.id, active=False, change=Change(site=row.site, by=operator, now_ms=now_ms))
        except StaffError as error:
            said.append(f"{row.name} had been let go since, and may sign in again: {error}")
        else:
            said.append(f"{row.name} had been let go since, and is let go again.")
    return said
