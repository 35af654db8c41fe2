"""One number, two units: an identifier of this unit is claimed by another one.

An IMEI or plate belongs to one device. Look at both: a label was swapped, a box holds another phone, or one is a copy.
"""

from server.rules import Finding, Step


def check(step: Step) -> Finding | None:
    event = step.fact.event
    for name in event.identifiers or ():
        if event.action != "unlink" and name in step.rivals:
            return Finding(detail=f"{name} is claimed by another unit: {step.rivals[name]}.", seen=event.location)
    return None
