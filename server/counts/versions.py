"""The frozen versions of a count, to be read and audited: the document, its digest, who closed it and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import sqlalchemy as sa

from server import papers
from server.counts import still
from server.counts.compare import ReportLine, in_order
from server.counts.freeze import line_of
from server.counts.plan import CountError
from server.counts.still import Quiet
from server.tables import documents, events
from sync.event import parse_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version, exactly as it was frozen."""

    number: str
    version: int
    digest: str
    """SHA-256 of its rows, hex; the event that closed it names it."""
    intact: bool
    """Whether the stored rows still have that digest."""
    event: str
    closed_ms: int
    closed_by: str | None
    note: str | None
    head: Mapping[str, Any]
    """Totals, bins, moves, variance; which scans and chains it rests on, and which handhelds were not heard from."""
    looked_at: Sequence[ReportLine]
    """Its lines, but for those of units that were quiet."""
    quiet: Sequence[sa.RowMapping] = field(repr=False)
    """Rows of these, one a bin."""

    def each_line(self) -> Iterator[ReportLine]:
        """Every line, those of quiet units last and bin by bin: a large count has a million."""
        yield from self.looked_at
        for unit in self._units():
            yield unit.line

    def _units(self) -> Iterator[Quiet]:
        return chain.from_iterable(map(still.frozen, self.quiet))

    @property
    def first_lines(self) -> list[ReportLine]:
        """As many lines as an answer holds."""
        return still.first_lines(self.looked_at, self._units())

    @property
    def lines(self) -> list[ReportLine]:
        """Every line, by kind and subject."""
        return in_order(self.each_line())

    @property
    def totals(self) -> Mapping[str, int]:
        """How many lines there are of each kind."""
        return dict(self.head["totals"])

    @property
    def scans(self) -> int:
        """How many scans of the count it rests on."""
        return len(self.head["scans"]) + sum(len(row["attributes"][still.PACKED]) for row in self.quiet)


@dataclass(frozen=True, slots=True)
class Resting:
    """What a version rests on."""

    scans: set[str]
    """Marks of the count's own scans, and of its recounts'."""
    facts: set[str]
    """Marks of the scans outside the count."""
    recounts: set[str]


def basis_of(connection: sa.Connection, site: str, number: str, version: int) -> Resting:
    """What a version rests on."""
    (head, *rows) = papers.rows_of(connection, site, "count_result", f"{number}/{version}")
    found = Resting(set(head["attributes"]["scans"]), set(), set(head["attributes"]["recounts"]))
    for row in rows:
        if still.is_packed(row):
            for unit in still.frozen(row):
                found.scans.add(unit.mark)
                found.facts.update(unit.facts)
        else:
            found.facts.update(row["attributes"]["facts"])
    return found


def spoken_of(connection: sa.Connection, site: str, number: str) -> set[tuple[str, str | None]] | None:
    """What the latest version has lines of, and where it belongs; None where the count was never closed."""
    version = papers.versions(connection, site, "count_result", number)
    if not version:
        return None
    found: set[tuple[str, str | None]] = set()
    for row in papers.rows_of(connection, site, "count_result", f"{number}/{version}")[1:]:
        if still.is_packed(row):
            found.update((unit.subject, unit.place) for unit in still.frozen(row))
        else:
            found.add((row["subject"], row["location"]))
    return found


def closed_by(connection: sa.Connection, site: str, number: str, version: int) -> str | None:
    """Who closed a version; None where nobody was named.

    Raises:
        CountError: there is no such version.
    """
    operator, _ = _closing(connection, _paper(connection, site, number, version).event)
    return operator


def _paper(connection: sa.Connection, site: str, number: str, version: int) -> sa.Row[Any]:
    d = documents.c
    query = sa.select(documents).where(
        d.site == site, d.kind == "count_result", d.number == f"{number}/{version}", d.event.isnot(None)
    )
    found = connection.execute(query).first()
    if found is None:
        raise CountError(f"Count {number} has no version {version}.")
    return found


def _closing(connection: sa.Connection, event: str) -> tuple[str | None, str | None]:
    """By whom, and with which note."""
    device_no, epoch, seq = parse_name(event)
    e = events.c
    query = sa.select(e.operator, e.reason).where(e.device_no == device_no, e.epoch == epoch, e.seq == seq)
    operator, note = connection.execute(query).one()
    return operator, note


def read_version(connection: sa.Connection, site: str, number: str, version: int) -> Version:
    """One frozen version of a count.

    Raises:
        CountError: there is no such version.
    """
    found = _paper(connection, site, number, version)
    operator, note = _closing(connection, found.event)
    (head, *rows) = papers.rows_in(connection, found.digest)
    return Version(
        number=number,
        version=version,
        digest=found.digest,
        intact=papers.check_digest(connection, found.digest),
        event=found.event,
        closed_ms=found.event_ms,
        closed_by=operator,
        note=note,
        head=head["attributes"],
        looked_at=[line_of(row["attributes"]) for row in rows if not still.is_packed(row)],
        quiet=[row for row in rows if still.is_packed(row)],
    )
