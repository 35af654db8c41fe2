"""Customers' names and addresses: the one thing that must be erasable, so it stands outside the ledger.

An order's document names nobody; this table has one row for each order, and erasing it leaves every fact as it was.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.database import db

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


def erase(connection: sa.Connection, site: str, name: str) -> int:
    """Forget everyone with this name; returns of how many orders."""
    return connection.execute(parties.delete().where(parties.c.site == site, parties.c.name == name)).rowcount
