"""Left behind: it was picked for an order, and yet a count saw it in a bin.

Another box was taken in its place, or it was put back without a scan: look into the order's parcel before it leaves.
It closes by itself when it is packed, put away or moved.
"""

from server.rules import Finding, Step
from sync.unit import IN_STOCK
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if event.action != "count" or step.judgement.verdict is not Verdict.NOT_EXPECTED or before is None:
        return None
    if before.status not in IN_STOCK:
        return None
    return Finding(detail=f"It was picked for {before.document or 'an order'}.", seen=event.location)


def explained(finding: Finding, step: Step) -> bool:
    return step.after.expected is not None
