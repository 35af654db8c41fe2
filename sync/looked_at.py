"""What the returns desk read and saw on a thing whose number is that of another one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sync.history import Fact, step
from sync.returning import why_said
from sync.unit import Status, UnitState


def looked_at(state: UnitState | None, said: Iterable[Fact]) -> UnitState | None:
    """How the thing that came back was found, kept beside what is known of the one that its number names.

    That one stays as it is, in stock maybe; so what was said at the desk is in no state of its own.

    Args:
        said: what was scanned under its name since it came back, in order.

    Returns:
        None where the state itself has it.
    """
    if state is None or state.status in (Status.RETURNED, Status.SEEN) or not state.doubts:
        return None
    found = UnitState(status=Status.RETURNED, identifiers=state.identifiers)
    for fact in said:
        if fact.event.action == "take_back" and (fact.event.reason or not found.returned_for):
            found = found._replace(returned_for=(why_said(fact.event.reason),))
        elif fact.event.action == "examine":
            found = step(found, fact)
        elif fact.event.condition is not None:
            found = found._replace(condition=fact.event.condition)
    return found
