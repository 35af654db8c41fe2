"""The adviser's word on each product: what is known of it, put to the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from server import costs, prices
from server.adviser import records, settings
from server.adviser.assumptions import ASSUMPTIONS, Figure
from server.adviser.model import Advice, Product, advise
from server.adviser.presets import PRESETS
from server.adviser.records import Records
from server.adviser.settings import Settings
from server.prices import Price
from server.tables import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One product, with the advice or why there is none."""

    key: str
    name: str
    mode: str
    preset: str
    advice: Advice | None
    why_not: str | None = None
    """A sentence."""

    @property
    def differs(self) -> bool:
        """Whether it is tracked otherwise than is advised."""
        return self.advice is not None and self.mode != self.advice.recommended


def read_all(connection: sa.Connection, site: str, now_ms: int) -> list[Told]:
    """Every product by name."""
    return _read(connection, site, now_ms, None)


def read_one(connection: sa.Connection, site: str, now_ms: int, item: str) -> Told:
    """One product.

    Raises:
        LookupError: it is not known.
    """
    found = _read(connection, site, now_ms, item)
    if not found:
        raise LookupError(f"There is no product {item!r:.200} here.")
    return found[0]


def _read(connection: sa.Connection, site: str, now_ms: int, item: str | None) -> list[Told]:
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "item", t.row.isnot(None))
    rows = connection.execute(query if item is None else query.where(t.key == item)).all()
    if not rows:
        return []
    known = _Known(
        records=records.read(connection, site, now_ms),
        settings=settings.read(connection, site),
        prices=dict(prices.read(connection, site, (row.key for row in rows))),
        costs=dict(costs.read(connection, site, (row.key for row in rows), now_ms)),
        now_ms=now_ms,
    )
    told = (known.tell(row.key, row.row) for row in rows)
    return sorted(told, key=lambda one: (one.name.casefold(), one.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    records: Records
    settings: Settings
    prices: dict[str, Price]
    costs: dict[str, Price]
    now_ms: int

    def tell(self, key: str, row: dict[str, str]) -> Told:
        """What is advised for a product of reference data."""
        name, mode = row.get("name") or row.get("sku") or key, row.get("mode") or "serial"
        preset, price = self.settings.preset_of(key), self.prices.get(key)
        told = Told(key=key, name=name, mode=mode, preset=preset, advice=None)
        if mode == "made_to_order":
            return _without(told, "It is made to order: each is bound to its order and has a name of its own anyway.")
        if price is None or not price.minor:
            return _without(told, "Its price is not known: import the product list with prices.")
        own = self.records.rates(key)
        figures = self.settings.figures_for(preset, price.currency, key, own)
        lacking = [name for name in ASSUMPTIONS if name not in figures]
        if lacking:
            return _without(told, f"What {_words(lacking)} cost in {price.currency} is not known: say so first.")
        cost = self.costs.get(key)
        same = cost is not None and cost.currency == price.currency
        product = Product(
            key=key,
            name=name,
            mode=mode,
            currency=price.currency,
            price=price.whole,
            cost=Figure(value=cost.whole, source="product list", own=True) if cost and same else None,
            units_month=self.records.units_month(key, self.now_ms),
            units_order=self.records.units_order(key),
            on_hand=max(0, self.records.here[key]),
        )
        advice = advise(product, PRESETS[preset], figures, self.settings.markets)
        return Told(key=key, name=name, mode=mode, preset=preset, advice=advice)


def _without(told: Told, why: str) -> Told:
    return Told(key=told.key, name=told.name, mode=told.mode, preset=told.preset, advice=None, why_not=why)


def _words(names: Iterable[str]) -> str:
    return " and ".join({"label": "labels", "wage": "an hour's work"}.get(name, name) for name in names)
