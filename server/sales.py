"""What was sold: units and pieces that were handed to a carrier, read from the ledger.

A sale is a shipment. A carton that is shipped takes along what was packed into it and not taken out again, and is
empty when it is packed anew; a parcel that came back unopened was none, nor was one to another site of ours, nor a
second scan of a unit that was not here in between; a return does not unmake one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import sqlalchemy as sa

from server.identifiers import names_of, owners
from server.ledger import FOLDED, in_chunks
from server.orders.book import read_said
from server.tables import events, identifier_claims
from server.timelines import DEPTH_MAX
from server.undone import read_undone_at
from sync.actions import ACTIONS
from sync.actions.registry import Stock
from sync.event import format_name
from sync.identity import is_container, is_stock, item_of

DAY_MS: Final = 86_400_000
PACKED_BEFORE_MS: Final = 60 * DAY_MS
"""So long a carton may stand packed before it is shipped."""
MOVES_AT_ONCE: Final = 2_000
"""Rows of the ledger that are in memory while sales are told from it."""
_MOVES: Final = ("pack", "unpack", "ship", "parcel_back")
_HERE: Final = tuple(
    name
    for name, told in ACTIONS.items()
    if told.stock in {Stock.ARRIVES, Stock.MOVES, Stock.TAKEN, Stock.TAKEN_OUT, Stock.COUNTED}
)
"""Scans that only who has the unit before him can make."""


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
    """The name under which it folds, whichever was scanned."""
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
    gone: set[str] = field(default_factory=set)
    """The cartons that have left, each as it was packed for that."""

    def pack(self, move: _Move) -> None:
        """Pieces add up; a unit is in one carton, once; a carton that was away is empty when it is packed anew."""
        carton = move.container or ""
        if carton in self.gone:
            self.gone.remove(carton)
            self.inside.pop(carton, None)
        into = self.inside[carton]
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
        self.gone.discard(carton)
        for subject in self.inside.get(carton, {}) if depth else ():
            if not is_stock(subject):
                self.at[subject] = carton
            self.come_back(subject, depth - 1)

    def _take_out(self, unit: str) -> None:
        self.inside.get(self.at.pop(unit, ""), {}).pop(unit, None)

    def leave(self, ship: _Move, move: _Move, depth: int = DEPTH_MAX) -> Iterator[Sale]:
        """What leaves with this shipment: the subject itself, or what is in it."""
        if is_container(move.subject):
            self.gone.add(move.subject)
            for content in self.inside.get(move.subject, {}).values() if depth else ():
                self.at.pop(content.subject, None)  # it may come back, and go out in another one
                yield from self.leave(ship, content, depth - 1)
        elif move.quantity and (item := item_of(move.subject)) is not None:
            yield Sale(item, move.subject, move.quantity, ship.at_ms, ship.order or move.order)


def read_sales(connection: sa.Connection, site: str, *, since_ms: int, until_ms: int) -> list[Sale]:
    """Every sale from `since_ms` to just before `until_ms`, in order."""
    cartons = _Cartons()
    parcels: dict[str, list[Sale]] = {}
    gone: list[Sale] = []
    from_ms = since_ms - PACKED_BEFORE_MS
    undone = read_undone_at(connection, site, from_ms)
    for move in _moves(connection, site, from_ms, until_ms, undone):
        if move.action == "pack":
            if (carton := move.container or "") in cartons.gone:  # the next order's: its last parcel is the customer's
                gone += parcels.pop(carton, ())
            cartons.pack(move)
        elif move.action == "unpack":
            cartons.unpack(move)
        elif move.action == "parcel_back":
            parcels.pop(move.subject, None)
            cartons.come_back(move.subject)
        elif not is_container(move.subject):
            gone += cartons.leave(move, move)
        elif move.subject not in parcels:  # a carton that is scanned twice left once
            parcels[move.subject] = list(cartons.leave(move, move))
    gone += (sale for sales in parcels.values() for sale in sales)
    gone = _each_once(connection, site, sorted(gone, key=lambda sale: (sale.at_ms, sale.subject)), undone)
    found = [sale for sale in gone if sale.at_ms >= since_ms]
    moved = to_ourselves(connection, site, {sale.order for sale in found if sale.order})
    return [sale for sale in found if sale.order not in moved]


def _each_once(connection: sa.Connection, site: str, sales: list[Sale], undone: set[str]) -> list[Sale]:
    """These sales in order, without those of a unit that nobody had here since it was sold before."""
    units = Counter(sale.subject for sale in sales if not is_stock(sale.subject))
    twice = [unit for unit, times in units.items() if times > 1]
    if not twice:
        return sales
    here = _seen_here(connection, site, twice, sales[0].at_ms, undone)
    last_ms: dict[str, int] = {}
    kept = []
    for sale in sales:
        before_ms = last_ms.get(sale.subject)
        if before_ms is None or any(before_ms < at_ms <= sale.at_ms for at_ms in here.get(sale.subject, ())):
            kept.append(sale)
            if units[sale.subject] > 1:
                last_ms[sale.subject] = sale.at_ms
    return kept


def _seen_here(
    connection: sa.Connection, site: str, units: list[str], since_ms: int, undone: set[str]
) -> dict[str, list[int]]:
    """When somebody had each of these units before him, whichever of its names was scanned."""
    unit_of = {name: unit for unit, names in names_of(connection, site, units).items() for name in names}
    unit_of.update((unit, unit) for unit in units)
    found: dict[str, list[int]] = defaultdict(list)
    e = events.c
    for names in in_chunks(unit_of):
        query = sa.select(e.device_no, e.epoch, e.seq, e.subject, e.event_ms).where(
            e.site == site, e.subject.in_(names), e.event_ms >= since_ms, e.action.in_(_HERE), e.outcome.in_(FOLDED)
        )
        for row in connection.execute(query):
            if format_name((row.device_no, row.epoch, row.seq)) not in undone:
                found[unit_of[row.subject]].append(row.event_ms)
    return found


def to_ourselves(connection: sa.Connection, site: str, numbers: Iterable[str]) -> set[str]:
    """Those of these orders that only bring something to another site of ours: no sale, whatever left for them."""
    return set(read_said(connection, site, numbers, "to_site"))


def _moves(connection: sa.Connection, site: str, since_ms: int, until_ms: int, undone: set[str]) -> Iterator[_Move]:
    e, c = events.c, identifier_claims.c
    claimed = sa.exists().where(c.site == e.site, c.name == e.subject)
    query = (
        sa.select(
            e.device_no, e.epoch, e.seq, e.action, e.subject, e.container, e.origin, e.quantity, e.event_ms,
            e.document, claimed.label("claimed"),
        )
        .where(e.site == site, e.action.in_(_MOVES), e.outcome.in_(FOLDED), e.subject.isnot(None))
        .where(e.event_ms >= since_ms, e.event_ms < until_ms)
        .order_by(e.event_ms, e.device_no, e.epoch, e.seq)
    )  # fmt: skip
    for some in connection.execute(query.execution_options(yield_per=MOVES_AT_ONCE)).partitions():
        rows = [row for row in some if format_name((row.device_no, row.epoch, row.seq)) not in undone]
        owner = owners(connection, site, {row.subject for row in rows if row.claimed})
        for row in rows:
            subject = owner.get(row.subject, row.subject)
            quantity = 1 if row.quantity is None else row.quantity
            yield _Move(row.action, subject, row.container, row.origin, quantity, row.event_ms, row.document)
