"""Customers' names and addresses: the one thing that must be erasable, so it stands outside the ledger.

An order's document names nobody; this table has one row for each order, and erasing it leaves every fact as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import ledger
from server.database import db

NAME_MAX: Final = 200
"""Characters of a name that is looked for."""

parties = sa.Table(
    "parties",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, primary_key=True, comment="number of the order"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text),
    comment="Whom an order is for; erased when they ask, and never in the ledger.",
)


def remember(connection: sa.Connection, site: str, document: str, name: str, address: str | None) -> None:
    """Keep whom an order is for, in place of what was kept before."""
    key = (parties.c.site == site) & (parties.c.document == document)
    connection.execute(parties.delete().where(key))
    connection.execute(parties.insert().values(site=site, document=document, name=name, address=address))


def name_of(connection: sa.Connection, site: str, document: str) -> str | None:
    """Whom a document is for; None where nobody said, or it was erased."""
    t = parties.c
    return connection.execute(sa.select(t.name).where(t.site == site, t.document == document)).scalar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whom one document is for."""

    document: str
    name: str
    address: str | None


def find(connection: sa.Connection, site: str, name: str) -> list[Party]:
    """Everyone with this name, by document."""
    t = parties.c
    query = sa.select(t.document, t.name, t.address).where(_named(site, name)).order_by(t.document)
    return [Party(**row) for row in connection.execute(query).mappings()]


def erase(connection: sa.Connection, site: str, name: str, *, operator: str, now_ms: int) -> int:
    """Forget everyone with this name; returns of how many documents. That it was done is a fact; for whom is none."""
    done = connection.execute(parties.delete().where(_named(site, name))).rowcount
    if done:
        reason = f"a customer's name and address were erased from {done} document{'' if done == 1 else 's'}"
        ledger.record(connection, site=site, action="administer", operator=operator, now_ms=now_ms, reason=reason)
    return done


def _named(site: str, name: str) -> sa.ColumnElement[bool]:
    return (parties.c.site == site) & (sa.func.lower(parties.c.name) == name.strip().lower())
