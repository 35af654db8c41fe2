"""What handhelds learn of imported documents: products, locations, and lines that name no units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server import changes, papers, site_codes
from server.database import SITE
from server.orders.book import is_cancelled, read_cancellations, read_orders, read_shortages
from server.orders.pieces import read_pieces
from server.orders.progress import read_progress
from server.receipts.kinds import KINDS
from server.returns.announced import read_buyers, read_claims
from server.tables import document_rows, documents, events
from server.timelines import END_OF_TIME
from server.transfers.withdrawn import Telling, withdrawn
from sync.identity import item_of
from sync.order import Order, Taken
from sync.order_pieces import OrderPieces

ITEM_FIELDS: Final = ("name", "sku", "mode", "serial_pattern")
LOCATION_FIELDS: Final = ("code", "name", "zone")
"""What handhelds are told of a product and of a bin, as its list says it."""

_NUMBER: Final = sa.bindparam("number", type_=sa.Text)
_NOTICE: Final = (
    sa.select(documents.c.kind, documents.c.digest)
    .where(documents.c.site == SITE, documents.c.number == _NUMBER, documents.c.kind.in_(KINDS))
    .where(documents.c.event.isnot(None))
    .order_by(documents.c.event_ms, documents.c.digest)
)
_HOW_RECEIVED: Final = (
    sa.select(events.c.reason)
    .where(events.c.site == SITE, events.c.document == _NUMBER, events.c.action == "open_receipt")
    .order_by(events.c.event_ms.desc(), events.c.epoch.desc(), events.c.seq.desc())
    .limit(1)
)
"""How it was said last that a notice is received: `blind` or `guided`."""


def publish_items(connection: sa.Connection, site: str, rows: Iterable[Any], at: int) -> None:
    """Offer these rows of `document_rows` as products, and learn their serial patterns."""
    rows = list(rows)
    offered = {}
    for row in rows:
        said = {name: row.attributes.get(name) for name in ITEM_FIELDS}
        offered[row.subject] = said | ({"zone": row.attributes["zone"]} if row.attributes.get("zone") else {})
    changes.publish_all(connection, site, "item", offered, at)
    site_codes.learn(connection, site, {r.subject: r.attributes.get("serial_pattern") for r in rows})
    site_codes.publish(connection, site, at)


def publish_locations(connection: sa.Connection, site: str, rows: Iterable[Any], at: int) -> None:
    """Offer these rows of `document_rows` as locations."""
    offered = {row.subject: {name: row.attributes.get(name) for name in LOCATION_FIELDS} for row in rows}
    changes.publish_all(connection, site, "location", offered, at)


def publish_document(connection: sa.Connection, site: str, document: Any, at: int) -> None:
    """Offer a row of `documents` with its lines."""
    if document.kind == "order":
        publish_orders(connection, site, [document.number], at)
        return
    if document.kind == "rma":
        changes.publish(connection, site, "document", document.number, _announced(connection, site, document), at)
        return
    publish_notice(connection, site, document.number, at)


def publish_notice(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Offer an ASN or a purchase order as it stands: what is awaited, whether it is received blind, or closed."""
    said = connection.execute(_NOTICE, {"site": site, "number": number}).all()
    if not said:
        return
    gone = withdrawn(connection, site, number)
    offered = {
        "kind": said[0].kind,
        "state": "closed" if papers.versions(connection, site, "receipt_result", number) else "open",
        "lines": _lines(connection, *(one.digest for one in said), without=gone),
        "bins": [],
        "blind": connection.execute(_HOW_RECEIVED, {"site": site, "number": number}).scalar() == "blind",
        "supplier": _supplier(connection, said[0].digest),
    }
    changes.publish(connection, site, "document", number, offered, at)


def retire_orders(connection: sa.Connection, site: str, numbers: Iterable[str], now_ms: int, at: int) -> None:
    """Take orders from the handhelds of which nothing is left to do: all is shipped, or was put back."""
    done = _finished(connection, site, numbers, now_ms)
    changes.publish_all(connection, site, "document", dict.fromkeys(done), at)


def _finished(connection: sa.Connection, site: str, numbers: Iterable[str], now_ms: int) -> set[str]:
    progress = read_progress(connection, site, numbers, now_ms)
    return {n for n, one in progress.items() if one.standing in ("shipped", "cancelled") and not one.to_put_back}


def publish_orders_anew(connection: sa.Connection, site: str, numbers: Iterable[str], at: int) -> None:
    """Offer orders as they stand; those that handhelds have not any more stay so, unless something is left to do."""
    wanted = set(numbers)
    retired = _retired(connection, site, wanted)
    publish_orders(connection, site, wanted - retired, at)
    publish_orders(connection, site, retired - _finished(connection, site, retired, END_OF_TIME), at)


def reopen_orders(connection: sa.Connection, site: str, numbers: Iterable[str], at: int) -> None:
    """Offer those of these orders again that handhelds have not any more, and of which something is left to do."""
    if retired := _retired(connection, site, numbers):
        publish_orders(connection, site, retired - _finished(connection, site, retired, END_OF_TIME), at)


def _retired(connection: sa.Connection, site: str, numbers: Iterable[str]) -> set[str]:
    return {number for number, row in changes.offered(connection, site, "document", numbers).items() if row is None}


def publish_orders(connection: sa.Connection, site: str, numbers: Iterable[str], at: int) -> None:
    """Offer orders: lines, made-to-order units too, when each has to leave, what it does without, its pieces."""
    wanted = set(numbers)
    if not wanted:
        return
    orders = read_orders(connection, site, wanted)
    cancelled = read_cancellations(connection, site, wanted)
    short = read_shortages(connection, site, wanted)
    pieces = read_pieces(connection, site, wanted)
    buyers = read_buyers(connection, site, wanted)
    offered = {}
    for number in wanted:
        row = _order(orders.get(number, Order(number=number, lines=())), short.get(number, ()), pieces[number])
        row |= {"state": "cancelled" if is_cancelled(cancelled, number) else "open"}
        offered[number] = row | ({"customer": buyers[number]} if buyers.get(number) else {})
    changes.publish_all(connection, site, "document", offered, at)


def _order(order: Order, short: Sequence[Taken], pieces: OrderPieces) -> dict[str, Any]:
    lines = [
        {"item": line.item, "lot": line.lot, "quantity": line.quantity, "container": None}
        | ({"unit": line.unit} if line.unit else {})
        for line in order.lines
    ]
    packed = [replace(one, container=None) if left else one for one, left in pieces.in_cartons]
    offered = {"kind": "order", "lines": lines, "bins": [], "blind": False}
    offered |= {"due": order.due} if order.due else {}
    for name, taken in (("short", short), ("picked", pieces.taken), ("packed", packed)):
        offered |= {name: [_taken(one) for one in taken]} if taken else {}
    return offered | ({"priority": order.priority} if order.priority else {})


def _announced(connection: sa.Connection, site: str, document: Any) -> dict[str, Any]:
    """A return: what is announced, the order, and the hash of the customer's key."""
    claim = read_claims(connection, site, [document.number])[document.number]
    offered = {"kind": "rma", "state": "open", "lines": _lines(connection, document.digest), "bins": [], "blind": False}
    offered |= {"order": claim.order} if claim.order else {}
    offered |= {"customer": claim.customer} if claim.customer else {}
    offered |= {"reason": claim.reason} if claim.reason else {}
    return offered | {"pieces": claim.pieces} | ({"units": list(claim.units)} if claim.units else {})


def _taken(one: Taken) -> dict[str, Any]:
    row: dict[str, Any] = {"subject": one.subject, "quantity": one.quantity}
    return row | {name: value for name in ("lot", "container", "place") if (value := getattr(one, name))}


def _supplier(connection: sa.Connection, digest: str) -> str | None:
    """Who sends it; the same on every row, so that the first one says it."""
    query = sa.select(document_rows.c.attributes).where(document_rows.c.document == digest, document_rows.c.row == 1)
    return (connection.execute(query).scalar() or {}).get("supplier")


def _lines(connection: sa.Connection, *digests: str, without: Collection[Telling] = ()) -> list[dict[str, Any]]:
    """What a document says of products without naming their units, which handhelds learn one by one."""
    t = document_rows.c
    query = (
        sa.select(t.subject, t.lot, t.container, t.quantity, documents.c.event)
        .join(documents, documents.c.digest == t.document)
        .where(t.document.in_(digests), t.quantity.isnot(None))
    )
    totals: Counter[tuple[str | None, str | None, str | None]] = Counter()
    for subject, lot, container, quantity, event in connection.execute(query.order_by(t.document, t.row)):
        if (event, subject, container) not in without:
            totals[item_of(subject), lot, container] += quantity
    return [
        {"item": item, "lot": lot, "quantity": quantity, "container": container}
        for (item, lot, container), quantity in totals.items()
    ]
