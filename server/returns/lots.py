"""Lots that came back defective: their siblings, where these are now, and when a recall is proposed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import taken_along
from server.ledger import in_chunks
from server.recalls import in_force
from server.returns import limits
from server.returns.published import failed_lots, items_back
from server.tables import unit_states
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
    bounds = limits.read(connection, site)
    recalled = _recalled(connection, site)
    found = []
    for item in items_back(connection, site):
        lots = failed_lots(connection, site, item)
        of_lot = _units(connection, site, item, lots)
        for lot, first in lots.items():
            rows = of_lot[lot]
            bad = sum(DEFECT in row["returned_for"] for row in rows)
            at = bounds.get(item, bounds[SITE_WIDE]).recall_at
            is_recalled = (item, lot) in recalled or (item, None) in recalled
            found.append(
                FailedLot(
                    item=item,
                    lot=lot,
                    first=first,
                    failed=bad,
                    siblings=Counter(row["status"] for row in rows if DEFECT not in row["returned_for"]),
                    recalled=is_recalled,
                    proposed=bad >= at and not is_recalled,
                )
            )
    return sorted(found, key=lambda one: (not one.proposed, -one.failed, one.item, one.lot))


def _units(connection: sa.Connection, site: str, item: str, lots: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
    """The units of each lot, as their cartons have them: what was shipped in one is at its customer."""
    t = unit_states.c
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for chunk in in_chunks(lots):
        query = sa.select(t.lot, t.returned_for, t.status, t.place, t.expected, t.place_ms, t.announced_by).where(
            t.site == site, t.item == item, t.lot.in_(chunk)
        )
        for row in taken_along.of_rows(connection, site, connection.execute(query).mappings()):
            found[row["lot"]].append(row)
    return found


def _recalled(connection: sa.Connection, site: str) -> set[tuple[str, str | None]]:
    """Products and lots that a recall in force reaches whole: not only what came in some delivery, or at some time."""
    narrowing = ("notices", "received_from_ms", "received_until_ms")
    standing = [row for row in in_force.rows(connection, site) if row.get("item")]
    standing = [row for row in standing if all(row.get(part) is None for part in narrowing)]
    return {(row["item"], lot) for row in standing for lot in row.get("lots") or [None]}
