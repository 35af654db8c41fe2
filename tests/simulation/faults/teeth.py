"""Bugs that somebody might write, each planted by a patch, with the promises whose check has to find it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest
import sqlalchemy as sa

from scanner_client import handheld
from scanner_client.database import Database
from scanner_client.site_map import SiteMap
from server import database, ingest, unit_rows
from server.api import handhelds
from server.errors import Refusal
from server.tables import events
from sync.protocol import Outcome, ProtocolError
from tests.end_to_end import planted_handheld, planted_server
from tests.simulation.faults.plan import HANDHELDS, Fault, Plan, Trouble

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A bug, what has to go wrong before it does harm, and who has to notice."""

    plant: Callable[[Patch], None]
    faults: tuple[Fault, ...]
    promises: frozenset[int]

    @property
    def name(self) -> str:
        return self.plant.__name__


PLANTED: Final[list[Planted]] = []


def caught_by(*promises: int, faults: tuple[Fault, ...] = ()) -> Callable[[Callable[[Patch], None]], None]:
    """Enter a bug."""

    def enter(plant: Callable[[Patch], None]) -> None:
        PLANTED.append(Planted(plant=plant, faults=faults, promises=frozenset(promises)))

    return enter


def scene(bug: Planted, seed: int, *, scans: int = 40) -> Plan:
    """A short afternoon with the troubles in which this bug shows, each three times."""
    chance = Random(f"{bug.name} {seed}")
    troubles = [
        Trouble(
            fault=fault, at_s=(0.1 + 0.7 * (n + chance.random()) / max(1, len(bug.faults))) * scans,
            device=chance.randrange(HANDHELDS), draw=chance.randrange(2**32),
        )
        for _ in range(3)
        for n, fault in enumerate(bug.faults)
    ]  # fmt: skip
    in_order = tuple(sorted(troubles, key=lambda t: (t.at_s, t.fault)))
    return Plan(seed=seed, scans=scans, gap_s=1.0, idle_s=scans / 6, troubles=in_order)


@caught_by(1, faults=(Fault.KILL, Fault.POWER_CUT))
def beep_before_commit(patch: Patch) -> None:
    patch.setattr(Database, "transaction", planted_handheld.transaction)


@caught_by(14, faults=(Fault.OLD_QUEUE, Fault.CLONE))
def a_copied_queue_goes_on_as_it_was(patch: Patch) -> None:
    patch.setattr(handheld, "why_new_epoch", lambda **_: None)


@caught_by(13, faults=(Fault.BACKUP, Fault.RECALL, Fault.RESTORE))
def a_recall_is_forgotten_after_a_restore(patch: Patch) -> None:
    true = SiteMap._sweep

    def sweep(self: SiteMap, generation: int) -> None:
        true(self, generation)
        self._database.run("DELETE FROM entries WHERE generation<>?", generation)

    patch.setattr(SiteMap, "_sweep", sweep)


@caught_by(3, faults=(Fault.BACKUP, Fault.RESTORE))
def acknowledge_the_maximum(patch: Patch) -> None:
    patch.setattr(ingest, "_advance_mark", planted_server.advance_mark)


@caught_by(3, 5)
def the_reply_comes_before_the_commit(patch: Patch) -> None:
    true, calls = database.transact, [0]

    class Undone(Exception): ...

    def transact(write: Callable[[sa.Connection], Any]) -> Any:
        calls[0] += 1
        kept: list[Any] = []
        if calls[0] % 4:
            return true(write)
        with suppress(Undone), database.writing() as connection:
            kept.append(write(connection))
            raise Undone
        return kept[0]

    patch.setattr(handhelds, "transact", transact)


@caught_by(6, faults=(Fault.POISON,))
def a_poison_event_refuses_its_batch(patch: Patch) -> None:
    true = ingest._classify

    def classify(*said: Any) -> ingest.Line:
        found = true(*said)
        if found.outcome is Outcome.QUARANTINED:
            raise ProtocolError("An event cannot be read.")
        return found

    patch.setattr(ingest, "_classify", classify)


@caught_by(6, faults=(Fault.REVOKE,))
def a_revoked_handheld_is_turned_away(patch: Patch) -> None:
    true = handhelds.device_row

    def device_row(connection: sa.Connection, number: int) -> Any:
        row = true(connection, number)
        if row["revoked_ms"] is not None:
            raise Refusal(403, "revoked", "This handheld was revoked.")
        return row

    patch.setattr(handhelds, "device_row", device_row)


@caught_by(7, faults=(Fault.LOST_REPLY, Fault.DUPLICATED))
def time_is_moved_by_a_second_arrival(patch: Patch) -> None:
    true = ingest.ingest

    def moving(connection: sa.Connection, device: Any, header: Any, lines: Any, *, now_ms: int) -> Any:
        mine = (events.c.device_no == header.device_no, events.c.epoch == header.epoch)
        again = events.c.seq.between(header.first, header.first + len(lines) - 1)
        connection.execute(events.update().where(*mine, again).values(event_ms=events.c.event_ms + 1_000))
        return true(connection, device, header, lines, now_ms=now_ms)

    patch.setattr(handhelds, "ingest", moving)


@caught_by(8)
def a_cursor_by_serial_id(patch: Patch) -> None:
    """A row keeps the number that it was first given."""
    true = unit_rows.row_of
    patch.setattr(unit_rows, "row_of", lambda site, unit, state, _: true(site, unit, state, 1))
