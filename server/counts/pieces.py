"""Stock without units in counted bins: what was there when a bin was opened, and what was counted.

What is in a carton that stands in the bin counts as the bin's. Where some came or went while the bin was counted, the
line says `in_motion`: the same rule by which the fold then takes no account of it (`sync/stock.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import papers
from server.counts.compare import Quantity
from server.counts.scans import Interval, Scan, doubt_ms
from server.database import KEYS, SITE
from server.ledger import history, in_chunks
from server.stock_levels import LIES
from server.surroundings import containers_at
from server.tables import stock_levels, unit_states
from server.timelines import Movements
from sync import stock
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.unit import Status

Where = tuple[str, str]
"""Product or lot, and the bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """What the records put into one bin while it was counted."""

    expected: int
    boxed: int
    """Of these, in containers that stand there."""
    moving: bool
    facts: Sequence[Fact]
    """That may have happened before the bin was finished, oldest first."""


def pieces_of(
    connection: sa.Connection,
    site: str,
    family: Collection[str],
    intervals: Mapping[str, Interval],
    counted: Iterable[Scan],
    *,
    frozen: Collection[Where] = (),
    without: Collection[str] = (),
    only: Collection[str] | None = None,
) -> tuple[list[Quantity], dict[str, Fact]]:
    """So many of each product or lot in each bin; and the outside scans that this rests on, by their marks.

    Args:
        family: numbers of the count and its recounts: what they say is not what they should find.
        frozen: what the latest version speaks of; so does the next, if only to say that there are none.
        without: marks of scans that are left out, as if they had never arrived.
        only: these products and lots, and no others.
    """
    scans: dict[Where, list[Scan]] = defaultdict(list)
    for scan in counted:
        if is_stock(str(scan.subject)) and scan.location in intervals:
            scans[str(scan.subject), str(scan.location)].append(scan)
    wanted = {s for s, _ in [*scans, *frozen]} | _held_in(connection, site, intervals)
    facts = history(connection, site, wanted if only is None else wanted & set(only))
    facts = {
        subject: [f for f in own if not _is_own_word(f, family) and papers.mark(f) not in without]
        for subject, own in facts.items()
    }
    facts = {subject: sorted(own, key=lambda f: f.order) for subject, own in facts.items()}
    around = _around(connection, site, facts, intervals)
    found: list[Quantity] = []
    rests: dict[str, Fact] = {}
    for subject, own in sorted(facts.items()):
        reached = {place for fact in own for place in _places(fact)}
        reached |= {place for s, place in [*scans, *frozen] if s == subject}
        for place, interval in intervals.items():
            boxes = [c for c in reached if is_container(c) and _stood(around, c, place, interval)]
            if not boxes and place not in reached:
                continue
            lying = _lying(own, place, boxes, interval, around)
            seen = scans.get((subject, place), [])
            if lying.expected or seen or (subject, place) in frozen:
                outside = {papers.mark(f): f for f in lying.facts if f.is_scanned}
                rests |= outside
                found.append(_quantity(subject, place, interval, lying, seen, outside))
    return found, rests


def _quantity(
    subject: str, place: str, interval: Interval, lying: Lying, seen: Sequence[Scan], outside: Iterable[str]
) -> Quantity:
    return Quantity(
        subject=subject,
        place=place,
        expected=lying.expected,
        counted=sum(1 if s.quantity is None else s.quantity for s in seen),
        events=tuple(s.name for s in seen),
        facts=tuple(outside),
        moving=lying.moving,
        boxed=lying.boxed,
        counted_ms=(interval.opened_ms, interval.finished_ms) if interval.finished else None,
    )


def _lying(facts: Iterable[Fact], place: str, boxes: Sequence[str], interval: Interval, around: Movements) -> Lying:
    opened, finished = interval.opened_ms, interval.finished_ms
    ordered = [f for f in facts if f.event_ms - doubt_ms(f.uncertainty_ms) <= finished]
    here = {place, *boxes}  # what happened elsewhere changes nothing here
    before = [
        f
        for f in ordered
        if f.event_ms + doubt_ms(f.uncertainty_ms) < opened and (f.event.voids or here & {*_places(f)})
    ]
    at_opening = stock.fold(before, around.turn)

    def held(where: str) -> int:
        carrier = around.carrier(where, opened) if is_container(where) else None
        return stock.here(at_opening.get(where, stock.Balance()), where, carrier).pieces

    within = (f for f in ordered if stock.may_lie_in(f, opened, finished))
    moving = any(at in here for f in within for at, _ in stock.movements(f.event))
    standing = [box for box in boxes if around.locate(box, opened) == place]
    boxed = sum(held(box) for box in standing)
    shifted = (box for box in boxes if around.locate(box, opened) != around.locate(box, finished))
    return Lying(
        expected=held(place) + boxed, boxed=boxed, moving=moving or any(held(box) for box in shifted), facts=ordered
    )


def _stood(around: Movements, box: str, place: str, interval: Interval) -> bool:
    return place in (around.locate(box, interval.opened_ms), around.locate(box, interval.finished_ms))


_LEFT: Final = sa.select(unit_states.c.unit).where(
    unit_states.c.site == SITE,
    unit_states.c.status == Status.SHIPPED,
    unit_states.c.status_ms < sa.bindparam("opened"),
)
"""Containers that had been handed over before the first of these bins was opened, and did not come back since."""
_HAS_LEFT: Final = _LEFT.where(unit_states.c.unit == stock_levels.c.place).correlate(stock_levels).exists()
_HELD: Final = (
    sa.select(stock_levels.c.subject)
    .where(
        stock_levels.c.site == SITE,
        # what is in a container counts where it stood then, which the container's history says
        stock_levels.c.place.in_(KEYS) | (stock_levels.c.place.contains("/00/") & LIES & ~_HAS_LEFT),
    )
    .distinct()
)


def _held_in(connection: sa.Connection, site: str, intervals: Mapping[str, Interval]) -> set[str]:
    """Products and lots that the records put into these bins, or into a container that was here."""
    asked = {"site": site, "opened": _first_opened(intervals), "keys": list(intervals)}
    return set(connection.execute(_HELD, asked).scalars())


def _first_opened(intervals: Mapping[str, Interval]) -> int:
    return min((interval.opened_ms for interval in intervals.values()), default=0)


def _around(
    connection: sa.Connection, site: str, facts: Mapping[str, Iterable[Fact]], intervals: Mapping[str, Interval]
) -> Movements:
    boxes = {place for own in facts.values() for f in own for place in _places(f) if is_container(place)}
    for chunk in in_chunks(set(boxes)):
        asked = {"site": site, "opened": _first_opened(intervals), "keys": chunk}
        boxes -= set(connection.execute(_LEFT.where(unit_states.c.unit.in_(KEYS)), asked).scalars())
    return containers_at(connection, site, boxes)


def _places(fact: Fact) -> list[str]:
    return [at for at in (fact.event.location, fact.event.container, fact.event.origin) if at is not None]


def _is_own_word(fact: Fact, family: Collection[str]) -> bool:
    """Whether the count itself says it: by a scan, or by a row of one of its closed versions."""
    document = fact.event.document or ""
    return document in family or (fact.event.action == "not_found" and document.rpartition("/")[0] in family)
