"""Returned, and never sold: somebody sends back what we did not ship.

It was missing from our stock, never came in, is in stock by the records, or is none of ours. Keep it in the returns
hold place, ask where it was bought, and do not pay before that is known.
"""

from typing import Final

from server.rules import Finding, Step
from sync.because import Because

DECISIONS: Final = ("dismiss", "write_off")
SAYS: Final = {
    Because.NOT_OURS: "Nothing says that it was ever ours.",
    Because.NEVER_RECEIVED: "It was announced to us, and never came in.",
    Because.MISSING_BEFORE: "It was missing from our stock.",
    Because.NEVER_SOLD: "By the records it is in stock here, and was not sold.",
    Because.NEVER_LEFT: "By the records its order has not left yet.",
    Because.RELEASED: "It came back before, was released, and is in stock here.",
}


def check(step: Step) -> Finding | None:
    if step.fact.event.action != "take_back" or step.returned is None:
        return None
    why = next((one for one in step.returned.because if one in SAYS), None)
    if why is None:
        return None
    return Finding(detail=SAYS[why], expected=step.belonged, seen=step.fact.event.location)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action in ("reject_return", "scrap")
