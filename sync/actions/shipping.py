"""What an order needs beside picking, packing and handing over: what was not taken, the closed carton, the parcel."""

from __future__ import annotations

from sync.actions.placing import arrive, come_back, see
from sync.actions.registry import Stock, action
from sync.event import ScanEvent
from sync.identity import imei_of, is_container
from sync.order import TRANSFER
from sync.unit import GONE, Status, UnitState

PACKERS = frozenset({"picker", "supervisor", "admin"})


@action("reject", roles=PACKERS | {"receiver", "returns", "quality"}, needs=("subject", "reason"), chosen=False)
def reject(state: UnitState, event: ScanEvent) -> UnitState:
    """Reject: it was scanned and not taken; the verdict says why."""
    # It was picked up and put down again: where it stands is not said, what its label says of it is.
    return state._replace(lot=event.lot or state.lot, expiry=event.expiry or state.expiry)


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
    if _is_one_thing(event.subject or ""):
        return _out_of_its_parcel(state, event)
    return arrive(state, event, Status.PACKED if is_container(event.subject or "") else Status.RECEIVED)


def _is_one_thing(key: str) -> bool:
    """Whether a unit is named; a parcel has its carton's number, or the carrier's."""
    return "/21/" in key or imei_of(key) is not None


def _out_of_its_parcel(state: UnitState, event: ScanEvent) -> UnitState:
    """What had left and is here without its parcel was in somebody's hands: the returns desk looks at it first."""
    if state.status is Status.IN_REPAIR:
        return see(state, event)  # it is here already, and stays its owner's
    if state.status is Status.SHIPPED and (state.document or "").startswith(TRANSFER):
        return arrive(state, event, Status.RECEIVED)  # nobody had bought it: it never reached our other site
    if state.status is Status.SHIPPED:
        return come_back(state, event)._replace(sold_on=state.document, sold_ms=state.status_ms)
    return come_back(state, event) if state.status in GONE | {Status.LENT} else arrive(state, event, Status.RECEIVED)
