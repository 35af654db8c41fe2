"""What a person can decide about a case, and what becomes of the unit."""

from __future__ import annotations

from typing import Final

from sync.actions.registry import Apply
from sync.event import ScanEvent
from sync.unit import IN_STOCK, Status, UnitState


def _stays(state: UnitState, event: ScanEvent) -> UnitState:
    """It belongs where it was found."""
    if state.place is None:  # a scan that came later says that it had left before the decision
        return state
    status = state.status if state.status in IN_STOCK else Status.STORED
    return state._replace(status=status, expected=state.place)


def write_off(state: UnitState, event: ScanEvent) -> UnitState:
    """It is gone: it counts as stock no longer."""
    if state.status not in IN_STOCK:  # a scan that came later says where it went: shipped stays shipped
        return state
    return state._replace(status=Status.MISSING, place=None, expected=None, observed=False)


def _dismiss(state: UnitState, event: ScanEvent) -> UnitState:
    """Nothing is wrong, and nothing changes."""
    return state


def _put_back(state: UnitState, event: ScanEvent) -> UnitState:
    """It is carried back to where it belongs; until somebody scans it there, it lies where it was seen."""
    return state


def _claim(state: UnitState, event: ScanEvent) -> UnitState:
    """Of two claims this one holds: it is where the event says, and belongs there if the other had moved it."""
    place = event.container or event.location
    if place is None:
        return state
    belongs = place if state.expected in (None, state.place) else state.expected
    status = state.status if state.status in IN_STOCK else Status.STORED
    return state._replace(status=status, place=place, observed=True, expected=belongs)


def _take_over(state: UnitState, event: ScanEvent) -> UnitState:
    """The scan came late for a closed count, whose next version rests on it."""
    return state


RESOLUTIONS: Final[dict[str, Apply]] = {
    "put_back": _put_back,
    "stays": _stays,
    "claim_first": _claim,
    "claim_second": _claim,
    "write_off": write_off,
    "take_over": _take_over,
    "dismiss": _dismiss,
}
"""What a person can decide about a case, by the word that stands in the event's ``reason``."""

CLAIMS: Final = ("claim_first", "claim_second")
"""Those that say which of two scans holds; the event's ``about`` names it."""
