"""Another customer's: it was sold on another order than the one that it is returned under.

A present, a mix-up at the customer's, or somebody returns a broken one of theirs for a sound one of ours. Ask for the
proof of purchase; what was not sold to them goes back to them.
"""

from typing import Final

from server.rules import Finding, Step
from sync.because import Because

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event, returned = step.fact.event, step.returned
    if event.action not in ("take_back", "examine") or returned is None:
        return None
    sold_on = step.after.sold_on or "no order"
    if Because.OTHER_CUSTOMER in returned.because:
        return Finding(
            detail=f"It was sold on {sold_on}, to another customer.", seen=event.location or step.after.place
        )
    if Because.OTHER_ORDER in returned.because:
        return Finding(
            detail=f"It was sold on {sold_on}, and not on the order that it came with.",
            seen=event.location or step.after.place,
        )
    return None


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "reject_return"
