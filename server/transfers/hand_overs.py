"""What was handed over for which order: under its number, or as a carton alone, for what that was packed for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from server import nearby
from server.counts.scans import scans_of
from server.identifiers import names_of, owners
from server.ledger import FOLDED, fact_of, in_chunks
from server.orders.progress import came_back
from server.tables import events
from server.timelines import END_OF_TIME
from server.undone import read_undone
from server.unit_rows import states_of
from sync.event import ScanEvent, format_name
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.unit import Status

_FILLING: Final = ("pick", "pack", "close_carton")


def handed_over(connection: sa.Connection, site: str, number: str, among: Collection[str] | None = None) -> set[str]:
    """What was handed over for a transfer and did not come back undelivered, by scans that stand.

    Cartons, units, products or lots, by whatever label they were scanned.

    Args:
        among: only of these, where they are given: a transfer of hundreds of cartons is not read for each of them.
    """
    said = {str(f.event.subject) for f in scans_of(connection, site, number, actions=["ship"]) if f.event.subject}
    owned = owners(connection, site, said)
    left = {owned.get(name, name) for name in said}
    left = left if among is None else left.intersection(among)
    told = _told_for(connection, site, number, among)
    left |= {thing for thing, scans in told.items() if number in _orders_alone(scans)}
    left |= _on_a_pallet(connection, site, [thing for thing, scans in told.items() if _last_order(scans) == number])
    return left - came_back(connection, site, left).keys()


def last_handed_over(connection: sa.Connection, site: str, cartons: Collection[str]) -> dict[str, int]:
    """When each of these was handed over last, by scans that stand, Unix milliseconds.

    By whatever label, or with what it stood on.
    """
    own = _own_names(connection, site, cartons)
    shipped = [fact for fact in _told_of(connection, site, own) if fact.event.action == "ship"]
    undone = read_undone(connection, site, [format_name(fact.name) for fact in shipped])
    found: dict[str, int] = {}
    for fact in shipped:
        if format_name(fact.name) not in undone:
            carton = own[fact.event.subject or ""]
            found[carton] = max(found.get(carton, 0), fact.event_ms)
    states = states_of(connection, site, cartons)
    around = nearby.movements_of(connection, site, states.values())
    for carton, state in states.items():
        now = around.carried(state, END_OF_TIME)
        if now is not None and now.status is Status.SHIPPED:
            found[carton] = max(found.get(carton, 0), now.status_ms)
    return found


def orders_of(connection: sa.Connection, site: str, things: Collection[str]) -> dict[str, set[str]]:
    """Thing -> numbers of the orders for which it was ever filled or handed over, by any of its names."""
    own = _own_names(connection, site, things)
    found: dict[str, set[str]] = defaultdict(set)
    for fact in _told_of(connection, site, own):
        for name in (fact.event.subject, fact.event.container):
            if fact.event.document is not None and name in own:
                found[own[name]].add(fact.event.document)
    return found


def _on_a_pallet(connection: sa.Connection, site: str, things: Iterable[str]) -> set[str]:
    """Those of these cartons that left because what they stand on did, and what that is."""
    own = states_of(connection, site, filter(is_container, things))
    stands = {carton: state.place for carton, state in own.items() if state.place and is_container(state.place)}
    around = nearby.movements_of(connection, site, own.values())
    found: set[str] = set()
    for carton, pallet in stands.items():
        now = around.carried(own[carton], END_OF_TIME)
        if own[carton].status is not Status.SHIPPED and now is not None and now.status is Status.SHIPPED:
            found |= {carton, around.shipped_in(pallet, own[carton].place_ms, END_OF_TIME) or pallet}
    return found


def _told_for(
    connection: sa.Connection, site: str, number: str, among: Iterable[str] | None
) -> dict[str, list[ScanEvent]]:
    """Each thing that was ever filled for an order, with what stands of all by which it was filled or handed over."""
    filled: Iterable[str | None] | None = among
    if filled is None:
        filled = {_filled(fact.event) for fact in scans_of(connection, site, number, actions=_FILLING)}
    things = {thing for thing in filled if thing and not is_stock(thing)}
    own = _own_names(connection, site, things)
    found = _told_of(connection, site, own)
    undone = read_undone(connection, site, [format_name(fact.name) for fact in found])
    by_thing: dict[str, list[ScanEvent]] = defaultdict(list)
    for fact in sorted(found, key=lambda fact: fact.order):
        thing = own.get(_filled(fact.event) or "")
        if thing is not None and format_name(fact.name) not in undone:
            by_thing[thing].append(fact.event)
    return {thing: told for thing, told in by_thing.items() if any(_is_for(event, number) for event in told)}


def _is_for(event: ScanEvent, number: str) -> bool:
    return event.action != "ship" and event.document == number


def _last_order(told: Sequence[ScanEvent]) -> str | None:
    """The order that it was filled for last."""
    return next((event.document for event in reversed(told) if event.action != "ship"), None)


def _own_names(connection: sa.Connection, site: str, things: Collection[str]) -> dict[str, str]:
    further = names_of(connection, site, things)
    return {name: thing for thing in things for name in (thing, *further.get(thing, ()))}


def _orders_alone(told: Sequence[ScanEvent]) -> set[str | None]:
    """For which orders one thing was handed over by scans that name none: each time the one it was filled for last.

    By a clock that goes wrong it may have been handed over before it was filled: then the one it is filled for first.
    """
    filled = [event.document for event in told if event.action != "ship"]
    orders: set[str | None] = set()
    so_far = 0
    for event in told:
        if event.action != "ship":
            so_far += 1
        elif event.document is None and filled:
            orders.add(filled[max(0, so_far - 1)])
    return orders


def _told_of(connection: sa.Connection, site: str, names: Iterable[str]) -> list[Fact]:
    """Every scan by which one of these was filled or handed over."""
    e = events.c
    found: list[Fact] = []
    for chunk in in_chunks(names):
        # two questions, for of one SQLite would read all events of the site
        itself = e.subject.in_(chunk) & e.action.in_(("ship", *_FILLING))
        filled = e.container.in_(chunk) & (e.action == "pack") & (e.subject.is_(None) | e.subject.notin_(chunk))
        for asked in (itself, filled):
            query = sa.select(events).where(e.site == site, asked, e.outcome.in_(FOLDED))
            found += map(fact_of, connection.execute(query).mappings())
    return found


def _filled(event: ScanEvent) -> str | None:
    """What a scan fills or hands over: the carton, or the unit that is in none."""
    return event.container or event.subject if event.action == "pack" else event.subject
