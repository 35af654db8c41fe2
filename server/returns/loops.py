"""Return loops: units that are sold, returned and sold again; and each product's return rate with these set apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.returns.published import LOOPS
from server.sales import read_sales
from server.tables import unit_states

LISTED_MAX = 200


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
    """Every product that was sold or came back, the one with most returns first."""
    back: dict[str, list[Any]] = defaultdict(list)
    t = unit_states.c
    query = sa.select(t.item, t.unit, t.returns, t.returned_for).where(t.site == site, t.returns > 0)
    for row in connection.execute(query):
        back[row.item or ""].append(row)
    going_round = {row.unit for rows in back.values() for row in rows if row.returns >= LOOPS}
    sold, sold_in_loops = Counter[str](), Counter[str]()
    for sale in read_sales(connection, site, since_ms=0, until_ms=now_ms + 1):
        sold[sale.item] += sale.quantity
        sold_in_loops[sale.item] += sale.quantity if sale.subject in going_round else 0
    found = [_product(item, back.get(item, ()), sold[item], sold_in_loops[item]) for item in {*back, *sold} - {""}]
    return sorted(found, key=lambda one: (-one.returns, one.item))


def _product(item: str, rows: Iterable[Any], sold: int, in_loops: int) -> ProductReturns:
    units_ = list(rows)
    loops = [row for row in units_ if row.returns >= LOOPS]
    return ProductReturns(
        item=item,
        sold=sold,
        returns=sum(row.returns for row in units_),
        units=len(units_),
        loop_units=len(loops),
        loop_returns=sum(row.returns for row in loops),
        loop_sold=in_loops,
        reasons=Counter(why for row in units_ for why in row.returned_for),
    )
