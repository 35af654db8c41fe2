"""One number, two units: an identifier of this unit is claimed by another one.

An IMEI or plate belongs to one device. Look at both: a label was swapped, a box holds another phone, or one is a copy.
"""

from typing import Final

from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event = step.fact.event
    for name in event.identifiers or ():
        if event.action != "unlink" and name in step.rivals:
            rival = step.rivals[name]
            return Finding(detail=f"{name} is claimed by another unit: {rival}.", seen=event.location, against=rival)
    return None
