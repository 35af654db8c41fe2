"""What moves a unit: from the supplier through the warehouse to the carrier, and back."""

from __future__ import annotations

from dataclasses import replace

from sync.actions.placing import arrive, see
from sync.actions.registry import Compare, Stock, action
from sync.event import ScanEvent
from sync.unit import IN_STOCK, Status, UnitState, came_with_its_carton


@action(
    "receive",
    roles={"receiver", "supervisor", "admin"},
    step="receiving",
    expects={Status.ANNOUNCED},
    compare=Compare.ANNOUNCED,
    stock=Stock.ARRIVES,
    stops_recalled=True,
)
def receive(state: UnitState, event: ScanEvent) -> UnitState:
    """Receive: it came in from a supplier."""
    if state.status in IN_STOCK and not _is_the_same_arrival(state, event):
        return see(state, event)  # what is known of the one in stock stays: this may be another box of that number
    return arrive(state, event, Status.RECEIVED)._replace(receipts=state.receipts + 1)


def _is_the_same_arrival(state: UnitState, event: ScanEvent) -> bool:
    """Whether this scan speaks of the box that came in: by its carton's label, or by a scan a while ago."""
    again = state.status is Status.RECEIVED and event.document in (state.document, state.came_under)
    return again or came_with_its_carton(state)


@action(
    "put_away",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="storing",
    expects={Status.RECEIVED, Status.STORED, Status.PICKED},  # picked: an order was cancelled
    stock=Stock.MOVES,
    stops_recalled=True,
)
def put_away(state: UnitState, event: ScanEvent) -> UnitState:
    """Put away: it now belongs in this bin."""
    if state.status is Status.RETURNED or (state.status is Status.SEEN and state.doubts):
        return arrive(state, event, state.status)  # it lies there, and is for nobody before it is released
    return arrive(state, event, Status.STORED)


@action(
    "move",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="internal_movement",
    expects=IN_STOCK,
    stock=Stock.MOVES,
    stops_recalled=True,
)
def move(state: UnitState, event: ScanEvent) -> UnitState:
    """Move: it was taken to another place, and stays what it is."""
    status = state.status if state.status in IN_STOCK or state.status is Status.ANNOUNCED else Status.STORED
    return arrive(state, event, status)


@action(
    "tell_apart",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location", "document"),
    step="commissioning",
    expects={Status.SEEN, Status.MERGED},
    compare=Compare.ANNOUNCED,
    stock=Stock.LEAVES,
)
def tell_apart(state: UnitState, event: ScanEvent) -> UnitState:
    """Tell apart: a piece that was only counted is a unit with a number of its own from here on."""
    return see(state, event) if state.status in IN_STOCK else arrive(state, event, Status.STORED)


@action(
    "pick",
    roles={"picker", "supervisor", "admin"},
    step="picking",
    expects={Status.STORED},
    compare=Compare.EXPECTED,
    stock=Stock.TAKEN,
    guarded=True,
)
def pick(state: UnitState, event: ScanEvent) -> UnitState:
    """Pick: it was taken from its bin for an order."""
    seen = see(state, event)
    return seen._replace(status=Status.PICKED, expected=event.container, document=event.document or state.document)


@action(
    "pack",
    roles={"picker", "supervisor", "admin"},
    needs=("subject", "container"),
    step="packing",
    expects={Status.STORED, Status.PICKED, Status.PACKED},  # a small shop packs straight from the shelf
    stock=Stock.MOVES,
    guarded=True,
)
def pack(state: UnitState, event: ScanEvent) -> UnitState:
    """Pack: it went into a carton."""
    return arrive(state, event, Status.PACKED)


@action(
    "unpack",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="unpacking",
    expects=IN_STOCK,
    stock=Stock.TAKEN_OUT,
)
def unpack(state: UnitState, event: ScanEvent) -> UnitState:
    """Unpack: it was taken out of its carton."""
    status = Status.PICKED if state.status is Status.PACKED else state.status
    return arrive(state, replace(event, container=None), status)


@action(
    "ship",
    roles={"picker", "supervisor", "admin"},
    step="shipping",
    expects={Status.PACKED},
    stock=Stock.LEAVES,
    guarded=True,
    hands_over=True,
)
def ship(state: UnitState, event: ScanEvent) -> UnitState:
    """Ship: it was handed to the carrier."""
    document = event.document or state.document
    return see(state, event)._replace(place=None, expected=None, status=Status.SHIPPED, document=document)
