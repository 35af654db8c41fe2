"""The owner's month: one page, to be printed or taken out as a workbook."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template, request

from server import context
from server.database import reading
from server.errors import Refusal
from server.month import report
from server.month.report import MonthError
from server.month.value import Worth
from server.people import requires, signed_in
from server.prices import Price
from server.roles import Task
from server.web import charts
from server.web.charts import Bars
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.web.wording import brief_amount

NAV = Entry("Month", "web.month", Group.OWNER, 10, Task.OWN)
PRODUCTS_MAX = 20
"""On the page; the export has them all."""


@blueprint.get("/month")
@requires(Task.OWN)
def month() -> str:
    """The month of `?day=`, up to the end of that day; without one the month that ended last."""
    site, now_ms = signed_in().site, context.now_ms()
    day = request.args.get("day", "").strip()
    try:
        since_ms, until_ms = report.span(day, now_ms)
    except MonthError as error:
        raise Refusal(400, "bad_day", str(error)) from None
    with reading() as connection:
        found = report.read(connection, site, since_ms, until_ms)
        products = list(found.products.items())
        keys = [*(item for item, _ in products[:PRODUCTS_MAX]), *found.returns, *(loss.item for loss in found.losses)]
        names = linked_names(connection, site, keys)
    currency = max(found.stock.total.value, key=lambda each: found.stock.total.value[each], default="")
    lost = [loss for loss in found.losses if loss.found_ms is None]
    return render_template(
        "month.html", month=found, products=products[:PRODUCTS_MAX], left=len(products[PRODUCTS_MAX:]), names=names,
        currency=currency,
        zones_drawn=_bars(found.zones, currency),
        ages_drawn=_bars(found.stock.ages, currency),
        lost=lost, day=report.day_of(until_ms), asked=day,
    )  # fmt: skip


def _bars(of: Mapping[str, Worth], currency: str) -> Bars:
    values = [(text, worth.value[currency]) for text, worth in of.items()]
    return charts.bars([(text, minor, brief_amount(Price(minor, currency))) for text, minor in values if minor > 0])
