"""The order book, read from the ledger: each order's lines, its cancellation, and the units made for one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.ledger import FOLDED, in_chunks
from server.tables import document_rows, documents, events
from server.tables.ledger import CANCELS
from server.undone import read_undone
from sync.event import format_name
from sync.identity import is_stock, item_of
from sync.order import Order, OrderLine, Taken

Cancellations = dict[str, list[tuple[int, int | None]]]
"""Number of the order -> from when until when it was cancelled; None: it still is."""
MadeFor = dict[str, list[tuple[int, str]]]
"""Unit -> the orders that name it, each with the moment from which it did."""

_SITE: Final[sa.BindParameter[Any]] = sa.bindparam("site")
_KEYS: Final[sa.BindParameter[Any]] = sa.bindparam("keys", expanding=True)
_ROWS: Final = sa.join(documents, document_rows, documents.c.digest == document_rows.c.document)
_OF_ORDERS: Final = sa.and_(documents.c.kind == "order", documents.c.event.isnot(None))
_ORDERS: Final = (
    sa.select(documents.c.number, *(document_rows.c[name] for name in ("subject", "lot", "quantity", "attributes")))
    .select_from(_ROWS)
    .where(_OF_ORDERS, documents.c.site == _SITE, documents.c.number.in_(_KEYS))
    .order_by(documents.c.number, document_rows.c.row)
)
_MADE_FOR: Final = (
    sa.select(document_rows.c.subject, documents.c.event_ms, documents.c.number)
    .select_from(_ROWS)
    .where(_OF_ORDERS, document_rows.c.site == _SITE, document_rows.c.subject.in_(_KEYS))
    .order_by(documents.c.event_ms, documents.c.number)
)
_CANCELLATIONS: Final = (
    sa.select(*(events.c[name] for name in ("event_ms", "device_no", "epoch", "seq", "document", "action")))
    .where(events.c.site == _SITE, events.c.document.in_(_KEYS), events.c.outcome.in_(FOLDED))
    .where(CANCELS)
)
"""Built once: every scan for an order asks them."""


def read_orders(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, Order]:
    """Those of these orders that were imported; `cancelled` is not looked up."""
    rows: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    for chunk in in_chunks(numbers):
        for row in connection.execute(_ORDERS, {"site": site, "keys": chunk}).mappings():
            rows[row["number"]].append(dict(row))
    return {number: order_of(number, found) for number, found in rows.items()}


def order_of(number: str, rows: Iterable[Mapping[Any, Any]]) -> Order:
    """The order whose lines stand in these rows (`subject`, `lot`, `quantity`, `attributes`); equal lines are added."""
    sums: dict[OrderLine, int] = defaultdict(int)
    due: list[str] = []
    priority: list[int] = []
    for row in rows:
        subject, extra = row["subject"], row["attributes"] or {}
        unit = None if is_stock(subject) else subject
        line = OrderLine(item=item_of(subject) or subject, quantity=0, lot=row["lot"], unit=unit)
        sums[line] += 1 if row["quantity"] is None else row["quantity"]
        due += [extra["due"]] if extra.get("due") else []
        priority += [extra["priority"]] if extra.get("priority") else []
    return Order(
        number=number,
        lines=tuple(replace(line, quantity=quantity) for line, quantity in sums.items()),
        due=min(due, default=None),
        priority=max(priority, default=0),
    )


_SAID: Final = (
    sa.select(documents.c.number, document_rows.c.attributes)
    .join(document_rows, document_rows.c.document == documents.c.digest)
    .where(documents.c.site == SITE, documents.c.kind == "order", documents.c.number.in_(KEYS))
    .where(documents.c.event.isnot(None), document_rows.c.row == 1)
)


def read_said(connection: sa.Connection, site: str, numbers: Iterable[str], name: str) -> dict[str, str]:
    """What each of these orders says of itself under this name, such as its `channel`; those without are left out."""
    found: dict[str, str] = {}
    for chunk in in_chunks(numbers):
        rows = connection.execute(_SAID, {"site": site, "keys": chunk})
        found.update((number, said[name]) for number, said in rows if said and said.get(name))
    return found


def read_cancellations(connection: sa.Connection, site: str, numbers: Iterable[str]) -> Cancellations:
    """When each of these orders was cancelled, and when that was taken back, if it was."""
    found: Cancellations = {}
    for chunk in in_chunks(numbers):
        # in order here: asked to sort by time, SQLite reads all that ever happened at the site by its index of time
        for moment, *_, number, action in sorted(connection.execute(_CANCELLATIONS, {"site": site, "keys": chunk})):
            spells = found.setdefault(number, [])
            if action == "cancel_order" and (not spells or spells[-1][1] is not None):
                spells.append((moment, None))
            elif action == "resume_order" and spells and spells[-1][1] is None:
                spells[-1] = (spells[-1][0], moment)
    return found


def is_cancelled(cancellations: Cancellations, number: str, at_ms: int | None = None) -> bool:
    """Whether an order was cancelled at a moment; without one, whether it is."""
    spells = cancellations.get(number, [])
    if at_ms is None:
        return bool(spells) and spells[-1][1] is None
    return any(since <= at_ms and (until is None or at_ms < until) for since, until in spells)


def read_shortages(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, list[Taken]]:
    """What handhelds reported as not to be found for each of these orders, and did not take back."""
    e = events.c
    reported: list[tuple[str, str, Taken]] = []
    for chunk in in_chunks(numbers):
        query = (
            sa.select(e.event_ms, e.device_no, e.epoch, e.seq, e.document, e.subject, e.lot, e.quantity, e.location)
            .where(e.site == site, e.document.in_(chunk), e.action == "short_pick")
            .where(e.outcome.in_(FOLDED), e.subject.isnot(None))
        )
        rows = sorted(connection.execute(query), key=lambda row: row[:4])
        for _, device_no, epoch, seq, number, subject, lot, quantity, place in rows:
            taken = Taken(subject=subject, lot=lot, quantity=1 if quantity is None else quantity, place=place)
            reported.append((number, format_name((device_no, epoch, seq)), taken))
    undone = read_undone(connection, site, (name for _, name, _ in reported))
    found: dict[str, list[Taken]] = defaultdict(list)
    for number, name, taken in reported:
        if name not in undone:
            found[number].append(taken)
    return found


def read_made_for(connection: sa.Connection, site: str, units: Iterable[str]) -> MadeFor:
    """The orders that name these very units."""
    found: MadeFor = defaultdict(list)
    for chunk in in_chunks(units):
        for unit, since_ms, number in connection.execute(_MADE_FOR, {"site": site, "keys": chunk}):
            found[unit].append((since_ms, number))
    return found
