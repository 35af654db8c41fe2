"""Bugs that somebody might write on a handheld, each planted by a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scanner_client import handheld
from scanner_client.database import Database
from scanner_client.outbox import Outbox, Run
from scanner_client.site_map import SiteMap
from sync.protocol import Reply
from tests.end_to_end import planted_handheld
from tests.simulation.faults.plan import Fault
from tests.simulation.faults.planted import Patch, caught_by


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


@caught_by(13, faults=(Fault.HOLIDAY,), slow=True)
def a_scan_is_let_go_that_is_in_no_backup(patch: Patch) -> None:
    true = Outbox._let_go
    patch.setattr(Outbox, "_let_go", lambda s, at, ms: true(s, replace(at, safe_through=at.acked_through), ms))


@caught_by(2, 3, 4, 6, faults=(Fault.BACKUP, Fault.RESTORE), slow=True)
def the_handheld_believes_the_highest_number(patch: Patch) -> None:
    true: Callable[..., bool] = Outbox.acknowledge

    def acknowledge(self: Outbox, run: Run, reply: Reply) -> bool:
        return true(self, run, replace(reply, acked_through=reply.last_seq))

    patch.setattr(Outbox, "acknowledge", acknowledge)
    patch.setattr(Outbox, "_differs", lambda *_: False)
