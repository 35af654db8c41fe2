"""The frozen versions of a count, to be read and audited: the document, its digest, who closed it and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import papers
from server.counts.compare import Line, ReportLine
from server.counts.plan import CountError
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
    lines: Sequence[Mapping[str, Any]]

    @property
    def report_lines(self) -> list[ReportLine]:
        """The lines as a report has them."""
        return [ReportLine(**{**line, "kind": Line(line["kind"])}) for line in self.lines]


def read_version(connection: sa.Connection, site: str, number: str, version: int) -> Version:
    """One frozen version of a count.

    Raises:
        CountError: there is no such version.
    """
    d = documents.c
    query = sa.select(documents).where(
        d.site == site, d.kind == "count_result", d.number == f"{number}/{version}", d.event.isnot(None)
    )
    found = connection.execute(query).first()
    if found is None:
        raise CountError(f"Count {number} has no version {version}.")
    device_no, epoch, seq = parse_name(found.event)
    closing = connection.execute(
        sa.select(events.c.operator, events.c.reason).where(
            events.c.device_no == device_no, events.c.epoch == epoch, events.c.seq == seq
        )
    ).one()
    (head, *rows) = papers.rows_in(connection, found.digest)
    return Version(
        number=number,
        version=version,
        digest=found.digest,
        intact=papers.check_digest(connection, found.digest),
        event=found.event,
        closed_ms=found.event_ms,
        closed_by=closing.operator,
        note=closing.reason,
        head=head["attributes"],
        lines=[row["attributes"] for row in rows],
    )
