"""What a person can decide about a case, and what becomes of the unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sync.actions.registry import Apply
from sync.event import ScanEvent
from sync.unit import IN_STOCK, Status, UnitState


def _stays(state: UnitState, event: ScanEvent) -> UnitState:
    """It belongs where it was found."""
    if state.place is None:  # a scan that came later says that it had left before the decision
        return state
    status = state.status if state.status in IN_STOCK else Status.STORED
    return replace(state, status=status, expected=state.place)


def _write_off(state: UnitState, event: ScanEvent) -> UnitState:
    """It is gone: it counts as stock no longer."""
    if state.status not in IN_STOCK:  # a scan that came later says where it went: shipped stays shipped
        return state
    return replace(state, status=Status.MISSING, place=None, expected=None, observed=False)


def _dismiss(state: UnitState, event: ScanEvent) -> UnitState:
    """Nothing is wrong, and nothing changes."""
    return state


RESOLUTIONS: Final[dict[str, Apply]] = {"stays": _stays, "write_off": _write_off, "dismiss": _dismiss}
"""What a person can decide about a case, by the word that stands in the event's ``reason``."""
