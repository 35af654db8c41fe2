"""Duplicate: the same serial number was received a second time.

Either one box was scanned twice in different places, or two boxes carry one number: then one of them is not genuine.
Lay both side by side before either is sold.
"""

from server.rules import Finding, Step
from sync.unit import IN_STOCK


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if event.action != "receive" or before is None or not before.receipts or before.status not in IN_STOCK:
        return None
    if (event.document, event.container or event.location) == (before.document, before.place):
        return None  # the same box in the same carton, scanned again
    return Finding(
        detail="It had been received already.", expected=before.place, seen=event.container or event.location
    )
