"""A count as pages and the API show it: closed or proposed as it was frozen, else reckoned now (`reckoning`).

What is frozen costs what is shown of it, however many units were counted. Of today are in it: who has not been heard
from, and which recounts there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server import papers
from server.counts import listing, plan, standing, still
from server.counts.compare import COUNT_KINDS, Line, ReportLine
from server.counts.freeze import line_of
from server.counts.moves import Move
from server.counts.plan import Share
from server.counts.reckoning import reckon
from server.counts.report import BinReport, CountReport, unheard_of
from server.counts.scans import Interval
from server.counts.still import LINES_MAX
from server.counts.tally import Tally, Variance
from server.ledger import in_chunks
from server.papers import HandheldHeard
from server.tables import document_rows

Said = Mapping[str, Any]
"""Attributes of a frozen row."""
ROWS_AT_ONCE: Final = 1_000
_TALLY: Final = [each.name for each in fields(Tally)]
_ROW: Final = document_rows.c


def report(connection: sa.Connection, *, site: str, number: str, most: int = LINES_MAX) -> CountReport:
    """What a count found: as it was closed last or is proposed, where it is, else so far.

    Args:
        most: lines of each kind, where it is frozen.

    Raises:
        CountError: there is no such count.
    """
    frozen = _frozen(connection, site, number)
    if frozen is None:
        return reckon(connection, site=site, number=number)
    return _read(connection, site, number, frozen, most)


def each_line(connection: sa.Connection, *, site: str, number: str) -> Iterator[ReportLine]:
    """Every line of that, read as they are asked for.

    Raises:
        CountError: there is no such count.
    """
    frozen = _frozen(connection, site, number)
    if frozen is None:
        return reckon(connection, site=site, number=number).each_line()
    rows = _rows(frozen.digest).where(_ROW.row > 1).execution_options(yield_per=ROWS_AT_ONCE)
    return (line for row in connection.execute(rows).mappings() for line in _lines(row))


class _Frozen(NamedTuple):
    """What a count is shown by."""

    digest: str
    version: int | None
    """None of what is only proposed."""


def _frozen(connection: sa.Connection, site: str, number: str) -> _Frozen | None:
    if waiting := standing.pending(connection, site, number):
        return _Frozen(waiting.digest, None)
    version = papers.versions(connection, site, "count_result", number)
    if not version or listing.state_of(connection, site, number) != "closed":
        return None
    return _Frozen(papers.digest_of(connection, site, "count_result", f"{number}/{version}"), version)


def _read(connection: sa.Connection, site: str, number: str, frozen: _Frozen, most: int) -> CountReport:
    planned = plan.read(connection, site, number)
    head = papers.head_in(connection, frozen.digest)
    handhelds = papers.handhelds(connection, site)
    bins = [_bin(share, head["bins"][share.place], handhelds) for share in planned.shares]
    unheard = {each.share.place for each in bins if each.unheard}
    where = _where(head)
    return CountReport(
        number=number,
        looked_at=[_as_of_today(line, unheard) for line in _first(connection, frozen.digest, head, where, most)],
        totals=head["totals"],
        provisional=_missing_in(connection, frozen.digest, where[Line.MISSING], unheard),
        unfinished=[],
        unheard=sorted({name for each in bins for name in each.unheard}),
        plan=planned,
        bins=bins,
        moves=[Move(**said) for said in head["moves"]],
        variance=Variance(**head["variance"]),
        recounts=[each.number for each in plan.recounts(connection, site, number)],
        refused=head["refused"],
        counters=tuple(head["counters"]),
        version=frozen.version,
    )


def _bin(share: Share, said: Said, handhelds: Sequence[HandheldHeard]) -> BinReport:
    interval = Interval(
        opened_ms=said["opened_ms"],
        finished_ms=said["finished_ms"],
        finished=True,
        people=tuple(said["people"]),
        devices=tuple(said["devices"]),
        last_ms=said["last_ms"],
    )
    return BinReport(
        share=share,
        interval=interval,
        counted=said["counted"],
        tally=Tally(**{name: said[name] for name in _TALLY}),
        unheard=unheard_of(handhelds, interval),
        recounted=said["recounted"],
    )


def _where(head: Said) -> dict[Line, range]:
    """In which rows the lines of each kind are, but for those of quiet units, which come after all of them."""
    found: dict[Line, range] = {}
    at = 2
    quiet = sum(said["quiet"] for said in head["bins"].values())
    for kind in COUNT_KINDS:
        lines = head["totals"][kind] - (quiet if kind is Line.MATCHED else 0)
        found[kind] = range(at, at := at + lines)
    return found


def _first(
    connection: sa.Connection, digest: str, head: Said, where: Mapping[Line, range], most: int
) -> Iterator[ReportLine]:
    """So many lines of each kind."""
    rows = [some[:most] for some in where.values()]
    after = max(some.stop for some in where.values())
    quiet = [said["quiet"] for _, said in sorted(head["bins"].items()) if said["quiet"]]
    before = accumulate(quiet, initial=len(rows[0]))  # so many lines that matched come before each bin's
    rows.append(range(after, after + sum(lines < most for lines, _ in zip(before, quiet, strict=False))))
    here = sa.or_(*(_ROW.row.between(some.start, some.stop - 1) for some in rows))
    found = (line for row in connection.execute(_rows(digest).where(here)).mappings() for line in _lines(row))
    return islice(found, sum(min(most, lines) for lines in head["totals"].values()))


def _rows(digest: str) -> sa.Select[Any]:
    return sa.select(_ROW.subject, _ROW.attributes).where(_ROW.document == digest).order_by(_ROW.row)


def _lines(row: still.Row) -> list[ReportLine]:
    """What one row says: a line, or those of a bin's quiet units."""
    if still.is_packed(row):
        return [unit.line for unit in still.frozen(row)]
    return [line_of(row["attributes"])]


def _as_of_today(line: ReportLine, unheard: Collection[str]) -> ReportLine:
    """A line with whether what is missing may still turn up."""
    return replace(line, provisional=line.kind is Line.MISSING and line.expected in unheard)


def _missing_in(connection: sa.Connection, digest: str, rows: range, places: Collection[str]) -> int:
    """Of how many lines, in these rows, the unit belongs in one of these bins."""
    here = sa.select(sa.func.count()).where(_ROW.document == digest, _ROW.row.between(rows.start, rows.stop - 1))
    return sum(connection.execute(here.where(_ROW.location.in_(some))).scalar_one() for some in in_chunks(places))
