"""Two scans under one number: a handheld's queue was copied or restored.

Both scans were kept. Find out which handheld was cloned or restored from an old copy, and enrol it anew.
"""

from typing import Final

from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    if not step.fact.forked:
        return None
    event = step.fact.event
    return Finding(detail="Another scan bears the same name.", seen=event.location or event.container)
