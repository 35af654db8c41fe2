"""Scans that were stated again, as whoever scanned said it and when that came: a repair names who repaired it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from server.ledger import in_chunks
from server.tables import events
from sync.event import EventName, fields_in, format_name, parse_name
from sync.history import Fact

Repaired = dict[EventName, Fact | None]
"""By the new fact's name, the same by the word of who scanned; None where the line does not tell who that was."""


def read_repaired(connection: sa.Connection, facts: Iterable[Fact]) -> Repaired:
    """Those of these facts that repair a line, or read its label anew."""
    repairs = [(fact, fact.stands_for) for fact in facts if fact.stands_for is not None]
    t = events.c
    lines: dict[tuple[EventName, str], tuple[bytes, int]] = {}
    for chunk in in_chunks(format_name(name) for _, name in repairs):
        key = sa.tuple_(t.device_no, t.epoch, t.seq).in_([parse_name(name) for name in chunk])
        query = sa.select(t.device_no, t.epoch, t.seq, t.digest, t.line, t.received_ms)
        for device_no, epoch, seq, digest, *came in connection.execute(query.where(key)):
            lines[(device_no, epoch, seq), digest.hex()] = came[0], came[1]
    said = [(fact, lines.get((name, fact.event.evidence or ""))) for fact, name in repairs]
    return {fact.name: _as_said(fact, *came) for fact, came in said if came is not None}


def _as_said(repair: Fact, line: bytes, received_ms: int) -> Fact | None:
    row = fields_in(line)
    if not row:
        return None
    operator = row.get("operator")
    event = replace(repair.event, operator=operator if isinstance(operator, str) else None)
    return replace(repair, event=event, received_ms=received_ms)
