"""Late scans: what a closed count rests on no longer says everything. They never change a version.

Each is one exception of the latest version until somebody takes it over: that makes the next version.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.counts import cycle, paper
from server.counts.cycle import CountReport
from sync.history import Fact


def late_scans(connection: sa.Connection, *, site: str, number: str, found: CountReport | None = None) -> list[Fact]:
    """Scans that the latest version of a count does not rest on, though they speak of what it says; in their order.

    They are scans under the count's own number, and scans of its units that were made before their bins were finished:
    a handheld was away, a gap was filled, a line repaired. None where the count was never closed.

    Args:
        found: the report as it stands, where it is at hand.
    """
    version = paper.versions(connection, site, "count_result", number)
    if not version:
        return []
    now = found or cycle.report(connection, site=site, number=number)
    (head, *rows) = paper.rows_of(connection, site, "count_result", f"{number}/{version}")
    rests_on = {*head["attributes"]["scans"], *(mark for row in rows for mark in row["attributes"]["facts"])}
    taken = set(head["attributes"]["recounts"])
    known = {paper.mark(f): f for f in now.evidence.own} | dict(now.facts)
    known |= {paper.mark(f): f for f in now.evidence.standing if f.event.document in taken}
    return sorted((f for mark, f in known.items() if mark not in rests_on), key=lambda f: f.order)
