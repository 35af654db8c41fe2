"""Pieces that were scanned after their receipt was closed, or by a handheld that was away then."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from server import papers
from server.counts.plan import CountError
from server.receipts import evidence, notice
from server.receipts.lines import piece_lines
from sync.event import format_name
from sync.history import Fact


def explained(connection: sa.Connection, site: str, number: str, rests_on: Collection[str]) -> dict[str, Fact]:
    """The products and lots of which by now all is here that was announced, each with the scan that completed it.

    Where a carton's label alone says so, that is the latest scan under the notice.

    Args:
        rests_on: marks of the scans that the receipt's latest version rests on.
    """
    try:
        due = notice.read(connection, site, number)
    except CountError:
        return {}
    came = evidence.read(connection, site, due, None)
    late = [fact for fact in came.scans if papers.mark(fact) not in rests_on]
    lines, _ = piece_lines(due, came) if late else ((), ())
    found = {}
    for line in lines:
        if line.quantity >= line.expected_quantity:
            own = [fact for fact in late if format_name(fact.name) in line.events]
            found[line.subject] = (own or late)[-1]
    return found
