"""Lots that came back defective: their siblings, where these are now, and when a recall is proposed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from server.returns import limits
from server.returns.published import failed_lots
from server.tables import reference, unit_states
from sync.returning import DEFECT, SITE_WIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLot:
    """One lot of which a unit came back defective."""

    item: str
    lot: str
    first: str
    """The unit that failed first."""
    failed: int
    siblings: Mapping[str, int]
    """How many other units of it stand where, by status."""
    recalled: bool
    proposed: bool
    """Whether so many failed that a recall is proposed, and none is in force."""


def failed(connection: sa.Connection, site: str) -> list[FailedLot]:
    """Every lot that failed, the worst first."""
    t = unit_states.c
    items = connection.execute(
        sa.select(t.item).distinct().where(t.site == site, t.returns > 0, t.item.isnot(None))
    ).scalars()
    bounds = limits.read(connection, site)
    recalled = _recalled(connection, site)
    found = []
    for item in items:
        for lot, first in failed_lots(connection, site, item).items():
            rows = connection.execute(
                sa.select(t.status, t.returned_for).where(t.site == site, t.item == item, t.lot == lot)
            ).all()
            bad = sum(DEFECT in row.returned_for for row in rows)
            at = bounds.get(item, bounds[SITE_WIDE]).recall_at
            is_recalled = (item, lot) in recalled or (item, None) in recalled
            found.append(
                FailedLot(
                    item=item,
                    lot=lot,
                    first=first,
                    failed=bad,
                    siblings=Counter(row.status for row in rows if DEFECT not in row.returned_for),
                    recalled=is_recalled,
                    proposed=bad >= at and not is_recalled,
                )
            )
    return sorted(found, key=lambda one: (not one.proposed, -one.failed, one.item, one.lot))


def _recalled(connection: sa.Connection, site: str) -> set[tuple[str, str | None]]:
    """Products and lots that a recall in force names."""
    t = reference.c
    rows = connection.execute(sa.select(t.row).where(t.site == site, t.kind == "recall", t.row.isnot(None))).scalars()
    standing = [row for row in rows if row.get("until_ms") is None and row.get("item") and not row.get("drill")]
    return {(row["item"], lot) for row in standing for lot in row.get("lots") or [None]}
