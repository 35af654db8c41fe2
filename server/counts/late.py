"""Late scans: what a closed count rests on no longer says everything. They never change a version.

Each is one exception of the latest version until somebody takes it over: that makes the next version.
"""

from __future__ import annotations

import sqlalchemy as sa

from server import papers
from server.counts import reports, scans
from server.counts.reports import CountReport
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import events
from sync.event import format_name
from sync.history import Fact


def late_scans(connection: sa.Connection, *, site: str, number: str, found: CountReport | None = None) -> list[Fact]:
    """Scans that the latest version of a count does not rest on, though they speak of what it says; in their order.

    They are scans under the count's own number, and scans of its units that were made before their bins were finished:
    a handheld was away, a gap was filled, a line repaired. An undo of a scan that it rests on is one as well.
    None where the count was never closed.

    Args:
        found: the report as it stands, where it is at hand.
    """
    version = papers.versions(connection, site, "count_result", number)
    if not version:
        return []
    now = found or reports.basis(connection, site=site, number=number)
    (head, *rows) = papers.rows_of(connection, site, "count_result", f"{number}/{version}")
    rests_on = {*head["attributes"]["scans"], *(mark for row in rows for mark in row["attributes"]["facts"])}
    taken = set(head["attributes"]["recounts"])
    own = {papers.mark(s): s for s in now.evidence.own}
    own |= {papers.mark(s): s for s in now.evidence.standing if s.document in taken}
    late = scans.facts_of(connection, (s for mark, s in own.items() if mark not in rests_on))
    late += [f for mark, f in now.facts.items() if mark not in rests_on and mark not in own]
    late += _undos(connection, site, number, set(head["attributes"]["scans"]) - own.keys() - now.facts.keys())
    return sorted(late, key=lambda f: f.order)


def _undos(connection: sa.Connection, site: str, number: str, gone: set[str]) -> list[Fact]:
    """The undos of scans of this count, by the marks of those that stand no longer."""
    if not gone:
        return []
    here = (events.c.site == site) & events.c.outcome.in_(FOLDED)
    said = map(fact_of, connection.execute(sa.select(events).where(here, events.c.document == number)).mappings())
    names = [format_name(fact.name) for fact in said if papers.mark(fact) in gone]
    undos: list[Fact] = []
    for chunk in in_chunks(names):
        undos += map(fact_of, connection.execute(sa.select(events).where(here, events.c.voids.in_(chunk))).mappings())
    return undos
