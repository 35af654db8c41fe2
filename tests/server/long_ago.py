"""A handheld that has been in use for long, so that scans of last year are believed."""

from __future__ import annotations

from server.database import writing
from server.tables import devices
from tests.server.running import NOW, Handheld

DAY = 86_400_000


def in_use_since(handheld: Handheld, days_ago: int) -> Handheld:
    """The same handheld, enrolled and switched on so long ago."""
    since_ms = NOW - days_ago * DAY
    handheld.chain.boot_at_ms = since_ms
    with writing() as c:
        mine = devices.c.device_no == handheld.chain.device_no
        c.execute(devices.update().where(mine).values(enrolled_ms=since_ms))
    return handheld
