"""Not permitted: whoever scanned it had not signed in, had left, or has a role that does not include this.

The scan is kept, for it happened. Ask who had that handheld then, and whether the unit is where it should be. A
handheld that has not synced since somebody left lets them go on until it does.
"""

from typing import Final

from server.rules import Finding, Step

DECISIONS: Final = ("dismiss", "stays", "write_off")


def check(step: Step) -> Finding | None:
    if step.barred is None:
        return None
    event = step.fact.event
    return Finding(detail=step.barred, seen=event.location or event.container)
