"""What would put a container into itself, or into something that is in it: no place, whoever says so.

One name of a carton may be scanned into another name of it, and of two cartons that are each said to be in the other
only the first can be. Whoever followed such places would go round for ever, so that what says so moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sync.event import EventName
from sync.history import Fact, step
from sync.unit import UnitState

Turn = tuple[int, EventName, int, bytes]
"""Where a fact stands in a history (`Fact.order`)."""


def circular(facts: Mapping[str, Iterable[Fact]]) -> set[Turn]:
    """Which of these facts would, by where all of them were at that moment.

    Args:
        facts: by container, further names folded into it, without those that were undone; of every container that one
            of them was ever put into as well.
    """
    found: set[Turn] = set()
    states: dict[str, UnitState] = {}
    for turn, key, fact in sorted((fact.order, key, fact) for key, own in facts.items() for fact in own):
        after = step(states.get(key), fact)
        at = after.place
        while at != key and at in states:
            at = states[at].place
        if at == key:
            found.add(turn)
        else:
            states[key] = after
    return found
