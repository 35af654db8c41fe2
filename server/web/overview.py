"""The front page: the site at a glance."""

from __future__ import annotations

from flask import render_template

from server import context
from server.counts.accuracy import Accuracy
from server.database import reading
from server.glance import read_glance
from server.people import requires, signed_in
from server.roles import Task
from server.standing import read_standing
from server.web import charts
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Home", "web.overview", Group.WORK, order=10)

ZONES_MAX = 12
"""Bars of one chart: the zones that are most wrong."""


@blueprint.get("/")
@requires(Task.LOOK)
def overview() -> str:
    """Open work, what does not match, how right the records were, and which handhelds lag."""
    site = signed_in().site
    with reading() as connection:
        standing = read_standing(connection, site)
        glance = read_glance(connection, site, context.now_ms())
    weeks = [(week.key, week.accuracy) for week in glance.by_week if week.accuracy is not None]
    zones = sorted(glance.by_zone, key=_off, reverse=True)[:ZONES_MAX]
    zones = [zone for zone in zones if zone.tally.expected or zone.tally.surplus]
    return render_template(
        "overview.html",
        standing=standing,
        glance=glance,
        weeks=weeks,
        over_time=charts.shares(weeks),
        zones=zones,
        by_zone=charts.bars([(zone.key or "no zone", _off(zone), f"{_off(zone):.1%}") for zone in zones]),
        by_age=charts.bars([(age, number, str(number)) for age, number in glance.ages.items()]),
        ages_told=", ".join(f"{number} {age}" for age, number in glance.ages.items()),
        off=_off,
    )


def _off(zone: Accuracy) -> float:
    """The variance of a zone: what was missing or too much, as a share of what was expected."""
    return (zone.tally.missing + zone.tally.surplus) / max(zone.tally.expected, 1)
