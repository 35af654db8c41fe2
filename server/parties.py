"""Customers' names and addresses: the one thing that must be erasable, so it stands outside the ledger.

An order's document names nobody; this table has one row for each order, and erasing it leaves every fact as it was.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import ledger
from server.database import db
from server.tables import documents, events

NAME_MAX: Final = 200
"""Characters of a name that is looked for."""
_AT_ONCE: Final = 1_000
_NAMING: Final = ("order", "rma")
"""Kinds of documents that may say whom they are for; who passes a title on may too."""

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
    t, wanted = parties.c, _folded(name)
    query = sa.select(t.document, t.name, t.address).where(t.site == site).order_by(t.document)
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as rows:
        return [Party(**row) for row in rows.mappings() if _folded(row["name"]) == wanted]


def erase(connection: sa.Connection, site: str, name: str, *, operator: str, now_ms: int) -> int:
    """Forget everyone with this name; returns of how many documents. That it was done is a fact; for whom is none."""
    documents = [party.document for party in find(connection, site, name)]
    return forget(connection, site, documents, operator=operator, now_ms=now_ms)


def forget(connection: sa.Connection, site: str, documents: Collection[str], *, operator: str, now_ms: int) -> int:
    """Forget whom these documents are for; returns how many they are."""
    for chunk in ledger.in_chunks(documents):
        connection.execute(parties.delete().where(parties.c.site == site, parties.c.document.in_(chunk)))
    done = len(documents)
    if done:
        reason = f"a customer's name and address were erased from {done} document{'' if done == 1 else 's'}"
        ledger.record(connection, site=site, action="administer", operator=operator, now_ms=now_ms, reason=reason)
    return done


def nameless(connection: sa.Connection) -> set[tuple[str, str]]:
    """Site and number of all that may be for somebody and names nobody: it never did, or that was erased."""
    d, e = documents.c, events.c
    imported = sa.select(d.site, d.number).where(d.kind.in_(_NAMING))
    said = sa.select(e.site, e.document).where(e.action == "transfer_title")
    known = {(site, number) for query in (imported, said) for site, number in connection.execute(query)}
    named = connection.execute(sa.select(parties.c.site, parties.c.document))
    return known - {(site, number) for site, number in named}


def _folded(name: str) -> str:
    """The name as it is compared: not by the database, for SQLite's `lower` knows no letter beyond ASCII."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
