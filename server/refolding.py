"""Fold everything of a site again from the ledger, some subjects at a time, while the server serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from server import bin_cases, papers, piece_cases, told_anew
from server.counts import exceptions
from server.database import stamp, writing
from server.orders import surplus
from server.rebuild import rebuild
from server.setup import FOLD_VERSION
from server.stolen.report import tell_anew
from server.tables import (
    cases,
    document_rows,
    documents,
    events,
    identifier_claims,
    server_state,
    stock_levels,
    unit_states,
)

SUBJECTS_AT_ONCE: Final = 200
Progress = Callable[[int], None]
"""Called with the number of subjects done."""


def subjects(connection: sa.Connection, site: str, after: str) -> list[str]:
    """The next names, in order, that the ledger or a folded row speaks of."""
    counting = sa.select(documents.c.digest).where(documents.c.event.isnot(None))
    sources = [
        sa.select(events.c.subject.label("s")).where(events.c.site == site, events.c.subject > after),
        sa.select(events.c.location).where(
            events.c.site == site, events.c.subject.is_(None), events.c.location > after
        ),
        sa.select(document_rows.c.subject).where(
            document_rows.c.site == site,
            document_rows.c.subject > after,
            document_rows.c.stated,
            document_rows.c.document.in_(counting),
        ),
        sa.select(unit_states.c.unit).where(unit_states.c.site == site, unit_states.c.unit > after),
        sa.select(stock_levels.c.subject).where(stock_levels.c.site == site, stock_levels.c.subject > after),
        sa.select(cases.c.unit).where(cases.c.site == site, cases.c.unit > after),
        sa.select(identifier_claims.c.unit).where(identifier_claims.c.site == site, identifier_claims.c.unit > after),
    ]
    # each source is cut off by itself, so that its index gives the next names without a sort of everything
    cut = [sa.select(s.distinct().order_by(sa.literal_column("1")).limit(SUBJECTS_AT_ONCE).subquery()) for s in sources]
    named = sa.union(*cut).order_by(sa.literal_column("1")).limit(SUBJECTS_AT_ONCE)
    return list(connection.execute(named).scalars())


def rebuild_all(site: str, progress: Progress) -> int:
    """Fold every unit, container, item and lot of a site anew, some at a time; returns how many."""
    done, after = 0, ""
    while True:
        with writing() as connection:
            names = subjects(connection, site, after)
            if names:
                rebuild(connection, site, names, stamp(connection))
            else:
                surplus.refold(connection, site, surplus.suspects(connection, site), stamp(connection))
                bin_cases.rebuild(connection, site, bin_cases.strange(connection, site), stamp(connection))
                tell_anew(connection, site, stamp(connection))
                for part in told_anew.parts(connection, site):
                    part.tell(connection, site, stamp(connection))
                for number in piece_cases.numbers(connection, site):  # these and the next come last, as in `effects`
                    piece_cases.refold(connection, site, number, stamp(connection))
                for number in papers.closed_counts(connection, site):
                    exceptions.refold(connection, site, number, stamp(connection))
                connection.execute(server_state.update().values(fold_version=FOLD_VERSION))
        if not names:
            return done
        done, after = done + len(names), names[-1]
        progress(done)
