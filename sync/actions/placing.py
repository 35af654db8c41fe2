"""What every action does to a unit that it sees, or puts somewhere."""

from __future__ import annotations

from sync.event import ScanEvent
from sync.unit import Status, UnitState


def arrive(state: UnitState, event: ScanEvent, status: Status) -> UnitState:
    """The unit was put somewhere on purpose: it is there, and belongs there."""
    place = event.container or event.location
    return see(state, event)._replace(status=status, expected=place, document=event.document or state.document)


def see(state: UnitState, event: ScanEvent) -> UnitState:
    """The unit was seen; what the label says of it is taken over."""
    return state._replace(
        place=event.container or event.location or state.place,
        observed=True,
        lot=event.lot or state.lot,
        expiry=event.expiry or state.expiry,
        condition=event.condition or state.condition,
    )


def come_back(state: UnitState, event: ScanEvent) -> UnitState:
    """The unit is here again, from whoever had it: what was seen on it before says nothing of it now."""
    return arrive(state, event, Status.RETURNED)._replace(
        condition=event.condition,
        seal=event.seal,
        pictured=event.evidence is not None,
        matched=None,
        disposal=None,
        from_loan=state.status is Status.LENT,
    )
