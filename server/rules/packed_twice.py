"""In two cartons: it was packed, and nobody had taken it out of the carton before.

Open both cartons and look. It closes by itself when it is taken out of one of them.
"""

from server.rules import Finding, Step, was_taken_out
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "pack" or step.judgement.verdict is not Verdict.PACKED_ELSEWHERE:
        return None
    return Finding(
        detail="It was packed into another carton before.", expected=step.judgement.belongs, seen=event.container
    )


def explained(finding: Finding, step: Step) -> bool:
    return was_taken_out(step)
