"""What the shop's own records say of each product, where they say enough."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from server.adviser.assumptions import Figure
from server.inventory import on_hand
from server.returns.came_back import read_returns
from server.sales import DAY_MS, read_sales
from server.tables import stock_levels, unit_states
from sync.identity import item_of, lot_in
from sync.returning import DEFECT
from sync.unit import Status

WINDOW_DAYS: Final = 365
DAYS_MIN: Final = 30
"""A product that is sold since last week is counted as if it had been since a month ago."""
MONTH_DAYS: Final = 365 / 12
UNITS_MIN: Final = 100
"""Below so many, a rate of our own would be chance: 2 of 20 that came back may as well be 1 of 50."""


@dataclass(slots=True)
class Records:
    """Counts by product, of the last `WINDOW_DAYS`."""

    sold: Counter[str] = field(default_factory=Counter)
    first_ms: dict[str, int] = field(default_factory=dict)
    orders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    back: Counter[str] = field(default_factory=Counter)
    defective: Counter[str] = field(default_factory=Counter)
    """Of what came back, by the customer's word."""
    missing: Counter[str] = field(default_factory=Counter)
    here: Counter[str] = field(default_factory=Counter)
    lots: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Of each product, whenever they came."""

    def units_month(self, item: str, now_ms: int) -> Figure:
        """Sold a month; of what never sold, what is in stock over a year."""
        sold = self.sold[item]
        if not sold:
            return Figure(value=max(0, self.here[item]) / 12, source="nothing sold yet: what is in stock, over a year")
        days = max(DAYS_MIN, (now_ms - self.first_ms[item]) / DAY_MS)
        return Figure(value=sold / days * MONTH_DAYS, source=f"records: {sold:,} sold in {days:.0f} days", own=True)

    def units_order(self, item: str) -> Figure:
        """Pieces of it in one order."""
        orders = len(self.orders[item])
        if not orders:
            return Figure(value=1, source="assumption: one an order")
        sold = self.sold[item]
        return Figure(value=max(1, sold / orders), source=f"records: {sold:,} in {orders:,} orders", own=True)

    def rates(self, item: str) -> Mapping[str, Figure]:
        """Assumptions that the records replace."""
        found = {}
        sold, gone, lots = self.sold[item], self.missing[item], len(self.lots[item])
        if lots:
            found["has_lot"] = Figure(value=1, source=f"records: {lots:,} of its lots are known", own=True)
        if sold >= UNITS_MIN:
            found["return_rate"] = _rate(self.back[item], sold, f"of {sold:,} sold came back")
            found["defect_rate"] = _rate(self.defective[item], sold, f"of {sold:,} sold came back as defective")
        handled = sold + gone + max(0, self.here[item])
        if handled >= UNITS_MIN and gone:
            found["shrink_rate"] = _rate(gone, handled, f"of {handled:,} were written off as missing")
        return found


def _rate(part: int, of: int, text: str) -> Figure:
    return Figure(value=min(100.0, round(100 * part / of, 3)), source=f"records: {part:,} {text}", own=True)


def read(connection: sa.Connection, site: str, now_ms: int) -> Records:
    """Count everything that is known of every product."""
    since_ms = now_ms - WINDOW_DAYS * DAY_MS
    found = Records(here=on_hand(connection, site))
    for sale in read_sales(connection, site, since_ms=since_ms, until_ms=now_ms):
        found.sold[sale.item] += sale.quantity
        found.first_ms.setdefault(sale.item, sale.at_ms)
        if sale.order:
            found.orders[sale.item].add(sale.order)
    for back in read_returns(connection, site, since_ms=since_ms, until_ms=now_ms):
        found.back[back.item] += back.quantity
        found.defective[back.item] += back.quantity if back.reason == DEFECT else 0
    u = unit_states.c
    missing = (
        sa.select(u.item, sa.func.count())
        .where(u.site == site, u.status == Status.MISSING.value, u.status_ms >= since_ms, u.item.isnot(None))
        .group_by(u.item)
    )
    found.missing.update(dict(connection.execute(missing).all()))
    _read_lots(connection, site, found)
    return found


def _read_lots(connection: sa.Connection, site: str, found: Records) -> None:
    u, s = unit_states.c, stock_levels.c
    on_units = sa.select(u.item, u.lot).distinct().where(u.site == site, u.item.isnot(None), u.lot.isnot(None))
    for item, lot in connection.execute(on_units):
        found.lots[item].add(lot)
    for subject in connection.execute(sa.select(s.subject).distinct().where(s.site == site)).scalars():
        if (lot := lot_in(subject)) and (item := item_of(subject)):
            found.lots[item].add(lot)
