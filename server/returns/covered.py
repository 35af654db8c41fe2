"""Whether what came back is under warranty, for whoever sent it: by the sale that the return is of."""

from __future__ import annotations

import sqlalchemy as sa

from server.returns.facts import Judged, since_back
from server.warranty.answer import Told, ask
from sync.event import format_name
from sync.unit import Status


def read_warranty(connection: sa.Connection, site: str, judged: Judged, now_ms: int) -> Told | None:
    """The answer for a unit; None for pieces, which nobody can tell apart.

    Of one that is back and undecided it is asked as on the day it came back: it is no customer's any more, and a claim
    that was made in time does not lapse while it waits at the desk.
    """
    facts = judged.facts
    if not facts.serialised:
        return None
    claimant = facts.claim.order if facts.claim else None
    steps = since_back(judged.state, judged.trail) if judged.state.status is Status.RETURNED else []
    if not steps or steps[0].event.action != "take_back":  # from a loan, or replaced: it was no claim of its own
        return ask(connection, site, facts.unit, now_ms, claimant=claimant)
    back = steps[0]
    return ask(connection, site, facts.unit, back.event_ms, claimant=claimant, before=format_name(back.name))
