"""Wrong carton: it came in another carton than the supplier said.

The units are all there, but the cartons were mixed up: check the neighbours before the shelf is filled.
"""

from typing import Final

from server.rules import Finding, Step
from sync.verdict import Verdict

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "receive" or step.judgement.verdict is not Verdict.KNOWN_ELSEWHERE:
        return None
    return Finding(detail="It was announced in another carton.", expected=step.judgement.belongs, seen=event.container)
