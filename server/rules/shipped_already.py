"""Shipped already: it was handed to a carrier, and yet it is here.

It came back without the returns desk, never left, or its serial number is used twice. A carton that turns out to have
arrived at another site of ours came back empty.
"""

from typing import Final

from server.rules import Finding, Step
from sync.identity import is_container
from sync.unit import Status
from sync.verdict import Verdict

DECISIONS: Final = ("stays", "dismiss")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action == "reject" and event.reason == Verdict.SHIPPED_ALREADY:
        gone = step.before is not None and step.before.status is Status.SHIPPED
        return Finding(detail="It was shipped before.", seen=event.location or event.container) if gone else None
    if step.judgement.verdict is not Verdict.SHIPPED_ALREADY or event.action == "take_back":
        return None
    return Finding(detail="It was shipped before.", seen=event.location or event.container)


def explained(finding: Finding, step: Step) -> bool:
    event = step.fact.event
    came_home = event.action == "arrived" and is_container(event.subject or "")  # what left in it arrived elsewhere
    return came_home or event.action in ("take_back", "parcel_back")
