"""The owner's picture: what a floor rests on, and when a season is no longer an excuse."""

from __future__ import annotations

import pytest

from server.life_cycle import picture, stage
from server.life_cycle.markdown import Rule, When
from server.life_cycle.picture import Picture, ProductLife, by_week
from server.life_cycle.rules import Rules
from server.life_cycle.stage import Finding, Stage
from server.life_cycle.stock import DAY_MS, Standing
from server.prices import Price
from server.sales import Sale
from tests.handheld import PHONE, unit

NOW = 3 * 365 * DAY_MS
EUR = "EUR"


def _picture(product_cost: int | None, unit_cost: Price | None) -> Picture:
    """One unit that has lain for 400 days, of a product whose price is 100.00."""
    one = Standing(
        subject=unit("L1"), item=PHONE, quantity=1, since_ms=NOW - 400 * DAY_MS, expiry=None, lot=None,
        came_under=None, for_sale=True,
    )  # fmt: skip
    product = ProductLife(
        item=PHONE,
        name="Phone",
        mode="serial",
        price=Price(10_000, EUR),
        cost=None if product_cost is None else Price(product_cost, EUR),
        weeks=(),
        finding=Finding(stage=Stage.MATURITY, why=""),
        standing=[one],
        pace=0.0,
        own_costs={unit("L1"): unit_cost} if unit_cost else {},
        outlooks=(),
    )
    forty_off = Rule(name="old", when=When.AGE, days=90, percent=40.0)
    rules = Rules(rules=(forty_off,), set_by={}, floor_percent=100.0, floors={})
    return Picture(now_ms=NOW, products={PHONE: product}, half_sigma=0.1, rules=rules, offered={})


@pytest.mark.parametrize(
    ("product_cost", "unit_cost", "suggested"),
    [
        (4_000, None, [(6_000, False)]),
        (4_000, Price(9_000, EUR), [(9_000, True)]),  # dearer than the product's last delivery: not sold at a loss
        (9_000, Price(1_000, EUR), [(6_000, False)]),
        (None, Price(1_000, EUR), [(6_000, False)]),
        (None, None, []),
        (4_000, Price(9_000, "INR"), []),  # what it cost in this currency nobody knows
    ],
)
def test_the_floor_of_a_unit_is_what_it_cost_itself(
    product_cost: int | None, unit_cost: Price | None, suggested: list[tuple[int, bool]]
) -> None:
    found = _picture(product_cost, unit_cost).suggestions()
    assert [(one.price, one.floored) for one in found] == suggested


@pytest.mark.parametrize(("years", "season"), [(1, "perhaps"), (3, "no")])
def test_who_has_sold_a_product_for_two_years_is_not_told_that_it_may_be_the_season(years: int, season: str) -> None:
    each_month = range(NOW - years * 365 * DAY_MS, NOW - 100 * DAY_MS, 30 * DAY_MS)
    sales = [Sale(PHONE, PHONE, 40, at_ms, None) for at_ms in each_month]
    read = [sale for sale in sales if sale.at_ms >= NOW - picture.WEEKS * picture.WEEK_MS]
    found = stage.find(by_week(read, NOW)[PHONE], 0.1)
    assert (found.stage, found.season) == (Stage.DECLINE, season == "perhaps")
