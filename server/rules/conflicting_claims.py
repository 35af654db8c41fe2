"""Two places at once: two handhelds saw it in different places at what may be the same moment.

Their clocks cannot tell which was first, so both claims stand until a person has looked. This is how a copied serial
number looks.
"""

from server.rules import Finding, Step, is_sighting
from sync.actions import ACTIONS
from sync.event import parse_name
from sync.unit import IN_STOCK, Status, UnitState


def check(step: Step) -> Finding | None:
    fact, before = step.fact, step.before
    if before is None or before.last_event is None or not before.observed or before.place is None:
        return None
    here = fact.event.container or fact.event.location
    if here is None or here == before.place or step.stands == step.stood or not is_sighting(fact.event):
        return None
    if parse_name(before.last_event)[0] in (fact.name[0], 0):
        return None  # a handheld cannot be in two places, its own order of scans is certain; 0, the server, is in none
    if _follows(before, fact.event.action):
        return None  # picked here and packed there, or received and stored: it went from hand to hand
    if fact.event_ms - before.last_ms > fact.uncertainty_ms + before.last_uncertainty_ms:
        return None
    return Finding(
        detail="Two handhelds claim it within the uncertainty of their clocks.", expected=before.place, seen=here
    )


def _follows(before: UnitState, action: str) -> bool:
    """Whether this action awaits just what the scan before it made of the unit, and so tells the order of the two."""
    expects = ACTIONS[action].expects
    return before.status is not Status.STORED and before.status in expects and expects < IN_STOCK
