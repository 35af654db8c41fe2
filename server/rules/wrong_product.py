"""Wrong for the order: it was picked or packed for an order that does not ask for it.

The handheld did not know the order, or its data were old. Take it out before the carton leaves; if it has left, tell
the customer. It closes by itself when it is taken out and put away.
"""

from typing import Final

from server.rules import Finding, Step, was_taken_out
from sync.verdict import Verdict

SAID: Final = {
    Verdict.WRONG_PRODUCT: "{document} does not ask for this product.",
    Verdict.WRONG_LOT: "{document} asks for another lot of it.",
    Verdict.MADE_TO_ORDER: "{document} takes only the unit that was made for it.",
}


def check(step: Step) -> Finding | None:
    event = step.fact.event
    said = SAID.get(step.judgement.verdict)
    if event.action not in ("pick", "pack") or said is None:
        return None
    return Finding(detail=said.format(document=event.document), seen=event.container or event.location)


def explained(finding: Finding, step: Step) -> bool:
    return was_taken_out(step)
