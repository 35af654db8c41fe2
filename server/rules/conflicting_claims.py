"""Two places at once: two handhelds saw it in different places at what may be the same moment.

Their clocks cannot tell which was first, so both claims stand until a person has looked. This is how a copied serial
number looks. Go and see where it lies, then say which scan holds.
"""

from typing import Final

from server.rules import Finding, Step
from sync.actions import ACTIONS
from sync.event import format_name
from sync.history import is_claim
from sync.unit import IN_STOCK, Status, UnitState

DECISIONS: Final = ("claim_second", "claim_first", "dismiss")


def check(step: Step) -> Finding | None:
    fact, before = step.fact, step.before
    if before is None or before.seen_by is None or not before.observed or before.place is None:
        return None
    here = fact.event.container or fact.event.location
    if here is None or here == before.place or step.stands == step.stood or not is_claim(fact.event):
        return None
    if _follows(before, fact.event.action):
        return None  # picked here and packed there, or received and stored: it went from hand to hand
    if _maker(before.seen_by) == _maker(fact.event.about or format_name(fact.name)):
        return None  # a handheld cannot be in two places, its own order of scans is certain
    if fact.event_ms - before.seen_ms > fact.uncertainty_ms + before.seen_uncertainty_ms:
        return None  # the clocks tell them apart: the later one holds, and the trail shows both
    return Finding(
        detail="Two handhelds claim it within the uncertainty of their clocks.",
        expected=before.place,
        seen=here,
        against=before.seen_by,
    )


def _maker(scan: str) -> str:
    """Number of the handheld that made a scan, of its name as it was said: nothing here may fail over a bad one."""
    return scan.partition(".")[0]


def _follows(before: UnitState, action: str) -> bool:
    """Whether this action awaits just what the scan before it made of the unit, and so tells the order of the two."""
    expects = ACTIONS[action].expects
    return before.status is not Status.STORED and before.status in expects and expects < IN_STOCK
