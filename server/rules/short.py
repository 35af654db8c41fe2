"""Short: the supplier announced it, and the receipt was closed without it.

Claim it from the supplier. It closes by itself when it is received after all.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting, result_of
from sync.unit import IN_STOCK

ONCE: Final = True  # a later version of the same receipt repeats what its first one said
DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if event.action != "not_received" or (before is not None and before.receipts):
        return None  # it did come, by a scan that arrived after the receipt was closed
    if before is not None and before.observed and before.status in IN_STOCK:
        return None  # nobody scanned it at the dock, and yet it is here: it was put away
    return Finding(detail=f"{result_of(event)} announced it, and it did not come.", expected=step.after.announced_in)


def explained(finding: Finding, step: Step) -> bool:
    return is_sighting(step.fact.event)
