"""What was shut since a backup was made, and must not open again by restoring it.

Keys, people, handhelds and webhooks; sessions that were ended by signing out; customers who were erased.

The replaced database still says what was shut, if it can be read; then a restore shuts it again, each by a fact of its
own. Where it cannot be read, nobody can know: who restores is told to look.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import enrolment, integrations, parties, staff, webhooks
from server.staff import Change, StaffError
from server.tables import devices, people
from server.tables import ended_sessions as ended
from server.tables import integrations as keys
from server.tables import webhooks as sent
from server.upsert import insert_missing

_MAY_DIFFER: Final = ("role", "password", "PIN", "list of sites")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """What opens nothing in one database, and how people came in."""

    keys: frozenset[str]
    """Digests of revoked keys."""
    handhelds: frozenset[int]
    left: frozenset[tuple[str, str]]
    """Site and name of who may not sign in."""
    people: frozenset[tuple[str, str, str, str, str | None, tuple[str, ...]]]
    """Site, name, role, hash of the password, hash of the PIN, further sites."""
    webhooks: frozenset[str]
    sessions: frozenset[tuple[str, int]]
    """Digest of each that was ended, and when."""
    nameless: frozenset[tuple[str, str]]
    """Site and number of what names no customer."""


def read(connection: sa.Connection) -> Shut | None:
    """What is shut in a database; None where it holds nothing of ours."""
    if not sa.inspect(connection).has_table(people.name):
        return None
    p = people.c
    crew = sa.select(p.site, p.name, p.role, p.password_hash, p.pin_hash, p.also, p.active)
    rows = connection.execute(crew).all()
    over = connection.execute(sa.select(ended.c.digest, ended.c.ended_ms))
    return Shut(
        keys=frozenset(connection.execute(sa.select(keys.c.digest).where(keys.c.revoked_ms.isnot(None))).scalars()),
        handhelds=frozenset(
            connection.execute(sa.select(devices.c.device_no).where(devices.c.revoked_ms.isnot(None))).scalars()
        ),
        left=frozenset((row.site, row.name) for row in rows if not row.active),
        people=frozenset((*row[:5], tuple(row.also)) for row in rows if row.active),
        webhooks=frozenset(webhooks.removed(connection)),
        sessions=frozenset((digest, ended_ms) for digest, ended_ms in over),
        nameless=frozenset(parties.nameless(connection)),
    )


def shut(connection: sa.Connection, before: Shut, *, operator: str, now_ms: int) -> list[str]:
    """Shut again, in the restored database, what had been shut; a sentence for each, and for what only a person can."""
    said = [
        *_keys(connection, before, operator, now_ms),
        *_handhelds(connection, before, operator, now_ms),
        *_people(connection, before, operator, now_ms),
        *_webhooks(connection, before, operator, now_ms),
        *_customers(connection, before, operator, now_ms),
    ]
    for digest, ended_ms in sorted(before.sessions):
        insert_missing(connection, ended, {"digest": digest, "ended_ms": ended_ms})
    now = read(connection)
    known = {(site, name): rest for site, name, *rest in before.people}
    for site, name, *rest in sorted(now.people if now else (), key=lambda row: row[:2]):
        was = known.get((site, name))
        if was is not None and was != rest:
            what = [word for word, a, b in zip(_MAY_DIFFER, was, rest, strict=True) if a != b]
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
    rest = "What it still sends is set aside until somebody repairs it"
    return [f"Handheld {row.name} had been revoked since, and is revoked again. {rest}." for row in again]


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


def _webhooks(connection: sa.Connection, before: Shut, operator: str, now_ms: int) -> list[str]:
    rows = connection.execute(sa.select(sent.c.id, sent.c.site, sent.c.url).order_by(sent.c.id)).all()
    again = [row for row in rows if row.id in before.webhooks]
    for row in again:
        webhooks.remove(connection, site=row.site, id_=row.id, operator=operator, now_ms=now_ms)
    return [f"The webhook to {row.url} had been removed since, and is removed again." for row in again]


def _customers(connection: sa.Connection, before: Shut, operator: str, now_ms: int) -> list[str]:
    t = parties.parties.c
    again: dict[str, list[str]] = defaultdict(list)
    for site, document in connection.execute(sa.select(t.site, t.document).order_by(t.document)):
        if (site, document) in before.nameless:
            again[site].append(document)
    done = [parties.forget(connection, site, found, operator=operator, now_ms=now_ms) for site, found in again.items()]
    number = f"{sum(done)} document{'' if sum(done) == 1 else 's'}"
    return [f"Customers had been erased from {number} since, and are erased again."] if done else []
