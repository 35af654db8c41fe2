"""Who was near what is missing: a hint where to look, and no proof of anything.

Near was who scanned anything in the loss's zone between its last sighting and the first count that missed it. Whoever
works there every day was near every time, and whoever took something without a handheld in hand stands in no record; so
for each person it is also said how many of the windows they would have been in by chance, as often as they work there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final

import sqlalchemy as sa

from server.ledger import FOLDED, SERVER_DEVICE
from server.shrinkage.losses import Loss
from server.tables import events
from server.zones import zones_of

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SHIFTS: Final = (("night", 0, 6), ("early", 6, 14), ("late", 14, 22), ("night", 22, 24))
"""Hours of the day, UTC, that count as a shift: assumed, for nobody enters a roster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """One person in the windows of all losses."""

    name: str
    windows: int
    """Losses in whose window they scanned in that zone."""
    expected: float
    """Of those, so many by chance: as often as they are there within any window of that length."""
    alone: int
    """Windows in which nobody else did."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Who scanned in which zone, hour by hour."""

    hours: Mapping[tuple[str, str], Sequence[int]]
    """(zone, person) -> hours since 1970, ascending."""
    span: Mapping[str, tuple[int, int]]
    """Zone -> the first and the last hour in which anybody scanned there."""

    def people(self, zone: str) -> list[str]:
        """Everybody who ever scanned there."""
        return sorted(name for where, name in self.hours if where == zone)

    def within(self, zone: str, name: str, from_ms: int, until_ms: int) -> Sequence[int]:
        """Hours in which a person scanned there between two moments."""
        hours = self.hours.get((zone, name), ())
        return hours[bisect_left(hours, from_ms // HOUR_MS) : bisect_right(hours, until_ms // HOUR_MS)]

    def near(self, loss: Loss) -> list[str]:
        """Who scanned in its zone within its window."""
        if loss.last_ms is None:
            return []
        return [
            name for name in self.people(loss.zone) if self.within(loss.zone, name, loss.last_ms + 1, loss.missed_ms)
        ]


def read_presence(connection: sa.Connection, site: str, until_ms: int) -> Presence:
    """From every scan that names a person and a place, without those of counts: who counts finds what others lost.

    Nor does it take in what the server states: a repair names who repaired the line at a desk, and who was not there.
    A label that was read anew was scanned by whom its first reading names, which counts though it was undone.
    """
    e = events.c
    hour = (e.event_ms - e.event_ms % HOUR_MS).label("hour")
    query = (
        sa.select(e.location, e.operator, hour)
        .distinct()
        .where(e.site == site, e.outcome.in_(FOLDED), e.device_no != SERVER_DEVICE, e.event_ms <= until_ms)
        .where(e.location.isnot(None), e.operator.isnot(None), e.action.not_in(("count", "open_bin", "finish_bin")))
    )
    zones = zones_of(connection, site)
    hours: dict[tuple[str, str], set[int]] = defaultdict(set)
    for place, name, at_ms in connection.execute(query.execution_options(yield_per=1_000)):
        zone = zones.get(place)
        if zone is not None:
            hours[zone, name].add(at_ms // HOUR_MS)
    every: dict[str, set[int]] = defaultdict(set)
    for (zone, _), mine in hours.items():
        every[zone] |= mine
    return Presence(
        {key: tuple(sorted(found)) for key, found in hours.items()},
        {zone: (min(found), max(found)) for zone, found in every.items()},
    )


def by_person(losses: Iterable[Loss], presence: Presence) -> list[Near]:
    """Everybody who was near any of these losses; first who was so by more than chance does, for how chance varies.

    To be near a hundred of a hundred is easier for somebody who is always there than for who comes nine days in ten.
    """
    windows: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    expected: dict[str, float] = defaultdict(float)
    varies: dict[str, float] = defaultdict(float)
    """Variance of how many it would be by chance, each window being there or not by itself."""
    for loss in losses:
        near = presence.near(loss)
        windows.update(near)
        alone.update(near if len(near) == 1 else ())
        for name in presence.people(loss.zone) if loss.last_ms is not None else ():
            chance = _by_chance(loss, name, presence, near)
            expected[name] += chance
            varies[name] += chance * (1 - chance)
    found = [
        Near(name=name, windows=windows[name], expected=round(expected[name], 1), alone=alone[name]) for name in windows
    ]

    def beyond_chance(one: Near) -> float:
        return (windows[one.name] - expected[one.name]) / (sqrt(varies[one.name]) or 1)

    return sorted(found, key=lambda one: (-beyond_chance(one), one.name))


def _by_chance(loss: Loss, name: str, presence: Presence, near: Collection[str]) -> float:
    """The share of all windows of that length, at whatever time, in which someone was there.

    So nobody is suspected for coming often, or regularly. Who saw it last works on there in the same hour: their being
    near says nothing, for them or against them.
    """
    if name == loss.last_by:
        return float(name in near)
    first, last = presence.span[loss.zone]
    length = loss.missed_ms // HOUR_MS - (loss.last_ms or 0) // HOUR_MS + 1
    there = (first - 1, *presence.hours.get((loss.zone, name), ()), last + 1)
    away = sum(max(0, after - before - length) for before, after in pairwise(there))
    return 1 - away / max(1, last - first + 2 - length)


def by_shift(losses: Iterable[Loss], presence: Presence) -> dict[str, float]:
    """Shift -> losses, each dealt out over the shifts in which anybody scanned in its zone within its window."""
    found: dict[str, float] = defaultdict(float)
    for loss in losses:
        if loss.last_ms is None:
            continue
        hours = {
            hour
            for name in presence.people(loss.zone)
            for hour in presence.within(loss.zone, name, loss.last_ms + 1, loss.missed_ms)
        }
        shifts = Counter(shift for day, shift in {(hour // 24, _shift(hour % 24)) for hour in hours})
        for shift, days in shifts.items():
            found[shift] += days / shifts.total()
    return {shift: round(number, 1) for shift, number in sorted(found.items(), key=lambda each: -each[1])}


def _shift(hour: int) -> str:
    return next(name for name, begins, ends in SHIFTS if begins <= hour < ends)
