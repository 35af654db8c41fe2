"""In itself: a carton was scanned into itself, or into something that is in it.

Nothing was changed by that scan. Look where the carton stands, and scan it into the one that it is really in.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    if step.into_itself is None:
        return None
    return Finding(detail="It cannot be in itself, nor in what is in it.", expected=step.stood, seen=step.into_itself)


def explained(finding: Finding, step: Step) -> bool:
    return step.into_itself is None and step.stands is not None and is_sighting(step.fact.event)
