"""Duplicate: the serial number was received, and it is in stock already.

Either one box was scanned twice in different places, or two boxes carry one number: then one of them is not genuine.
What is known of the one in stock was kept. Lay both side by side before either is sold.
"""

from typing import Final

from server.rules import Finding, Step
from sync.unit import IN_STOCK, came_with_its_carton

DECISIONS: Final = ("dismiss", "stays", "write_off")


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if event.action != "receive" or before is None or before.status not in IN_STOCK or came_with_its_carton(before):
        return None
    here = event.container or event.location
    if before.receipts and (event.document, here) == (before.document, before.place):
        return None  # the same box in the same carton, scanned again
    known = "It had been received already." if before.receipts else f"It is {before.status.value} already."
    return Finding(detail=known, expected=before.place, seen=here, against=before.seen_by)
