"""Where something that went to another site of ours is by now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from server.nearby import carried_states
from server.transfers.announce import destinations
from server.transfers.arrival import arrived
from server.unit_rows import states_of
from sync.unit import Status, UnitState


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """The transfer with which a unit or a carton left."""

    transfer: str
    to: str
    """The code of the site that it went to."""
    received_ms: int | None
    """When it came in there, Unix milliseconds; None where it has not, or nobody there has scanned it."""


def read(
    connection: sa.Connection, site: str, key: str, state: UnitState, inside: Iterable[str] = ()
) -> Departure | None:
    """How this left for another site; None where it is here, or went to somebody else.

    Args:
        state: here, as its container has it.
        inside: what is in it: a carton that is handed over by its label alone goes where that goes.
    """
    if state.status is not Status.SHIPPED:
        return None
    packed = [] if state.document else states_of(connection, site, inside).values()
    numbers = {one.document for one in (state, *packed) if one.document}
    transfer, to = next(iter(sorted(destinations(connection, site, numbers).items())), (None, None))
    if transfer is None or to is None:
        return None
    came = arrived(connection, to, [key])
    received_ms = carried_states(connection, to, came)[key].received_ms if came else None
    return Departure(transfer=transfer, to=to, received_ms=received_ms)
