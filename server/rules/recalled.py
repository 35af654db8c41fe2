"""Recalled: it was moved while a recall was in force.

Bring it back and set it apart. Find out which handheld did not know of the recall, and since when it had not synced.
"""

from typing import Final

from server.rules import Finding, Step
from sync.actions import ACTIONS
from sync.verdict import STOPPED, Verdict

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    """What customers send back and what is set apart is where a recall wants it: neither is a finding."""
    event, verdict = step.fact.event, step.judgement.verdict
    if verdict not in STOPPED or not ACTIONS[event.action].stops_recalled:
        return None
    what = "a recalled unit" if verdict is Verdict.RECALLED else "a unit that may be recalled"
    return Finding(detail=f"{event.action.replace('_', ' ').capitalize()} of {what}.", seen=event.location)
