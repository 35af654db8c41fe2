"""What handhelds are told beside the units, told again from the ledger.

`rebuild --all` does it for good; `verify` does it beside what is stored, and takes it back. Recalls, thefts, further
names, products and bins are held against the ledger one by one instead (`server/offered.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import catalogue, changes, site_codes, undo
from server.counts import standing
from server.documents import OFFERED_KINDS
from server.ledger import in_chunks
from server.life_cycle import price_list
from server.modes import book as modes
from server.receipts import sampling
from server.returns import published
from server.tables import documents, reference
from server.warranty import terms

AT_ONCE: Final = 100
_DOCUMENTS: Final = (*OFFERED_KINDS, "count", modes.KIND)


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of reference data."""

    kind: str
    told_of: Callable[[sa.Connection, str], set[str]]
    """Keys of which the ledger has something to tell."""
    tell: Callable[[sa.Connection, str, Collection[str], int], None]
    """Offers some of these keys as the ledger says."""


def _documents(connection: sa.Connection, site: str) -> set[str]:
    query = sa.select(documents.c.number).where(
        documents.c.site == site, documents.c.kind.in_(_DOCUMENTS), documents.c.event.isnot(None)
    )
    return set(connection.execute(query).scalars())


def _tell_documents(connection: sa.Connection, site: str, numbers: Collection[str], at: int) -> None:
    d = documents.c
    found = defaultdict(list)
    for chunk in in_chunks(numbers):
        query = sa.select(documents).where(d.site == site, d.number.in_(chunk), d.kind.in_(_DOCUMENTS))
        for row in connection.execute(query.where(d.event.isnot(None)).order_by(d.event_ms, d.digest)):
            found[row.kind].append(row)
    catalogue.publish_orders_anew(connection, site, {row.number for row in found.pop("order", ())}, at)
    standing.tell(connection, site, [row.number for row in found.pop("count", ())], at)
    for row in found.pop(modes.KIND, ()):
        modes.tell(connection, site, row.number, at)
    once = {
        (row.kind, row.number): row for rows in found.values() for row in rows
    }  # a transfer's is one for each carton
    for row in once.values():
        catalogue.publish_document(connection, site, row, at)


def _told_of_codes(connection: sa.Connection, site: str) -> set[str]:
    return set(changes.offered(connection, site, "site", [site_codes.REFERENCE_KEY]))


def _codes(connection: sa.Connection, site: str, _: Collection[str], at: int) -> None:
    site_codes.publish(connection, site, at)


TOLD: Final = (
    Told("document", _documents, _tell_documents),
    Told("sampling", sampling.told_of, sampling.tell),
    Told("warranty", terms.told_of, terms.tell),
    Told("price", price_list.told_of, price_list.tell),
    Told("returns", published.told_of, published.publish),
    Told("undone", undo.told_of, undo.tell),
    Told("site", _told_of_codes, _codes),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Some keys of one kind: what is told at once."""

    told: Told
    keys: Collection[str]
    baseless: Collection[str]
    """Those of them that handhelds are told of, and the ledger is not."""

    def tell(self, connection: sa.Connection, site: str, at: int) -> None:
        """Offer all of them as the ledger says; what it knows nothing of, no more."""
        changes.publish_all(connection, site, self.told.kind, dict.fromkeys(self.baseless), at)
        self.told.tell(connection, site, sorted(set(self.keys) - set(self.baseless)), at)


def parts(connection: sa.Connection, site: str) -> Iterator[Part]:
    """Everything that handhelds are told, or should be, some keys at a time."""
    t = reference.c
    for told in TOLD:
        query = sa.select(t.key).where(t.site == site, t.kind == told.kind, t.row.isnot(None))
        offered = set(connection.execute(query).scalars())  # first: what is offered meanwhile is named by then
        named = told.told_of(connection, site)
        keys = sorted(named | offered)
        for start in range(0, len(keys), AT_ONCE):
            chunk = keys[start : start + AT_ONCE]
            yield Part(told, chunk, [key for key in chunk if key not in named])
