"""Which ASNs and purchase orders a recall by supplier or delivery means, and which products came under them.

Handhelds know of each unit under which notice it came, not who sent that: so the recall travels with the notices'
numbers, and is published again whenever another one of the supplier's, or one that fulfils a recalled order, comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.changes import publish
from server.database import lock
from server.ledger import in_chunks
from server.receipts.kinds import KINDS
from server.tables import document_rows, documents, reference, unit_states
from sync.identity import item_of


class UnknownSupplierError(ValueError):
    """Nobody here is called so; the message says it."""


def resolve(
    connection: sa.Connection, site: str, supplier: str, receipts: Sequence[str], *, strict: bool = True
) -> tuple[list[str] | None, list[str] | None]:
    """Numbers of the notices and orders that are meant, and the products that came under them; None for both: any.

    Args:
        strict: whether a supplier or a number that is not known is an error.

    Raises:
        UnknownSupplierError: none of the notices, orders and products names this supplier, or there is no such notice.
    """
    if not supplier and not receipts:
        return None, None
    known = _heads(connection, site)
    missing = [number for number in receipts if number not in known]
    if missing and strict:
        raise UnknownSupplierError(f"There is no ASN and no purchase order {missing[0]!r:.60} here.")
    meant = set(known) if not receipts else {n for n, said in known.items() if {n, said.get("fulfils")} & set(receipts)}
    if supplier:
        theirs = {n for n, said in known.items() if (said.get("supplier") or "").casefold() == supplier.casefold()}
        if strict and not theirs and not _has_product(connection, site, supplier):
            raise UnknownSupplierError(f"No notice, order or product here names a supplier {supplier!r:.60}.")
        meant &= theirs
    return sorted(meant), sorted(_items(connection, site, meant))


def _heads(connection: sa.Connection, site: str) -> dict[str, dict[str, Any]]:
    """What each notice and order says of itself; the same on every row, so that the first one says it."""
    d, t = documents.c, document_rows.c
    query = (
        sa.select(d.number, t.attributes)
        .join(document_rows, t.document == d.digest)
        .where(d.site == site, d.kind.in_(KINDS), d.event.isnot(None), t.row == 1)
    )
    return {number: said or {} for number, said in connection.execute(query)}


def _items(connection: sa.Connection, site: str, numbers: set[str]) -> set[str]:
    found: set[str] = set()
    u = unit_states.c
    for chunk in in_chunks(numbers):
        listed = (
            sa.select(document_rows.c.subject)
            .distinct()
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(documents.c.site == site, documents.c.number.in_(chunk), documents.c.kind.in_(KINDS))
        )
        found.update(item for subject in connection.execute(listed).scalars() if (item := item_of(subject)))
        came = sa.select(u.item).distinct().where(u.site == site, u.came_under.in_(chunk), u.item.isnot(None))
        found.update(connection.execute(came).scalars())
    return found


def _has_product(connection: sa.Connection, site: str, supplier: str) -> bool:
    query = (
        sa.select(document_rows.c.attributes)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == site, documents.c.kind == "products", documents.c.event.isnot(None))
    )
    rows = connection.execute(query).scalars()
    return any(((said or {}).get("supplier") or "").casefold() == supplier.casefold() for said in rows)


def refresh(connection: sa.Connection, site: str, at: int) -> None:
    """Publish recalls in force again whose notices are others by now; to be called when a notice was taken in."""
    lock(connection, site, ["recalls"])  # or one that is released meanwhile would be put in force again
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "recall", t.row.isnot(None))
    for number, row in connection.execute(query).all():
        if row["until_ms"] is None and row.get("notices") is not None:
            named, items = resolve(connection, site, row["supplier"] or "", row["receipts"], strict=False)
            if (named, items) != (row["notices"], row["items"]):
                wider = row | {"notices": named, "items": items, "stamp": at}  # who holds the old row is unaware of it
                publish(connection, site, "recall", number, wider, at)
