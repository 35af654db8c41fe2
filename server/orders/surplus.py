"""Orders that have more of a product than they ask for: a case for whatever was taken beyond the last line.

No unit's history holds it, because what others were taken for the order counts. So an order is told anew from the
histories of all that was ever taken for it, and only where that comes to more than it asks for. What was undone counts
until its undo, which then is what explains the case.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server import apart_cases
from server.case import Case
from server.database import KEYS, SITE
from server.identifiers import names_of, owners
from server.ledger import FOLDED, fact_of, history, in_chunks
from server.orders.book import read_orders
from server.rules import Finding
from server.tables import cases, events
from server.undone import undos_of
from server.zones import set_apart
from sync.event import format_name
from sync.history import Fact, effective, step
from sync.identity import is_container, is_stock, item_of
from sync.order import Order
from sync.order_pieces import GIVING_BACK, TAKING, OrderPieces
from sync.unit import Status, UnitState
from sync.verdict import COMMITTED
from sync.zones import is_set_apart

RULE: Final = "more_than_ordered"


class Held(NamedTuple):
    """How many an order has."""

    all: int
    waiting: int = 0
    """Of these, units that were picked and are in no carton yet."""
    unpicked: int = 0
    """Of these, units that were packed without a pick: each is in the place of one that was picked."""

    def plus(self, more: Held) -> Held:
        """Both together."""
        return Held(self.all + more.all, self.waiting + more.waiting, self.unpicked + more.unpicked)


NOTHING: Final = Held(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """At one fact something comes to the order, or leaves it."""

    fact: Fact
    subject: str
    lot: str | None
    more: Held
    """How many; negative where they leave."""

    @property
    def comes(self) -> bool:
        """Whether it comes, or is packed now; at the same moment what leaves goes first."""
        return self.more.all > 0 or (self.more.all == 0 and self.more.waiting < 0)


def refold(connection: sa.Connection, site: str, numbers: Iterable[str], at: int) -> None:
    """Make the cases of these orders anew; `at` is the stamp of this transaction."""
    wanted = set(numbers)
    if not wanted:
        return
    over = _perhaps_over(connection, site, wanted)
    for number in sorted(over.keys() | apart_cases.told(connection, site, RULE, wanted)):
        found = judged(over[number], _turns(connection, site, number)) if number in over else {}
        apart_cases.store(connection, site, RULE, number, found, at)


def refold_after(connection: sa.Connection, site: str, facts: Iterable[Fact], at: int) -> None:
    """Make the cases anew that these facts decide; what they bring to an order and take from it `advance` looks at."""
    refold(connection, site, apart_cases.decided(connection, site, RULE, facts), at)


_E: Final = events.c
_TOLD: Final = sa.select(cases.c.document).where(cases.c.site == SITE, cases.c.rule == RULE)
_EVER_TAKEN_TO: Final = (
    sa.select(_E.document).where(_E.site == SITE, _E.subject.in_(KEYS), _E.action.in_(TAKING)).distinct()
)
"""None among them: asked to leave that out, SQLite goes through every document of the site."""
_TAKEN_TO: Final = _EVER_TAKEN_TO.where(_E.document.in_(_TOLD))
_EVER_TAKEN: Final = (
    sa.select(_E.document, _E.subject, sa.func.sum(sa.func.coalesce(_E.quantity, 1)))
    .where(_E.site == SITE, _E.document.in_(KEYS), _E.action.in_(TAKING), _E.outcome.in_(FOLDED))
    .where(_E.subject.isnot(None))
    .group_by(_E.document, _E.subject)
)


def concerned(connection: sa.Connection, site: str, subjects: Iterable[str]) -> set[str]:
    """The orders with a case to which these subjects were ever taken: what becomes of one may explain it."""
    if not apart_cases.is_any_told(connection, site, RULE):
        return set()
    found: set[str] = set()
    for chunk in in_chunks(subjects):
        found.update(connection.execute(_TAKEN_TO, {"site": site, "keys": chunk}).scalars())
    return found


def taken_to(connection: sa.Connection, site: str, units: Iterable[str]) -> set[str]:
    """The orders to which these units were ever taken: one that is folded anew may turn out to be theirs still."""
    found: set[str] = set()
    for chunk in in_chunks(units):
        found.update(connection.execute(_EVER_TAKEN_TO, {"site": site, "keys": chunk}).scalars())
    return found - {None}


def suspects(connection: sa.Connection, site: str) -> list[str]:
    """Every order that may have such a case, or has one."""
    e = events.c
    taken = sa.select(e.document).where(e.site == site, e.action.in_(TAKING), e.document.isnot(None)).distinct()
    told = sa.select(cases.c.document).where(cases.c.site == site, cases.c.rule == RULE).distinct()
    over = _perhaps_over(connection, site, set(connection.execute(taken).scalars()))
    return sorted({*over, *connection.execute(told).scalars()})


def _perhaps_over(connection: sa.Connection, site: str, wanted: set[str]) -> dict[str, Order]:
    """The orders for which, undone or not, more was ever taken of a product than some line of it asks for."""
    orders = read_orders(connection, site, wanted)  # a notice's number is none, and names thousands of scans
    ever: dict[str, dict[str, int]] = defaultdict(dict)
    for chunk in in_chunks(orders):
        for number, subject, pieces in connection.execute(_EVER_TAKEN, {"site": site, "keys": chunk}):
            ever[number][subject] = int(pieces) if is_stock(subject) else 1
    return {number: order for number, order in orders.items() if _may_be_over(order, ever[number])}


def _may_be_over(order: Order, ever: Mapping[str, int]) -> bool:
    for item in {line.item for line in order.lines}:
        taken = sum(n for subject, n in ever.items() if item_of(subject) in (None, item))
        if taken > min(line.quantity for line in order.of_item(item)):
            return True
    return False


def judged(order: Order, turns: Iterable[Turn]) -> dict[str, Case]:
    """By unit, product or lot: a case since it was first taken beyond what the order asks for, as things stand."""
    has: dict[tuple[str, str | None], Held] = defaultdict(lambda: NOTHING)
    found: dict[str, Case] = {}
    for turn in sorted(turns, key=lambda turn: (turn.fact.order, turn.comes, turn.subject)):
        what = (turn.subject, turn.lot)
        has[what] = has[what].plus(turn.more)
        beyond = _beyond(order, has, turn.subject, turn.lot)
        if turn.comes and has[what].all and beyond:
            found[turn.subject] = _case(found.get(turn.subject), order, turn)
        if turn.comes:
            continue
        for subject, case in found.items():  # the first that was too many is the first for which there is room
            lots = [lot for one, lot in has if one == subject]
            others = {key: n for key, n in has.items() if key[0] == subject or not _is_open(found.get(key[0]))}
            if case.status == "open" and not any(_beyond(order, others, subject, lot) for lot in lots):
                name = format_name(turn.fact.name)
                closed = replace(case, status="explained", closed_by=name, closed_ms=turn.fact.event_ms)
                found[subject] = closed
    return found


def _is_open(case: Case | None) -> bool:
    return case is not None and case.status == "open"


def _beyond(order: Order, has: Mapping[tuple[str, str | None], Held], subject: str, lot: str | None) -> bool:
    """Whether the order has more that fits the lines which this fits than they ask for."""
    lines = [line for line in order.lines if line.takes(subject, lot)]
    if not lines or has.get((subject, lot), NOTHING).all <= 0:
        return False  # what fits no line is a case of its own
    fitting = [held for (one, its), held in has.items() if any(line.takes(one, its) for line in lines)]
    replaced = min(sum(held.waiting for held in fitting), sum(held.unpicked for held in fitting))
    return sum(held.all for held in fitting) - replaced > sum(line.quantity for line in lines)


def _case(before: Case | None, order: Order, turn: Turn) -> Case:
    event = turn.fact.event
    asked = order.asked(turn.subject, turn.lot)
    finding = Finding(
        detail=f"{order.number} asks for {asked} of it, and more were taken.", seen=event.container or event.location
    )
    name = format_name(turn.fact.name)
    evidence = hashlib.sha256(f"{order.number}\n{turn.subject}\n{name}\n{asked}".encode()).hexdigest()[:32]
    if _is_open(before) and before is not None:
        return before
    return Case(
        rule=RULE,
        episode=name if before is None else before.episode,
        opened_ms=turn.fact.event_ms,
        document=order.number,
        finding=finding,
        evidence=evidence,
        operator=event.operator,
        device_no=turn.fact.name[0],
    )


def _turns(connection: sa.Connection, site: str, number: str) -> list[Turn]:
    """All that came to this order and left it, in no order."""
    e = events.c
    query = sa.select(events).where(e.site == site, e.document == number, e.outcome.in_(FOLDED), e.subject.isnot(None))
    said = list(map(fact_of, connection.execute(query.where(e.action.in_((*TAKING, *GIVING_BACK)))).mappings()))
    taken = {str(fact.event.subject) for fact in said if fact.event.action in TAKING}
    pieces = [fact for fact in said if is_stock(str(fact.event.subject))]
    subjects = {key for key in taken if not is_stock(key) and not is_container(key)}
    owned = owners(connection, site, subjects)
    units = {owned.get(key, key) for key in subjects}
    names = names_of(connection, site, units)
    told = history(connection, site, units | {n for further in names.values() for n in further})
    turns = _piece_turns(pieces, undos_of(connection, site, (format_name(fact.name) for fact in pieces)))
    apart = set_apart(connection, site, {fact.event.location for facts in told.values() for fact in facts})
    for unit in units:
        facts = [fact for name in (unit, *names.get(unit, ())) for fact in told.get(name, ())]
        turns += _unit_turns(unit, number, facts, apart)
    return turns


def _unit_turns(unit: str, number: str, facts: list[Fact], apart: Container[str | None]) -> list[Turn]:
    """When the order had this unit, by the unit's history."""
    found: list[tuple[Fact, Held]] = []
    state: UnitState | None = None
    standing = effective(facts)
    held = NOTHING
    for fact in standing:
        state = step(state, fact)
        now = NOTHING
        if state.status in COMMITTED and state.document == number and not is_set_apart(state, apart):
            unpicked = fact.event.action == "pack" if held is NOTHING else bool(held.unpicked)
            now = Held(1, int(state.status is Status.PICKED), int(unpicked))
        if now != held:
            found.append((fact, _between(held, now)))
        held = now
    for fact, undo in _undone(facts, standing):
        if fact.event.action in TAKING and fact.event.document == number:
            was = Held(1, int(fact.event.action == "pick"))
            found += [(fact, was), (undo, _between(was, NOTHING))]
    lot = state.lot if state else None
    return [Turn(fact=fact, subject=unit, lot=lot, more=more) for fact, more in found]


def _between(before: Held, after: Held) -> Held:
    return Held(*(new - old for old, new in zip(before, after, strict=True)))


def _piece_turns(facts: list[Fact], undos: list[Fact]) -> list[Turn]:
    """When the order had how many pieces of each product and lot."""
    gone = {format_name(fact.name): undo for fact, undo in _undone([*facts, *undos], effective([*facts, *undos]))}
    moments = sorted({fact.order: fact for fact in (*facts, *gone.values())}.values(), key=lambda fact: fact.order)
    turns: list[Turn] = []
    before: dict[Any, int] = {}
    for moment in moments:
        has = OrderPieces()
        for fact in sorted(facts, key=lambda fact: fact.order):
            undo = gone.get(format_name(fact.name))
            if fact.order <= moment.order and (undo is None or undo.order > moment.order):
                has.take(fact.event)
        now = {(one.subject, one.lot): one.quantity for one in has.taken}
        for what in before.keys() | now.keys():
            more = now.get(what, 0) - before.get(what, 0)
            if more:
                turns.append(Turn(fact=moment, subject=what[0], lot=what[1], more=Held(more)))
        before = now
    return turns


def _undone(facts: Iterable[Fact], standing: Iterable[Fact]) -> list[tuple[Fact, Fact]]:
    """What is undone among these facts, each with the standing undo that did it."""
    voids = {fact.event.voids: fact for fact in standing if fact.event.voids}
    return [(fact, voids[name]) for fact in facts if (name := format_name(fact.name)) in voids]
