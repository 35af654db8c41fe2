"""Slipped back: what a customer returned went towards the shelf before it was released.

The handheld had not heard that it came back, or somebody trusted the label. Bring it to the returns hold place, read
its own number, and look whether another one went out in its stead. It closes by itself when it is released.
"""

from typing import Final

from server.rules import Finding, Step
from sync.because import Outcome
from sync.returning import may_be_released
from sync.unit import Status

DECISIONS: Final = ("dismiss",)
DISPOSING: Final = frozenset({"restock", "return_to_vendor", "scrap", "reject_return"})
TOWARDS: Final = frozenset({"put_away", "pick", "pack", "ship"})


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if before is None or not (before.status is Status.RETURNED or before.doubts):
        return None
    here = event.container or event.location
    if event.action in TOWARDS:
        return Finding(detail=f"{event.action.replace('_', ' ').capitalize()} of a return.", seen=here)
    if event.action != "restock":
        return None
    barred = step.returned is not None and step.returned.outcome in (Outcome.REJECT, Outcome.QUARANTINE)
    if may_be_released(before) and (not barred or event.device_no == 0):
        return None  # the office releases what was held back, with its reason
    return Finding(detail="Restock of a return that was not examined, or not found sound.", seen=here)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action in DISPOSING and step.after.status is not Status.RETURNED
