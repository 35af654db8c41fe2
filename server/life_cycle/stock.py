"""What is for sale and how old it is: each unit since its receipt, and each lot of pieces with its expiry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sa

from server import inventory, taken_along
from server.ledger import FOLDED, in_chunks
from server.recalls import in_force
from server.tables import document_rows, documents, events, unit_states
from server.undone import read_undone_at
from sync.event import format_name
from sync.identity import item_of, lot_in, lot_key
from sync.recall import Reach, Recall, Traits
from sync.unit import IN_STOCK, Status

DAY_MS: Final = 86_400_000
FOR_SALE: Final = frozenset({Status.RECEIVED, Status.STORED})
"""What is picked has a customer already, and what came back is nobody's before it is released."""
BANDS: Final = ((30, "up to 30 days"), (60, "31 to 60"), (90, "61 to 90"), (180, "91 to 180"), (None, "older"))
"""Bounds of age in days, and what they are called."""
_AT_ONCE: Final = 1_000
_COLUMNS: Final = (
    "unit", "item", "status", "place", "place_ms", "expected", "announced_by", "stocked_ms", "expiry", "lot",
    "came_under", "held",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A unit, or the pieces of a lot or product, that are in stock."""

    subject: str
    item: str
    quantity: int
    since_ms: int | None
    """When it came in; None of pieces, and where nobody knows."""
    expiry: str | None
    lot: str | None
    came_under: str | None
    """The notice or order that it was received under."""
    for_sale: bool

    def age_days(self, now_ms: int) -> int | None:
        """Whole days since it came in."""
        return None if self.since_ms is None else max(0, (now_ms - self.since_ms) // DAY_MS)

    def days_left(self, now_ms: int) -> int | None:
        """Days on which it can still be sold, today among them; a use-by date is its last day (UTC)."""
        if self.expiry is None:
            return None
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        return (date.fromisoformat(self.expiry) - today).days + 1


def read_units(connection: sa.Connection, site: str, item: str | None = None) -> Iterator[Standing]:
    """Every unit in stock, as its container has it, by name."""
    u = unit_states.c
    recalls = in_force.predicates(connection, site)
    query = sa.select(*(u[name] for name in _COLUMNS)).where(u.site == site, u.item.isnot(None))
    query = query.where(u.status.in_([s.value for s in taken_along.TAKEN_ALONG])).order_by(u.unit)
    query = query if item is None else query.where(u.item == item)
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as rows:
        for some in rows.mappings().partitions(_AT_ONCE):
            for row in taken_along.of_rows(connection, site, some):
                if row["status"] in IN_STOCK:
                    yield _standing(row, recalls)


def _standing(row: Mapping[str, Any], recalls: Iterable[Recall]) -> Standing:
    since_ms = row["stocked_ms"] or (row["place_ms"] if row["announced_by"] else None) or None
    traits = Traits(
        key=row["unit"],
        item=row["item"],
        lot=row["lot"],
        notice=row["came_under"] or row["announced_by"],
        received=(since_ms, since_ms) if since_ms else None,
    )
    stopped = row["held"] is not None or any(recall.reach(traits) is not Reach.NO for recall in recalls)
    return Standing(
        subject=row["unit"],
        item=row["item"],
        quantity=1,
        since_ms=since_ms,
        expiry=row["expiry"] if _is_day(row["expiry"]) else None,
        lot=row["lot"],
        came_under=row["came_under"] or row["announced_by"],
        for_sale=row["status"] in FOR_SALE and not stopped,
    )


def read_pieces(connection: sa.Connection, site: str, item: str | None = None) -> list[Standing]:
    """What there is of each product or lot without units, all places together, by name."""
    recalls = in_force.predicates(connection, site)
    here: Counter[str] = Counter()
    for level in inventory.levels(connection, site, item=item):
        here[level["subject"]] += level["quantity"]
    expiries = read_expiries(connection, site, here)
    found = []
    for subject in sorted(here):
        of, lot = item_of(subject) or subject, lot_in(subject)
        stopped = any(recall.reach(Traits(key=subject, item=of, lot=lot)) is not Reach.NO for recall in recalls)
        if here[subject] > 0:
            found.append(
                Standing(
                    subject=subject,
                    item=of,
                    quantity=here[subject],
                    since_ms=None,
                    expiry=expiries.get(subject),
                    lot=lot,
                    came_under=None,
                    for_sale=not stopped,
                )
            )
    return found


def read_expiries(connection: sa.Connection, site: str, lots: Iterable[str]) -> dict[str, str]:
    """The expiry of each of these lots, by the latest word of a document or a scan."""
    found: dict[str, tuple[int, str]] = {}
    undone = read_undone_at(connection, site)
    t, e = document_rows.c, events.c
    for keys in in_chunks(lots):
        stated = (
            sa.select(t.subject, t.expiry, documents.c.event_ms)
            .join(documents, documents.c.digest == t.document)
            .where(t.site == site, t.subject.in_(keys), t.expiry.isnot(None), documents.c.event.isnot(None))
        )
        scanned = sa.select(e.device_no, e.epoch, e.seq, e.subject, e.expiry, e.event_ms).where(
            e.site == site, e.subject.in_(keys), e.expiry.isnot(None), e.outcome.in_(FOLDED)
        )
        scans = {format_name((row[0], row[1], row[2])): row[3:] for row in connection.execute(scanned)}
        said = [*connection.execute(stated), *(row for name, row in scans.items() if name not in undone)]
        for subject, expiry, at_ms in said:
            if _is_day(expiry):
                found[subject] = max(found.get(subject, (0, "")), (at_ms, expiry))
    return {subject: expiry for subject, (_, expiry) in found.items()}


def _is_day(expiry: str | None) -> bool:
    """Whether it is a date: a scan's own word may be anything, and is kept as it came."""
    try:
        return expiry is not None and bool(date.fromisoformat(expiry))
    except ValueError:
        return False


def lot_of(standing: Standing) -> str:
    """The lot that a unit belongs to, or what stands for it: the same name for all that expires together."""
    return lot_key(standing.item, standing.lot) if standing.lot else f"{standing.item} {standing.expiry}"


def band_of(age_days: int | None) -> str:
    """The band that an age falls into."""
    if age_days is None:
        return "unknown"
    return next(text for bound, text in BANDS if bound is None or age_days <= bound)
