"""The facts that prove which delivery a unit came from, so that anyone can check them by hand.

Each fact is given with its canonical line and the digest before it: SHA-256 over both is the digest of the fact, which
the next one of its chain is made of (`sync/event.py`). A line that is changed or put in changes every digest behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.ledger import FOLDED, history
from server.tables import document_rows, documents, events
from sync.event import GENESIS, digest, format_name, parse_name
from sync.history import Fact

PROVING: Final = ("receive", "take_back", "quarantine", "grade", "inspect", "examine")
"""Actions of a unit's history that say how it came, and that something is wrong with it."""
FACTS_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One fact of a chain."""

    event: str
    """``device.epoch.seq``."""
    action: str
    at_ms: int
    operator: str | None
    says: str
    """What it is about: the unit, its carton, or the document that was taken in."""
    line: str
    """Canonical bytes, Latin-1."""
    before: str
    """Digest before it in its chain, hex."""
    digest: str
    """SHA-256 over `before` and `line`, hex."""
    verified: bool
    """Whether that was found to be so just now."""


def proofs(
    connection: sa.Connection, site: str, unit: str, facts: Iterable[Fact], carton: str | None, notice: str | None
) -> list[Proof]:
    """What proves where it came from: the notice's import, the carton's receipt, and the unit's own scans; in order."""
    own = [fact for fact in facts if fact.event.action in PROVING and fact.event.device_no]
    cartons = history(connection, site, [carton]).get(carton, []) if carton else []
    came = [fact for fact in cartons if fact.event.action == "receive"]
    names = [fact.name for fact in sorted([*came, *own], key=lambda fact: fact.order)][:FACTS_MAX]
    imported = _import_of(connection, site, notice, unit) if notice else None
    wanted = ([parse_name(imported)] if imported else []) + names
    return [proof for name in dict.fromkeys(wanted) if (proof := _proof(connection, name)) is not None]


def _import_of(connection: sa.Connection, site: str, notice: str, unit: str) -> str | None:
    """The import that told of this unit last: a transfer's notice has one for each carton. Else the notice's first."""
    d, r = documents.c, document_rows.c
    query = sa.select(d.event).where(d.site == site, d.number == notice, d.event.isnot(None))
    telling = sa.exists().where(r.document == d.digest, r.site == site, r.subject == unit)
    last = connection.execute(query.where(telling).order_by(d.event_ms.desc(), d.digest)).scalar()
    found: str | None = last or connection.execute(query.order_by(d.event_ms)).scalar()
    return found


def _proof(connection: sa.Connection, name: tuple[int, int, int]) -> Proof | None:
    e = events.c
    device_no, epoch, seq = name
    here = (e.device_no == device_no) & (e.epoch == epoch)
    row = connection.execute(sa.select(events).where(here, e.seq == seq, e.outcome.in_(FOLDED))).first()
    if row is None:
        return None
    before: Sequence[bytes] = [GENESIS]
    if seq > 1:
        before = connection.execute(sa.select(e.digest).where(here, e.seq == seq - 1)).scalars().all()
    line = bytes(row.line)
    match = next((bytes(one) for one in before if digest(bytes(one), line) == bytes(row.digest)), None)
    return Proof(
        event=format_name(name),
        action=row.action,
        at_ms=row.event_ms,
        operator=row.operator,
        says=row.subject or f"{row.document} ({row.evidence})",
        line=line.decode("latin-1"),
        before=(match or b"").hex(),
        digest=bytes(row.digest).hex(),
        verified=match is not None,
    )
