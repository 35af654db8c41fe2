"""Promise 9, as a test can look at it: what closed counts rest on, and which scans came too late for them."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from server import papers
from server.counts.exceptions import waiting
from server.counts.late import late_scans
from server.counts.scans import scans_of
from server.counts.versions import basis_of
from server.database import reading
from server.tables import document_rows, documents
from tests.server.site import SITE


def frozen() -> dict[str, list[str]]:
    """Every version as it stands in the database; its digest has to fit."""
    with reading() as c:
        heads = c.execute(sa.select(documents).where(documents.c.kind == "count_result")).all()
        assert all(papers.check_digest(c, head.digest) for head in heads)
        query = sa.select(document_rows).order_by(document_rows.c.row)
        return {
            head.number: [repr(tuple(row)) for row in c.execute(query.where(document_rows.c.document == head.digest))]
            for head in heads
        }


def late_marks(number: str) -> Counter[str]:
    """The late scans of a count, each with how often it is an exception."""
    with reading() as c:
        return Counter(map(papers.mark, late_scans(c, site=SITE, number=number)))


def misplaced_exceptions(number: str) -> str | None:
    """Which late scan is in no exception, in two, or in what the version rests on; None where all is right."""
    late = late_marks(number)
    with reading() as c:
        stored = Counter(map(papers.mark, waiting(c, SITE, number)))
        version = papers.versions(c, SITE, "count_result", number)
        here = {papers.mark(f) for f in scans_of(c, SITE, number)}
        rests_on = basis_of(c, SITE, number, version).scans if version else None
    if rests_on is None:
        return f"{len(late)} late scans of a count that is open" if late else None
    if stored != late:
        return f"late, and no case: {late - stored}; a case, and not late: {stored - late}"
    if set(late.values()) - {1}:
        return f"twice: {[mark for mark, times in late.items() if times > 1]}"
    if late.keys() & rests_on:
        return f"late, and rested on: {late.keys() & rests_on}"
    if here - rests_on - late.keys():
        return f"neither late nor rested on: {here - rests_on - late.keys()}"
    return None
