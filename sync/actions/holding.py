"""What quality holds back, and lets go again."""

from __future__ import annotations

from sync.actions.placing import see
from sync.actions.registry import action
from sync.event import ScanEvent
from sync.own_number import Match
from sync.unit import UnitState

HOLDERS = frozenset({"receiver", "returns", "supervisor", "quality", "admin"})


@action("quarantine", roles=HOLDERS, needs=("subject", "reason"), step="inspecting")
def quarantine(state: UnitState, event: ScanEvent) -> UnitState:
    """Quarantine: it must not go out until someone clears it, whatever its status."""
    return see(state, event)._replace(held=event.reason)


@action("clear", roles=HOLDERS, needs=("subject", "reason"), step="inspecting")
def clear(state: UnitState, event: ScanEvent) -> UnitState:
    """Clear: it was looked at, and may go out again."""
    matched = None if state.matched == Match.DISAGREE else state.matched  # its own number has to be read anew
    return see(state, event)._replace(held=None, doubts=(), matched=matched)
