"""What the facts of some units, and the states that they go on from, mention: what their replay has to look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from server.returns import announced
from sync.actions import ACTIONS
from sync.event import ScanEvent
from sync.history import Fact
from sync.identity import is_container
from sync.stolen import names_read
from sync.unit import UnitState
from sync.verdict import COMMITTED

BINDING: Final = frozenset({"close_carton", "label_parcel"})
"""Actions beside the guarded ones that say which order a carton is for."""


@dataclass(slots=True)
class Mentioned:
    """Names and numbers, by what they are looked up as."""

    units: set[str] = field(default_factory=set)
    """The units, and every further name that was read on them."""
    containers: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    """Numbers of orders that something is taken for, or was: it is asked whether they were cancelled."""
    for_orders: set[str] = field(default_factory=set)
    """Units that somebody did something with that an order may forbid."""
    counts: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    """Of every document: something may come back on any that was ever said of it."""
    comes_back: bool = False
    """Whether anything is said of something that came back, so that whose it was is asked."""

    def by(self, unit: str, event: ScanEvent) -> None:
        """Add what one event mentions."""
        self.units.update(names_read(event))
        if event.container:
            self.containers.add(event.container)
        if ACTIONS[event.action].guarded:
            self.for_orders.add(unit)
        self.comes_back |= event.action in announced.JUDGED
        if event.document:
            self._document(event.action, event.document)

    def _document(self, action: str, number: str) -> None:
        self.numbers.add(number)
        if action == "receive":
            self.notices.add(number)
        if action == "count":
            self.counts.add(number)
        if ACTIONS[action].guarded:
            self.orders.add(number)
        if ACTIONS[action].guarded or action in BINDING:
            self.bound.add(number)

    def before(self, state: UnitState) -> None:
        """Add what a state that facts go on from mentions."""
        self.units.update(state.identifiers)
        self.containers.update(p for p in (state.place, state.expected) if p and is_container(p))
        if state.document and state.status in COMMITTED:
            self.bound.add(state.document)
        self.numbers.update(number for number in (state.document, state.sold_on) if number)


def mentioned(facts: Mapping[str, Iterable[Fact]], stored: Iterable[UnitState]) -> Mentioned:
    """What all of them mention together."""
    found = Mentioned(units=set(facts))
    for unit, unit_facts in facts.items():
        for fact in unit_facts:
            found.by(unit, fact.event)
    for state in stored:
        found.before(state)
    return found
