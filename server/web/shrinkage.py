"""Shrinkage: what is missing, where, of what, in which shifts, and who was near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from flask import render_template

from server import context, papers
from server.database import reading
from server.people import requires, signed_in
from server.prices import Price
from server.roles import Task
from server.shrinkage import access, losses
from server.shrinkage.losses import Loss
from server.stolen import read as stolen
from server.web import charts
from server.web.charts import Bars
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.web.wording import brief_amount

NAV = Entry("Shrinkage", "web.shrinkage", Group.OWNER, 20, Task.OWN)
ROWS_MAX = 200
BARS_MAX = 8


@blueprint.get("/shrinkage")
@requires(Task.OWN)
def shrinkage() -> str:
    """Everything that counts missed and nobody saw again, and what of that says something."""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        found = losses.read(connection, site, now_ms)
        counted = bool(found or papers.closed_counts(connection, site))
        presence = access.read_presence(connection, site, now_ms)
        gone = [loss for loss in found if loss.found_ms is None]
        units = [loss for loss in gone if loss.last_ms is not None]
        shown = found[:ROWS_MAX]
        names = linked_names(connection, site, [key for loss in found for key in (loss.subject, loss.item, loss.place)])
        people = access.by_person(units, presence)
        shifts = access.by_shift(units, presence)
        near = {loss: presence.near(loss) for loss in shown}
        reported = stolen.of_units(connection, site, {loss.subject for loss in shown})
    currency = next((loss.cost.currency for loss in gone if loss.cost), "")
    return render_template(
        "shrinkage.html", found=found, gone=gone, shown=shown, left=len(found[ROWS_MAX:]), names=names, near=near,
        reported=reported, counted=counted,
        people=people, shifts=shifts, total=Price(_sum(gone, currency), currency), shift_hours=access.SHIFTS,
        by_zone=_bars(gone, currency, lambda loss: loss.zone),
        by_product=_bars(gone, currency, lambda loss: names(loss.item).text),
        drawn_shifts=charts.bars([(shift, number, f"{number:.1f}") for shift, number in shifts.items()]),
    )  # fmt: skip


def _sum(of: Iterable[Loss], currency: str) -> int:
    return sum(loss.cost.minor for loss in of if loss.cost and loss.cost.currency == currency)


def _bars(of: Iterable[Loss], currency: str, key: Callable[[Loss], str]) -> Bars:
    value: Counter[str] = Counter()
    for loss in of:
        value[key(loss)] += _sum([loss], currency)
    dearest = [(text, minor) for text, minor in value.most_common(BARS_MAX) if minor > 0]
    return charts.bars([(text, minor, brief_amount(Price(minor, currency))) for text, minor in dearest])
