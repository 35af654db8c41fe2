"""Reports of thefts, what of each is still missing, and every sighting since, at whichever site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.identifiers import names_of
from server.ledger import history, in_chunks
from server.rules import is_sighting
from server.stolen import known
from server.stolen.known import FOUND
from server.tables import cases, document_rows, documents, events
from server.unit_rows import states_of
from sync.event import ScanEvent, parse_name
from sync.history import Fact, effective
from sync.stolen import Theft, names_read

THEFT: Final = "theft"
SEEN_MAX: Final = 5_000
"""Things that were scanned since they were reported; beyond it the latest are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing of a report."""

    subject: str
    found_ms: int | None = None
    found_by: str | None = None
    found_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of a theft."""

    number: str
    reason: str
    reference: str | None
    """The police's number."""
    site: str
    """Where it was reported; it holds at every site."""
    operator: str | None
    reported_ms: int
    since_ms: int
    """From when on sightings count."""
    things: tuple[Thing, ...]

    @property
    def missing(self) -> tuple[Thing, ...]:
        """What was not found."""
        return tuple(thing for thing in self.things if thing.found_ms is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One scan of something that stood under a report."""

    report: str
    site: str
    unit: str
    """Its own name there."""
    event_ms: int
    event: ScanEvent | None
    """None at a site that whoever asks is not let into: what was seen at which site and when helps to find it; who
    scans there, what for and in which bin is that site's own."""


def listed(connection: sa.Connection) -> list[Report]:
    """Every report, those with something missing first, then the latest first."""
    reports = [_report(connection, number) for number in _numbers(connection)]
    return sorted(reports, key=lambda one: (not one.missing, -one.reported_ms, one.number))


def read(connection: sa.Connection, number: str) -> Report:
    """One report.

    Raises:
        LookupError: there is none of this number.
    """
    if number not in _numbers(connection, number):
        raise LookupError(f"There is no report {number:.60} of a theft.")
    return _report(connection, number)


def told(connection: sa.Connection, site: str) -> dict[str, dict[str, Any]]:
    """What a site has to know of each name, by the papers alone: the rows that `known` keeps."""
    domain = known.domain(connection, site)
    found: dict[str, list[Theft]] = defaultdict(list)
    for report in sorted(listed(connection), key=lambda one: (one.reported_ms, len(one.number), one.number)):
        theft = Theft(report=report.number, reason=report.reason, since_ms=report.since_ms)
        for name, one in known.under_each_name([thing.subject for thing in report.things], theft, domain):
            found[name] = known.with_theft(found[name], one)
        for thing in report.things:
            for name, of in known.names_under([thing.subject], domain) if thing.found_ms is not None else ():
                found[name] = known.ended(found[name], report.number, of, thing.found_ms or 0)
    return {name: known.row_of(thefts) for name, thefts in found.items()}


def _numbers(connection: sa.Connection, number: str | None = None) -> list[str]:
    query = sa.select(documents.c.number).distinct().where(documents.c.kind == THEFT, documents.c.event.isnot(None))
    return list(connection.execute(query if number is None else query.where(documents.c.number == number)).scalars())


def _report(connection: sa.Connection, number: str) -> Report:
    rows = [row for row in _rows(connection, THEFT, number) if row["attributes"]["reported_at"] == row["site"]]
    said = [row for row in _rows(connection, FOUND, number) if row["site"] == rows[0]["site"]]
    found = {row["subject"]: row for row in said}
    first = rows[0]
    return Report(
        number=number,
        reason=first["reason"],
        reference=first["attributes"]["reference"],
        site=first["site"],
        operator=first["operator"],
        reported_ms=first["event_ms"],
        since_ms=first["attributes"]["since_ms"],
        things=tuple(_thing(row["subject"], found.get(row["subject"])) for row in rows),
    )


def _thing(subject: str, found: sa.RowMapping | None) -> Thing:
    if found is None:
        return Thing(subject=subject)
    return Thing(subject=subject, found_ms=found["event_ms"], found_by=found["operator"], found_reason=found["reason"])


def _rows(connection: sa.Connection, kind: str, number: str) -> list[sa.RowMapping]:
    """Rows of the papers of a report at every site, with who wrote them and why, in their order."""
    d, r = documents.c, document_rows.c
    papers = connection.execute(
        sa.select(d.digest, d.site, d.event, d.event_ms).where(d.kind == kind, d.number == number, d.event.isnot(None))
    ).all()
    found: list[sa.RowMapping] = []
    for paper in papers:
        device_no, epoch, seq = parse_name(paper.event)
        e = events.c
        query = (
            sa.select(r.site, r.row, r.subject, r.attributes, e.reason, e.operator, e.event_ms)
            .join_from(document_rows, events, sa.true())
            .where(r.document == paper.digest)
            .where(e.device_no == device_no, e.epoch == epoch, e.seq == seq)
            .order_by(r.row)
        )
        found += connection.execute(query).mappings().all()
    return sorted(found, key=lambda row: (row["event_ms"], row["row"]))


def sightings(
    connection: sa.Connection, sites: Iterable[str], number: str | None = None, *, let_into: Collection[str] | None
) -> list[Sighting]:
    """Every scan of what stood under a report by then, the latest first: by the same question that opened its case.

    Args:
        sites: where to look; the page asks for all of the database's.
        number: of one report alone.
        let_into: the sites whose scans are told whole; None at the command line: all.
    """
    found: list[Sighting] = []
    for site in sites:
        found += _seen_at(connection, site, whole=let_into is None or site in let_into)
    wanted = [one for one in found if number in (None, one.report)]
    return sorted(wanted, key=lambda one: -one.event_ms)


def _seen_at(connection: sa.Connection, site: str, *, whole: bool) -> list[Sighting]:
    c = cases.c
    query = sa.select(c.unit).where(c.site == site, c.rule == "stolen").group_by(c.unit)
    units = list(connection.execute(query.order_by(sa.func.max(c.opened_ms).desc()).limit(SEEN_MAX)).scalars())
    names = names_of(connection, site, units)
    told = history(connection, site, {name for unit in units for name in (unit, *names.get(unit, ()))})
    facts: dict[str, list[Fact]] = defaultdict(list)
    for unit in units:
        facts[unit] = effective(fact for name in (unit, *names.get(unit, ())) for fact in told.get(name, ()))
    states = states_of(connection, site, units)
    asked = {name for unit in units for fact in facts[unit] for name in names_read(fact.event)}
    asked |= {name for unit in units for name in (unit, *(states[unit].identifiers if unit in states else ()))}
    reported = known.read(connection, site, asked)
    found: list[Sighting] = []
    for unit in units:
        further = states[unit].identifiers if unit in states else ()
        for fact in facts[unit]:
            theft = reported.theft((unit, *names_read(fact.event), *further), fact.event_ms) if reported else None
            if theft is not None and is_sighting(fact.event):
                event = fact.event if whole else None
                found.append(Sighting(report=theft.report, site=site, unit=unit, event_ms=fact.event_ms, event=event))
    return found


def of_units(connection: sa.Connection, site: str, units: Iterable[str]) -> dict[str, str]:
    """Which of these units stand under a report now, and under which, by their names as they are known at a site."""
    found: dict[str, str] = {}
    for chunk in in_chunks(units):
        states = states_of(connection, site, chunk)
        names = {unit: (unit, *(states[unit].identifiers if unit in states else ())) for unit in chunk}
        reported = known.read(connection, site, {name for each in names.values() for name in each})
        for unit, each in names.items():
            theft = reported.theft(each) if reported else None
            if theft is not None:
                found[unit] = theft.report
    return found
