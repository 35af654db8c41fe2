"""Stock without units in counted bins: what was there when a bin was opened, and what was counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from server.counts import paper
from server.counts.compare import Quantity
from server.counts.scans import Interval
from server.ledger import SERVER_DEVICE, history
from server.tables import stock_levels
from sync import stock
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock


def pieces_of(
    connection: sa.Connection,
    site: str,
    family: Collection[str],
    intervals: Mapping[str, Interval],
    counted: Iterable[Fact],
    *,
    without: Collection[str] = (),
) -> tuple[list[Quantity], dict[str, Fact]]:
    """So many of each product or lot in each bin; and the outside scans that this rests on, by their marks.

    Args:
        family: numbers of the count and its recounts: what they say is not what they should find.
        without: marks of scans that are left out, as if they had never arrived.
    """
    by_subject: dict[str, list[Fact]] = {}
    for fact in counted:
        if is_stock(str(fact.event.subject)):
            by_subject.setdefault(str(fact.event.subject), []).append(fact)
    sums = {
        (subject, place): balance.quantity
        for subject, scans in by_subject.items()
        for place, balance in stock.fold(scans).items()
        if place in intervals
    }
    t = stock_levels.c
    held = sa.select(t.subject).where(t.site == site, t.place.in_(intervals))
    subjects = {s for s, _ in sums} | set(connection.execute(held).scalars())
    facts = history(connection, site, subjects)
    found: list[Quantity] = []
    rests: dict[str, Fact] = {}
    for subject in sorted(subjects):
        for place, interval in intervals.items():
            earlier = [
                f
                for f in facts.get(subject, [])
                if f.event_ms <= interval.opened_ms and not _is_own_word(f, family) and paper.mark(f) not in without
            ]
            expected = stock.fold(earlier).get(place, stock.Balance()).quantity
            if expected or (subject, place) in sums:
                names = [format_name(f.name) for f in by_subject.get(subject, ()) if f.event.location == place]
                outside = {paper.mark(f): f for f in earlier if f.name[0] != SERVER_DEVICE}
                rests |= outside
                found.append(
                    Quantity(
                        subject=subject,
                        place=place,
                        expected=expected,
                        counted=sums.get((subject, place), 0),
                        events=tuple(names),
                        facts=tuple(outside),
                        nought_ms=None if (subject, place) in sums else interval.said_finished_ms,
                    )
                )
    return found, rests


def _is_own_word(fact: Fact, family: Collection[str]) -> bool:
    """Whether the count itself says it: by a scan, or by a row of one of its closed versions."""
    document = fact.event.document or ""
    return document in family or (fact.event.action == "not_found" and document.rpartition("/")[0] in family)
