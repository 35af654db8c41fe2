"""What one piece cost the shop, by what notices, orders to suppliers, stock and product lists had said by a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from server import prices
from server.ledger import in_chunks
from server.prices import Price
from server.tables import document_rows, documents
from sync.identity import item_of

KINDS: Final = ("products", "purchase_order", "stock", "asn")
"""Documents whose rows may say a cost; of one moment the last of these kinds counts."""


def read(connection: sa.Connection, site: str, subjects: Iterable[str], until_ms: int) -> Mapping[str, Price]:
    """The cost of one piece of each unit, lot or product: its own, else the newest of its product, by this moment.

    A unit's own cost stands on the row of the notice or stock list that names it, a lot's on the newest one that names
    the lot. Those of which nobody has said a cost are left out.
    """
    wanted = set(subjects)
    own = _said(connection, site, wanted | {item for subject in wanted if (item := item_of(subject))}, until_ms)
    found = {subject: own.get(subject) or own.get(item_of(subject) or "") for subject in wanted}
    return {subject: cost for subject, cost in found.items() if cost is not None}


def worth(connection: sa.Connection, site: str, subjects: Iterable[str], until_ms: int) -> Mapping[str, Price]:
    """What the shop loses with one piece of each: its cost; of what nobody has said a cost of, the product's price."""
    wanted = set(subjects)
    cost = read(connection, site, wanted, until_ms)
    item = {subject: item_of(subject) or subject for subject in wanted - cost.keys()}
    price = prices.read(connection, site, item.values())
    return {**cost, **{subject: price[key] for subject, key in item.items() if key in price}}


def worth_of(site: str, subject: sa.ColumnElement[str], item: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """`worth` of the unit, lot or product that a column names, in minor units, as part of a query; 0 for unknown.

    Args:
        item: the column with its product.
    """
    said = (_newest(site, subject, "cost", KINDS), _newest(site, item, "cost", KINDS))
    return sa.func.coalesce(*said, _newest(site, item, "price", ("products",)), 0)


def _newest(site: str, subject: sa.ColumnElement[str], what: str, kinds: Sequence[str]) -> sa.ColumnElement[int]:
    t, d = document_rows.c, documents.c
    amount = t.attributes[what].as_integer()
    return (
        sa.select(amount)
        .join(documents, d.digest == t.document)
        .where(t.site == site, t.subject == subject, d.kind.in_(kinds), d.event.isnot(None), amount.isnot(None))
        .order_by(d.event_ms.desc(), sa.case({k: n for n, k in enumerate(kinds)}, value=d.kind).desc(), t.row.desc())
        .limit(1)
        .scalar_subquery()
    )


def _said(connection: sa.Connection, site: str, keys: Iterable[str], until_ms: int) -> dict[str, Price]:
    t = document_rows.c
    found: dict[str, tuple[tuple[int, int, int], Price]] = {}
    for chunk in in_chunks(keys):
        query = (
            sa.select(t.subject, t.row, t.attributes, documents.c.kind, documents.c.event_ms)
            .join(documents, documents.c.digest == t.document)
            .where(t.site == site, t.subject.in_(chunk), documents.c.kind.in_(KINDS), t.attributes.isnot(None))
            .where(documents.c.event.isnot(None), documents.c.event_ms <= until_ms)
        )
        for subject, row, said, kind, at_ms in connection.execute(query):
            order = (at_ms, KINDS.index(kind), row)
            if said.get("cost") is not None and (subject not in found or order >= found[subject][0]):
                found[subject] = (order, Price(int(said["cost"]), str(said.get("currency") or "")))
    return {subject: cost for subject, (_, cost) in found.items()}
