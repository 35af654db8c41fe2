"""What others commit while a count or receipt is being closed: neither sees the other in time.

On PostgreSQL a push may have stored its scans when a closing reckons, and commit them later; and it may have looked for
what is closed when the version was not committed. So whoever looks shares a lock until its transaction ends, and a
closing takes that lock for itself once its version is written: by then each of the others has committed, so that what
it brought is here, or it has not looked yet, and will see the version. SQLite has one writer at a time.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from server.counts.afterwards import COMMITTED_MS_MAX
from server.counts.scans import SCANS
from server.database import SITE, lock
from server.ledger import FOLDED, KEYS_PER_QUERY, fact_of
from server.tables import events
from server.tables.ledger import AFTERWARDS, SOON_MS
from sync.history import Fact

Key = tuple[Any, ...]
"""Of an event: device, epoch, number, digest."""
_LOOKING: Final = "what is closed"
_KEY: Final = tuple(events.c[name] for name in ("device_no", "epoch", "seq", "digest"))
_SINCE: Final = sa.bindparam("since", type_=sa.BigInteger)
_ARRIVED: Final = sa.select(*_KEY).where(
    events.c.site == SITE,
    events.c.received_ms >= _SINCE,
    events.c.outcome.in_(FOLDED),
    events.c.action.in_(SCANS),
)
_LATELY: Final = sa.union(_ARRIVED.where(AFTERWARDS), _ARRIVED.where(events.c.event_ms >= _SINCE - SOON_MS))


def look(connection: sa.Connection, site: str) -> None:
    """Whoever looks for closed counts and receipts says so before: none is closed until this transaction ends."""
    lock(connection, site, [_LOOKING], shared=True)


def arrived(connection: sa.Connection, site: str, now_ms: int) -> frozenset[Key]:
    """The scans that reached the server shortly before this moment or since, as far as they are committed."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    asked = {"site": site, "since": now_ms - COMMITTED_MS_MAX}
    return frozenset(tuple(row) for row in connection.execute(_LATELY, asked))


def hold_off(connection: sa.Connection, site: str) -> None:
    """Wait for those who looked, and have others wait until this transaction ends: then they see what it closed."""
    lock(connection, site, [_LOOKING])


def came(connection: sa.Connection, site: str, now_ms: int, known: frozenset[Key]) -> list[Fact]:
    """The scans that were committed since `known` had `arrived`; the others are held off before."""
    hold_off(connection, site)
    new = sorted(arrived(connection, site, now_ms) - known)
    found: list[Fact] = []
    for start in range(0, len(new), KEYS_PER_QUERY):
        key = sa.tuple_(*_KEY).in_(new[start : start + KEYS_PER_QUERY])
        found += map(fact_of, connection.execute(sa.select(events).where(key)).mappings())
    return found
