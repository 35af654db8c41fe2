"""What tests of pushes ask: what was answered, and what is stored of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server import upkeep
from server.database import reading
from server.ingest import Ingested
from server.tables import cases, events, unit_states
from tests.handheld import DAY, Chain
from tests.server.site import SITE, enrol

NOW = DAY + 3_600_000
"""When they arrive: an hour after the first scan."""


def handheld(device_no: int = 1, **options: Any) -> Chain:
    enrol(device_no)
    return Chain(device_no, **options)


def outcomes(taken: Ingested) -> list[tuple[int, str]]:
    return [(e["seq"], e["outcome"]) for e in taken.exceptions]


def stored(*columns: sa.Column[Any]) -> list[tuple[Any, ...]]:
    with reading() as c:
        return [
            tuple(r) for r in c.execute(sa.select(*columns).order_by(events.c.device_no, events.c.epoch, events.c.seq))
        ]


def open_rules(subject: str) -> list[str]:
    with reading() as c:
        query = sa.select(cases.c.rule).where(cases.c.unit == subject, cases.c.status == "open").order_by(cases.c.rule)
        return list(c.execute(query).scalars())


def place_of(subject: str) -> tuple[str | None, str | None, bool]:
    u = unit_states.c
    with reading() as c:
        return tuple(c.execute(sa.select(u.place, u.expected, u.observed).where(u.unit == subject)).one())


def chains_fit() -> bool:
    with reading() as c:
        return not list(upkeep._chains(c, SITE))
