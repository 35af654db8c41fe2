"""Quarantined: it was picked, packed or shipped while quality held it back.

The handheld had not heard of it yet. Set it apart, or clear it if it was looked at. It closes by itself when it is
cleared, or taken out and put away.
"""

from server.rules import Finding, Step, was_taken_out
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in ("pick", "pack", "ship") or step.judgement.verdict is not Verdict.QUARANTINED:
        return None
    why = step.before.held if step.before else None
    return Finding(detail=f"It was held back: {why}.", seen=event.container or event.location)


def explained(finding: Finding, step: Step) -> bool:
    return step.after.held is None or was_taken_out(step)
