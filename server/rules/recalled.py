"""Recalled: it was moved while a recall was in force.

Bring it back and set it apart. Find out which handheld did not know of the recall, and since when it had not synced.
"""

from typing import Final

from server.rules import Finding, Step
from sync.verdict import Verdict

DECISIONS: Final = ("dismiss",)
MOVING = {"receive", "put_away", "move", "pick", "pack", "ship", "take_back"}


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in MOVING or step.judgement.verdict is not Verdict.RECALLED:
        return None
    return Finding(detail=f"{event.action.replace('_', ' ').capitalize()} of a recalled unit.", seen=event.location)
