"""Another supplier's: it came under a supplier's notice, and its product or its serial number is not theirs.

A product that another supplier delivers, or a serial number that is not of the product's form: the label is wrong, two
deliveries were mixed up, or it is not genuine. Keep it apart until the supplier has answered.
"""

from server.rules import Finding, Step


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "receive" or step.foreign is None:
        return None
    return Finding(detail=step.foreign, seen=event.container or event.location)
