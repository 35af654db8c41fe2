"""What happens under warranty: a customer's unit is repaired, another is lent meanwhile or given in its place."""

from __future__ import annotations

from sync.actions.placing import arrive, come_back, see
from sync.actions.registry import action
from sync.event import ScanEvent
from sync.unit import IN_STOCK, Status, UnitState

SERVICE = frozenset({"returns", "supervisor", "quality", "admin"})


@action(
    "open_repair",
    roles=SERVICE,
    needs=("subject", "location", "document", "reason"),
    step="repairing",
    expects={Status.SHIPPED} | IN_STOCK,
)
def open_repair(state: UnitState, event: ScanEvent) -> UnitState:
    """Take in for repair: its owner brought it, or it is our own; the document is the repair's."""
    if state.status in IN_STOCK:  # it stays where it is and ours, and goes to nobody meanwhile
        return see(state, event)._replace(held=state.held or _under_repair(event))
    return arrive(state, event, Status.IN_REPAIR)._replace(
        document=state.document, serviced=True
    )  # who owns it stays readable


@action(
    "close_repair",
    roles=SERVICE,
    needs=("subject", "document", "reason"),
    step="repairing",
    expects={Status.IN_REPAIR} | IN_STOCK,
    stops_recalled=True,
)
def close_repair(state: UnitState, event: ScanEvent) -> UnitState:
    """Give back repaired: its owner has it again; the reason says what was done."""
    if state.status is not Status.IN_REPAIR:
        again = next(iter(state.doubts), None) if state.held == _under_repair(event) else state.held
        return see(state, event)._replace(held=again)
    return see(state, event)._replace(status=Status.SHIPPED, place=None, expected=None)


def _under_repair(event: ScanEvent) -> str:
    """Why one of our own is held back while it is repaired; what quality says of it beside that is not ended by it."""
    return f"it is being repaired, {event.document}"


@action(
    "lend",
    roles=SERVICE,
    needs=("subject", "document"),
    step="shipping",
    expects={Status.STORED, Status.RECEIVED},
    guarded=True,
    hands_over=True,
)
def lend(state: UnitState, event: ScanEvent) -> UnitState:
    """Lend: a customer has it while their own is repaired; it stays ours."""
    return see(state, event)._replace(status=Status.LENT, place=None, expected=None, document=event.document)


@action("end_loan", roles=SERVICE, needs=("subject", "location"), step="receiving", expects={Status.LENT})
def end_loan(state: UnitState, event: ScanEvent) -> UnitState:
    """End loan: what was lent came back."""
    return come_back(state, event)


@action(
    "give_replacement",
    roles=SERVICE,
    needs=("subject", "document"),
    step="replacing",
    expects={Status.STORED, Status.RECEIVED},
    guarded=True,
    hands_over=True,
)
def give_replacement(state: UnitState, event: ScanEvent) -> UnitState:
    """Give replacement: the customer keeps this one instead of the one in repair."""
    given = see(state, event)._replace(status=Status.SHIPPED, place=None, expected=None, document=event.document)
    return given._replace(serviced=True)


@action(
    "keep_replaced",
    roles=SERVICE,
    needs=("subject", "location", "document"),
    step="replacing",
    expects={Status.IN_REPAIR, Status.SHIPPED},
)
def keep_replaced(state: UnitState, event: ScanEvent) -> UnitState:
    """Keep replaced: another was given for it, and this one is ours now."""
    return come_back(state, event)._replace(serviced=True)


@action("transfer_title", roles=SERVICE, needs=("subject", "document", "reason"), expects={Status.SHIPPED})
def transfer_title(state: UnitState, event: ScanEvent) -> UnitState:
    """Transfer title: it has another owner, whom the document names."""
    return state._replace(serviced=True)  # whose it is stands in its trail: see `server/warranty/`
