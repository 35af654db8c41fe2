"""Late scans: what a closed count rests on no longer says everything. They never change a version.

Each is one exception of the latest version until somebody takes it over: that makes the next version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import sqlalchemy as sa

from server import papers
from server.counts import reckoning, scans, still, versions
from server.counts.reckoning import Basis
from server.counts.report import Reckoned
from server.counts.still import Quiet
from server.ledger import FOLDED, fact_of, history
from server.tables import events
from server.undone import undos_of
from sync.event import format_name
from sync.history import Fact

RULE: Final = "late_scan"
"""What they are called among the cases."""


def late_scans(connection: sa.Connection, *, site: str, number: str, found: Reckoned | None = None) -> list[Fact]:
    """Scans that the latest version of a count does not rest on, though they speak of what it says; in their order.

    They are scans under the count's own number, and scans of its units that were made before their bins were finished:
    a handheld was away, a gap was filled, a line repaired. An undo of a scan that it rests on is one as well.
    A recount that was opened since says nothing here: of what moved between the two the version never spoke, and the
    next one rests on it. None where the count was never closed.

    Args:
        found: the report as it stands, where it is at hand.
    """
    version = papers.versions(connection, site, "count_result", number)
    if not version:
        return []
    said = versions.basis_of(connection, site, number, version)
    now: Reckoned | Basis | None = found
    if now is None or not said.recounts.issuperset(now.evidence.recounted.values()):
        now = reckoning.basis(connection, site=site, number=number, speaking=said.recounts)
    rests_on = said.scans | said.facts
    own = {papers.mark(s): s for s in now.evidence.own}
    own |= {papers.mark(s): s for s in now.evidence.standing if s.document in said.recounts}
    quiet = list(still.units_in(now.evidence.still.values()))
    late = scans.facts_of(connection, (s for mark, s in own.items() if mark not in rests_on))
    late += [f for mark, f in now.facts.items() if mark not in rests_on and mark not in own]
    late += _of_quiet(connection, site, quiet, rests_on)
    gone = said.scans - own.keys() - now.facts.keys() - {unit.mark for unit in quiet}
    late += _undos(connection, site, number, gone)
    each = {papers.mark(f): f for f in late}  # a copied queue's undo of its own scan names one of the count's as well
    return sorted(each.values(), key=lambda f: f.order)


def _of_quiet(connection: sa.Connection, site: str, quiet: Iterable[Quiet], rests_on: Collection[str]) -> list[Fact]:
    """The scans of quiet units that a version does not rest on."""
    late: set[str] = set()
    units: set[str] = set()
    for unit in quiet:
        strange = [mark for mark in (unit.mark, *unit.facts) if mark not in rests_on]
        if strange:
            late.update(strange)
            units.add(unit.subject)
    found = history(connection, site, units)
    return [fact for facts in found.values() for fact in facts if papers.mark(fact) in late]


def _undos(connection: sa.Connection, site: str, number: str, gone: set[str]) -> list[Fact]:
    """The undos of scans of this count, by the marks of those that stand no longer."""
    if not gone:
        return []
    here = (events.c.site == site) & events.c.outcome.in_(FOLDED)
    said = map(fact_of, connection.execute(sa.select(events).where(here, events.c.document == number)).mappings())
    names = {format_name(fact.name) for fact in said if papers.mark(fact) in gone}
    return [undo for undo in undos_of(connection, site, names) if undo.event.voids in names]
