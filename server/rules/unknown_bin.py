"""Unknown bin: something was scanned in a bin that nobody knows here.

It may be another site's label, a misprint, or a new bin. Import the bin if it is there; else find what was put into it,
and put that away anew. It closes by itself when the bin is imported.
"""

from typing import Final

from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)
ONCE: Final = True


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if not step.strange_bin or event.subject in (None, step.unit):
        return None
    return Finding(detail="No bin of this name is known here, and something was scanned in it.", seen=event.location)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "import"
