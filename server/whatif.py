"""What would become of units if one more fact were in the ledger: a decision, or an undo. Folded, and never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import bin_cases, costs
from server.case import Case
from server.identifiers import names_of, owners
from server.ledger import history
from server.prices import Price
from server.replay import Replay
from server.surroundings import Gathered, gather
from server.tables import unit_states
from sync.event import INT_MAX, ScanEvent
from sync.history import Fact, effective
from sync.identity import is_container, is_location, is_stock
from sync.unit import IN_STOCK, UnitState

INSIDE_MAX: Final = 200
"""Units in a carton whose fate is worked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How things stand with one unit, before or after."""

    state: UnitState | None
    location: str | None
    """Where it is, containers followed."""
    belongs: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one more fact would do to one unit."""

    unit: str
    before: Outcome
    after: Outcome
    closes: tuple[Case, ...]
    """Cases that would be open no longer."""
    opens: tuple[Case, ...]
    value: Price | None
    """What the stock would be worth more (or less), at cost; None where nothing changes or no cost is known."""

    @property
    def stands_otherwise(self) -> bool:
        """Whether its state, its place or its home would be another one."""
        return _seen(self.before) != _seen(self.after)

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        return not (self.closes or self.opens or self.stands_otherwise)


def _seen(outcome: Outcome) -> tuple[Any, ...]:
    status = outcome.state.status if outcome.state else None
    return (status, outcome.location, outcome.belongs, outcome.state.place if outcome.state else None)


def hypothesis(now_ms: int, **fields: Any) -> Fact:
    """A fact of the server's that nobody has stated, later than all that were."""
    event = ScanEvent(device_no=0, epoch=INT_MAX, seq=1, wall_ms=now_ms, boot="what if", boot_ms=0, **fields)
    return Fact(event_ms=now_ms, name=event.name, row=0, digest=b"what if", uncertainty_ms=0, event=event)


class WhatIf:
    """Some units and what their histories lean on, read once; each question is then answered by folding alone."""

    def __init__(self, connection: sa.Connection, site: str, units: Iterable[str], now_ms: int) -> None:
        """Read them.

        Args:
            connection: any; nothing is written.
            site: whose.
            units: under their own names (`owners`).
            now_ms: the moment of the question, Unix milliseconds.
        """
        self._connection, self._site, self._now_ms = connection, site, now_ms
        wanted = set(units)
        names = names_of(connection, site, {unit for unit in wanted if not is_stock(unit)})
        found = history(connection, site, wanted | {n for ns in names.values() for n in ns})
        self.facts = {u: [f for n in (u, *names.get(u, ())) for f in found.get(n, ())] for u in sorted(wanted)}
        self.facts |= {u: [] for u in wanted if is_stock(u)}  # pieces have no state
        self.facts |= bin_cases.facts_of(connection, site, {u for u in wanted if is_location(u)})
        self._around = gather(connection, site, self.facts, [])
        self._costs = costs.read(connection, site, wanted, now_ms)
        self._now = {unit: self._fold(unit, facts, self._around) for unit, facts in self.facts.items()}

    def decided(self, unit: str, fact: Fact) -> Effect:
        """What this fact would do to this unit."""
        return self._effect(unit, self._fold(unit, [*self.facts[unit], fact], self._around))

    def closed(self, unit: str, case: Case) -> Effect:
        """What the end of a case would do that no unit's history holds: nothing else."""
        now = self._outcome(self._now[unit].state, self._around)
        return Effect(unit=unit, before=now, after=now, closes=(case,), opens=(), value=None)

    def undone(self, fact: Fact, lost: Iterable[str] = ()) -> list[Effect]:
        """What this undo would do to all of the units, those first that it changes.

        Args:
            fact: the undo.
            lost: further names that its unit would lose; what was scanned under them is no longer of it.
        """
        subject = fact.event.subject
        added: Mapping[str, list[Fact]] = {subject: [fact]} if subject else {}
        around = gather(self._connection, self._site, self.facts, [], added=added)
        gone = set(lost)
        effects = []
        for unit, facts in self.facts.items():
            own = [f for f in facts if f.event.subject not in gone]
            hers = [fact] if any(f.event.subject == subject for f in facts) else []
            effects.append(self._effect(unit, self._fold(unit, [*own, *hers], around), around))
        return sorted(effects, key=lambda effect: (effect.nothing, effect.unit != subject, effect.unit))

    def _fold(self, unit: str, facts: list[Fact], around: Gathered) -> Replay:
        replay = Replay(unit, around, watched=bin_cases.watched(unit))
        replay.run(effective(facts))
        return replay

    def _effect(self, unit: str, after: Replay, around: Gathered | None = None) -> Effect:
        before = self._now[unit]
        was = {key for key, case in before.cases.items() if case.status == "open"}
        will = {key for key, case in after.cases.items() if case.status == "open"}
        stands = self._outcome(before.state, self._around)
        would = self._outcome(after.state, around or self._around)
        return Effect(
            unit=unit,
            before=stands,
            after=would,
            closes=tuple(before.cases[key] for key in sorted(was - will)),
            opens=tuple(after.cases[key] for key in sorted(will - was)),
            value=self._value(unit, stands.state, would.state),
        )

    def _outcome(self, state: UnitState | None, around: Gathered) -> Outcome:
        if state is None:
            return Outcome(state=None, location=None, belongs=None)
        carried = around.carried(state, self._now_ms) or state
        return Outcome(
            state=carried,
            location=around.locate(carried.place, self._now_ms),
            belongs=around.locate(carried.expected, self._now_ms),
        )

    def _value(self, unit: str, before: UnitState | None, after: UnitState | None) -> Price | None:
        cost = self._costs.get(unit)
        change = _in_stock(after) - _in_stock(before)
        return Price(change * cost.minor, cost.currency) if cost and change else None


def _in_stock(state: UnitState | None) -> int:
    return int(state is not None and state.status in IN_STOCK)


def touched_by(connection: sa.Connection, site: str, subject: str | None) -> tuple[list[str], int]:
    """The units whose state a scan of this subject bears on: its own, and what is in it; and how many are inside.

    At most `INSIDE_MAX` of what is inside are named.
    """
    if subject is None or is_stock(subject):
        return [], 0
    unit = owners(connection, site, [subject]).get(subject, subject)
    if not is_container(unit):
        return [unit], 0
    u = unit_states.c
    inside: set[str] = set()
    edge = {unit}
    while edge and len(inside) <= INSIDE_MAX:
        query = sa.select(u.unit).where(u.site == site, u.place.in_(edge)).limit(INSIDE_MAX + 1)
        found = set(connection.execute(query).scalars()) - inside - {unit}
        inside |= found
        edge = {key for key in found if is_container(key)}
    return [unit, *sorted(inside)[:INSIDE_MAX]], len(inside)
