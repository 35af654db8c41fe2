"""What failed units share: lot, supplier, delivery, bin, who handled and carried them; the culprit may be we.

For each value: how many of the failed units have it, how many of all that were sold, and by how much more often that is
(the lift). Small numbers must not shout: what counts is the lift's lower bound, from Wilson's interval of the share
among the failed ones (Wilson 1927, 95 %), and a value that fewer than three failed units share is not called a lead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

import sqlalchemy as sa

from server.ledger import FOLDED, in_chunks
from server.suppliers import suppliers_of
from server.tables import events, unit_states
from sync.returning import DEFECT
from sync.unit import Status

Z: Final = 1.96
"""Standard deviations of a 95 % interval."""
FAILED_MIN: Final = 3
SHOWN_MAX: Final = 12
HANDLING: Final = {"receive": "received by", "put_away": "put away by", "pick": "picked by", "pack": "packed by"}
SOLD: Final = (Status.SHIPPED.value, Status.PACKED.value, Status.RETURNED.value, Status.DISPOSED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One thing that failed units have in common."""

    what: str
    """lot, supplier, delivery, bin, carrier, or who handled them and how."""
    value: str
    failed: int
    failed_all: int
    sold: int
    sold_all: int

    @property
    def lift(self) -> float:
        """How much more often it is among the failed ones than among all that were sold."""
        return (self.failed / self.failed_all) / (self.sold / self.sold_all)

    @property
    def least(self) -> float:
        """The lift that can be told from chance: its lower bound."""
        return _wilson_low(self.failed, self.failed_all) / (self.sold / self.sold_all)

    @property
    def is_lead(self) -> bool:
        """Whether it is worth looking into."""
        return self.failed >= FAILED_MIN and self.least > 1


def _wilson_low(hits: int, of: int) -> float:
    share, z2 = hits / of, Z * Z
    centre = share + z2 / (2 * of)
    return max(0.0, (centre - Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))) / (1 + z2 / of))


def shares(connection: sa.Connection, site: str, item: str) -> list[Share]:
    """What the failed units of a product share, leads first; empty where none failed."""
    t = unit_states.c
    query = sa.select(t.unit, t.lot, t.came_under, t.returned_for).where(
        t.site == site, t.item == item, (t.returns > 0) | t.status.in_(SOLD)
    )
    rows = connection.execute(query).all()
    failed = {row.unit for row in rows if DEFECT in row.returned_for}
    if not failed:
        return []
    traits: dict[str, set[tuple[str, str]]] = {row.unit: set() for row in rows}
    sources = suppliers_of(connection, site, {row.came_under for row in rows if row.came_under})
    for row in rows:
        traits[row.unit] |= {("lot", row.lot)} if row.lot else set()
        traits[row.unit] |= {("delivery", row.came_under)} if row.came_under else set()
        traits[row.unit] |= {("supplier", who)} if (who := sources.get(row.came_under or "")) else set()
    for unit, found in _handling(connection, site, traits).items():
        traits[unit] |= found
    return compare(traits, failed)


def compare(traits: Mapping[str, Iterable[tuple[str, str]]], failed: set[str]) -> list[Share]:
    """The shares of everything that some failed unit has; what every unit has tells nothing."""
    of_all = Counter(one for found in traits.values() for one in found)
    of_failed = Counter(one for unit in failed for one in traits[unit])
    found = [
        Share(
            what=what,
            value=value,
            failed=count,
            failed_all=len(failed),
            sold=of_all[what, value],
            sold_all=len(traits),
        )
        for (what, value), count in of_failed.items()
        if of_all[what, value] < len(traits)
    ]
    return sorted(found, key=lambda one: (not one.is_lead, -one.least, one.what, one.value))[:SHOWN_MAX]


def _handling(connection: sa.Connection, site: str, units: Iterable[str]) -> dict[str, set[tuple[str, str]]]:
    """Who handled each unit, from which bin it was taken, and who carried its carton."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    cartons: dict[str, set[str]] = defaultdict(set)
    e = events.c
    for chunk in in_chunks(units):
        query = sa.select(e.subject, e.action, e.operator, e.location, e.container).where(
            e.site == site, e.subject.in_(chunk), e.action.in_(HANDLING), e.outcome.in_(FOLDED)
        )
        for row in connection.execute(query):
            if row.operator:
                found[row.subject].add((HANDLING[row.action], row.operator))
            if row.action == "put_away" and row.location:
                found[row.subject].add(("bin", row.location))
            if row.action == "pack" and row.container:
                cartons[row.container].add(row.subject)
    for carton, carrier in _carriers(connection, site, cartons).items():
        for unit in cartons[carton]:
            found[unit].add(("carrier", carrier))
    return found


def _carriers(connection: sa.Connection, site: str, cartons: Iterable[str]) -> dict[str, str]:
    """The carrier of each carton whose parcel list names one."""
    found: dict[str, str] = {}
    e = events.c
    for chunk in in_chunks(cartons):
        query = sa.select(e.subject, e.reason).where(
            e.site == site, e.subject.in_(chunk), e.action == "label_parcel", e.reason.isnot(None)
        )
        found.update((row.subject, row.reason) for row in connection.execute(query))
    return found
