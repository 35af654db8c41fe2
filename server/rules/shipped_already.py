"""Shipped already: it was handed to a carrier, and yet it is here.

It came back without the returns desk, never left, or its serial number is used twice.
"""

from typing import Final

from server.rules import Finding, Step
from sync.verdict import Verdict

DECISIONS: Final = ("stays", "dismiss")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if step.judgement.verdict is not Verdict.SHIPPED_ALREADY or event.action == "take_back":
        return None
    return Finding(detail="It was shipped before.", seen=event.location or event.container)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "take_back"
