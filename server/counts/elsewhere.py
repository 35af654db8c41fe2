"""What other counts say of the same products, so that pieces missing here and over there make one move."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import sqlalchemy as sa

from server import papers
from server.counts import moves, pieces, plan, scans
from server.counts.compare import Line, ReportLine, compare
from server.counts.moves import Difference, Move
from server.counts.plan import Plan
from server.tables import document_rows, documents
from sync.identity import is_stock

WINDOW_MS: Final = 30 * 86_400_000
"""Counts opened so long before or after: what was over a year ago explains nothing today."""
COUNTS_MAX: Final = 50


def moves_of_pieces(
    connection: sa.Connection, site: str, planned: Plan, family: Collection[str], lines: Iterable[ReportLine]
) -> list[Move]:
    """The moves of pieces within a count, and between it and the counts around it."""
    own = moves.differences(lines)
    if not own:
        return []
    subjects = {difference.subject for difference in own}
    numbers = _around(connection, site, planned, family)
    others = [_differences(connection, site, number, subjects) for number in numbers]
    return moves.across(own, others)


def _around(connection: sa.Connection, site: str, planned: Plan, family: Collection[str]) -> list[str]:
    """Counts opened around the same time. Recounts are none: the count that they are of speaks for them."""
    t, head = documents.c, document_rows.c
    query = (
        sa.select(t.number)
        .join(document_rows, sa.and_(head.document == t.digest, head.row == 1))
        .where(t.site == site, t.kind == "count", t.number.notin_(family))
        .where(t.event_ms.between(planned.opened_ms - WINDOW_MS, planned.opened_ms + WINDOW_MS))
        .where(head.attributes["of"].as_string().is_(None))
        .order_by(t.event_ms, t.number)
        .limit(COUNTS_MAX)
    )
    return list(connection.execute(query).scalars())


def _differences(connection: sa.Connection, site: str, number: str, subjects: set[str]) -> list[Difference]:
    """Another count's differences of these products: as it was closed, or as it stands."""
    version = papers.versions(connection, site, "count_result", number)
    if version:
        (_, *rows) = papers.rows_of(connection, site, "count_result", f"{number}/{version}")
        said = [row["attributes"] for row in rows if row["subject"] in subjects and is_stock(row["subject"])]
        lines = [ReportLine(**(row | {"kind": Line(row["kind"])})) for row in said]
    else:
        other = plan.read(connection, site, number)
        evidence = scans.gather(connection, site, other, plan.recounts(connection, site, number))
        finished = {place: i for place, i in evidence.intervals.items() if i.finished}
        counted = [s for s in evidence.standing if s.action == "count" and s.subject in subjects]
        quantities, _ = pieces.pieces_of(connection, site, evidence.family, finished, counted, only=subjects)
        lines = compare([], [], quantities)
    return moves.differences(lines, number)
