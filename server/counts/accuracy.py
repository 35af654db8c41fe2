"""How right the records were, by bin, zone or time: units and pieces matched / expected, from the frozen counts.

Expected are the units (and pieces) that the records put into a bin while it was counted, without those in motion, and
none where they have less than none; matched are those of them that were seen there. Of each count the latest version
speaks, each bin at the moment when it was finished; a take-on count, which has nothing to be right about, is left out.
Several bins or counts are added up before they are divided, so that a bin with one unit weighs less than one with a
hundred.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from server.counts.plan import Sort
from server.counts.tally import Tally
from server.tables import document_rows, documents
from server.zones import zones_of

COUNTS_MAX: Final = 5_000
"""Frozen counts that are looked at, the latest."""
_TALLY_FIELDS: Final = ("expected", "matched", "missing", "surplus", "in_motion")


class By(StrEnum):
    """What an accuracy is about."""

    BIN = "bin"
    ZONE = "zone"
    DAY = "day"
    WEEK = "week"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """One bar or point: a bin's key, a zone's name, a day (2026-05-28), a week's Monday, or a count's number."""

    key: str
    tally: Tally
    counts: int
    """Counted bins that were added up."""
    last_ms: int
    """When the last of them was finished."""

    @property
    def accuracy(self) -> float | None:
        """Between 0 and 1; None where nothing was expected."""
        return self.tally.accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBin:
    """One bin of one closed count."""

    number: str
    sort: Sort
    place: str
    finished_ms: int
    tally: Tally


def accuracy(
    connection: sa.Connection,
    site: str,
    by: By,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    sort: Sort | None = None,
) -> list[Accuracy]:
    """Accuracies by bin, zone, day, week (UTC) or count, in the order of their keys.

    Args:
        since_ms: only bins finished from this moment on.
        until_ms: only bins finished before this moment.
        sort: only counts of this kind; spot counts alone are no judgement of whoever chose the bins.
    """
    key = _key(connection, site, by)
    found: dict[str, list[CountedBin]] = {}
    for counted in _counted(connection, site, sort):
        if (since_ms or 0) <= counted.finished_ms and (until_ms is None or counted.finished_ms < until_ms):
            found.setdefault(key(counted), []).append(counted)
    return [
        Accuracy(
            key=name,
            tally=sum((c.tally for c in bins), Tally()),
            counts=len(bins),
            last_ms=max(c.finished_ms for c in bins),
        )
        for name, bins in sorted(found.items())
    ]


def _counted(connection: sa.Connection, site: str, sort: Sort | None) -> Iterator[CountedBin]:
    return (c for c in counted_bins(connection, site) if c.sort is not Sort.TAKE_ON and sort in (None, c.sort))


def counted_bins(connection: sa.Connection, site: str) -> Iterator[CountedBin]:
    """Every counted bin of the latest version of each count."""
    query = (
        sa.select(
            documents.c.number,
            document_rows.c.attributes["sort"].as_string().label("sort"),
            document_rows.c.attributes["bins"].label("bins"),
        )
        .join(document_rows, document_rows.c.document == documents.c.digest)
        .where(
            documents.c.site == site,
            documents.c.kind == "count_result",
            documents.c.event.isnot(None),
            document_rows.c.row == 1,
        )
        .order_by(documents.c.event_ms.desc())
        .limit(COUNTS_MAX)
    )
    latest: dict[str, tuple[int, str, Mapping[str, Any]]] = {}
    for name, sort, bins in connection.execute(query):
        number, _, version = name.rpartition("/")
        if number not in latest or int(version) > latest[number][0]:
            latest[number] = (int(version), sort, bins)
    for number, (_, sort, bins) in latest.items():
        for place, counted in bins.items():
            yield CountedBin(
                number=number,
                sort=Sort(sort),
                place=place,
                finished_ms=counted["finished_ms"],
                tally=Tally(**{name: counted[name] for name in _TALLY_FIELDS}),
            )


def _key(connection: sa.Connection, site: str, by: By) -> Callable[[CountedBin], str]:
    if by is By.ZONE:
        zones = zones_of(connection, site)
        return lambda counted: zones.get(counted.place, "")
    return _KEYS[by]


def _day(counted: CountedBin) -> dt.date:
    return dt.datetime.fromtimestamp(counted.finished_ms / 1000, tz=dt.UTC).date()


def _monday(counted: CountedBin) -> str:
    day = _day(counted)
    return (day - dt.timedelta(days=day.weekday())).isoformat()


_KEYS: Final[dict[By, Callable[[CountedBin], str]]] = {
    By.BIN: lambda counted: counted.place,
    By.DAY: lambda counted: _day(counted).isoformat(),
    By.WEEK: _monday,
    By.COUNT: lambda counted: counted.number,
}
