"""Return loops: units that are sold, returned and sold again; and each product's return rate with these set apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.returns.came_back import Return, read_returns
from server.returns.published import LOOPS
from server.sales import DAY_MS, read_sales
from server.tables import unit_states
from sync.identity import is_stock

LISTED_MAX: Final = 200
RATES_DAYS: Final = 730
"""Returns are held against sales of the last two years: what sold before them says little of what sells now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitReturns:
    """One unit that came back."""

    unit: str
    item: str | None
    returns: int
    reasons: tuple[str, ...]
    """Each time's, the latest last."""
    status: str
    lot: str | None
    sold_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReturns:
    """One product's returns against its sales."""

    item: str
    sold: int
    """Sales: a unit that was sold three times counts three times."""
    returns: int
    units: int
    """Units that came back at least once."""
    loop_units: int
    """Units that came back `LOOPS` times or more; below their returns and sales."""
    loop_returns: int
    loop_sold: int
    reasons: Mapping[str, int]

    @property
    def rate(self) -> float | None:
        """Returns for each sale; None where nothing was sold by the records."""
        return self.returns / self.sold if self.sold else None

    @property
    def rate_without_loops(self) -> float | None:
        """The same without the units that go round, their sales left out too."""
        sold = self.sold - self.loop_sold
        return (self.returns - self.loop_returns) / sold if sold > 0 else None


def units(connection: sa.Connection, site: str, *, least: int = LOOPS, limit: int = LISTED_MAX) -> list[UnitReturns]:
    """Units that came back so often or more, the most often first."""
    t = unit_states.c
    query = (
        sa.select(t.unit, t.item, t.returns, t.returned_for, t.status, t.lot, t.sold_on)
        .where(t.site == site, t.returns > 0, t.returns >= least)
        .order_by(t.returns.desc(), t.unit)
        .limit(limit)
    )
    return [
        UnitReturns(
            unit=row.unit,
            item=row.item,
            returns=row.returns,
            reasons=tuple(row.returned_for),
            status=row.status,
            lot=row.lot,
            sold_on=row.sold_on,
        )
        for row in connection.execute(query)
    ]


def products(connection: sa.Connection, site: str, now_ms: int) -> list[ProductReturns]:
    """Every product that was sold or came back within `RATES_DAYS`, the one with most returns first."""
    since_ms = now_ms - RATES_DAYS * DAY_MS
    back: dict[str, list[Return]] = defaultdict(list)
    for one in read_returns(connection, site, since_ms=since_ms, until_ms=now_ms + 1):
        back[one.item].append(one)
    going_round = {one.subject for found in back.values() for one in found if one.time >= LOOPS}
    sold, sold_in_loops = Counter[str](), Counter[str]()
    for sale in read_sales(connection, site, since_ms=since_ms, until_ms=now_ms + 1):
        sold[sale.item] += sale.quantity
        sold_in_loops[sale.item] += sale.quantity if sale.subject in going_round else 0
    told = [_product(item, back[item], going_round, sold[item], sold_in_loops[item]) for item in {*back, *sold}]
    return sorted(told, key=lambda one: (-one.returns, one.item))


def _product(item: str, back: Iterable[Return], going_round: set[str], sold: int, in_loops: int) -> ProductReturns:
    reasons, units_, loop_returns = Counter[str](), set[str](), 0
    for one in back:
        reasons[one.reason] += one.quantity
        units_ |= set() if is_stock(one.subject) else {one.subject}
        loop_returns += one.quantity if one.subject in going_round else 0
    return ProductReturns(
        item=item,
        sold=sold,
        returns=reasons.total(),
        units=len(units_),
        loop_units=len(units_ & going_round),
        loop_returns=loop_returns,
        loop_sold=in_loops,
        reasons=reasons,
    )
