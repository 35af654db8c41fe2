"""What lies in each bin by the records, what that is worth, and when it was counted last: what counts are chosen by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from server import prices
from server.counts.accuracy import counted_bins
from server.ledger import in_chunks
from server.tables import reference, stock_levels, unit_states
from sync.identity import is_container, item_of
from sync.unit import IN_STOCK

NESTING_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One bin by the records."""

    place: str
    code: str
    zone: str = ""
    pieces: Mapping[str, int] = field(default_factory=dict)
    """Product -> units and pieces that belong there."""
    loose: Mapping[str, int] = field(default_factory=dict)
    """Product -> those of them that have no number of their own: one label and how many."""
    value: Mapping[str, int] = field(default_factory=dict)
    """Currency -> minor units, of those products that have a price."""
    counted_ms: int | None = None
    """When a closed count finished it last."""

    @property
    def units(self) -> int:
        """Those with a number of their own, each of which is scanned."""
        return sum(self.pieces.values()) - self.without_number

    @property
    def without_number(self) -> int:
        """Pieces of a lot, or of a product that is only counted."""
        return sum(self.loose.values())

    @property
    def scans(self) -> int:
        """How often somebody counting it will scan: each unit, and each product of which there are only pieces."""
        return self.units + len(self.loose)


def lying(bins: Iterable[Holding]) -> str:
    """What is expected in these bins together, in words: "5 units and 12 pieces"."""
    held = list(bins)
    units, pieces = sum(one.units for one in held), sum(one.without_number for one in held)
    said = [f"{units:,} unit{'s' if units != 1 else ''}"] if units or not pieces else []
    said += [f"{pieces:,} piece{'s' if pieces != 1 else ''}"] if pieces else []
    return " and ".join(said)


def holdings(connection: sa.Connection, site: str) -> list[Holding]:
    """Every bin of the site, by code."""
    pieces: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    loose: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for place, item, count, numbered in _stock(connection, site):
        pieces[place][item] += count
        if not numbered:
            loose[place][item] += count
    worth = prices.read(connection, site, {item for held in pieces.values() for item in held})
    counted: dict[str, int] = {}
    for done in counted_bins(connection, site):
        counted[done.place] = max(done.finished_ms, counted.get(done.place, 0))
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "location", t.row.isnot(None))
    found = []
    for key, row in connection.execute(query):
        value: defaultdict[str, int] = defaultdict(int)
        for item, count in pieces[key].items():
            if item in worth:
                value[worth[item].currency] += worth[item].minor * count
        found.append(
            Holding(
                place=key,
                code=row["code"],
                zone=row.get("zone") or "",
                pieces=dict(pieces[key]),
                loose=dict(loose[key]),
                value=dict(value),
                counted_ms=counted.get(key),
            )
        )
    return sorted(found, key=lambda holding: (holding.code, holding.place))


def _stock(connection: sa.Connection, site: str) -> Iterable[tuple[str, str, int, bool]]:
    """(bin, product, how many, whether each has a number); what is in a container lies where that stands."""
    u, s = unit_states.c, stock_levels.c
    units = (
        sa.select(u.expected, u.item, sa.func.count())
        .where(u.site == site, u.status.in_(IN_STOCK), u.expected.isnot(None), u.item.isnot(None))
        .group_by(u.expected, u.item)
    )
    pieces = s.quantity + s.stayed
    loose = sa.select(s.place, s.subject, pieces).where(s.site == site, pieces > 0)
    rows = [(*row, True) for row in connection.execute(units)] + [(*row, False) for row in connection.execute(loose)]
    stands = _stands(connection, site, {place for place, *_ in rows if is_container(place)})
    return [(stands.get(place, place), item_of(item) or item, count, own) for place, item, count, own in rows]


def _stands(connection: sa.Connection, site: str, containers: set[str]) -> dict[str, str]:
    """Container -> the bin that it stands in, as far as the records say."""
    above: dict[str, str] = {}
    wanted = containers
    for _ in range(NESTING_MAX):
        u = unit_states.c
        for chunk in in_chunks(wanted):
            query = sa.select(u.unit, u.place).where(u.site == site, u.unit.in_(chunk), u.place.isnot(None))
            above.update(connection.execute(query).all())
        wanted = {place for place in above.values() if is_container(place)} - above.keys()
    found = {}
    for container in containers:
        place = container
        for _ in range(NESTING_MAX):
            place = above.get(place, place)
        found[container] = place
    return found
