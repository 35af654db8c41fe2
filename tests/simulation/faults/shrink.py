"""Make a failing plan small: leave out troubles, then scans, as long as the same promise is still broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.simulation.faults.plan import Plan, Trouble

TRIES_MAX: Final = 80
Fails = Callable[[Plan], bool]


def shrink(plan: Plan, fails: Fails, *, tries_max: int = TRIES_MAX) -> Plan:
    """The smallest plan found that still fails; the plan itself where nothing could be left out."""
    left = tries_max

    def still(candidate: Plan) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and fails(candidate)

    plan = _fewer_troubles(plan, still)
    plan = _fewer_scans(plan, still)
    return _fewer_troubles(plan, still)


def _fewer_troubles(plan: Plan, still: Fails) -> Plan:
    """Leave out halves, then quarters, down to single ones (Zeller's ddmin without its complements)."""
    size = len(plan.troubles)
    while size:
        start = 0
        while start < len(plan.troubles):
            rest: tuple[Trouble, ...] = plan.troubles[:start] + plan.troubles[start + size :]
            smaller = replace(plan, troubles=rest)
            if still(smaller):
                plan = smaller
            else:
                start += size
        size //= 2
    return plan


def _fewer_scans(plan: Plan, still: Fails) -> Plan:
    """Half of the scans, and half again; the troubles keep their moments."""
    while plan.scans > 1:
        smaller = replace(plan, scans=plan.scans // 2)
        if not still(smaller):
            break
        plan = smaller
    return plan


def told(plan: Plan) -> str:
    """How to run it again, and what happens in it."""
    lines = [
        f"seed {plan.seed}: {plan.scans} scans a handheld, one each {plan.gap_s} s, a sync each {plan.idle_s:.0f} s"
    ]
    lines += [f"  {t.at_s:7.1f} s  {t.fault.name} (handheld {t.device}, draw {t.draw})" for t in plan.troubles]
    return "\n".join(lines)
