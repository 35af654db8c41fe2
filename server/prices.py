"""What one piece of a product is worth, by the newest product list that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from server.currencies import MINOR_DIGITS
from server.ledger import in_chunks
from server.tables import document_rows, documents


class Price(NamedTuple):
    """An amount in minor units, such as cents, and its currency (ISO 4217)."""

    minor: int
    currency: str

    @property
    def whole(self) -> float:
        """In whole units of its currency, as a spreadsheet computes with."""
        return float(self.minor / 10 ** MINOR_DIGITS.get(self.currency, 2))

    def text(self, *, signed: bool = False) -> str:
        """As people write it: 1,234.50 EUR."""
        digits = MINOR_DIGITS.get(self.currency, 2)
        return f"{self.minor / 10**digits:{'+' if signed else ''},.{digits}f} {self.currency}".strip()


def read(connection: sa.Connection, site: str, items: Iterable[str | None]) -> Mapping[str, Price]:
    """The prices of these products, as far as they are known; what they cost is said by `server/costs.py`."""
    found: dict[str, Price] = {}
    for keys in in_chunks(item for item in items if item):
        query = (
            sa.select(document_rows.c.subject, document_rows.c.attributes)
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(document_rows.c.site == site, document_rows.c.subject.in_(keys), documents.c.kind == "products")
            .where(documents.c.event.isnot(None))
            .order_by(documents.c.event_ms, document_rows.c.row)
        )
        for subject, attributes in connection.execute(query):
            if attributes and attributes.get("price") is not None:
                found[subject] = Price(int(attributes["price"]), str(attributes.get("currency") or ""))
    return found
