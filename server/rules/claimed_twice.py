"""Claimed twice: one unit was picked or packed for two orders.

One of the two customers would get nothing. See which carton it is in, and pick another one for the other order. It
closes by itself when it is put away again.
"""

from typing import Final

from server.rules import Finding, Step, was_taken_out
from sync.verdict import COMMITTED, Verdict

DECISIONS: Final = ("dismiss", "write_off")
"""Not that it stays: what was picked lies in no bin, and the order has it."""


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in ("pick", "pack") or step.judgement.verdict is not Verdict.CLAIMED:
        return None
    detail = f"It belongs to {step.judgement.claimed_by}, and was taken for {event.document or 'no order'}."
    before = step.before if step.before is not None and step.before.status in COMMITTED else None
    first = before.seen_by if before and "/" not in (before.seen_by or "/") else None
    return Finding(detail=detail, seen=event.container or event.location, against=first)


def explained(finding: Finding, step: Step) -> bool:
    return was_taken_out(step)
