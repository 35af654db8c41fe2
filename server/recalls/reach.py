"""What a recall reaches as things stand: each unit, and pieces and lots without units, with where it is now.

The units are looked up by what the predicate names, and then asked one by one by the same predicate that handhelds
have. What is in a carton is where the carton is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from server import taken_along
from server.ledger import FOLDED, in_chunks
from server.orders.progress import read_taken
from server.recalls import in_force
from server.replay import known_of
from server.tables import events, stock_levels, unit_states
from server.unit_rows import state_of
from sync.identity import is_container, is_stock, item_of
from sync.recall import Bite, Reach, Recall, bite, traits_of
from sync.unit import Status, UnitState, carried

NAMED_MAX: Final = 400
"""Notices that are looked for by number; of more, every unit is looked at."""
ORDERS_AT_ONCE: Final = 200


class Where(StrEnum):
    """Where something is that a recall reaches."""

    COMING = "coming"
    BIN = "bin"
    CARTON = "carton"
    PICKED = "picked"
    PACKED = "packed"
    CUSTOMER = "customer"
    MISSING = "missing"
    DISPOSED = "disposed"
    NOWHERE = "nowhere"


WHERE_TEXTS: Final = {
    Where.COMING: "on its way from the supplier",
    Where.BIN: "on hand, in a bin",
    Where.CARTON: "on hand, in a carton",
    Where.PICKED: "picked",
    Where.PACKED: "packed",
    Where.CUSTOMER: "at a customer",
    Where.MISSING: "written off as missing",
    Where.DISPOSED: "sent back to its vendor, or scrapped",
    Where.NOWHERE: "scanned once, place unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One unit, or so many pieces without units in one place or of one order."""

    subject: str
    sure: bool
    """False: it may be one of them, for its lot, its delivery or its day is not known."""
    where: Where
    quantity: int = 1
    place: str | None = None
    """The location, if that is known."""
    container: str | None = None
    order: str | None = None
    """The order that has it."""
    lot: str | None = None
    state: UnitState | None = None
    """Of a unit, as its container has it; pieces have none."""
    back: bool = False
    """Whether a customer sent it back, and it was put nowhere since."""

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from others of the same recall."""
        return self.subject, self.order or self.container or self.place or "" if is_stock(self.subject) else ""


def reached(connection: sa.Connection, site: str, recall: Recall, now_ms: int) -> list[Reached]:
    """Everything that the recall reaches, or may reach; in the order of where it is."""
    found = [*_units(connection, site, recall, now_ms), *_pieces(connection, site, recall, now_ms)]
    order = list(Where)
    return sorted(found, key=lambda one: (order.index(one.where), one.place or "", one.order or "", one.subject))


def bitten(connection: sa.Connection, site: str, unit: str, state: UnitState, now_ms: int) -> Bite | None:
    """The recall in force that stops a unit, surely or possibly; `state` is as its container has it."""
    return bite(in_force.predicates(connection, site), traits_of(unit, known_of(state, lambda place: place), now_ms))


def totals(found: Iterable[Reached]) -> dict[Where, tuple[int, int]]:
    """How many are where: surely, and possibly; together with what is nowhere they are all of them."""
    sure: Counter[Where] = Counter()
    possible: Counter[Where] = Counter()
    for one in found:
        (sure if one.sure else possible)[one.where] += one.quantity
    return {where: (sure[where], possible[where]) for where in Where if sure[where] or possible[where]}


def _units(connection: sa.Connection, site: str, recall: Recall, now_ms: int) -> Iterator[Reached]:
    states = {unit: state for unit, state in _candidates(connection, site, recall) if not is_container(unit)}
    around = taken_along.containers(connection, site, (state.place for state in states.values()))
    for unit, own in states.items():
        now = carried(own, around.get(own.place or ""))
        answer = recall.reach(traits_of(unit, known_of(now, lambda place: place), now_ms))
        if answer is Reach.NO or (now.status is Status.SEEN and answer is Reach.POSSIBLE):
            continue
        if now.status is Status.MERGED and recall.reach(traits_of(item_of(unit) or unit, None, now_ms)) is not Reach.NO:
            continue  # it is one of the pieces, which are reached as such
        place, container = _stands(now.place, around)
        yield Reached(
            subject=unit,
            sure=answer is Reach.YES,
            where=_where(now, container),
            place=place,
            container=own.place if now.status is Status.SHIPPED and own.place else container,
            order=now.document if now.status in _COMMITTED else None,
            lot=now.lot,
            state=now,
            back=now.status is Status.RETURNED,
        )


_COMMITTED: Final = frozenset({Status.PICKED, Status.PACKED, Status.SHIPPED, Status.LENT})


def _candidates(connection: sa.Connection, site: str, recall: Recall) -> Iterator[tuple[str, UnitState]]:
    """Units that may be meant, by what the predicate names; each once."""
    u = unit_states.c
    seen: set[str] = set()
    queries = [sa.select(unit_states).where(u.site == site, u.unit.in_(keys)) for keys in in_chunks(recall.units)]
    parts: list[sa.ColumnElement[bool]] = []
    if recall.item is not None:
        parts.append(u.item == recall.item)
    if recall.lots:
        parts.append(u.lot.in_(recall.lots) | u.lot.is_(None))
    if recall.notices is not None and len(recall.notices) <= NAMED_MAX:
        # what came with its carton has no more than its notice in its own row
        parts.append(u.came_under.in_(recall.notices) | u.came_under.is_(None))
    if parts or recall.notices is not None or recall.received_from_ms or recall.received_until_ms:
        queries.append(sa.select(unit_states).where(u.site == site, *parts))
    for query in queries:
        for row in connection.execute(query).mappings():
            if row["unit"] not in seen:
                seen.add(row["unit"])
                yield row["unit"], state_of(row)


def _stands(place: str | None, around: dict[str, UnitState]) -> tuple[str | None, str | None]:
    """The location behind a place, and the container that it is, if it is one."""
    container = place if place is not None and is_container(place) else None
    for _ in range(len(around) + 1):
        if place is None or not is_container(place):
            break
        place = around[place].place if place in around else None
    return place, container


def _where(state: UnitState, container: str | None) -> Where:
    seen_since = state.status in (Status.MISSING, Status.DISPOSED) and state.place is not None
    if state.status in _FIXED and not seen_since:
        return _FIXED[state.status]
    return Where.CARTON if container else Where.BIN


_FIXED: Final = {
    Status.SEEN: Where.NOWHERE,
    Status.ANNOUNCED: Where.COMING,
    Status.PICKED: Where.PICKED,
    Status.PACKED: Where.PACKED,
    Status.SHIPPED: Where.CUSTOMER,
    Status.LENT: Where.CUSTOMER,
    Status.MISSING: Where.MISSING,
    Status.DISPOSED: Where.DISPOSED,
}


def _pieces(connection: sa.Connection, site: str, recall: Recall, now_ms: int) -> Iterator[Reached]:
    """Pieces and lots without units: on hand by the balances, at customers by their orders."""
    s = stock_levels.c
    subjects = connection.execute(sa.select(s.subject).distinct().where(s.site == site)).scalars()
    answers = {subject: recall.reach(traits_of(subject, None, now_ms)) for subject in subjects}
    reach = {subject: answer for subject, answer in answers.items() if answer is not Reach.NO}
    rows = [row for keys in in_chunks(reach) for row in _balances(connection, site, keys)]
    here = [row for row in taken_along.pieces_here(connection, site, rows) if row["quantity"] > 0]
    around = taken_along.containers(connection, site, (row["place"] for row in here))
    for row in here:
        place, container = _stands(row["place"], around)
        packed = container is not None and around.get(container, UnitState()).status is Status.PACKED
        yield Reached(
            subject=row["subject"],
            sure=reach[row["subject"]] is Reach.YES,
            where=Where.PACKED if packed else Where.CARTON if container else Where.BIN,
            quantity=row["quantity"],
            place=place,
            container=container,
            order=around[container].document if packed and container else None,
        )
    yield from _gone(connection, site, recall, now_ms)


def _balances(connection: sa.Connection, site: str, subjects: Iterable[str]) -> Iterable[sa.RowMapping]:
    s = stock_levels.c
    return connection.execute(sa.select(stock_levels).where(s.site == site, s.subject.in_(subjects))).mappings()


def _gone(connection: sa.Connection, site: str, recall: Recall, now_ms: int) -> Iterator[Reached]:
    """Pieces that orders took to their customers; whose lot was not scanned may be of any."""
    e = events.c
    query = sa.select(e.subject, e.document).distinct().where(
        e.site == site, e.action.in_(("pick", "pack")), e.document.isnot(None), e.subject.isnot(None),
        e.outcome.in_(FOLDED),
        e.quantity.isnot(None) | ~e.subject.contains("/21/"),  # pieces; a scan of them without a quantity is one
    )  # fmt: skip
    if recall.item is not None:
        query = query.where(e.subject.startswith(recall.item, autoescape=True))
    numbers = {
        number
        for subject, number in connection.execute(query)
        if is_stock(subject) and recall.reach(traits_of(subject, None, now_ms)) is not Reach.NO
    }
    waiting = sorted(numbers)
    for at in range(0, len(waiting), ORDERS_AT_ONCE):
        for number, taken in read_taken(connection, site, waiting[at : at + ORDERS_AT_ONCE], now_ms).items():
            for one in taken:
                if one.status is not Status.SHIPPED or not is_stock(one.subject):
                    continue
                traits = traits_of(one.subject, None, now_ms)
                answer = recall.reach(traits)
                if one.lot is not None and traits.lot is None and item_of(one.subject) is not None:
                    answer = recall.reach(replace(traits, lot=one.lot))
                if answer is not Reach.NO:
                    yield Reached(
                        subject=one.subject,
                        sure=answer is Reach.YES,
                        where=Where.CUSTOMER,
                        quantity=one.quantity,
                        container=one.container,
                        order=number,
                        lot=one.lot,
                    )
