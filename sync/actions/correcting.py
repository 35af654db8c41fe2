"""What puts right what was scanned before: names joined and parted, and mistakes undone."""

from __future__ import annotations

from sync.actions.registry import FLOOR, action
from sync.event import ScanEvent
from sync.unit import UnitState


@action("link", roles={"receiver", "returns", "supervisor", "admin"}, needs=("subject", "identifiers"))
def link(state: UnitState, event: ScanEvent) -> UnitState:
    """Link: this unit has a further identifier or a replacement label."""
    return state  # identifiers are joined by `step`, as those of any scan are


@action("unlink", roles={"supervisor", "admin"}, needs=("subject", "identifiers", "reason"))
def unlink(state: UnitState, event: ScanEvent) -> UnitState:
    """Unlink: that identifier belongs to another unit."""
    gone = set(event.identifiers or ())
    return state._replace(identifiers=tuple(i for i in state.identifiers if i not in gone))


@action("void", roles=FLOOR, needs=("voids", "reason"))
def void(state: UnitState, event: ScanEvent) -> UnitState:
    """Undo: an earlier scan was a mistake."""
    return state  # `effective` leaves the undone event out of the history
