"""How things stand: the figures of the front page and of the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from server.queries import is_set_aside
from server.tables import cases, devices, events, untold
from server.unread import is_unread
from sync.protocol import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many of each."""

    open_cases: Mapping[str, int]
    """By rule."""
    devices: int
    waiting: int
    """Events that handhelds had not sent, by their own word."""
    quarantined: int
    held: int
    untold: int
    """Changed rows that nobody could be told of."""
    unread: int
    """Rows that some handheld could not take over."""


def read_standing(connection: sa.Connection, site: str | None = None) -> Standing:
    """How things stand, at one site or at all of them."""
    open_cases = sa.select(cases.c.rule, sa.func.count()).where(cases.c.status == "open").group_by(cases.c.rule)
    handhelds = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(devices.c.waiting), 0)).where(
        devices.c.revoked_ms.is_(None)
    )
    aside = sa.select(events.c.outcome, sa.func.count()).where(is_set_aside()).group_by(events.c.outcome)
    strange = sa.func.coalesce(sa.func.sum(sa.case((is_unread(), 1), else_=0)), 0)
    failed = sa.select(sa.func.count() - strange, strange).select_from(untold)
    if site is not None:
        open_cases = open_cases.where(cases.c.site == site)
        handhelds = handhelds.where(devices.c.site == site)
        aside = aside.where(events.c.site == site)
        failed = failed.where(untold.c.site == site)
    number, waiting = connection.execute(handhelds).one()
    nobody, somebody = connection.execute(failed).one()
    apart: dict[str, int] = dict(connection.execute(aside).all())
    return Standing(
        open_cases=dict(connection.execute(open_cases.order_by(cases.c.rule)).all()),
        devices=number,
        waiting=int(waiting),
        quarantined=apart.get(Outcome.QUARANTINED, 0),
        held=apart.get(Outcome.HELD, 0),
        untold=int(nobody),
        unread=int(somebody),
    )
