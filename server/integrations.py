"""Other systems: each has a named key that opens some tasks of the API, and nothing else.

A key is 256 random bits, shown once and stored as its SHA-256: there is nothing to guess, so it needs no slow hash. It
goes in `Authorization: Bearer`, which no other site's page can send, so that it needs no CSRF token. What is done with
it is said by `integration:<name>`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa

from server import ledger, webhooks
from server.roles import INTEGRATION, ROLES, Task
from server.tables import integrations

PREFIX: Final = "scan-key."
"""So that a key that got into a file or a log is told for one."""
KEY_BYTES: Final = 32
KEY_LENGTH_MAX: Final = 100
NAME_LENGTH_MAX: Final = 60
USED_EVERY_MS: Final = 60_000
"""How finely the last use is noted: not every request has to write."""
ALLOWED: Final = tuple(task for task in Task if task in ROLES[INTEGRATION])


class IntegrationError(ValueError):
    """The key cannot be made or revoked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One other system."""

    id: int
    site: str
    name: str
    tasks: frozenset[Task]
    made_ms: int
    made_by: str | None
    revoked_ms: int | None
    used_ms: int | None


_SHOWN: Final = tuple(integrations.c[f.name] for f in fields(Integration))
_OPENING: Final = sa.select(*_SHOWN).where(
    integrations.c.digest == sa.bindparam("digest"), integrations.c.revoked_ms.is_(None)
)


def make(
    connection: sa.Connection, *, site: str, name: str, tasks: Iterable[str], by: str | None, now_ms: int
) -> tuple[int, str]:
    """A new key for a system of this name: its number, and the key, which is kept nowhere.

    Raises:
        IntegrationError: the name is taken or will not do, or no task or one that no key opens is asked for.
    """
    if not (name and name == name.strip() and name.isprintable() and len(name) <= NAME_LENGTH_MAX):
        raise IntegrationError(f"{name!r:.80} cannot be a name: it takes 1 to {NAME_LENGTH_MAX} printable characters.")
    wanted = sorted(set(tasks))
    if not wanted or set(wanted) - set(ALLOWED):
        raise IntegrationError(f"Choose what the key opens: at least one of {', '.join(ALLOWED)}, and nothing else.")
    t = integrations.c
    if connection.execute(sa.select(t.id).where(t.site == site, t.name == name)).first():
        raise IntegrationError(f"There is a key named {name!r} already, or was: facts bear that name. Take another.")
    key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    values = {"site": site, "name": name, "tasks": wanted, "digest": _digest(key), "made_ms": now_ms, "made_by": by}
    number = int(connection.execute(integrations.insert().values(values).returning(t.id)).scalar_one())
    _record(connection, site, name, by, now_ms, f"the system {name} has a key for {', '.join(wanted)}")
    return number, key


def revoke(connection: sa.Connection, *, site: str, number: int, by: str | None, now_ms: int) -> int:
    """Let a key open nothing any more; one that was revoked before stays so.

    The webhooks that it made are removed, or whoever took the key would be sent changes for ever. Returns how many.

    Raises:
        LookupError: there is none with this number.
    """
    t = integrations.c
    query = sa.select(integrations).where(t.site == site, t.id == number).with_for_update()
    row = connection.execute(query).one_or_none() if number < 1 << 63 else None
    if row is None:
        raise LookupError(f"There is no key with the number {str(number)[:20]}.")
    if row.revoked_ms is None:
        connection.execute(integrations.update().where(t.id == number).values(revoked_ms=now_ms))
        _record(connection, site, row.name, by, now_ms, f"the key of the system {row.name} was revoked")
    maker = f"{INTEGRATION}:{row.name}"
    return webhooks.remove_made_by(connection, site=site, maker=maker, operator=by, now_ms=now_ms)


def find(connection: sa.Connection, key: str) -> Integration | None:
    """Whose key this is; None where it was revoked, or is nobody's."""
    if len(key) > KEY_LENGTH_MAX:
        return None
    row = connection.execute(_OPENING, {"digest": _digest(key)}).one_or_none()
    return _integration(row) if row else None


def used(connection: sa.Connection, number: int, now_ms: int) -> None:
    """Note that a key was used now."""
    connection.execute(integrations.update().where(integrations.c.id == number).values(used_ms=now_ms))


def of_site(connection: sa.Connection, site: str) -> list[Integration]:
    """Every other system of a site, those whose key still opens something first."""
    t = integrations.c
    rows = connection.execute(sa.select(integrations).where(t.site == site).order_by(t.revoked_ms.isnot(None), t.name))
    return [_integration(row) for row in rows]


def _integration(row: Any) -> Integration:
    tasks = frozenset(Task(task) for task in row.tasks if task in ALLOWED)
    values = {
        name: getattr(row, name) for name in ("id", "site", "name", "made_ms", "made_by", "revoked_ms", "used_ms")
    }
    return Integration(tasks=tasks, **values)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _record(connection: sa.Connection, site: str, name: str, by: str | None, now_ms: int, reason: str) -> None:
    ledger.record(
        connection,
        site=site,
        action="administer",
        operator=by,
        now_ms=now_ms,
        document=f"{INTEGRATION}:{name}",
        reason=reason,
    )
