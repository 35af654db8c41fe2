"""What a file of documents is read against: what its codes stand for at the site, and which numbers are taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa

from server import ledger, papers, site_codes
from server.database import reading
from server.document_lines import Names
from server.modes.plan import on_hand
from server.tables import documents, reference, server_state, sites


def read(connection: sa.Connection, site: str) -> Names:
    """What SKUs and location codes stand for at this site."""
    items: dict[str, str] = {}
    places: dict[str, str] = {}
    modes: dict[str, str] = {}
    query = sa.select(reference.c.kind, reference.c.key, reference.c.row).where(
        reference.c.site == site, reference.c.kind.in_(("item", "location")), reference.c.row.isnot(None)
    )
    for kind, key, row in connection.execute(query):
        if kind == "item":
            modes[key] = row.get("mode") or "serial"
            items |= {row["sku"]: key} if row.get("sku") else {}
        elif kind == "location":
            places[row["code"]] = key

    def in_stock(item: str) -> bool:
        with reading() as another:  # the file is read after this connection was given back
            return bool(on_hand(another, site, [item]))

    def refused(kind: str, digests: Mapping[str, str]) -> dict[str, str]:
        with reading() as another:
            return refusals(another, site, kind, digests)

    return Names(
        codes=site_codes.load(connection, site),
        items=items,
        places=places,
        secret=connection.execute(sa.select(server_state.c.private_key)).scalar_one(),
        here=site,
        sites=frozenset(connection.execute(sa.select(sites.c.site)).scalars()),
        modes=modes,
        in_stock=in_stock,
        refused=refused,
    )


def refusals(connection: sa.Connection, site: str, kind: str, digests: Mapping[str, str]) -> dict[str, str]:
    """Which of these documents cannot be taken in, for another one has their number: number -> sentence.

    Args:
        digests: of each document, by its number.
    """
    d = documents.c
    found: dict[str, str] = {}
    for chunk in ledger.in_chunks(digests):
        query = sa.select(d.number, d.kind, d.digest, d.event.isnot(None)).where(d.site == site, d.number.in_(chunk))
        counting: dict[str, set[str]] = defaultdict(set)
        others: set[str] = set()
        for number, known, digest, counts in connection.execute(query):
            if known != kind:
                others.add(number)
            elif counts:
                counting[number].add(digest)
        for number in sorted(others | counting.keys()):
            if number in others:
                taken = papers.taken_by(connection, site, number, but=kind)
                found[number] = f"There is {taken} {number} already: give this document another number."
            elif digests[number] not in counting[number]:
                found[number] = (
                    f"There is {kind} {number} already, with other rows. What was imported stays as it is: "
                    "give the new one a number of its own."
                )
    return found
