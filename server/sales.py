"""What was sold: units and pieces that were handed to a carrier, read from the ledger.

A sale is a shipment. A carton that is shipped takes along what was packed into it and not taken out again; a parcel
that came back unopened was none, nor was one to another site of ours; a return does not unmake one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import sqlalchemy as sa

from server.ledger import FOLDED
from server.orders.book import read_said
from server.surroundings import DEPTH_MAX
from server.tables import events
from server.undone import read_undone
from sync.event import format_name
from sync.identity import is_container, is_stock, item_of

DAY_MS: Final = 86_400_000
PACKED_BEFORE_MS: Final = 60 * DAY_MS
"""So long a carton may stand packed before it is shipped."""
MOVES_AT_ONCE: Final = 2_000
"""Rows of the ledger that are in memory while sales are told from it."""
_MOVES: Final = ("pack", "unpack", "ship", "parcel_back")


class Sale(NamedTuple):
    """One unit, or some pieces, that went to a customer."""

    item: str
    subject: str
    quantity: int
    at_ms: int
    order: str | None


class _Move(NamedTuple):
    action: str
    subject: str
    container: str | None
    origin: str | None
    quantity: int
    at_ms: int
    order: str | None


@dataclass(slots=True)
class _Cartons:
    """What is in which carton, while the moves are gone through in order."""

    inside: dict[str, dict[str, _Move]] = field(default_factory=lambda: defaultdict(dict))
    at: dict[str, str] = field(default_factory=dict)
    """Unit -> the carton that it is in."""

    def pack(self, move: _Move) -> None:
        """Pieces add up; a unit is in one carton, once."""
        into = self.inside[move.container or ""]
        before = into.get(move.subject)
        if is_stock(move.subject):
            move = move._replace(quantity=move.quantity + (before.quantity if before else 0))
        else:
            self._take_out(move.subject)
            self.at[move.subject] = move.container or ""
        into[move.subject] = move

    def unpack(self, move: _Move) -> None:
        if not is_stock(move.subject):
            self._take_out(move.subject)
            return
        content = self.inside.get(move.origin or "", {})
        if move.subject in content:
            left = content[move.subject].quantity - move.quantity
            content[move.subject] = content[move.subject]._replace(quantity=max(0, left))

    def come_back(self, carton: str, depth: int = DEPTH_MAX) -> None:
        """It came back unopened: what is in it can be taken out again."""
        for subject in self.inside.get(carton, {}) if depth else ():
            if not is_stock(subject):
                self.at[subject] = carton
            self.come_back(subject, depth - 1)

    def _take_out(self, unit: str) -> None:
        self.inside.get(self.at.pop(unit, ""), {}).pop(unit, None)

    def leave(self, ship: _Move, move: _Move, depth: int = DEPTH_MAX) -> Iterator[Sale]:
        """What leaves with this shipment: the subject itself, or what is in it."""
        if is_container(move.subject):
            for content in self.inside.get(move.subject, {}).values() if depth else ():
                self.at.pop(content.subject, None)  # it may come back, and go out in another one
                yield from self.leave(ship, content, depth - 1)
        elif move.quantity and (item := item_of(move.subject)) is not None:
            yield Sale(item, move.subject, move.quantity, ship.at_ms, ship.order or move.order)


def read_sales(connection: sa.Connection, site: str, *, since_ms: int, until_ms: int) -> list[Sale]:
    """Every sale from `since_ms` to just before `until_ms`, in order."""
    cartons = _Cartons()
    parcels: dict[str, list[Sale]] = {}
    loose: list[Sale] = []
    for move in _moves(connection, site, since_ms - PACKED_BEFORE_MS, until_ms):
        if move.action == "pack":
            cartons.pack(move)
        elif move.action == "unpack":
            cartons.unpack(move)
        elif move.action == "parcel_back":
            parcels.pop(move.subject, None)
            cartons.come_back(move.subject)
        elif not is_container(move.subject):
            loose += cartons.leave(move, move)
        elif move.subject not in parcels:  # a carton that is scanned twice left once
            parcels[move.subject] = list(cartons.leave(move, move))
    found = [sale for sales in (loose, *parcels.values()) for sale in sales if sale.at_ms >= since_ms]
    moved = to_ourselves(connection, site, {sale.order for sale in found if sale.order})
    return sorted((sale for sale in found if sale.order not in moved), key=lambda sale: (sale.at_ms, sale.subject))


def to_ourselves(connection: sa.Connection, site: str, numbers: Iterable[str]) -> set[str]:
    """Those of these orders that only bring something to another site of ours: no sale, whatever left for them."""
    return set(read_said(connection, site, numbers, "to_site"))


def _moves(connection: sa.Connection, site: str, since_ms: int, until_ms: int) -> Iterator[_Move]:
    e = events.c
    query = (
        sa.select(
            e.device_no, e.epoch, e.seq, e.action, e.subject, e.container, e.origin, e.quantity, e.event_ms,
            e.document,
        )
        .where(e.site == site, e.action.in_(_MOVES), e.outcome.in_(FOLDED), e.subject.isnot(None))
        .where(e.event_ms >= since_ms, e.event_ms < until_ms)
        .order_by(e.event_ms, e.device_no, e.epoch, e.seq)
    )  # fmt: skip
    undone = _undone(connection, site, since_ms)
    for row in connection.execute(query.execution_options(yield_per=MOVES_AT_ONCE)):
        if format_name((row.device_no, row.epoch, row.seq)) not in undone:
            quantity = 1 if row.quantity is None else row.quantity
            yield _Move(row.action, row.subject, row.container, row.origin, quantity, row.event_ms, row.document)


def _undone(connection: sa.Connection, site: str, since_ms: int) -> set[str]:
    """Names of what was undone since a moment; most scans are not, so the undos are what is looked at."""
    e = events.c
    undos = sa.select(e.voids).where(e.site == site, e.voids.isnot(None), e.event_ms >= since_ms)
    return read_undone(connection, set(connection.execute(undos).scalars()))
