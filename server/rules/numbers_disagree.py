"""Numbers disagree: what was read on it is not what was received with this serial number.

That is how a fake in a genuine box looks; a repair that changed the board looks the same. Keep it apart, look into the
repair papers, and link the new number if it is ours.
"""

from typing import Final

from server.rules import Finding, Step
from sync.own_number import Match

DECISIONS: Final = ("dismiss", "write_off")


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action not in ("take_back", "examine") or not event.numbers or step.after.matched != Match.DISAGREE:
        return None
    where = "its box" if event.action == "take_back" else "the device itself"
    return Finding(detail=f"Read on {where}: {', '.join(event.numbers)}.", seen=event.location or step.after.place)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action in ("reject_return", "scrap", "clear")
