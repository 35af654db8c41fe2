"""What a count found so far, each bin compared as of its own counting, and what that rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from server import costs, papers
from server.counts import afterwards, due, elsewhere, moves, pieces, plan, quiet, scans, still, versions
from server.counts.compare import Line, ReportLine, compare, totals
from server.counts.plan import Plan, Share
from server.counts.report import BinReport, Reckoned, unheard_of
from server.counts.scans import Evidence, Scan
from server.counts.tally import Tally, tallies, variance
from server.timelines import END_OF_TIME
from sync.history import Fact
from sync.identity import is_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a report rests on, and the lines of each bin as of its own counting."""

    plan: Plan
    recounts: list[Plan]
    evidence: Evidence
    lines: list[ReportLine]
    facts: Mapping[str, Fact]


def basis(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    speaking: Collection[str] | None = None,
    without: Collection[str] = frozenset(),
) -> Basis:
    """What a report of this count rests on; see `reckon`, and `scans.counted_again` for `speaking`."""
    planned = plan.read(connection, site, number)
    recounts = plan.recounts(connection, site, number)
    evidence = (
        scans.gather(connection, site, planned, recounts, speaking=speaking, without=without)
        if without
        else quiet.gather(connection, site, planned, recounts, speaking=speaking)
    )
    frozen = versions.spoken_of(connection, site, number)
    lines, facts = _lines(connection, site, number, evidence, frozen, without)
    return Basis(plan=planned, recounts=recounts, evidence=evidence, lines=lines, facts=facts)


def reckon(connection: sa.Connection, *, site: str, number: str, without: Collection[str] = frozenset()) -> Reckoned:
    """What the count found so far, or at its latest close plus what came later.

    Args:
        without: marks of scans that are left out, as if they had never arrived.

    Raises:
        CountError: there is no such count.
    """
    found = basis(connection, site=site, number=number, without=without)
    planned, evidence, silent = found.plan, found.evidence, found.evidence.still
    handhelds = papers.handhelds(connection, site)
    unheard = {place: unheard_of(handhelds, interval) for place, interval in evidence.intervals.items()}
    lines = [
        replace(each, provisional=True) if _is_provisional(each, evidence, unheard) else each for each in found.lines
    ]
    moved = moves.of_units(lines)
    moved += elsewhere.moves_of_pieces(connection, site, planned, evidence.family, lines)
    alike = still.alike(silent.values())
    tallied = tallies(lines, planned.bins, alike)
    differing = {line.subject for line in lines if line.kind is not Line.MATCHED}
    worth = costs.worth(connection, site, differing, END_OF_TIME)
    return Reckoned(
        number=number,
        looked_at=lines,
        quiet=silent,
        totals=totals(lines, alike=alike),
        provisional=sum(line.provisional for line in lines),
        unfinished=[b for b in planned.bins if b not in evidence.intervals or not evidence.intervals[b].finished],
        unheard=sorted({name for names in unheard.values() for name in names}),
        heads=papers.heads(connection, site),
        scans=list(dict.fromkeys(map(papers.mark, [*evidence.own, *evidence.standing]))),
        plan=planned,
        bins=_bins(planned.shares, evidence, tallied, unheard),
        moves=moved,
        variance=variance(lines, moved, worth.get, alike),
        recounts=[recount.number for recount in found.recounts],
        refused=[scan.name for scan in evidence.refused],
        counters=evidence.people,
        evidence=evidence,
        facts=found.facts,
    )


def _lines(
    connection: sa.Connection,
    site: str,
    number: str,
    evidence: Evidence,
    frozen: set[tuple[str, str | None]] | None,
    without: Collection[str],
) -> tuple[list[ReportLine], dict[str, Fact]]:
    """A line for each unit and quantity, and the outside scans that they rest on, by mark."""
    counted = [s for s in evidence.standing if s.action == "count" and s.subject is not None]
    of_units = [s for s in counted if not is_stock(str(s.subject))]
    here = (connection, site, evidence.family, evidence.intervals)
    known = None if frozen is None else {subject for subject, _ in frozen}
    if known is not None:
        until_ms = max((interval.finished_ms for interval in evidence.intervals.values()), default=0)
        known |= afterwards.subjects(connection, site, number, until_ms)
        known.difference_update(unit.subject for unit in still.units_in(evidence.still.values()))
    told = _told(number, evidence)
    units = due.units_of(*here, of_units, frozen=known, without=without, told=told)
    loose = {(subject, place) for subject, place in frozen or () if place is not None and is_stock(subject)}
    quantities, facts = pieces.pieces_of(*here, counted, frozen=loose, without=without)
    marks = {unit: tuple(papers.mark(f) for f in found) for unit, found in units.facts.items()}
    lines = compare(units.expected, units.sightings, quantities)
    lines = [
        replace(
            line,
            recounted=evidence.recounted.get(line.expected or ""),
            facts=marks.get(line.subject, line.facts),
        )
        for line in lines
    ]
    return lines, facts | {papers.mark(f): f for found in units.facts.values() for f in found}


def _told(number: str, evidence: Evidence) -> due.Told | None:
    if evidence.looked_at is None:
        return None
    since_ms = min((interval.opened_ms for interval in evidence.intervals.values()), default=0)
    moved = (bin_ for bin_ in evidence.still.values() if bin_.settled_ms >= since_ms)
    return due.Told(number, evidence.looked_at, frozenset(unit.subject for unit in still.units_in(moved)))


def _is_provisional(line: ReportLine, evidence: Evidence, unheard: Mapping[str, Sequence[str]]) -> bool:
    interval = evidence.intervals.get(line.expected or "")
    if line.kind is not Line.MISSING or interval is None:
        return False
    return not interval.finished or bool(unheard[str(line.expected)])


def _bins(
    shares: Iterable[Share], evidence: Evidence, tallied: Mapping[str, Tally], unheard: Mapping[str, tuple[str, ...]]
) -> list[BinReport]:
    counted: dict[str | None, list[Scan]] = {}
    for scan in evidence.standing:
        if scan.action == "count":
            counted.setdefault(scan.location, []).append(scan)
    return [
        BinReport(
            share=share,
            interval=evidence.intervals.get(share.place),
            counted=_counted(counted.get(share.place, ())) + _quiet_units(evidence, share.place),
            tally=tallied[share.place],
            unheard=unheard.get(share.place, ()),
            recounted=evidence.recounted.get(share.place),
        )
        for share in shares
    ]


def _quiet_units(evidence: Evidence, place: str) -> int:
    return evidence.still[place].units if place in evidence.still else 0


def _counted(found: Iterable[Scan]) -> int:
    units: set[str] = set()
    pieces = 0
    for scan in found:
        if is_stock(str(scan.subject)):
            pieces += 1 if scan.quantity is None else scan.quantity
        else:
            units.add(str(scan.subject))
    return len(units) + pieces
