"""What was in stock at a past moment, and where: folded from what had happened by then, whatever happened later.

A unit of which nothing happened since is as its row says; the others are folded anew from their facts up to the
moment. Some units at a time, so that memory does not grow with the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import sqlalchemy as sa

from server.changes import by_code_point
from server.ledger import FOLDED, history
from server.surroundings import DEPTH_MAX, Gathered, containers_at
from server.tables import events, stock_levels, unit_states
from server.unit_rows import state_of, states_of
from sync import stock
from sync.history import Fact, effective
from sync.identity import is_container, is_stock, item_of
from sync.unit import IN_STOCK, UnitState, carried

UNITS_AT_ONCE: Final = 500
SUBJECTS_AT_ONCE: Final = 50
"""Of products and lots, whose histories are longer."""


class Held(NamedTuple):
    """One unit, or some pieces in one place, that were in stock."""

    subject: str
    item: str
    place: str | None
    """The location; None where nobody knows it."""
    pieces: int
    since_ms: int
    """In stock without a break since then; nought where it is not known."""


def held(connection: sa.Connection, site: str, at_ms: int) -> Iterator[Held]:
    """Everything that was in stock at a moment, Unix milliseconds."""
    yield from _units(connection, site, at_ms)
    yield from _pieces(connection, site, at_ms)


# Units.


def _units(connection: sa.Connection, site: str, at_ms: int) -> Iterator[Held]:
    names = _Names.read(connection, site, at_ms)
    u = unit_states.c
    name = by_code_point(connection.dialect.name, u.unit)
    after: str | None = ""
    while after is not None:
        query = sa.select(unit_states).where(u.site == site, u.item.isnot(None), name > after)
        rows = connection.execute(query.order_by(name).limit(UNITS_AT_ONCE)).mappings().all()
        states = {str(row["unit"]): state_of(row) for row in rows}
        yield from _as_they_stand_or_anew(connection, site, states, names, at_ms)
        after = str(rows[-1]["unit"]) if len(rows) == UNITS_AT_ONCE else None
    gone = set(names.joined - states_of(connection, site, names.joined).keys())
    yield from _anew(connection, site, gone, names, at_ms)


def _as_they_stand_or_anew(
    connection: sa.Connection, site: str, states: Mapping[str, UnitState], names: _Names, at_ms: int
) -> Iterator[Held]:
    around = _chain(connection, site, states.values())
    anew: set[str] = set()
    for unit, state in states.items():
        if unit in names.claimed or not _is_settled(state, around, at_ms):
            anew.add(unit)
            continue
        now = _carried(state, around)
        if now.status in IN_STOCK:
            yield Held(unit, item_of(unit) or "", _located(now.place, around), 1, now.stocked_ms or state.stocked_ms)
    yield from _anew(connection, site, anew, names, at_ms)


def _chain(connection: sa.Connection, site: str, states: Iterable[UnitState]) -> dict[str, UnitState]:
    """The containers that these are in, and those that they stand in, as their own scans have them."""
    found: dict[str, UnitState] = {}
    edge = {state.place for state in states if state.place is not None and is_container(state.place)}
    for _ in range(DEPTH_MAX):
        own = states_of(connection, site, edge)
        found |= own
        edge = {s.place for s in own.values() if s.place is not None and is_container(s.place)} - found.keys()
        if not edge:
            break
    return found


def _is_settled(state: UnitState, around: Mapping[str, UnitState], at_ms: int) -> bool:
    """Whether nothing happened since the moment, neither to it nor to what it is in."""
    seen: UnitState | None = state
    for _ in range(DEPTH_MAX):
        if seen is None:
            return True
        if seen.last_ms > at_ms:
            return False
        seen = around.get(seen.place or "")
    return False


def _carried(state: UnitState, around: Mapping[str, UnitState], depth: int = DEPTH_MAX) -> UnitState:
    carrier = around.get(state.place or "")
    return carried(state, _carried(carrier, around, depth - 1)) if carrier is not None and depth else state


def _located(place: str | None, around: Mapping[str, UnitState]) -> str | None:
    for _ in range(DEPTH_MAX):
        if place is None or not is_container(place):
            return place
        place = around[place].place if place in around else None
    return None


def _anew(connection: sa.Connection, site: str, units: set[str], names: _Names, at_ms: int) -> Iterator[Held]:
    """These units folded from their facts up to the moment, further names and all."""
    facts = history(connection, site, units, until_ms=at_ms)
    further = {name for unit in units for name in names.of.get(unit, ())}
    facts |= history(connection, site, further - units, until_ms=at_ms)
    whose = {name: unit for unit in units for name in names.of.get(unit, ())}
    own = {unit: effective([f for n in (unit, *names.of.get(unit, ())) for f in facts.get(n, ())]) for unit in units}
    boxes = {f.event.container for told in own.values() for f in told if f.event.container}
    around = containers_at(connection, site, boxes, at_ms)
    for unit in sorted(units):
        state = _folded(own[unit], around) if unit not in whose and unit not in names.claimed else None
        now = around.carried(state, at_ms)
        if now is not None and now.status in IN_STOCK and (item := item_of(unit)) is not None:
            place = around.locate(now.place, at_ms)
            yield Held(unit, item, None if place and is_container(place) else place, 1, now.stocked_ms)


def _folded(facts: Iterable[Fact], around: Gathered) -> UnitState | None:
    state = None
    for fact in facts:
        state = around.step(state, fact)
    return state


@dataclass(frozen=True, slots=True)
class _Names:
    """Which units had which other units' names by the moment: few, for an IMEI or a plate alone is no unit."""

    of: Mapping[str, set[str]]
    """Unit -> names that fold into it, unit by unit claimed once."""
    claimed: frozenset[str]
    """Names that fold into another unit."""
    joined: frozenset[str]
    """Every name that was ever claimed, by the moment or later."""

    @classmethod
    def read(cls, connection: sa.Connection, site: str, at_ms: int) -> _Names:
        """From the scans that named a unit by more than one name."""
        e = events.c
        query = sa.select(e.subject, e.identifiers, e.event_ms).where(
            e.site == site, e.identifiers.isnot(None), e.subject.isnot(None), e.outcome.in_(FOLDED)
        )
        claims: dict[str, set[str]] = defaultdict(set)
        joined: set[str] = set()
        for subject, identifiers, moment in connection.execute(query.execution_options(yield_per=1_000)):
            for name in identifiers:
                if name != subject and not name.startswith(_IMEI) and not is_container(subject):
                    joined.add(name)
                    if moment <= at_ms:
                        claims[name].add(subject)
        known = history(connection, site, {unit for units in claims.values() for unit in units}, until_ms=at_ms)
        standing = {unit: _identifiers(facts) for unit, facts in known.items()}
        of: dict[str, set[str]] = defaultdict(set)
        for name, units in claims.items():
            owners = {unit for unit in units if name in standing.get(unit, ())}
            if len(owners) == 1:
                of[owners.pop()].add(name)
        return cls(of, frozenset(name for names in of.values() for name in names), frozenset(joined))


_IMEI: Final = "urn:gsma:imei:"


def _identifiers(facts: Iterable[Fact]) -> tuple[str, ...]:
    state = _folded(effective(facts), Gathered())
    return state.identifiers if state else ()


# Stock without units.


def _pieces(connection: sa.Connection, site: str, at_ms: int) -> Iterator[Held]:
    subjects = sorted(_subjects(connection, site, at_ms))
    for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
        some = subjects[start : start + SUBJECTS_AT_ONCE]
        facts = history(connection, site, some, until_ms=at_ms)
        moved = (f.event for told in facts.values() for f in told)
        boxes = {box for e in moved for box in (e.container, e.origin) if box is not None and is_container(box)}
        around = containers_at(connection, site, boxes, at_ms)
        for subject in some:
            yield from _pieces_of(subject, facts.get(subject, []), around, at_ms)


def _subjects(connection: sa.Connection, site: str, at_ms: int) -> set[str]:
    """Products and lots that have pieces somewhere, or had before somebody undid it."""
    kept = sa.select(stock_levels.c.subject).distinct().where(stock_levels.c.site == site)
    e = events.c
    undone = sa.select(e.subject).distinct().where(e.site == site, e.action == "void", e.event_ms > at_ms)
    return {s for query in (kept, undone) for s in connection.execute(query).scalars() if s is not None and is_stock(s)}


def _pieces_of(subject: str, facts: list[Fact], around: Gathered, at_ms: int) -> Iterator[Held]:
    def emptied(place: str, since_ms: int, until_ms: int) -> bool:
        return around.shipped_in(place, since_ms, until_ms) is not None

    for place, balance in sorted(stock.fold(facts, emptied).items()):
        pieces, _ = stock.here(balance, place, around.carrier(place, at_ms) if is_container(place) else None)
        if pieces:
            stands = around.locate(place, at_ms)
            nowhere = stands is None or is_container(stands)
            yield Held(subject, item_of(subject) or subject, None if nowhere else stands, pieces, balance.since_ms)
