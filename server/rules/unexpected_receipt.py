"""Unannounced: received, but the supplier did not announce it.

Keep it apart from the delivery until the supplier or the buyer has said what it is.
It closes by itself when a later notice announces it.
"""

from typing import Final

from server.rules import Finding, Step
from sync.unit import IN_STOCK, came_with_its_carton
from sync.verdict import Verdict

DECISIONS: Final = ("stays", "dismiss")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "receive" or event.document is None:
        return None
    before = step.before
    if before is not None and (before.receipts or (before.status in IN_STOCK and not came_with_its_carton(before))):
        return None  # it was here before: that is another rule's
    if step.judgement.verdict not in (Verdict.UNKNOWN, Verdict.NOT_EXPECTED):
        return None
    return Finding(
        detail=f"{event.document} does not announce it.",
        expected=step.judgement.belongs,
        seen=event.container or event.location,
    )


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "announce" and step.fact.event.document == step.after.document
