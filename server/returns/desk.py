"""The returns desk's list: everything that came back and that nobody has decided about, with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.returns.facts import Judged, judge, since_back
from server.tables import cases, unit_states
from sync.because import Outcome
from sync.returning import why_of
from sync.unit import Status

LISTED_MAX: Final = 500
EXPORTED_MAX: Final = 100_000
STRANGE: Final = ("returned_unsold", "clone_returned")
"""Cases of things that came back and are no return by the records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One return that waits for a decision."""

    unit: str
    outcome: str
    because: tuple[str, ...]
    since_ms: int
    location: str | None
    document: str | None
    sold_on: str | None
    reason: str | None
    condition: str | None
    returns: int
    lot: str | None


def waiting(
    connection: sa.Connection, site: str, now_ms: int, *, outcome: str | None = None, limit: int = LISTED_MAX
) -> list[Waiting]:
    """What waits, the oldest first; `outcome` keeps one verdict's."""
    units = _in_hand(connection, site, limit if outcome is None else EXPORTED_MAX)
    kept: list[Waiting] = []
    for start in range(0, len(units), LISTED_MAX):  # the one that is asked for may be the last: it is looked for
        found = judge(connection, site, units[start : start + LISTED_MAX], now_ms)
        rows = [_waiting(unit, judged) for unit, judged in found.items()]
        kept += (row for row in rows if outcome in (None, row.outcome))
        if outcome is not None and len(kept) >= limit:
            break
    return sorted(kept, key=lambda row: (row.since_ms, row.unit))


def counts(rows: Iterable[Waiting]) -> dict[str, int]:
    """How many of each verdict, those of none too."""
    found = Counter(row.outcome for row in rows)
    return {outcome.value: found[outcome.value] for outcome in Outcome if outcome is not Outcome.CANNOT_TELL}


def _in_hand(connection: sa.Connection, site: str, limit: int) -> list[str]:
    t = unit_states.c
    # in the index's own words; what was lent, or replaced under warranty, waits too
    returned: sa.ColumnClause[str] = sa.literal_column(f"'{Status.RETURNED.value}'")
    back = sa.select(t.unit).where(t.site == site, t.status == returned)
    units = list(connection.execute(back.order_by(t.status_ms, t.unit).limit(limit)).scalars())
    c = cases.c
    odd = sa.select(c.unit).where(c.site == site, c.status == "open", c.rule.in_(STRANGE)).distinct()
    # sorted here, for SQLite would rather read every case of the site
    return units + sorted(connection.execute(odd).scalars())[:limit]


def _waiting(unit: str, judged: Judged) -> Waiting:
    state, back = judged.state, since_back(judged.facts.state, judged.trail)
    return Waiting(
        unit=unit,
        outcome=judged.verdict.outcome.value,
        because=tuple(why.value for why in judged.verdict.because),
        since_ms=back[0].event_ms if back else state.status_ms,
        location=judged.location,
        document=judged.facts.document,
        sold_on=state.sold_on or (state.document if state.status is Status.SHIPPED else None),
        reason=why_of(judged.looked),
        condition=judged.looked.condition,
        returns=state.returns,
        lot=state.lot,
    )
