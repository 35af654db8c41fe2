"""Who was near what is missing: a hint where to look, and no proof of anything.

Near was who scanned anything in the loss's zone between its last sighting and the first count that missed it. Whoever
works there every day was near every time, and whoever took something without a handheld in hand stands in no record; so
for each person it is also said how many of the windows they would have been in by chance, as often as they work there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.counts.accuracy import zones_of
from server.ledger import FOLDED, SERVER_DEVICE
from server.shrinkage.losses import Loss
from server.tables import events

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
    """Of those, so many by chance: by the share of its days on which they work in that zone."""
    alone: int
    """Windows in which nobody else did."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Who scanned in which zone, hour by hour."""

    hours: Mapping[tuple[str, str], Sequence[int]]
    """(zone, person) -> hours since 1970, ascending."""
    open_days: Mapping[str, int]
    """Zone -> days on which anybody scanned there."""

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

    def days(self, zone: str, name: str, from_ms: int, until_ms: int) -> int:
        """Days on which a person scanned there between two moments."""
        return len({hour // 24 for hour in self.within(zone, name, from_ms, until_ms)})


def read_presence(connection: sa.Connection, site: str, until_ms: int) -> Presence:
    """From every scan that names a person and a place, without those of counts: who counts finds what others lost."""
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
    days: dict[str, set[int]] = defaultdict(set)
    for place, name, at_ms in connection.execute(query.execution_options(yield_per=1_000)):
        zone = zones.get(place)
        if zone is not None:
            hours[zone, name].add(at_ms // HOUR_MS)
            days[zone].add(at_ms // DAY_MS)
    return Presence(
        {key: tuple(sorted(found)) for key, found in hours.items()}, {zone: len(of) for zone, of in days.items()}
    )


def by_person(losses: Iterable[Loss], presence: Presence) -> list[Near]:
    """Everybody who was near any of these losses; who was near more often than by chance first."""
    windows: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    expected: dict[str, float] = defaultdict(float)
    for loss in losses:
        near = presence.near(loss)
        windows.update(near)
        alone.update(near if len(near) == 1 else ())
        for name in presence.people(loss.zone) if loss.last_ms is not None else ():
            expected[name] += _by_chance(loss, name, presence)
    found = [
        Near(name=name, windows=windows[name], expected=round(expected[name], 1), alone=alone[name]) for name in windows
    ]
    return sorted(found, key=lambda near: (near.expected - near.windows, near.name))


def _by_chance(loss: Loss, name: str, presence: Presence) -> float:
    """How likely someone who works in a zone on such a share of its days is there within a window of so many days."""
    everybody = presence.people(loss.zone)
    from_ms = (loss.last_ms or 0) + 1
    hours = {h for each in everybody for h in presence.within(loss.zone, each, from_ms, loss.missed_ms)}
    open_days = len({hour // 24 for hour in hours})
    mine = len({hour // 24 for hour in presence.hours.get((loss.zone, name), ())})
    share = mine / max(1, presence.open_days.get(loss.zone, 1))
    return float(1 - (1 - min(1.0, share)) ** open_days)


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
