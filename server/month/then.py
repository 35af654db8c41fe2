"""What was in stock at a past moment, and where: folded from what had happened by then, whatever happened later.

A unit of which nothing happened since is as its row says; the others are folded anew from their facts up to the
moment, and so is what an undo of later speaks of, for no row tells of what was undone. Some units at a time, so that
memory does not grow with the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import sqlalchemy as sa

from server.changes import by_code_point
from server.identifiers import owners
from server.ledger import FOLDED, history
from server.replay import standing
from server.stated import ROW_ACTION
from server.stock_levels import balances_of, histories
from server.surroundings import containers_at, gather
from server.tables import document_rows, documents, events, stock_levels, unit_states
from server.timelines import DEPTH_MAX, Movements
from server.unit_rows import state_of, states_of
from sync import stock
from sync.history import Fact, effective
from sync.identity import is_container, is_stock, item_of
from sync.unit import GONE, IN_STOCK, Status, UnitState, carried

UNITS_AT_ONCE: Final = 500
UNSURE_MAX: Final = 5_000
"""Boxes of which something was undone since, named in one query."""
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
    undone = _undone_since(connection, site, at_ms)
    yield from _units(connection, site, at_ms, undone)
    yield from _pieces(connection, site, at_ms, undone)


_NEVER: Final = "[]"
"""The turns of a container that never parted from what was in it, as they stand in its row."""
_TAKING_BACK: Final = tuple(kind for kind, action in ROW_ACTION.items() if action == "void")
"""Kinds of documents whose rows take back what an earlier one stated."""


def _undone_since(connection: sa.Connection, site: str, at_ms: int) -> frozenset[str]:
    """Units and containers of which something was taken back after a moment, by every name."""
    e, r, d = events.c, document_rows.c, documents.c
    voids = sa.select(e.subject).distinct().where(e.site == site, e.action == "void", e.event_ms > at_ms)
    withdrawn = (
        sa.select(r.subject)
        .distinct()
        .join(documents, d.digest == r.document)
        .where(d.site == site, d.kind.in_(_TAKING_BACK), d.event_ms > at_ms)
    )
    found = {s for query in (voids, withdrawn) for s in connection.execute(query).scalars() if s is not None}
    return frozenset(found | set(owners(connection, site, found).values()))


# Units.


def _units(connection: sa.Connection, site: str, at_ms: int, undone: frozenset[str]) -> Iterator[Held]:
    names = _Names.read(connection, site, at_ms)
    u = unit_states.c
    name = by_code_point(connection.dialect.name, u.unit)
    after: str | None = ""
    while after is not None:
        query = sa.select(unit_states).where(u.site == site, u.item.isnot(None), name > after)
        query = query.where(_may_be_here(at_ms, undone))
        rows = connection.execute(query.order_by(name).limit(UNITS_AT_ONCE)).mappings().all()
        states = {str(row["unit"]): state_of(row) for row in rows if row["unit"] not in undone}
        yield from _as_they_stand_or_anew(connection, site, states, names, undone, at_ms)
        after = str(rows[-1]["unit"]) if len(rows) == UNITS_AT_ONCE else None
    gone = set(names.joined - states_of(connection, site, names.joined).keys())
    gone |= {name for name in undone if item_of(name) and not is_stock(name)}
    for start in range(0, len(gone), UNITS_AT_ONCE):
        yield from _anew(connection, site, set(sorted(gone)[start : start + UNITS_AT_ONCE]), names, at_ms)


def _may_be_here(at_ms: int, undone: frozenset[str]) -> sa.ColumnElement[bool]:
    """Leaves out what had left by a moment, alone or in its box, and was not heard of since: most of a long history."""
    u, box = unit_states.c, unit_states.alias().c
    unsure = sorted(filter(is_container, undone))
    if len(unsure) > UNSURE_MAX:
        return (u.last_ms > at_ms) | (u.status == Status.ANNOUNCED) | u.status.in_(IN_STOCK)
    left = sa.exists().where(
        box.site == u.site, box.unit == u.place, box.status.in_(GONE), box.last_ms <= at_ms, box.status_ms > u.place_ms,
        sa.cast(box.turns, sa.Text) == _NEVER, box.unit.not_in(unsure),  # what it parted from before may have stayed
    )  # fmt: skip
    return (u.last_ms > at_ms) | (u.status == Status.ANNOUNCED) | (u.status.in_(IN_STOCK) & ~left)


def _as_they_stand_or_anew(
    connection: sa.Connection,
    site: str,
    states: Mapping[str, UnitState],
    names: _Names,
    undone: frozenset[str],
    at_ms: int,
) -> Iterator[Held]:
    around = _chain(connection, site, states.values())
    anew: set[str] = set()
    for unit, state in states.items():
        if unit in names.claimed or not _is_settled(state, around, undone, at_ms):
            anew.add(unit)
            continue
        now = _carried(state, around)
        if now.status in IN_STOCK:
            yield Held(unit, item_of(unit) or "", _located(around, now.place), 1, now.stocked_ms or state.stocked_ms)
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


def _is_settled(state: UnitState, around: Mapping[str, UnitState], undone: frozenset[str], at_ms: int) -> bool:
    """Whether nothing happened since the moment, neither to it nor to what it is in."""
    seen: UnitState | None = state
    for _ in range(DEPTH_MAX):
        if seen is None:
            return True
        if seen.last_ms > at_ms or seen.place in undone:
            return False
        seen = around.get(seen.place or "")
    return True


def _carried(state: UnitState, around: Mapping[str, UnitState], depth: int = DEPTH_MAX) -> UnitState:
    carrier = around.get(state.place or "")
    return carried(state, _carried(carrier, around, depth - 1)) if carrier is not None and depth else state


def _located(around: Mapping[str, UnitState], place: str | None) -> str | None:
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
    decided = {unit: told for unit, told in own.items() if any(f.event.action == "settle" for f in told)}
    if decided:
        cases = gather(connection, site, decided, [])
        own |= {unit: standing(unit, told, cases) for unit, told in decided.items()}
    boxes = {f.event.container for told in own.values() for f in told if f.event.container}
    around = containers_at(connection, site, boxes, at_ms)
    for unit in sorted(units):
        state = _folded(own[unit], around) if unit not in whose and unit not in names.claimed else None
        now = around.carried(state, at_ms)
        if now is not None and now.status in IN_STOCK and (item := item_of(unit)) is not None:
            place = around.locate(now.place, at_ms)
            yield Held(unit, item, None if place and is_container(place) else place, 1, now.stocked_ms)


def _folded(facts: Iterable[Fact], around: Movements) -> UnitState | None:
    state = None
    for fact in facts:
        state = around.step(state, fact)
    return state


@dataclass(frozen=True, slots=True)
class _Names:
    """Which units had which other units' names by the moment: few, for what nobody scanned by itself is no unit."""

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
        by_name = by_code_point(connection.dialect.name, e.subject)
        alone = sa.select(e.subject).distinct().where(e.site == site, by_name >= _IMEI, by_name < f"{_IMEI}~")
        scanned = set(connection.execute(alone).scalars())
        claims: dict[str, set[str]] = defaultdict(set)
        joined: set[str] = set()
        for subject, identifiers, moment in connection.execute(query.execution_options(yield_per=1_000)):
            for name in identifiers:
                own = name == subject or is_container(subject)
                if not own and (not name.startswith(_IMEI) or name in scanned):
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
    state = _folded(effective(facts), Movements())
    return state.identifiers if state else ()


# Stock without units.


def _pieces(connection: sa.Connection, site: str, at_ms: int, undone: frozenset[str]) -> Iterator[Held]:
    subjects = sorted(_subjects(connection, site, at_ms))
    for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
        some = set(subjects[start : start + SUBJECTS_AT_ONCE])
        anew = _changed(connection, site, some, at_ms)
        levels = balances_of(connection, site, some - anew)
        around = _chain(connection, site, (UnitState(place=box) for own in levels.values() for box in _boxes(own)))
        moved = {s for s, own in levels.items() if not all(_stands(box, around, undone, at_ms) for box in _boxes(own))}
        for subject in sorted(levels.keys() - moved):
            yield from _lying(subject, levels[subject], partial(_now, around), partial(_located, around))
        yield from _pieces_anew(connection, site, anew | moved, undone, at_ms)


def _subjects(connection: sa.Connection, site: str, at_ms: int) -> set[str]:
    """Products and lots that have pieces somewhere, or had before somebody undid it."""
    kept = sa.select(stock_levels.c.subject).distinct().where(stock_levels.c.site == site)
    e = events.c
    undone = sa.select(e.subject).distinct().where(e.site == site, e.action == "void", e.event_ms > at_ms)
    return {s for query in (kept, undone) for s in connection.execute(query).scalars() if s is not None and is_stock(s)}


def _changed(connection: sa.Connection, site: str, subjects: set[str], at_ms: int) -> set[str]:
    """Those of which something was scanned or said since a moment, and those whose pieces ever became units."""
    e, r, d = events.c, document_rows.c, documents.c
    scanned = sa.select(e.subject).distinct().where(e.site == site, e.subject.in_(subjects), e.event_ms > at_ms)
    named = subjects | {item for subject in subjects if (item := item_of(subject))}
    said = (
        sa.select(r.subject)
        .distinct()
        .join(documents, d.digest == r.document)
        .where(r.site == site, r.subject.in_(named), d.event.isnot(None))
        .where((d.event_ms > at_ms) | (d.kind == "mode_change"))
    )
    found = {*connection.execute(scanned).scalars(), *connection.execute(said).scalars()}
    return {subject for subject in subjects if subject in found or item_of(subject) in found}


def _boxes(balances: stock.Balances) -> list[str]:
    """The containers in which pieces may be."""
    return [
        place
        for place, own in balances.items()
        if is_container(place) and (own.quantity or own.announced or own.stayed)
    ]


def _stands(box: str, around: Mapping[str, UnitState], undone: frozenset[str], at_ms: int) -> bool:
    return _is_settled(UnitState(place=box), around, undone, at_ms)


def _now(around: Mapping[str, UnitState], box: str) -> UnitState | None:
    return _carried(around[box], around) if box in around else None


def _pieces_anew(
    connection: sa.Connection, site: str, subjects: set[str], undone: frozenset[str], at_ms: int
) -> Iterator[Held]:
    """These folded from their facts up to the moment.

    Most boxes that pieces were ever put into left long ago, and nothing was heard of them since: what was in them is
    gone, whatever it was, so that the trails of the others alone have to be told.
    """
    facts = histories(connection, site, subjects, until_ms=at_ms)
    filled: dict[str, int] = {}
    for fact in (each for own in facts.values() for each in own):
        for box in (fact.event.container, fact.event.origin):
            if box is not None and is_container(box):
                filled[box] = max(filled.get(box, 0), fact.event_ms)
    stored = _chain(connection, site, (UnitState(place=box) for box in filled))
    left = {
        box
        for box, last_ms in filled.items()
        if (now := _now(stored, box))
        and now.status in GONE
        and now.status_ms >= last_ms
        and not now.turns  # what it parted from before may have stayed
        and _stands(box, stored, undone, at_ms)
    }
    around = containers_at(connection, site, filled.keys() - left, at_ms)
    for subject in sorted(facts):
        balances = stock.fold(facts[subject], around.turn)
        yield from _lying(
            subject,
            {place: balance for place, balance in balances.items() if place not in left},
            lambda box: around.carrier(box, at_ms),
            lambda place: around.locate(place, at_ms),
        )


def _lying(
    subject: str,
    balances: stock.Balances,
    carrier: Callable[[str], UnitState | None],
    locate: Callable[[str], str | None],
) -> Iterator[Held]:
    for place, balance in sorted(balances.items()):
        pieces = stock.here(balance, place, carrier(place) if is_container(place) else None).pieces
        if pieces:
            stands = locate(place)
            nowhere = stands is None or is_container(stands)
            yield Held(subject, item_of(subject) or subject, None if nowhere else stands, pieces, balance.since_ms)
