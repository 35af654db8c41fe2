"""How far orders are: line by line, parcel by parcel, and who did it. Read from the ledger and the folded rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import latest_first, nearby
from server.identifiers import names_of, owners
from server.ledger import FOLDED, fact_of, in_chunks
from server.orders import book
from server.orders.pieces import carton_of, pieces_of
from server.orders.standing import LineProgress, OrderProgress, OrderUnit, Parcel, Shortage, spread_over
from server.surroundings import containers_at
from server.tables import documents, events
from server.timelines import Movements
from server.undone import read_undone
from server.unit_rows import states_of
from server.zones import set_apart
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.order import TRANSFER, Order, OrderLine
from sync.order_pieces import GIVING_BACK
from sync.unit import Status, UnitState
from sync.verdict import COMMITTED
from sync.zones import is_set_apart

ACTIONS: Final = (
    "pick",
    "pack",
    "ship",
    "close_carton",
    "short_pick",
    "reject",
    "label_parcel",
    "cancel_order",
    "resume_order",
)


_OUT: Final = ("unpack", "put_away", "move", "parcel_back")
"""Actions that put a unit by itself into a place, whatever for, or bring it back by itself."""


def list_numbers(
    connection: sa.Connection, site: str, *, limit: int, after: latest_first.Key | None = None
) -> tuple[list[str], str | None]:
    """Numbers of the orders, the latest first, and the `next` of their page; None on the last one.

    Args:
        after: of the last one that was seen.
    """
    d = documents.c
    found, more = latest_first.page(connection, d.site == site, d.kind == "order", limit=limit, after=after)
    return [row.number for row in found], more


def read_progress(
    connection: sa.Connection, site: str, numbers: Iterable[str], now_ms: int
) -> dict[str, OrderProgress]:
    """Each of these orders that was imported, in their order."""
    wanted = list(dict.fromkeys(numbers))
    orders = book.read_orders(connection, site, wanted)
    imported = _imported(connection, site, orders)
    facts = _facts(connection, site, orders)
    things = _things(connection, site, [fact for found in facts.values() for fact in found], now_ms)
    back = came_back(connection, site, things.containers)
    return {
        number: _progress(orders[number], imported[number], facts.get(number, []), things, back)
        for number in wanted
        if number in orders
    }


def read_taken(
    connection: sa.Connection, site: str, numbers: Iterable[str], now_ms: int
) -> dict[str, tuple[OrderUnit, ...]]:
    """What was taken for each of these numbers by the scans alone, whether or not such an order was ever imported."""
    facts = _facts(connection, site, numbers)
    things = _things(connection, site, [fact for found in facts.values() for fact in found], now_ms)
    back = came_back(connection, site, things.containers)
    return {number: _units(number, found, things, back) for number, found in facts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Things:
    """Units and containers, as they stand now."""

    names: Mapping[str, str]
    """Of what was scanned by a further name -> its own."""
    states: Mapping[str, UnitState]
    own: Mapping[str, UnitState]
    """The same, whatever became of their containers."""
    places: Mapping[str, str | None]
    around: Movements
    apart: Container[str | None]
    """Those of their places where things are set apart."""
    taken_out: Sequence[Fact]
    """Scans that took one of them out of its carton, by itself."""
    now_ms: int

    @property
    def containers(self) -> list[str]:
        return [key for key in self.own if is_container(key)]


def _imported(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, int]:
    d = documents.c
    found: dict[str, int] = {}
    for chunk in in_chunks(numbers):
        query = sa.select(d.number, d.event_ms).where(d.site == site, d.kind == "order", d.number.in_(chunk))
        found.update((number, ms) for number, ms in connection.execute(query) if ms is not None)
    return found


def _facts(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, list[Fact]]:
    """What was done for each of these orders and stands, oldest first."""
    facts: list[Fact] = []
    for chunk in in_chunks(numbers):
        query = (
            sa.select(events)
            .where(events.c.site == site, events.c.document.in_(chunk), events.c.action.in_((*ACTIONS, *GIVING_BACK)))
            .where(events.c.outcome.in_(FOLDED))
        )
        read = map(fact_of, connection.execute(query).mappings())
        facts += [fact for fact in read if fact.event.action in ACTIONS or is_stock(fact.event.subject or "")]
    found: dict[str, list[Fact]] = {str(fact.event.document): [] for fact in facts}
    for fact in _standing(connection, site, facts):
        found[str(fact.event.document)].append(fact)
    return found


def _standing(connection: sa.Connection, site: str, facts: list[Fact]) -> list[Fact]:
    """Those of these facts that were not undone, oldest first."""
    undone = read_undone(connection, site, [format_name(fact.name) for fact in facts])
    return sorted((fact for fact in facts if format_name(fact.name) not in undone), key=lambda fact: fact.order)


def _things(connection: sa.Connection, site: str, facts: list[Fact], now_ms: int) -> _Things:
    subjects = {str(f.event.subject) for f in facts if f.event.subject and not is_stock(f.event.subject)}
    names = owners(connection, site, subjects)
    cartons = {box for f in facts if (box := carton_of(f))}
    own = states_of(connection, site, {names.get(key, key) for key in subjects} | cartons)
    own |= states_of(connection, site, {s.place for s in own.values() if s.place and is_container(s.place)} - set(own))
    around = nearby.movements_of(connection, site, own.values(), now_ms)
    left = any(fact.event.action == "ship" for fact in facts)
    return _Things(
        names=names,
        own=own,
        states={key: around.carried(state, now_ms) or state for key, state in own.items()},
        places={key: around.locate(state.place, now_ms) for key, state in own.items()},
        around=containers_at(connection, site, cartons),
        apart=set_apart(connection, site, {s.place for s in own.values() if s.held or s.expected == s.place}),
        taken_out=_taken_out(connection, site, {*subjects, *names.values()}) if left else (),
        now_ms=now_ms,
    )


def _taken_out(connection: sa.Connection, site: str, subjects: Iterable[str]) -> list[Fact]:
    """Scans by which one of these left its carton, and that stand."""
    facts: list[Fact] = []
    for chunk in in_chunks(subjects):
        query = (
            sa.select(events)
            .where(events.c.site == site, events.c.subject.in_(chunk), events.c.outcome.in_(FOLDED))
            .where(events.c.action.in_(_OUT))
        )
        facts += map(fact_of, connection.execute(query).mappings())
    return _standing(connection, site, facts)


def came_back(connection: sa.Connection, site: str, cartons: Iterable[str]) -> dict[str, str]:
    """Those of these that came back undelivered after they were last shipped, each with the reason."""
    carton_of = {key: key for key in cartons}
    for carton, further in names_of(connection, site, list(carton_of)).items():
        carton_of.update(dict.fromkeys(further, carton))
    facts: list[Fact] = []
    for chunk in in_chunks(carton_of):
        query = (
            sa.select(events)
            .where(events.c.site == site, events.c.subject.in_(chunk), events.c.outcome.in_(FOLDED))
            .where(events.c.action.in_(("ship", "parcel_back")))
        )
        facts += map(fact_of, connection.execute(query).mappings())
    last = {carton_of[fact.event.subject or ""]: fact.event for fact in _standing(connection, site, facts)}
    return {carton: event.reason or "?" for carton, event in last.items() if event.action == "parcel_back"}


def _progress(
    order: Order, imported_ms: int, facts: list[Fact], things: _Things, back: Mapping[str, str]
) -> OrderProgress:
    units = _units(order.number, facts, things, back)
    cancelled = next((f for f in reversed(facts) if f.event.action in ("cancel_order", "resume_order")), None)
    cancelled = cancelled if cancelled and cancelled.event.action == "cancel_order" else None
    shortages = tuple(
        Shortage(
            subject=str(f.event.subject),
            lot=f.event.lot,
            quantity=f.event.quantity or 1,
            reason=f.event.reason or "",
            operator=f.event.operator,
            event_ms=f.event_ms,
        )
        for f in facts
        if f.event.action == "short_pick"
    )
    people: dict[str, dict[str, None]] = defaultdict(dict)
    for fact in (f for f in facts if f.event.action in ACTIONS):
        people[fact.event.operator or "?"][fact.event.action] = None
    closed = [str(fact.event.subject) for fact in facts if fact.event.action == "close_carton"]
    cartons = dict.fromkeys([*(one.container for one in units if one.container), *closed])
    spread, _ = spread_over(order, units)
    return OrderProgress(
        order=order,
        imported_ms=imported_ms,
        cancelled_ms=cancelled.event_ms if cancelled else None,
        cancelled_why=cancelled.event.reason if cancelled else None,
        lines=tuple(_line(line, spread[line], shortages) for line in order.lines),
        units=units,
        parcels=tuple(_parcel(carton, units, things, back) for carton in cartons),
        shortages=shortages,
        people={name: tuple(actions) for name, actions in people.items()},
    )


def _units(number: str, facts: list[Fact], things: _Things, back: Mapping[str, str]) -> tuple[OrderUnit, ...]:
    found = []
    left = _left(number, facts, things, back)
    subjects = dict.fromkeys(str(f.event.subject) for f in facts if f.event.subject)
    for key in dict.fromkeys(things.names.get(subject, subject) for subject in subjects):
        if is_container(key) or key not in things.states:
            continue
        state, own = things.states[key], things.own[key]
        has = state.status in COMMITTED and own.document == number
        if has and not is_set_apart(own, things.apart):
            carton = own.place if own.place and is_container(own.place) else None
            found.append(
                OrderUnit(
                    subject=key,
                    lot=state.lot,
                    quantity=1,
                    status=state.status,
                    container=carton,
                    location=things.places.get(key),
                )
            )
        elif key in left or number == (own.document if own.status is Status.IN_REPAIR else own.sold_on):
            found.append(
                OrderUnit(
                    subject=key, lot=own.lot, quantity=1, status=Status.SHIPPED, container=left.get(key), location=None
                )
            )
    return (*found, *_pieces(facts, things))


def _left(number: str, facts: Iterable[Fact], things: _Things, back: Mapping[str, str]) -> dict[str, str]:
    """Units that left for this order, and in which carton: what became of them since does not open the order again.

    A carton that came back unopened took nothing away; nor did what came back from a transfer by itself leave us.
    """
    packed: dict[str, str] = {}
    left: dict[str, str] = {}
    for fact in sorted([*facts, *things.taken_out], key=lambda fact: fact.order):
        event = fact.event
        subject = things.names.get(event.subject or "", event.subject or "")
        if event.action == "pack" and event.container:
            packed[subject] = event.container
        elif event.action in _OUT:
            packed.pop(subject, None)
            if event.action == "parcel_back" and number.startswith(TRANSFER):
                left.pop(subject, None)
        elif event.action == "ship":
            left |= {unit: carton for unit, carton in packed.items() if subject in (unit, carton)}
    return {unit: carton for unit, carton in left.items() if carton not in back}


def _pieces(facts: list[Fact], things: _Things) -> list[OrderUnit]:
    """Pieces of products without units: packed ones in their cartons, and what was picked beyond them."""
    found = pieces_of(facts, things.around, things.now_ms)
    packed = [
        OrderUnit(
            subject=one.subject,
            lot=one.lot,
            quantity=one.quantity,
            status=Status.SHIPPED if left else Status.PACKED,
            container=one.container,
            location=None if left else things.places.get(one.container or ""),
        )
        for one, left in found.in_cartons
    ]
    beyond = [(one, one.quantity - sum(p.quantity for p in packed if p.subject == one.subject)) for one in found.taken]
    picked = [
        OrderUnit(subject=one.subject, lot=one.lot, quantity=n, status=Status.PICKED, container=None, location=None)
        for one, n in beyond
        if n > 0
    ]
    return [*packed, *picked]


def _line(line: OrderLine, reached: Mapping[int, int], shortages: Iterable[Shortage]) -> LineProgress:
    short = sum(one.quantity for one in shortages if line.takes(one.subject, one.lot))
    picked, packed, shipped = (sum(n for step, n in reached.items() if step >= least) for least in (1, 2, 3))
    return LineProgress(
        line=line,
        picked=picked,
        packed=packed,
        shipped=shipped,
        short=min(short, line.quantity - picked),
    )


def _parcel(carton: str, units: Iterable[OrderUnit], things: _Things, back: Mapping[str, str]) -> Parcel:
    state = things.states.get(carton, UnitState())
    return Parcel(
        container=carton,
        contents=tuple(one for one in units if one.container == carton),
        closed=state.closed,
        shipped=state.status is Status.SHIPPED,
        came_back=back.get(carton) if state.status is not Status.SHIPPED else None,
        location=things.places.get(carton),
        tracking=state.identifiers,
    )
