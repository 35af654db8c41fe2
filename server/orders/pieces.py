"""Pieces of stock without units that orders have, read from the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from server.ledger import FOLDED, fact_of, in_chunks
from server.surroundings import containers_at
from server.tables import events
from server.timelines import END_OF_TIME, Movements
from server.undone import read_undone
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock
from sync.order_pieces import GIVING_BACK, TAKING, OrderPieces


def read_pieces(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, OrderPieces]:
    """What was picked and packed for each of these orders, less what was taken out again, and not undone."""
    e = events.c
    wanted = set(numbers)
    facts: list[Fact] = []
    for chunk in in_chunks(wanted):
        query = (
            sa.select(events)
            .where(e.site == site, e.document.in_(chunk), e.action.in_((*TAKING, *GIVING_BACK)))
            .where(e.outcome.in_(FOLDED), e.subject.isnot(None))
        )
        facts += [fact_of(row) for row in connection.execute(query).mappings() if is_stock(row["subject"])]
    undone = read_undone(connection, site, (format_name(fact.name) for fact in facts))
    standing: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if format_name(fact.name) not in undone:
            standing[str(fact.event.document)].append(fact)
    boxes = {box for own in standing.values() for fact in own if (box := carton_of(fact))}
    around = containers_at(connection, site, boxes)
    return {number: pieces_of(standing[number], around, END_OF_TIME) for number in wanted}


def pieces_of(facts: Iterable[Fact], around: Movements, now_ms: int) -> OrderPieces:
    """What an order has by these facts, none of them undone, as of a moment."""
    found = OrderPieces()
    for fact in sorted(facts, key=lambda fact: fact.order):
        carton = carton_of(fact)
        left = carton is not None and around.handed_over(carton, fact.event_ms, now_ms)
        found.take(fact.event, left=left)
    return found


def carton_of(fact: Fact) -> str | None:
    """What pieces were put into, or taken out of."""
    event = fact.event
    return event.container or (event.origin if event.action in GIVING_BACK else None)
