"""Missing: it belongs in a bin that was counted, and the count did not see it.

Look in the neighbouring bins, then decide: written off, or still looked for. It closes by itself as soon as any scan
sees it, or it is reported as stolen, or a recall's account says that it was destroyed.
"""

from typing import Final

from server.rules import Finding, Step, decides_it, is_sighting, result_of
from sync.unit import IN_STOCK

DECISIONS: Final = ("write_off", "dismiss")
ONCE: Final = True  # a later version of the same count repeats what its first one said


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "not_found" or step.before is None or step.before.status not in IN_STOCK:
        return None  # by now it is known to have left before the count was closed
    if step.before.counted_in == (event.reason or result_of(event)):
        return None  # whoever counted its bin last saw it, by a scan that arrived after it was closed
    if step.belonged != event.location:
        return None  # it was picked, packed or moved before the count was closed, perhaps by a scan that came later
    if step.stood not in (None, event.location):
        return None  # it is known to lie elsewhere, and a case says so
    return Finding(detail=f"{result_of(event)} did not see it.", expected=event.location)


def explained(finding: Finding, step: Step) -> bool:
    event = step.fact.event
    if event.action in ("stolen", "remove") or is_sighting(event):
        return True
    return decides_it(step) and step.after.status not in IN_STOCK
