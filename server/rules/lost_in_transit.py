"""Lost in transit: it was handed over for a transfer, and the other site did not receive it.

Ask the carrier, and the people at both ends. It closes by itself when the other site receives it after all, or when it
is seen here.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting, result_of

ONCE: Final = True  # a later version of the same receipt repeats what its first one said
DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "not_arrived":
        return None
    return Finding(detail=f"It left under {result_of(event)}, and the other site closed its receipt without it.")


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "arrived" or is_sighting(step.fact.event)
