"""What one piece of a product is worth: the price on the latest product list that names one."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.counts.tally import Price
from server.ledger import in_chunks
from server.tables import document_rows, documents
from sync.identity import item_of


def prices(connection: sa.Connection, site: str, keys: Iterable[str]) -> Price:
    """The prices of these units, lots and products, in minor units with their currency."""
    found: dict[str, tuple[int, str]] = {}
    for chunk in in_chunks(item for key in keys if (item := item_of(key)) is not None):
        query = (
            sa.select(document_rows.c.subject, document_rows.c.attributes)
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(
                document_rows.c.site == site,
                document_rows.c.subject.in_(chunk),
                documents.c.kind == "products",
                documents.c.event.isnot(None),
            )
            .order_by(documents.c.event_ms, documents.c.digest, document_rows.c.row)
        )
        for subject, said in connection.execute(query):
            if said and said.get("price") is not None:
                found[subject] = (said["price"], said["currency"])
    return lambda key: found.get(item_of(key) or key)
