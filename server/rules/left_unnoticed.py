"""Left unnoticed: another site received it with a transfer, and by our records it is still here.

It was not scanned when it was packed, or its hand-over was undone. Look whether it is gone, and write it off here: the
other site has it. It closes by itself when it is handed over here, or seen here.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting, result_of
from sync.unit import IN_STOCK

DECISIONS: Final = ("write_off", "dismiss")
ONCE: Final = True  # closing the receipt repeats what an undo brought to light, and a later version what the first said


def check(step: Step) -> Finding | None:
    event, before = step.fact.event, step.before
    if event.action != "arrived" or before is None or before.status not in IN_STOCK:
        return None
    if step.after.emptied_ms > before.emptied_ms:
        return None  # its hand-over is known, and it was scanned here again since: it came back empty
    return Finding(detail=f"The other site received it under {result_of(event)}.", expected=before.expected)


def explained(finding: Finding, step: Step) -> bool:
    return step.after.status not in IN_STOCK or is_sighting(step.fact.event)
