"""Expired: it was packed after its use-by date.

Take it out of the carton and write it off. If the carton has left, tell the customer today. It closes by itself when
it is taken out.
"""

from server.rules import Finding, Step, was_taken_out
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "pack" or step.judgement.verdict is not Verdict.EXPIRED:
        return None
    expiry = event.expiry or (step.before.expiry if step.before else None)
    return Finding(detail=f"It expired on {expiry}.", seen=event.container)


def explained(finding: Finding, step: Step) -> bool:
    return was_taken_out(step)
