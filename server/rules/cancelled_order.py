"""Cancelled: it was picked, packed or shipped for an order that had been cancelled.

Put it back, or get the parcel back from the carrier. It closes by itself when it is put away or the parcel comes back.
"""

from typing import Final

from server.rules import Finding, Step, was_taken_out
from sync.verdict import Verdict

DECISIONS: Final = ("dismiss", "write_off")
"""Not that it stays: what was picked lies in no bin, and the order has it."""


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in ("pick", "pack", "ship") or step.judgement.verdict is not Verdict.ORDER_CANCELLED:
        return None
    number = step.judgement.claimed_by
    return Finding(detail=f"{number} had been cancelled.", seen=event.container or event.location)


def explained(finding: Finding, step: Step) -> bool:
    return was_taken_out(step)
