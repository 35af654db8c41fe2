"""Closed twice: two people closed one carton.

Both may have put something in. Open it, and scan what is really inside.
"""

from server.rules import Finding, Step
from sync.event import parse_name
from sync.verdict import Verdict


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "close_carton" or step.judgement.verdict is not Verdict.CLOSED_ALREADY:
        return None
    before = step.judgement.claimed_by
    if before == event.document and _same_handheld(step):
        return None  # it was said once more, and nobody else was at it
    return Finding(detail=f"It was closed for {before}, and then for {event.document}.", seen=event.location)


def _same_handheld(step: Step) -> bool:
    last = step.before.last_event if step.before is not None else None
    return last is not None and parse_name(last)[0] == step.fact.name[0]
