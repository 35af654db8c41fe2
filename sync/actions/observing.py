"""What only looks: counts and checks. Nothing moves by it."""

from __future__ import annotations

from sync.actions.placing import see
from sync.actions.registry import FLOOR, Compare, Stock, action
from sync.event import ScanEvent
from sync.unit import IN_STOCK, UnitState


@action(
    "count",
    roles={"picker", "receiver", "supervisor", "quality", "admin"},
    needs=("subject", "location", "document"),
    step="cycle_counting",
    expects=IN_STOCK,
    compare=Compare.EXPECTED,
    stock=Stock.COUNTED,
)
def count(state: UnitState, event: ScanEvent) -> UnitState:
    """Count: it was seen in this bin during a cycle count."""
    return see(state, event)._replace(counted_in=event.document)


@action(
    "inspect",
    roles=FLOOR,
    needs=("subject", "location"),
    step="inspecting",
    expects=IN_STOCK,
    compare=Compare.EXPECTED,
)
def inspect(state: UnitState, event: ScanEvent) -> UnitState:
    """Check: what is this, and is it in its place?"""
    return see(state, event)


@action("open_bin", roles={"picker", "receiver", "supervisor", "quality", "admin"}, needs=("location", "document"))
def open_bin(state: UnitState, event: ScanEvent) -> UnitState:
    """Open bin: the count of this bin begins."""
    return state


@action("finish_bin", roles={"picker", "receiver", "supervisor", "quality", "admin"}, needs=("location", "document"))
def finish_bin(state: UnitState, event: ScanEvent) -> UnitState:
    """Finish bin: everything in it has been scanned, or it is empty."""
    return state


@action("unreadable", roles=FLOOR, needs=())
def unreadable(state: UnitState, event: ScanEvent) -> UnitState:
    """Unreadable: a label is here that nobody can read."""
    return state


@action("ask_label", roles=FLOOR)
def ask_label(state: UnitState, event: ScanEvent) -> UnitState:
    """Ask for a label: its label is lost or spoilt, and a new one is wanted."""
    return state


@action("grade", roles=FLOOR, needs=("subject", "condition"))
def grade(state: UnitState, event: ScanEvent) -> UnitState:
    """Grade: in what condition it is, said after it was scanned."""
    return state._replace(condition=event.condition)
