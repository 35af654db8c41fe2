"""What an order needs beside picking, packing and handing over: what was not taken, the closed carton, the parcel."""

from __future__ import annotations

from sync.actions.placing import arrive, see
from sync.actions.registry import Stock, action
from sync.event import ScanEvent
from sync.identity import is_container
from sync.unit import Status, UnitState

PACKERS = frozenset({"picker", "supervisor", "admin"})


@action("reject", roles=PACKERS | {"receiver", "returns", "quality"}, needs=("subject", "reason"), chosen=False)
def reject(state: UnitState, event: ScanEvent) -> UnitState:
    """Reject: it was scanned and not taken; the verdict says why."""
    return state  # it was picked up and put down again: where it stands is not said


@action("short_pick", roles=PACKERS, needs=("subject", "document", "reason"), chosen=False)
def short_pick(state: UnitState, event: ScanEvent) -> UnitState:
    """Short pick: so many of this cannot be found for the order, and why."""
    return state  # what is promised for an order is made anew from these facts, see `sync.order`


@action("close_carton", roles=PACKERS, needs=("subject", "document"), step="packing", expects={Status.PACKED})
def close_carton(state: UnitState, event: ScanEvent) -> UnitState:
    """Close carton: it is full and sealed for its order."""
    seen = see(state, event)._replace(status=Status.PACKED, closed=True, document=event.document)
    return seen._replace(expected=seen.place)


@action("label_parcel", roles=PACKERS, needs=("subject", "identifiers"))
def label_parcel(state: UnitState, event: ScanEvent) -> UnitState:
    """Label parcel: the carrier's tracking number is a further name of this carton."""
    return state._replace(document=state.document or event.document)  # names are joined by `step`


@action(
    "parcel_back",
    roles={"picker", "receiver", "returns", "supervisor", "admin"},
    needs=("subject", "location", "reason"),
    step="receiving",
    expects={Status.SHIPPED, Status.PACKED},
    stock=Stock.ARRIVES,
)
def parcel_back(state: UnitState, event: ScanEvent) -> UnitState:
    """Parcel back: undelivered or cancelled, it came back unopened; what is in it is in stock again."""
    if state.status is Status.RETURNED:
        return arrive(state, event, Status.RETURNED)  # it came back opened, whatever is said of the parcel
    status = Status.PACKED if is_container(event.subject or "") else Status.RECEIVED
    return arrive(state, event, status)
