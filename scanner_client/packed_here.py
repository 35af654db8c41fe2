"""What this handheld's own queue says of a carton that its map does not hold: it was packed here, a moment ago."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner_client.outbox import Outbox
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent, format_name
from sync.history import Fact, fold, undone_names
from sync.identity import is_location
from sync.verdict import Known

FILLING: Final = frozenset({Stock.ARRIVES, Stock.MOVES, Stock.TAKEN})


def packed_here(outbox: Outbox, container: str) -> Known | None:
    """What a verdict needs to know of this container by the scans of this queue; None where they never named it.

    What was put into it stands for the container itself: a carton that units were packed into is packed.
    """
    own = [_of_container(event, container) for event in outbox.naming(container)]
    state = fold([Fact(0, event.name, 0, b"", 0, event) for event in own if event])
    if state is None:
        return None
    at = state.expected if state.expected and is_location(state.expected) else None
    return Known(
        status=state.status,
        expected=state.expected,
        expected_location=at,
        document=state.document,
        held=state.held is not None,
        closed=state.closed,
    )


def was_filled_here(outbox: Outbox, container: str) -> bool:
    """Whether something was put into it at this handheld, and that stands, whatever became of the thing since."""
    own = outbox.naming(container)
    undone = undone_names((format_name(event.name), event.voids) for event in own if event.voids)
    filled = (e for e in own if e.container == container and not e.voids and ACTIONS[e.action].stock in FILLING)
    return any(format_name(event.name) not in undone for event in filled)


def was_closed_here(outbox: Outbox, container: str, order: str) -> bool:
    """Whether it was sealed for this order at this handheld, and no undo of its own took that back."""
    own = outbox.naming(container)
    undone = undone_names((format_name(event.name), event.voids) for event in own if event.voids)
    closed = (e for e in own if e.action == "close_carton" and (e.subject, e.document) == (container, order))
    return any(format_name(event.name) not in undone for event in closed)


def _of_container(event: ScanEvent, container: str) -> ScanEvent | None:
    """The event as one of the container's history; None where it says nothing of its state."""
    if event.subject == container or event.voids:
        return event
    if event.container == container and ACTIONS[event.action].stock in FILLING:
        return replace(event, subject=container, container=None)
    return None
