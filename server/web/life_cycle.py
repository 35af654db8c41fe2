"""How old the stock is, in which stage of life each product is, and what will spoil before it sells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from flask import render_template, request

from server import context, naming
from server.currencies import MINOR_DIGITS
from server.database import reading
from server.errors import Refusal
from server.life_cycle import picture
from server.life_cycle.picture import ProductLife
from server.life_cycle.spoil import Outlook
from server.life_cycle.stage import Stage
from server.people import requires, signed_in
from server.roles import Task
from server.web import charts
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Life cycle", "web.life_cycle", Group.OWNER, 40, Task.OWN)
ROWS_MAX: Final = 200
"""On a page; the export has them all."""
UNITS_MAX: Final = 100
"""The oldest of a product on its page."""


@blueprint.get("/life-cycle")
@requires(Task.OWN)
def life_cycle() -> str:
    """Ages, stages and what spoils; `?stage=` and `?q=` narrow the products."""
    wanted, q = request.args.get("stage", ""), request.args.get("q", "").strip()[:100]
    with reading() as connection:
        found = picture.read(connection, signed_in().site, context.now_ms())
        spoiling = _spoiling(found.products.values())
        names = linked_names(connection, signed_in().site, [one.lot.subject for _, one in spoiling[:ROWS_MAX]])
    products = sorted(found.products.values(), key=lambda one: one.name.casefold())
    ages, costs = found.ages(), found.costs()
    stages = {stage: sum(one.finding.stage is stage for one in products) for stage in Stage}
    shown = [
        one
        for one in products
        if (not wanted or one.finding.stage == wanted) and q.casefold() in one.name.casefold()
    ]  # fmt: skip
    return render_template(
        "life_cycle.html", found=found, shown=shown[:ROWS_MAX], left=len(shown[ROWS_MAX:]), stages=stages,
        wanted=wanted, q=q, ages=ages, costs=costs, spoiling=spoiling[:ROWS_MAX], names=names,
        by_age=charts.bars([(name, units, f"{units:,}") for name, (units, _) in ages.items()]),
        by_stage=charts.bars([
            (stage_word(stage), value, brief(value, found.currency)) for stage, (_, value) in costs.items()
        ]),
    )  # fmt: skip


def _spoiling(products: Iterable[ProductLife]) -> list[tuple[ProductLife, Outlook]]:
    """Lots of which a piece or more will be lost, what expires first in front."""
    found = [(product, one) for product in products for one in product.outlooks if one.spoils >= 0.5]
    return sorted(found, key=lambda pair: (pair[1].lot.expiry, pair[0].name))


@blueprint.get("/life-cycle/products/<path:path>")
@requires(Task.OWN)
def product_life(path: str) -> str:
    """One product: its sales week by week, its stage and why, its units by age, its lots by expiry."""
    site, key, now_ms = signed_in().site, naming.key_of_path(path), context.now_ms()
    with reading() as connection:
        found = picture.read(connection, site, now_ms)
        product = found.products.get(key)
        if product is None:
            raise Refusal(404, "not_found", f"There is no product {key!r:.200} here.")
        units = sorted(
            (one for one in product.standing if one.since_ms is not None), key=lambda one: (one.since_ms, one.subject)
        )
        names = linked_names(
            connection, site, [*(one.subject for one in units[:UNITS_MAX]), *(o.lot.subject for o in product.outlooks)]
        )
    weeks = [
        (_week_of(now_ms, len(product.weeks) - number), sold) for number, sold in enumerate(product.weeks)
    ]  # fmt: skip
    return render_template(
        "product_life.html", found=found, product=product, units=units[:UNITS_MAX], left=len(units[UNITS_MAX:]),
        names=names, weeks=weeks, by_week=charts.amounts([(day, float(sold)) for day, sold in weeks]),
        offered=found.offered, now_ms=now_ms,
    )  # fmt: skip


def _week_of(now_ms: int, ago: int) -> str:
    """The day on which the week so many weeks ago began."""
    begin = datetime.fromtimestamp((now_ms - ago * picture.WEEK_MS) / 1000, UTC)
    return f"{begin:%-d %b %Y}"


# Words.

_STAGES: Final = {
    "introduction": "Introduction",
    "growth": "Growth",
    "maturity": "Maturity",
    "decline": "Decline",
    "unknown": "Too little history",
}


@blueprint.app_template_filter()
def stage_word(stage: str) -> str:
    """A stage of life."""
    return _STAGES[stage]


def brief(minor: int, currency: str) -> str:
    """An amount in a chart: 1.2M, 350k."""
    value = minor / 10 ** MINOR_DIGITS.get(currency, 2)
    for bound, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= bound:
            return f"{value / bound:,.3g}{letter}"
    return f"{value:,.0f}"


@blueprint.app_template_filter()
def days_word(days: float | None) -> str:
    """So many days."""
    if days is None:
        return "nothing sells"
    return "over 2 years" if days > 730 else f"{days:,.0f} {'day' if round(days) == 1 else 'days'}"
