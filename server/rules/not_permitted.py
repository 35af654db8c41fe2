"""Not permitted: whoever scanned it had not signed in, had left, or has a role that does not include this.

Where nobody has a badge yet: the handheld is for a role that does not. The scan is kept, for it happened. Ask who had
that handheld then, and whether the unit is where it should be. A handheld that has not synced since somebody left lets
them go on until it does.
"""

from typing import Final

from server.rules import Finding, Step
from sync.identity import is_location

DECISIONS: Final = ("dismiss", "stays", "write_off")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if step.barred is None or (is_location(step.unit) and event.subject is not None):
        return None  # what was scanned in a bin is a matter of the thing
    return Finding(detail=step.barred, seen=event.location or event.container)
