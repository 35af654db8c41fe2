"""The site at a glance: open work, cases by kind and age, how right the records were, and which handhelds lag.

Plain reads for the front page, each with a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import queries
from server.counts.accuracy import Accuracy, By, accuracy
from server.counts.listing import in_state
from server.orders.to_do import Step, read_to_do, waiting
from server.receipts.listing import open_receipts
from server.tables import cases

LAG_MS: Final = 3_600_000
"""A handheld that was not heard from for so long is shown first."""
DAY_MS: Final = 86_400_000
WEEKS: Final = 26
AGES: Final = ((1, "today"), (3, "1 to 3 days"), (7, "3 to 7 days"), (30, "7 to 30 days"), (None, "older"))
"""Bounds in days, and what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the front page shows beside the cases by kind."""

    receipts: Mapping[str, int]
    """How many are not closed: `open` of which nothing was scanned yet, and `partly`."""
    counts: Mapping[str, int]
    """How many stand where: open, proposed, closed, cancelled."""
    orders: Mapping[Step, int]
    """How many wait for which step."""
    ages: Mapping[str, int]
    """Open cases by how long they have been open."""
    by_week: list[Accuracy]
    by_zone: list[Accuracy]
    lagging: list[Mapping[Any, Any]]
    """Handhelds in use that hold scans back or were not heard from for an hour, the most behind first."""
    handhelds: int


def read_glance(connection: sa.Connection, site: str, now_ms: int) -> Glance:
    """Everything at once, as of now."""
    devices = [device for device in queries.list_devices(connection, site) if device["revoked_ms"] is None]
    return Glance(
        receipts=open_receipts(connection, site),
        counts=in_state(connection, site),
        orders=waiting(read_to_do(connection, site, now_ms)),
        ages=_ages(connection, site, now_ms),
        by_week=accuracy(connection, site, By.WEEK, since_ms=now_ms - WEEKS * 7 * DAY_MS),
        by_zone=accuracy(connection, site, By.ZONE, since_ms=now_ms - WEEKS * 7 * DAY_MS),
        lagging=lagging(devices, now_ms),
        handhelds=len(devices),
    )


def lagging(devices: Iterable[Mapping[Any, Any]], now_ms: int) -> list[Mapping[Any, Any]]:
    """Those that hold scans back or were not heard from for an hour, the most behind first."""
    behind = [device for device in devices if device["waiting"] or (device["last_seen_ms"] or 0) < now_ms - LAG_MS]
    return sorted(behind, key=lambda device: (-device["waiting"], device["last_seen_ms"] or 0))


def _ages(connection: sa.Connection, site: str, now_ms: int) -> dict[str, int]:
    """Open cases by age, each kind of age present."""
    days = [bound for bound, _ in AGES if bound is not None]
    old = sa.case(
        *((cases.c.opened_ms > now_ms - bound * DAY_MS, number) for number, bound in enumerate(days)), else_=len(days)
    )
    query = (
        sa.select(old.label("age"), sa.func.count())
        .where(cases.c.site == site, cases.c.status == "open")
        .group_by(sa.literal_column("age"))
    )
    found: dict[int, int] = dict(connection.execute(query).all())
    return {text: found.get(number, 0) for number, (_, text) in enumerate(AGES)}
