"""What becomes of handhelds and of their lines that are not believed: revoked, copied, set aside, repaired."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from server import set_aside
from server.database import reading, writing
from server.enrolment import revoke
from server.tables import devices, events
from sync.event import ScanEvent, encode, format_name
from tests.handheld import BIN_A, BIN_B, Chain

_CORRECTIONS: Final[tuple[dict[str, str], ...]] = ({}, {}, {"location": BIN_A}, {"location": BIN_B}, {"document": ""})


def repair(rng: Random, site: str, who: dict[str, Any]) -> str:
    """Say what a line should have said that was set aside."""
    query = sa.select(events).where(events.c.site == site, events.c.outcome == "quarantined")
    with writing() as c:
        rows = c.execute(query.order_by(events.c.received_ms, events.c.seq)).mappings().all()
        if not rows:
            return "nothing"
        row, corrections = rng.choice(rows), rng.choice(_CORRECTIONS)
        name = format_name((row["device_no"], row["epoch"], row["seq"]))
        done = set_aside.repair(c, site=site, name=name, corrections=corrections, **who)
    return f"{name} with {corrections} as {done}"


def take_away(rng: Random, site: str, who: dict[str, Any]) -> str:
    """A handheld is believed no more, or is anew."""
    with reading() as c:
        numbers = c.execute(sa.select(devices.c.device_no).where(devices.c.site == site)).scalars().all()
    number = rng.choice(sorted(numbers))
    with writing() as c:
        if rng.random() < 0.5:
            return f"{number} revoked: {revoke(c, number=number, **who)}"
        c.execute(devices.update().where(devices.c.device_no == number).values(revoked_ms=None))
        return f"{number} trusted again"


def garble(chain: Chain, event: ScanEvent) -> None:
    """Let the last line say that it happened nowhere, as an older handheld's might."""
    del chain.lines[-1], chain.digests[-1]
    chain.commit(encode(replace(event, location=None)))


def copy_of(chain: Chain) -> Chain:
    """A second handheld with a copy of this one's queue, which goes on under the same numbers."""
    return Chain(
        chain.device_no,
        chain.epoch,
        boot=chain.boot + '"',
        wall_error_ms=chain.wall_error_ms,
        lines=[*chain.lines],
        digests=[*chain.digests],
    )
