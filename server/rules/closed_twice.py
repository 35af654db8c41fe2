"""Closed twice: two people closed one carton.

Both may have put something in. Open it, and scan what is really inside.
"""

from server.rules import Finding, Step
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "close_carton" or step.judgement.verdict is not Verdict.CLOSED_ALREADY:
        return None
    before = step.judgement.claimed_by
    return Finding(detail=f"It was closed for {before}, and then for {event.document}.", seen=event.location)
