"""Envelopes of other handhelds that travel with this one: taken in from a file, handed on at the next sync."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scanner_client.database import Database
from sync.protocol import RETENTION_MS

SCHEMA: Final = (
    """CREATE TABLE carried (
        no INTEGER PRIMARY KEY,
        device_no INTEGER NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL, events INTEGER NOT NULL,
        signature BLOB NOT NULL UNIQUE, body BLOB NOT NULL,
        delivered_ms INTEGER,  -- server time; null while it waits
        refused TEXT)  -- what the server last said against it""",
)

CARRIED_MAX: Final = 20_000
"""Envelopes kept at once: ten million events, far more than a site makes while its radio is down."""


class CarriedError(Exception):
    """There is no room for more of other handhelds' envelopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One signed envelope of another handheld, byte for byte as it was made."""

    device_no: int
    epoch: int
    first: int
    events: int
    signature: bytes
    body: bytes


def take_in(database: Database, envelopes: Sequence[Envelope]) -> int:
    """Keep envelopes, all or none; how many of them were new."""
    with database.transaction():
        held = database.row("SELECT count(*) FROM carried")
        if held and held[0] + len(envelopes) > CARRIED_MAX:
            raise CarriedError(f"{held[0]} envelopes of other handhelds are here; {CARRIED_MAX} fit. Sync first.")
        return sum(
            database.run(
                "INSERT OR IGNORE INTO carried (device_no, epoch, first, events, signature, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                e.device_no, e.epoch, e.first, e.events, e.signature, e.body,
            )
            for e in envelopes
        )  # fmt: skip


def waiting(database: Database) -> list[tuple[int, Envelope]]:
    """The envelopes that the server has not answered for, oldest first, with their local numbers; at most 100."""
    rows = database.rows(
        "SELECT no, device_no, epoch, first, events, signature, body FROM carried"
        " WHERE delivered_ms IS NULL ORDER BY refused IS NOT NULL, no LIMIT 100"
    )
    return [
        (no, Envelope(device_no=d, epoch=e, first=f, events=n, signature=s, body=b)) for no, d, e, f, n, s, b in rows
    ]


def waiting_events(database: Database) -> int:
    """How many events of other handhelds wait here."""
    row = database.row("SELECT coalesce(sum(events), 0) FROM carried WHERE delivered_ms IS NULL")
    return int(row[0]) if row else 0


def delivered(database: Database, no: int, server_ms: int) -> None:
    """The server has stored this envelope; it is kept for the retention, like our own events."""
    with database.transaction():
        database.run("UPDATE carried SET delivered_ms=?, refused=NULL WHERE no=?", server_ms, no)
        database.run("DELETE FROM carried WHERE delivered_ms<?", server_ms - RETENTION_MS)


def refused(database: Database, no: int, reason: str) -> None:
    """The server would not take this envelope now; others go first from here on."""
    with database.transaction():
        database.run("UPDATE carried SET refused=? WHERE no=?", reason, no)


def doubt(database: Database) -> None:
    """The server is another incarnation: hand everything on again."""
    with database.transaction():
        database.run("UPDATE carried SET delivered_ms=NULL")
