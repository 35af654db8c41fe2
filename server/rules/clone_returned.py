"""A second one of this number came back: by the records the unit is elsewhere.

One of the two is not genuine. Both are held back until somebody has laid them side by side: read the number on each
device itself, and compare with what was received. Say on the return's page what becomes of the one that was brought,
and let ours go again there: then this closes by itself.
"""

from typing import Final

from server.rules import Finding, Step
from sync.because import Because

DECISIONS: Final = ("dismiss", "write_off")
SAYS: Final = {
    Because.TWIN_IN_STOCK: "By the records one of this number is in stock.",
    Because.TWIN_RETURNED: "One of this number came back before, and is here still.",
    Because.GONE_BEFORE: "One of this number left us for good.",
}


def check(step: Step) -> Finding | None:
    if step.fact.event.action != "take_back" or step.returned is None or step.before is None:
        return None
    why = next((one for one in step.returned.because if one in SAYS and one not in step.before.doubts), None)
    if why is None:
        return None
    return Finding(
        detail=SAYS[why], expected=step.before.place, seen=step.fact.event.location, against=step.before.seen_by
    )


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "clear" and step.fact.event.device_no == 0
