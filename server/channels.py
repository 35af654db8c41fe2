"""Channels: what each has reserved of the stock, and what was sold through it. An order names its channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.orders.book import read_said
from server.orders.progress import read_progress
from server.sales import DAY_MS, read_sales
from server.tables import document_rows, documents, reference

UNNAMED: Final = ""
"""Orders that say nothing of where they were sold."""
SOLD_DAYS: Final = 30
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of one product, or of all."""

    name: str
    orders: int
    """Open ones that have something reserved."""
    reserved: int
    """Pieces that they ask for and that have not left: in the bins, picked or packed."""
    to_pick: int
    """Of these, what is still to be taken out of the bins."""
    sold: int
    """Pieces within the last `SOLD_DAYS` days."""


def read_channels(connection: sa.Connection, site: str, now_ms: int, item: str | None = None) -> list[Channel]:
    """Each channel with what it has reserved and sold, the one that sold most first.

    Args:
        item: only this product.
    """
    reserved: dict[str, int] = defaultdict(int)
    to_pick: dict[str, int] = defaultdict(int)
    orders: dict[str, int] = defaultdict(int)
    for number, channel, pieces, missing in _reserved(connection, site, now_ms, item):
        if pieces and number:
            reserved[channel] += pieces
            to_pick[channel] += missing
            orders[channel] += 1
    sold: dict[str, int] = defaultdict(int)
    sales = [
        sale
        for sale in read_sales(connection, site, since_ms=now_ms - SOLD_DAYS * DAY_MS, until_ms=now_ms + 1)
        if item in (None, sale.item)
    ]
    by_order = read_said(connection, site, {sale.order for sale in sales if sale.order}, "channel")
    for sale in sales:
        sold[by_order.get(sale.order or "", UNNAMED)] += sale.quantity
    found = [
        Channel(name=name, orders=orders[name], reserved=reserved[name], to_pick=to_pick[name], sold=sold[name])
        for name in {*reserved, *sold}
    ]
    return sorted(found, key=lambda channel: (-channel.sold, -channel.reserved, channel.name))


def _reserved(
    connection: sa.Connection, site: str, now_ms: int, item: str | None
) -> Iterable[tuple[str, str, int, int]]:
    """Order, channel, how many pieces it keeps from the others, and how many of them are still to be picked."""
    wanted = _standing(connection, site, item)
    channels = read_said(connection, site, wanted, "channel")
    away = read_said(connection, site, wanted, "to_site")
    for start in range(0, len(wanted), AT_ONCE):
        for number, order in read_progress(connection, site, wanted[start : start + AT_ONCE], now_ms).items():
            if order.cancelled_ms is None:
                lines = [line for line in order.lines if item in (None, line.line.item)]
                pieces = sum(max(0, line.line.quantity - line.shipped - line.short) for line in lines)
                channel = f"transfer to {away[number]}" if number in away else channels.get(number, UNNAMED)
                yield number, channel, pieces, sum(line.missing for line in lines)


def _standing(connection: sa.Connection, site: str, item: str | None) -> list[str]:
    """Orders that the handhelds have, for something may be left to do; of one product, those with a line of it."""
    r, d, t = reference.c, documents.c, document_rows.c
    query = sa.select(d.number).where(d.site == site, d.kind == "order", d.event.isnot(None))
    query = query.join(reference, (r.site == d.site) & (r.kind == "document") & (r.key == d.number) & r.row.isnot(None))
    if item is not None:
        query = query.join(document_rows, t.document == d.digest)
        query = query.where((t.subject == item) | t.subject.startswith(f"{item}/", autoescape=True))
    return sorted(set(connection.execute(query).scalars()))
