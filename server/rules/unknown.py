"""Unknown: scanned, but nothing says that it is ours.

It may be new stock whose list has not been imported, a customer's own thing, or a wrong reading.
Import the list that names it, or take it to the office.
"""

from typing import Final

from server.rules import Finding, Step
from sync.unit import Status
from sync.verdict import Verdict

OBSERVING = {"count", "inspect", "pick", "pack", "ship"}
DECISIONS: Final = ("dismiss", "stays")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in OBSERVING or step.holds or step.judgement.verdict is not Verdict.UNKNOWN:
        return None
    return Finding(detail="Nothing is known of it.", seen=event.location or event.container)


def explained(finding: Finding, step: Step) -> bool:
    return step.after.status is not Status.SEEN
