"""Who delivers what, as the product lists and the notices say: to tell whether a receipt can be of its supplier.

Read as of each receipt's own moment: a product list that is imported later says nothing about what came before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from server.ledger import in_chunks
from server.receipts.kinds import KINDS
from server.tables import document_rows, documents
from sync.identity import split_key
from sync.labels import compiled


@dataclass(slots=True)
class Product:
    """What each product list said of one product: moments, ascending, with supplier and serial pattern from each on."""

    moments: list[int] = field(default_factory=list)
    said: list[tuple[str | None, str | None]] = field(default_factory=list)

    def stranger(self, at_ms: int, supplier: str | None, unit: str) -> str | None:
        """Why a unit that came from this supplier then is not theirs, in a sentence."""
        index = bisect_right(self.moments, at_ms) - 1
        if index < 0:
            return None
        own, pattern = self.said[index]
        if own is not None and supplier is not None and own.casefold() != supplier.casefold():
            return f"It came from {supplier}, and only {own} delivers this product."
        serial = dict(split_key(unit).elements).get("21")
        if pattern is not None and serial is not None and not compiled(pattern).fullmatch(serial):
            return f"Serial number {serial!r:.40} is not of the form that this product's have."
        return None


def products_of(connection: sa.Connection, site: str, items: Iterable[str]) -> dict[str, Product]:
    """What the product lists said of these products; one that is on none is left out."""
    found: dict[str, Product] = {}
    for chunk in in_chunks(items):
        query = (
            sa.select(document_rows.c.subject, documents.c.event_ms, document_rows.c.attributes)
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(document_rows.c.site == site, document_rows.c.subject.in_(chunk))
            .where(documents.c.kind == "products", documents.c.event.isnot(None))
            .order_by(documents.c.event_ms, documents.c.digest, document_rows.c.row)
        )
        for subject, moment, said in connection.execute(query):
            product = found.setdefault(subject, Product())
            product.moments.append(moment)
            product.said.append(((said or {}).get("supplier"), (said or {}).get("serial_pattern")))
    return found


def suppliers_of(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, str | None]:
    """Who delivers what these notices and orders announce; numbers of other documents are left out.

    What comes from another site was delivered to that one: of a transfer no supplier is known here.
    """
    found: dict[str, str | None] = {}
    for chunk in in_chunks(numbers):
        query = (
            sa.select(documents.c.number, document_rows.c.attributes)
            .join(document_rows, document_rows.c.document == documents.c.digest)
            .where(documents.c.site == site, documents.c.number.in_(chunk), documents.c.event.isnot(None))
            .where(documents.c.kind.in_(KINDS), document_rows.c.row == 1)
            .order_by(documents.c.event_ms, documents.c.digest)
        )
        for number, said in connection.execute(query):
            theirs = said and not said.get("from_site")
            found.setdefault(number, said.get("supplier") if theirs else None)
    return found
