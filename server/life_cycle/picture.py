"""Everything about time and price of a site at one moment: stages, ages, what spoils, which price should change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import costs, prices
from server.life_cycle import price_list, rules, stage
from server.life_cycle.markdown import Candidate, Sold, Suggestion, suggest, suggest_rise
from server.life_cycle.price_list import Offered
from server.life_cycle.rules import Rules
from server.life_cycle.spoil import Lot, Outlook, outlook
from server.life_cycle.stage import QUARTER, TWO_YEARS, Finding, Stage
from server.life_cycle.stock import BANDS, DAY_MS, Standing, band_of, lot_of, read_pieces, read_units
from server.prices import Price
from server.sales import Sale, read_sales
from server.tables import reference
from sync.identity import is_stock

WEEK_MS: Final = 7 * DAY_MS
WEEKS: Final = TWO_YEARS + QUARTER
"""So far back sales are read: two years tell a season from a decline, and what sold once in the quarter before them
has been sold for so long."""
PACE_DAYS: Final = 28
"""The pace of sales is that of so many days: four whole weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLife:
    """One product."""

    item: str
    name: str
    mode: str
    price: Price | None
    cost: Price | None
    weeks: Sequence[int]
    """Pieces sold in each whole week since the first sale, oldest first; the last one ends at this moment."""
    finding: Finding
    standing: Sequence[Standing]
    pace: float
    """Pieces sold a day."""
    outlooks: Sequence[Outlook]
    own_costs: Mapping[str, Price]
    """What one piece of each unit and lot in `standing` cost, as far as that is known."""

    @property
    def on_hand(self) -> int:
        return sum(one.quantity for one in self.standing)

    @property
    def cover_days(self) -> float | None:
        """So long the stock lasts at this pace."""
        return self.on_hand / self.pace if self.pace > 0 else None

    @property
    def spoils(self) -> float:
        """Pieces that will expire before they sell, those that have expired left out."""
        return sum(one.spoils for one in self.outlooks if one.lot.days_left > 0)

    @property
    def expired(self) -> int:
        return sum(one.lot.quantity for one in self.outlooks if one.lot.days_left <= 0)

    def worth(self, one: Standing) -> Price | None:
        """What one piece of this cost, or the product's price where no cost is known."""
        return self.own_costs.get(one.subject) or self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A site at one moment."""

    now_ms: int
    products: Mapping[str, ProductLife]
    half_sigma: float
    rules: Rules
    offered: Mapping[str, Offered]

    def costs(self) -> dict[Stage, tuple[int, int]]:
        """Each stage: pieces, and what they cost, as `ages` has it."""
        found = dict.fromkeys(Stage, (0, 0))
        for product in self.products.values():
            pieces, value = found[product.finding.stage]
            worth = sum(self._worth(product, one) for one in product.standing)
            found[product.finding.stage] = (pieces + product.on_hand, value + worth)
        return found

    def _worth(self, product: ProductLife, one: Standing) -> int:
        """What all of this is worth in the currency that most products have."""
        worth = product.worth(one)
        return one.quantity * worth.minor if worth and worth.currency == self.currency else 0

    def ages(self) -> dict[str, tuple[int, int]]:
        """Each band of age: units, and what they cost in the currency that most products have."""
        units: Counter[str] = Counter()
        value: Counter[str] = Counter()
        for product in self.products.values():
            for one in product.standing:
                if not is_stock(one.subject):
                    band = band_of(one.age_days(self.now_ms))
                    units[band] += 1
                    value[band] += self._worth(product, one)
        names = [text for _, text in BANDS] + (["unknown"] if units["unknown"] else [])
        return {name: (units[name], value[name]) for name in names}

    @property
    def currency(self) -> str:
        """The currency that most products are priced in."""
        found = Counter(product.price.currency for product in self.products.values() if product.price)
        return found.most_common(1)[0][0] if found else ""

    def sold(self, product: ProductLife, subject: str | None = None) -> Sold | None:
        """What the rules are told of a product, or of one unit or lot of it; None where it has no price."""
        if product.price is None or not product.price.minor:
            return None
        cost = product.own_costs.get(subject or "") or product.cost
        known = cost.minor if cost is not None and cost.currency == product.price.currency else None
        return Sold(
            price=product.price.minor,
            floor=self.rules.floor(product.item, product.price.minor, known),
            stage=product.finding.stage,
            cover_days=product.cover_days,
        )

    def suggestions(self) -> list[Suggestion]:
        """Every price that should be another, by product, mark-downs first."""
        found: list[Suggestion] = []
        for product in sorted(self.products.values(), key=lambda product: product.name.casefold()):
            sold = self.sold(product)
            if sold is None:
                continue
            for standing in product.standing:
                own = self.sold(product, standing.subject) or sold
                one = suggest(self._candidate(standing), own, self.rules.rules, self._offered(standing.subject))
                found += [one] if one is not None and standing.for_sale else []
            rise = suggest_rise(product.item, product.on_hand, sold, self.rules.rules, self._offered(product.item))
            found += [rise] if rise is not None else []
        return found

    def _candidate(self, standing: Standing) -> Candidate:
        return Candidate(
            subject=standing.subject,
            item=standing.item,
            quantity=standing.quantity,
            age_days=standing.age_days(self.now_ms),
            days_left=standing.days_left(self.now_ms),
        )

    def _offered(self, subject: str) -> int | None:
        offered = self.offered.get(subject)
        return None if offered is None else offered.price


def read(connection: sa.Connection, site: str, now_ms: int) -> Picture:
    """How things stand at this moment."""
    names = _products(connection, site)
    known = dict(prices.read(connection, site, names))
    cost = costs.read(connection, site, names, now_ms)
    sales = read_sales(connection, site, since_ms=now_ms - WEEKS * WEEK_MS, until_ms=now_ms)
    weeks, pace = by_week(sales, now_ms), _pace(sales, now_ms)
    half_sigma = stage.threshold(weeks.values())
    standing: dict[str, list[Standing]] = defaultdict(list)
    for one in (*read_units(connection, site), *read_pieces(connection, site)):
        standing[one.item].append(one)
    own = costs.read(connection, site, (one.subject for all_of in standing.values() for one in all_of), now_ms)
    products = {
        item: ProductLife(
            item=item,
            name=name,
            mode=mode,
            price=known.get(item),
            cost=cost.get(item),
            weeks=weeks.get(item, ()),
            finding=stage.find(weeks.get(item, ()), half_sigma),
            standing=standing.get(item, ()),
            pace=pace.get(item, 0.0),
            own_costs=own,
            outlooks=outlook(lots_of(standing.get(item, ()), now_ms), pace.get(item, 0.0)),
        )
        for item, (name, mode) in names.items()
    }
    return Picture(
        now_ms=now_ms,
        products=products,
        half_sigma=half_sigma,
        rules=rules.read(connection, site),
        offered={one.subject: one for one in price_list.in_force(connection, site, now_ms)},
    )


def _products(connection: sa.Connection, site: str) -> dict[str, tuple[str, str]]:
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "item", t.row.isnot(None)).order_by(t.key)
    return {
        row.key: (row.row.get("name") or row.row.get("sku") or row.key, row.row.get("mode") or "serial")
        for row in connection.execute(query)
    }


def by_week(sales: Iterable[Sale], now_ms: int) -> dict[str, list[int]]:
    """Pieces sold of each product in each whole week since its first sale; the last week ends now."""
    counted: dict[str, Counter[int]] = defaultdict(Counter)
    first_ms: dict[str, int] = {}
    for sale in sales:
        counted[sale.item][(now_ms - 1 - sale.at_ms) // WEEK_MS] += sale.quantity
        first_ms.setdefault(sale.item, sale.at_ms)
    whole = {item: (now_ms - since) // WEEK_MS for item, since in first_ms.items()}
    return {item: [counted[item][ago] for ago in range(whole[item] - 1, -1, -1)] for item in counted}


def _pace(sales: Iterable[Sale], now_ms: int) -> dict[str, float]:
    """Pieces sold a day in the last `PACE_DAYS`."""
    sold: Counter[str] = Counter()
    for sale in sales:
        sold[sale.item] += sale.quantity if sale.at_ms >= now_ms - PACE_DAYS * DAY_MS else 0
    return {item: number / PACE_DAYS for item, number in sold.items()}


def lots_of(standing: Iterable[Standing], now_ms: int) -> list[Lot]:
    """What expires, lot by lot; units of one lot together."""
    quantity: Counter[str] = Counter()
    one_of: dict[str, Standing] = {}
    for one in standing:
        if one.expiry is not None:
            quantity[lot_of(one)] += one.quantity
            one_of[lot_of(one)] = one
    return [
        Lot(
            subject=key if " " not in key else one.item,
            lot=one.lot,
            expiry=one.expiry or "",
            days_left=one.days_left(now_ms) or 0,
            quantity=quantity[key],
        )
        for key, one in one_of.items()
    ]
