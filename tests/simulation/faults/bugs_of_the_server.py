"""Bugs that somebody might write on the server, each planted by a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from server import (
    backup,
    chain_mark,
    changes,
    database,
    effects,
    ingest,
    ledger,
    moments,
    pushed_lines,
    rebuild,
    refolding,
    set_aside,
    taking_in,
    timing,
    unit_rows,
    upkeep,
)
from server.api import handhelds
from server.counts import exceptions, late
from server.errors import Refusal
from server.tables import chains, events, server_state
from server.timing import Estimate
from sync.actions import refuse
from sync.event import EventError, decode
from sync.protocol import Outcome, ProtocolError
from tests.end_to_end import planted_server
from tests.simulation.faults.plan import Fault
from tests.simulation.faults.planted import Patch, caught_by


@caught_by(3, faults=(Fault.BACKUP, Fault.RESTORE))
def acknowledge_the_maximum(patch: Patch) -> None:
    patch.setattr(ingest, "advance_mark", planted_server.advance_mark)


@caught_by(4, 5, faults=(Fault.TWIN, Fault.OLD_FOLDER))
def bare_on_conflict_do_nothing(patch: Patch) -> None:
    true = pushed_lines._classify

    def classify(header: Any, seq: int, line: bytes, digest: bytes, stored: Any) -> pushed_lines.Line:
        found = true(header, seq, line, digest, stored)
        return replace(found, outcome=Outcome.DUPLICATE) if stored.get(seq) else found

    patch.setattr(pushed_lines, "_classify", classify)


@caught_by(14, faults=(Fault.TWIN, Fault.OLD_FOLDER), slow=True)
def a_fork_is_accepted_without_a_word(patch: Patch) -> None:
    true = pushed_lines._classify

    def classify(*said: Any) -> pushed_lines.Line:
        found = true(*said)
        return replace(found, outcome=Outcome.ACCEPTED) if found.outcome is Outcome.FORKED else found

    patch.setattr(pushed_lines, "_classify", classify)


@caught_by(14, faults=(Fault.CLONE, Fault.OLD_FOLDER), slow=True)
def a_copied_handheld_is_told_to_nobody(patch: Patch) -> None:
    patch.setattr(ingest, "is_parted", lambda *_: False)


@caught_by(4, faults=(Fault.BACKUP, Fault.TWIN, Fault.RESTORE))
def a_mark_over_two_queues_scans_is_told_as_one_queues(patch: Patch) -> None:
    patch.setattr(chain_mark, "_head", lambda _c, _header, digests, *_: digests[-1])


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

    patch.setattr(taking_in, "transact", transact)


@caught_by(5, 6, faults=(Fault.RIVAL,) * 6)
def deferred_transactions(patch: Patch) -> None:
    true = database.db.engine.get_execution_options

    class Deferred(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            return False if name == "writes" else super().get(name, default)

    patch.setattr(sa.Connection, "get_execution_options", lambda _: Deferred(true()))


@caught_by(5, faults=(Fault.POISON,), slow=True)
def a_poison_event_crashes_the_server(patch: Patch) -> None:
    def crash(line: bytes) -> Any:
        try:
            return decode(line)
        except ValueError as error:
            raise KeyError(str(error)) from error

    patch.setattr(pushed_lines, "decode", crash)
    patch.setattr(taking_in, "passes", lambda _: True)


@caught_by(6, faults=(Fault.POISON,))
def a_poison_event_refuses_its_batch(patch: Patch) -> None:
    true = pushed_lines._classify

    def classify(*said: Any) -> pushed_lines.Line:
        found = true(*said)
        if found.outcome is Outcome.QUARANTINED:
            raise ProtocolError("An event cannot be read.")
        return found

    patch.setattr(pushed_lines, "_classify", classify)


@caught_by(12, faults=(Fault.RELEASED,))
def a_word_of_the_first_release_is_read_no_more(patch: Patch) -> None:
    def read(line: bytes) -> Any:
        event = decode(line)
        if event.entry == "wedge":
            raise EventError("entry says nothing that is known.")
        return event

    patch.setattr(pushed_lines, "decode", read)


@caught_by(12, faults=(Fault.BEHIND,))
def what_was_held_is_never_read(patch: Patch) -> None:
    patch.setattr(set_aside, "release_held", lambda *_, **__: None)


@caught_by(10, faults=(Fault.BEHIND,), slow=True)
def what_was_held_happened_when_its_neighbour_did(patch: Patch) -> None:
    patch.setattr(moments, "clocks_in", lambda _: None)
    patch.setattr(
        moments,
        "_between",
        lambda lines, *_, floor, **__: [Estimate(event_ms=floor.event_ms)] * len(lines),
    )


@caught_by(14, faults=(Fault.BEHIND, Fault.TWIN, Fault.OLD_FOLDER), slow=True)
def a_fork_that_was_held_is_accepted(patch: Patch) -> None:
    patch.setattr(set_aside, "_forks", lambda *_: False)


@caught_by(6, faults=(Fault.REVOKE,))
def a_revoked_handheld_is_turned_away(patch: Patch) -> None:
    true = handhelds.device_row

    def device_row(connection: sa.Connection, number: int) -> Any:
        row = true(connection, number)
        if row["revoked_ms"] is not None:
            raise Refusal(403, "revoked", "This handheld was revoked.")
        return row

    patch.setattr(handhelds, "device_row", device_row)


@caught_by(10, faults=(Fault.REVOKE,), slow=True)
def a_revoked_handheld_is_believed(patch: Patch) -> None:
    patch.setattr(pushed_lines, "_classify_revoked", pushed_lines._classify)


@caught_by(7, faults=(Fault.LOST_REPLY, Fault.DUPLICATED))
def time_is_moved_by_a_second_arrival(patch: Patch) -> None:
    true = ingest.ingest

    def moving(connection: sa.Connection, device: Any, header: Any, lines: Any, **more: Any) -> Any:
        mine = (events.c.device_no == header.device_no, events.c.epoch == header.epoch)
        again = events.c.seq.between(header.first, header.first + len(lines) - 1)
        connection.execute(events.update().where(*mine, again).values(event_ms=events.c.event_ms + 1_000))
        return true(connection, device, header, lines, **more)

    patch.setattr(handhelds, "ingest", moving)


@caught_by(10, faults=(Fault.CLOCK_JUMP, Fault.CLOCK_BACKWARDS), slow=True)
def the_wall_clock_is_believed(patch: Patch) -> None:
    patch.setattr(timing, "_raw", lambda reading, *_: (reading.wall_ms, True, timing.TRANSIT_MS))


@caught_by(10, faults=(Fault.CLOCK_JUMP, Fault.CLOCK_BACKWARDS), slow=True)
def a_wrong_clock_is_refused(patch: Patch) -> None:
    true = refuse
    patch.setattr(
        pushed_lines,
        "refuse",
        lambda event: true(event) or ("The clock is wrong." if event.wall_ms < 1.78e12 else None),
    )


@caught_by(7, faults=(Fault.SETTLE, Fault.SETTLE, Fault.SETTLE))
def a_decision_is_lost_by_a_rebuild(patch: Patch) -> None:
    read, true = ledger.history, rebuild.rebuild

    def history(*where: Any) -> Mapping[str, Any]:
        return {s: [f for f in facts if f.event.action != "settle"] for s, facts in read(*where).items()}

    def anew(*where: Any) -> Any:
        with pytest.MonkeyPatch.context() as meanwhile:
            meanwhile.setattr(rebuild, "history", history)
            return true(*where)

    for room in (refolding, upkeep):
        patch.setattr(room, "rebuild", anew)


@caught_by(7, faults=(Fault.OUTAGE, Fault.LATE), slow=True)
def what_comes_last_is_folded_last(patch: Patch) -> None:
    patch.setattr(rebuild, "_on_top", lambda *_: True)


@caught_by(7, slow=True)
def the_first_scan_of_a_push_is_not_folded(patch: Patch) -> None:
    true = rebuild.advance
    patch.setattr(effects, "advance", lambda c, site, facts, at: true(c, site, list(facts)[1:], at))


@caught_by(8)
def a_cursor_by_serial_id(patch: Patch) -> None:
    """A row keeps the number that it was first given."""
    true = unit_rows.row_of
    patch.setattr(unit_rows, "row_of", lambda site, unit, state, _: true(site, unit, state, 1))


@caught_by(8, faults=(Fault.RECALL, Fault.RECALL))
def recalls_are_not_told(patch: Patch) -> None:
    true = changes._offered
    patch.setattr(changes, "_offered", lambda kind, row: None if kind == "recall" else true(kind, row))


@caught_by(9, 7, faults=(Fault.COUNT, Fault.COUNT, Fault.OUTAGE), slow=True)
def late_scans_of_a_count_are_overlooked(patch: Patch) -> None:
    patch.setattr(late, "late_scans", lambda *_, **__: [])
    patch.setattr("tests.server.closed_counts.late_scans", lambda *_, **__: [])


@caught_by(2, 4, 8, faults=(Fault.BACKUP, Fault.RESTORE), slow=True)
def a_restore_keeps_the_old_incarnation(patch: Patch) -> None:
    true = backup._renew

    def renew(connection: sa.Connection, _incarnation: str, made_ms: int) -> None:
        was = connection.execute(sa.select(server_state.c.incarnation)).scalar_one()
        true(connection, was, made_ms)

    patch.setattr(backup, "_renew", renew)


@caught_by(13, faults=(Fault.BACKUP, Fault.RECALL, Fault.RESTORE), slow=True)
def a_restore_does_not_name_what_is_lost(patch: Patch) -> None:
    patch.setattr(backup, "_lost", lambda *_: ())


@caught_by(13, faults=(Fault.HOLIDAY,), slow=True)
def everything_is_said_to_be_in_a_backup(patch: Patch) -> None:
    true = ingest._remember

    def remember(connection: sa.Connection, header: Any, mark: Any, sample: Any, now_ms: int) -> None:
        true(connection, header, mark, sample, now_ms)
        mine = (chains.c.device_no == header.device_no, chains.c.epoch == header.epoch)
        connection.execute(chains.update().where(*mine).values(safe_through=mark.acked_through))

    patch.setattr(ingest, "_remember", remember)


@caught_by(11, slow=True)
def chains_are_not_computed_anew(patch: Patch) -> None:
    patch.setattr(upkeep, "_chain", lambda *_: iter(()))


@caught_by(7, faults=(Fault.COUNT, Fault.COUNT, Fault.OUTAGE), slow=True)
def late_for_two_counts_is_one_case(patch: Patch) -> None:
    patch.setattr(exceptions, "episode_in", lambda name, _count: name)
