"""The customers of a recall: whom to write to, about what, and what each answered.

A customer is known by the order; the name and the address stand outside the ledger (`server/parties.py`), and a letter
to somebody who was forgotten has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.ledger import in_chunks
from server.parties import parties
from server.recalls import outcomes
from server.recalls.account import Entry, Progress
from server.recalls.asked import RecallError
from server.recalls.outcomes import Outcome, Said
from server.recalls.reach import Where
from server.unit_rows import states_of
from server.warranty.life import read_life, read_repairs
from sync.event import INT_MAX
from sync.identity import is_stock
from sync.unit import Status

UNKNOWN_ORDER = "-"
"""Stands for the order of what was handed over for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who has something of the recall."""

    order: str
    """The order that it left with, or the document that says whose it is since."""
    name: str | None
    address: str | None
    entries: tuple[Entry, ...]

    @property
    def is_order(self) -> bool:
        """Whether all of it left for them with an order of this number."""
        return all(entry.thing.order == self.order for entry in self.entries)

    @property
    def pieces(self) -> int:
        """Units and pieces that they have."""
        return sum(entry.thing.quantity for entry in self.entries)

    @property
    def answer(self) -> Outcome | None:
        """The latest answer; None while something of theirs has none."""
        words = [entry.outcome for entry in self.entries]
        found = [word for word in words if word is not None]
        return max(found, key=lambda word: word.at_ms) if found and len(found) == len(words) else None


def customers(connection: sa.Connection, site: str, found: Progress) -> list[Customer]:
    """Everyone to write to: who has not answered first, then by the order's number."""
    by_order: dict[str, list[Entry]] = {}
    for entry, order in with_holders(connection, site, found):
        by_order.setdefault(order, []).append(entry)
    known = _parties(connection, site, by_order)
    made = []
    for order, entries in by_order.items():
        name, address = known.get(order, (None, None))
        made.append(Customer(order=order, name=name, address=address, entries=tuple(entries)))
    return sorted(made, key=lambda one: (one.answer is not None, one.order))


def with_holders(connection: sa.Connection, site: str, found: Progress) -> list[tuple[Entry, str]]:
    """What is at customers, each with the number under which its holder is known."""
    entries = [entry for entry in found.entries if entry.thing.where is Where.CUSTOMER]
    states = states_of(connection, site, {e.thing.subject for e in entries if not is_stock(e.thing.subject)})
    served = {unit for unit, state in states.items() if state.serviced or state.status is Status.LENT}
    owner = {unit: _owner(connection, site, unit) for unit in served}
    return [(e, owner.get(e.thing.subject) or e.thing.order or UNKNOWN_ORDER) for e in entries]


def _owner(connection: sa.Connection, site: str, unit: str) -> str | None:
    """The document that names whose a unit is; of one that was lent or given for another, whose that one was."""
    life = read_life(connection, site, unit, INT_MAX)
    lent = life.state is not None and life.state.status is Status.LENT
    number = life.state.document if lent and life.state else life.owner
    repairs = read_repairs(connection, site, [number] if number else [])
    if not repairs:
        return number
    repair = repairs[0]
    return read_life(connection, site, repair.unit, repair.since_ms, before=repair.opened).owner or number


def answer(connection: sa.Connection, found: Progress, *, site: str, order: str, said: Said) -> int:
    """Write down what a customer answered about all that they have of it; returns how many units and pieces.

    Raises:
        RecallError: the order has nothing of it, or the word is no answer.
    """
    things = [e.thing for e, holder in with_holders(connection, site, found) if holder == order]
    if not things:
        raise RecallError(f"Order {order:.60} has nothing of recall {found.standing.number}.")
    return outcomes.write(connection, site=site, number=found.standing.number, said=said, about=things)


def settle(connection: sa.Connection, found: Progress, *, site: str, subjects: Iterable[str], said: Said) -> int:
    """Write down what was done with units that are not at a customer: destroyed, sent back to the supplier.

    Raises:
        RecallError: none of them is reached, the word is none, or it is a drill.
    """
    if found.standing.drill:
        raise RecallError(f"{found.standing.number} is a drill: nothing leaves the stock for it.")
    wanted = set(subjects)
    things = [e.thing for e in found.entries if e.thing.subject in wanted and e.thing.where not in _AWAY]
    return outcomes.write(connection, site=site, number=found.standing.number, said=said, about=things)


_AWAY: Final = (Where.CUSTOMER, Where.MISSING, Where.DISPOSED)


def _parties(connection: sa.Connection, site: str, orders: Iterable[str]) -> Mapping[str, tuple[str, str | None]]:
    found: dict[str, tuple[str, str | None]] = {}
    for numbers in in_chunks(orders):
        query = sa.select(parties.c.document, parties.c.name, parties.c.address).where(
            parties.c.site == site, parties.c.document.in_(numbers)
        )
        found.update((row.document, (row.name, row.address)) for row in connection.execute(query))
    return found
