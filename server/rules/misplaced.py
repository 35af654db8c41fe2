"""Misplaced: it is ours, but it was seen in another place than its own.

Put it back, or decide that it stays where it was found. It closes by itself when it is seen in its place again or
is put away anew.
"""

from typing import Final

from server.rules import Finding, Step, decides_it
from sync.actions import ACTIONS, Compare
from sync.verdict import Verdict

DECISIONS: Final = ("put_back", "stays", "write_off", "dismiss")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action == "reject" and event.reason == Verdict.KNOWN_ELSEWHERE:
        if None in (step.belonged, event.location) or step.belonged == event.location:
            return None  # the handheld went by older data
        return Finding(detail="It was seen in another place.", expected=step.belonged, seen=event.location)
    if ACTIONS[event.action].compare is not Compare.EXPECTED:
        return None
    if step.judgement.verdict is not Verdict.KNOWN_ELSEWHERE:
        return None
    return Finding(detail="It was seen in another place.", expected=step.judgement.belongs, seen=event.location)


def explained(finding: Finding, step: Step) -> bool:
    action = step.fact.event.action
    if decides_it(step):
        return True
    if action in ("put_away", "move", "pack", "ship"):
        return True
    if action == "reject":
        found = check(step)
        return found is not None and found.seen != finding.seen
    if ACTIONS[action].compare is not Compare.EXPECTED:
        return False
    elsewhere = step.judgement.verdict is Verdict.KNOWN_ELSEWHERE and step.fact.event.location != finding.seen
    return elsewhere or step.judgement.verdict is Verdict.RIGHT  # seen in a third place, it is misplaced there instead
