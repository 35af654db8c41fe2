"""What facts that were just taken in change of orders, as handhelds are told: what one lacks or has, what is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from server.catalogue import publish_orders, publish_orders_anew, reopen_orders, retire_orders
from server.database import KEYS, SITE, lock
from server.ledger import in_chunks
from server.orders.book import read_orders
from server.tables import events
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.order_pieces import GIVING_BACK, TAKING
from sync.unit import Status, UnitState

_ENDING: Final = frozenset({"ship", "put_away", "move", "quarantine"})
"""Actions after which nothing may be left to do for an order."""
_TAKING_OUT: Final = frozenset({"unpack", "put_away", "move"})
"""Actions after which something may be left to do, where they are heard of after the hand-over."""
_ANEW: Final = frozenset({"short_pick", "void", "parcel_back"})
_TO_ORDERS: Final = frozenset({*TAKING, *GIVING_BACK, "ship", "parcel_back"})
_PACKED_FOR: Final = (
    sa.select(events.c.document)
    .distinct()
    .where(events.c.site == SITE, events.c.container.in_(KEYS), events.c.action == "pack")
)


def tell(
    connection: sa.Connection,
    site: str,
    by_subject: Mapping[str, list[Fact]],
    cartons: set[str],
    again: set[str],
    at: int,
) -> None:
    """Let handhelds know what these facts changed of orders: what one does without, and pieces that it has.

    Args:
        cartons: what went or came: of the pieces in them handhelds are told whether they have left.
        again: documents of what these facts undo, or let stand again.
    """
    said = [f.event for facts in by_subject.values() for f in facts if f.event.action in _ANEW]
    loose = [f.event for s, facts in by_subject.items() if is_stock(s) or is_container(s) for f in facts]
    said += [event for event in loose if event.action in _TO_ORDERS]
    numbers = again | {event.document for event in said if event.document is not None}
    numbers |= _packed_for(connection, site, cartons)
    lock(connection, site, numbers)  # two that bring pieces of one order each read what the other one brought
    publish_orders(connection, site, read_orders(connection, site, numbers), at)


def tell_parted(connection: sa.Connection, site: str, cartons: Iterable[str], at: int) -> None:
    """Let handhelds know of the orders whose pieces are in these cartons, or turn out to have left in them."""
    numbers = _packed_for(connection, site, cartons)
    lock(connection, site, numbers)
    publish_orders_anew(connection, site, read_orders(connection, site, numbers), at)


def _packed_for(connection: sa.Connection, site: str, cartons: Iterable[str]) -> set[str]:
    numbers: set[str] = set()
    for keys in in_chunks(cartons):
        numbers |= set(connection.execute(_PACKED_FOR, {"site": site, "keys": keys}).scalars()) - {None}
    return numbers


def retire(
    connection: sa.Connection,
    site: str,
    by_subject: Mapping[str, list[Fact]],
    stored: Mapping[str, UnitState],
    at: int,
) -> None:
    """Take orders from the handhelds whose last parcel left with these facts, or whose last unit was put back.

    Give back those of which a unit turns out to have been in no parcel.

    Args:
        stored: how the units stood before these facts.
    """
    numbers: set[str] = set()
    lacking: set[str] = set()
    last_ms = 0
    for subject, facts in by_subject.items():
        actions = {f.event.action for f in facts}
        said, known = actions & _ENDING, stored.get(subject)
        committed = known is not None and known.status in (Status.PICKED, Status.PACKED)
        if committed and known is not None and known.document and actions & _TAKING_OUT:
            lacking.add(known.document)
        if "ship" in said or (said and committed):
            numbers |= {f.event.document for f in facts if f.event.document}
            numbers |= {known.document} if known is not None and known.document else set()
            last_ms = max(last_ms, *(f.event_ms for f in facts))
    if numbers:
        retire_orders(connection, site, numbers, last_ms, at)
    if lacking:
        reopen_orders(connection, site, lacking, at)
