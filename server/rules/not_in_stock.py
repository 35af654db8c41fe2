"""Not in stock: it lies here, but by the records it should not.

It was announced and never received, written off, or taken away in another way. Find out how it came to be here.
"""

from typing import Final

from server.rules import Finding, Step
from sync.unit import IN_STOCK
from sync.verdict import Verdict

DECISIONS: Final = ("stays", "dismiss")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in ("count", "inspect", "pick") or step.judgement.verdict is not Verdict.NOT_EXPECTED:
        return None
    if step.before is None or step.before.status in IN_STOCK:
        return None
    return Finding(
        detail=f"By the records it is {step.before.status.value}.",
        expected=step.judgement.belongs,
        seen=event.location,
    )


def explained(finding: Finding, step: Step) -> bool:
    return step.after.status in IN_STOCK
