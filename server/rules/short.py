"""Short: the supplier announced it, and the receipt was closed without it.

Claim it from the supplier. It closes by itself when it is received after all.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting, result_of

ONCE: Final = True  # a later version of the same receipt repeats what its first one said
DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "not_received" or (step.before is not None and step.before.receipts):
        return None  # it did come, by a scan that arrived after the receipt was closed
    return Finding(detail=f"{result_of(event)} announced it, and it did not come.", expected=step.after.announced_in)


def explained(finding: Finding, step: Step) -> bool:
    return is_sighting(step.fact.event)
