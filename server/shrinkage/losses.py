"""What closed counts missed: each unit with its window, pieces by their variance, and what turned up again.

A unit is a loss from the first closed count that did not see it (the case `missing`), and is none any more as soon as a
scan sees it, also after it was written off. Whoever dismissed the case said that nothing is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from server import costs
from server.identifiers import names_of
from server.inventory import NO_ZONE
from server.ledger import FOLDED, in_chunks
from server.prices import Price
from server.tables import cases, document_rows, documents, events
from server.undone import read_undone
from server.zones import zones_of
from sync.event import format_name
from sync.identity import is_stock, item_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One unit, or pieces of one product or lot, that a closed count missed."""

    subject: str
    item: str
    place: str | None
    zone: str
    pieces: int
    count: str | None
    """The first count that missed it."""
    missed_ms: int
    """When that count had finished the bin."""
    last_ms: int | None = None
    """When anybody scanned it before that; None where nobody ever did, and for pieces."""
    last_by: str | None = None
    written_off_ms: int | None = None
    found_ms: int | None = None
    """When a scan saw it again."""
    cost: Price | None = None
    """Of all of it; None where no cost is known."""

    @property
    def is_unit(self) -> bool:
        """Whether it is one unit, and no pieces."""
        return not is_stock(self.subject)

    @property
    def state(self) -> str:
        """`missing`, `written off` or `found`."""
        return "found" if self.found_ms else "written off" if self.written_off_ms else "missing"


def read(connection: sa.Connection, site: str, until_ms: int, *, since_ms: int = 0) -> list[Loss]:
    """Losses that counts found from `since_ms` to `until_ms`, as they stood at `until_ms`; the latest first."""
    finished = _finished(connection, site, until_ms)
    zones = zones_of(connection, site)
    found = [*_units(connection, site, until_ms, finished), *_pieces(connection, site, until_ms, finished)]
    found = [loss for loss in found if loss.missed_ms >= since_ms]
    worth = costs.read(connection, site, (loss.subject for loss in found), until_ms)
    return sorted(
        (
            replace(
                loss,
                zone=zones.get(loss.place or "", NO_ZONE),
                cost=_times(worth.get(loss.subject), loss.pieces),
            )
            for loss in found
        ),
        key=lambda loss: (-loss.missed_ms, loss.subject),
    )


def _times(cost: Price | None, pieces: int) -> Price | None:
    return Price(cost.minor * pieces, cost.currency) if cost else None


def _finished(connection: sa.Connection, site: str, until_ms: int) -> dict[tuple[str, str], int]:
    """(count, bin) -> when the count had finished it, by its first closed version."""
    query = (
        sa.select(documents.c.number, document_rows.c.attributes["bins"])
        .join(document_rows, document_rows.c.document == documents.c.digest)
        .where(documents.c.site == site, documents.c.kind == "count_result", documents.c.event.isnot(None))
        .where(document_rows.c.row == 1, documents.c.event_ms <= until_ms)
        .order_by(documents.c.event_ms.desc())
    )
    found: dict[tuple[str, str], int] = {}
    for number, bins in connection.execute(query):
        count = number.rpartition("/")[0]
        found |= {(count, place): told["finished_ms"] for place, told in bins.items() if told["finished_ms"]}
    return found


def _units(connection: sa.Connection, site: str, until_ms: int, finished: Mapping[tuple[str, str], int]) -> list[Loss]:
    t = cases.c
    query = (
        sa.select(t.unit, t.item, t.expected, t.document, t.opened_ms, t.status, t.resolution, t.closed_ms)
        .where(t.site == site, t.rule == "missing", t.opened_ms <= until_ms, t.item.isnot(None))
        .order_by(t.opened_ms)
    )
    rows = [row for row in connection.execute(query).mappings() if not _is_dismissed(row, until_ms)]
    sightings = _sightings(connection, site, {row["unit"] for row in rows}, until_ms)
    found = []
    for row in rows:
        count = (row["document"] or "").rpartition("/")[0] or row["document"]
        missed_ms = finished.get((count, row["expected"]), row["opened_ms"])
        seen = sightings.get(row["unit"], [])
        before = [each for each in seen if each.at_ms < missed_ms]
        after = [each for each in seen if each.at_ms > missed_ms]
        is_written_off = row["resolution"] == "write_off" and row["closed_ms"] <= until_ms
        found.append(
            Loss(
                subject=row["unit"],
                item=row["item"],
                place=row["expected"],
                zone=NO_ZONE,
                pieces=1,
                count=count,
                missed_ms=missed_ms,
                last_ms=before[-1].at_ms if before else None,
                last_by=before[-1].by if before else None,
                written_off_ms=row["closed_ms"] if is_written_off else None,
                found_ms=after[0].at_ms if after else None,
            )
        )
    return found


def _is_dismissed(case: sa.RowMapping, until_ms: int) -> bool:
    """Whether somebody had said by then that nothing is lost."""
    return bool(case["resolution"] == "dismiss" and case["closed_ms"] <= until_ms)


class _Seen(NamedTuple):
    at_ms: int
    by: str | None


def _sightings(connection: sa.Connection, site: str, units: Iterable[str], until_ms: int) -> dict[str, list[_Seen]]:
    """Each scan of these units under any of their names, in order, without those that were undone."""
    wanted = set(units)
    whose = {unit: unit for unit in wanted}
    for unit, names in names_of(connection, site, wanted).items():
        whose |= dict.fromkeys(names, unit)
    e = events.c
    rows: list[sa.RowMapping] = []
    for keys in in_chunks(whose):
        query = (
            sa.select(e.subject, e.event_ms, e.operator, e.device_no, e.epoch, e.seq)
            .where(e.site == site, e.subject.in_(keys), e.outcome.in_(FOLDED), e.event_ms <= until_ms)
            .where(e.barcode.isnot(None) | e.entry.isnot(None), e.voids.is_(None))  # as `rules.is_sighting` has it
        )
        rows += connection.execute(query).mappings().all()
    names_ = {format_name((row["device_no"], row["epoch"], row["seq"])): row for row in rows}
    undone = read_undone(connection, site, names_)
    found: dict[str, list[_Seen]] = defaultdict(list)
    for name, row in names_.items():
        if name not in undone:
            found[whose[row["subject"]]].append(_Seen(row["event_ms"], row["operator"]))
    return {unit: sorted(seen, key=lambda each: each.at_ms) for unit, seen in found.items()}


def _pieces(connection: sa.Connection, site: str, until_ms: int, finished: Mapping[tuple[str, str], int]) -> list[Loss]:
    """What the latest version of each count said of pieces: fewer (a loss), or more (of less than nothing)."""
    query = (
        sa.select(documents.c.number, document_rows.c.subject, document_rows.c.location, document_rows.c.attributes)
        .join(document_rows, document_rows.c.document == documents.c.digest)
        .where(documents.c.site == site, documents.c.kind == "count_result", documents.c.event.isnot(None))
        .where(document_rows.c.row > 1, documents.c.event_ms <= until_ms, document_rows.c.location.isnot(None))
        .order_by(documents.c.event_ms)
    )
    latest: dict[tuple[str, str, str], Any] = {}
    for number, subject, place, said in connection.execute(query.execution_options(yield_per=1_000)):
        if is_stock(subject):
            latest[number.rpartition("/")[0], subject, place] = said
    return [
        Loss(
            subject=subject,
            item=item_of(subject) or subject,
            place=place,
            zone=NO_ZONE,
            pieces=said["expected_quantity"] - said["quantity"],
            count=count,
            missed_ms=finished.get((count, place), 0),
        )
        for (count, subject, place), said in latest.items()
        if said["expected_quantity"] != said["quantity"]
    ]
