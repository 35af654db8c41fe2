"""Bugs that somebody might write where a handheld syncs, each planted by a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from scanner_client import background, outbox
from scanner_client.background import Background
from scanner_client.outbox import Epoch, Outbox, Run
from scanner_client.site_map import SiteMap
from scanner_client.uploader import Sent, SyncError, Uploader
from sync.protocol import Reply
from tests.simulation.faults.plan import Fault
from tests.simulation.faults.planted import Patch, caught_by

NEVER_MS: Final = 10**10


def _mark_never_goes_back(patch: Patch) -> None:
    true: Callable[..., bool] = Outbox.acknowledge

    def acknowledge(self: Outbox, run: Any, reply: Any) -> bool:
        kept = max(reply.acked_through, run.epoch.acked_through)
        return true(self, run, reply if kept == reply.acked_through else replace(reply, acked_through=kept, head=""))

    patch.setattr(Outbox, "acknowledge", acknowledge)
    patch.setattr(Outbox, "_differs", lambda *_: False)


@caught_by(2, 4, faults=(Fault.DROPPED, Fault.CUT_OFF), slow=True)
def what_was_sent_is_taken_for_received(patch: Patch) -> None:
    _mark_never_goes_back(patch)
    true = Uploader.push_once

    def push_once(self: Uploader) -> Sent:
        run = self._handheld.outbox.next_run(self._limit)
        try:
            return true(self)
        except SyncError:
            self._handheld.database.run("UPDATE epochs SET acked_through=? WHERE epoch=?", run.last, run.epoch.epoch)
            raise

    patch.setattr(Uploader, "push_once", push_once)


@caught_by(14, faults=(Fault.TWIN, Fault.OLD_FOLDER))
def the_head_of_a_reply_is_not_compared(patch: Patch) -> None:
    patch.setattr(Outbox, "_differs", lambda *_: False)


@caught_by(2, 4, faults=(Fault.BACKUP, Fault.RESTORE), slow=True)
def a_restored_server_is_not_asked_what_it_lost(patch: Patch) -> None:
    patch.setattr(Outbox, "doubt", lambda _: None)
    _mark_never_goes_back(patch)


@caught_by(2, 4, faults=(Fault.BACKUP, Fault.HOLIDAY, Fault.TWIN, Fault.RESTORE))
def what_lies_beyond_a_gap_is_believed_by_number(patch: Patch) -> None:
    true = outbox.answered_through

    def by_number(at: Epoch, run: Run, reply: Reply) -> int:
        if reply.acked_through >= at.base_seq:
            return true(at, run, reply)
        return max(at.base_seq, min([reply.last_seq, *(low - 1 for low, high in reply.missing if high > at.base_seq)]))

    patch.setattr(outbox, "answered_through", by_number)


@caught_by(6, faults=(Fault.OUTAGE, Fault.DROPPED))
def after_a_failure_nothing_is_tried_again(patch: Patch) -> None:
    patch.setattr(background, "backoff_ms", lambda *_, **__: NEVER_MS)


@caught_by(6, faults=(Fault.PORTAL,))
def a_portals_page_ends_the_syncing(patch: Patch) -> None:
    true = Background._round

    def one_round(self: Background) -> int:
        pause_ms = true(self)
        return NEVER_MS if self.state.code == "unbelieved" else pause_ms

    patch.setattr(Background, "_round", one_round)


@caught_by(8, faults=(Fault.KILL, Fault.KILL, Fault.KILL), slow=True)
def the_cursor_is_kept_before_its_rows(patch: Patch) -> None:
    true = SiteMap.apply

    def apply(self: SiteMap, changes: Any, now: Any, **more: Any) -> None:
        true(self, [], now, **more)
        true(self, changes, now, **more)

    patch.setattr(SiteMap, "apply", apply)
