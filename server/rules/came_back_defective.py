"""Came back defective: others of its lot may be as bad.

The first of a lot is kept apart and its siblings are watched; *Returns* shows what the failed ones share, and proposes
a recall once more of the lot come back. Look into what is wrong with it, and claim it from the supplier.
"""

from typing import Final

from server.rules import Finding, Step
from sync.returning import DEFECT, why_of

DECISIONS: Final = ("dismiss", "write_off")
DISPOSING: Final = ("return_to_vendor", "scrap", "restock", "reject_return")


def check(step: Step) -> Finding | None:
    after, event = step.after, step.fact.event
    before = step.before
    if event.action not in ("take_back", "examine") or why_of(after) != DEFECT:
        return None
    if event.action == "examine" and before is not None and before.returned_for == after.returned_for:
        return None
    lot = f"It is of lot {after.lot}." if after.lot else "Its lot is not known."
    return Finding(detail=lot, seen=event.location or step.after.place)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action in DISPOSING
