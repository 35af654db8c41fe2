"""What a person decides about a case: one fact in the ledger, and the unit folded anew."""

from __future__ import annotations

import sqlalchemy as sa

from server import ledger, queries
from server.database import stamp
from server.rebuild import advance, lock
from server.replay import case_name
from sync.actions import RESOLUTIONS


class DecisionError(ValueError):
    """The decision cannot be taken; the message says why."""


def settle(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    rule: str,
    episode: str,
    resolution: str,
    evidence: str,
    operator: str,
    now_ms: int,
) -> None:
    """Decide an open case, on the evidence that the person saw.

    Raises:
        LookupError: there is no such case.
        DecisionError: it is closed already, or rests on other evidence by now.
    """
    if resolution not in RESOLUTIONS:
        raise DecisionError(f"{resolution!r} is no decision: it is one of {', '.join(RESOLUTIONS)}.")
    lock(connection, site, [unit])  # two people may decide at once: the second sees what the first did
    case = queries.read_case(connection, site, unit, rule, episode)
    if case is None:
        raise LookupError(f"There is no case {case_name(rule, episode)!r} of this unit.")
    if case.status != "open":
        raise DecisionError(f"The case was {case.status} already.")
    if case.evidence != evidence:
        raise DecisionError("A later scan has changed what the case rests on: look again before you decide.")
    fact = ledger.record(
        connection,
        site=site,
        action="settle",
        operator=operator,
        now_ms=now_ms,
        subject=unit,
        document=case_name(rule, episode),
        reason=resolution,
        evidence=evidence,
    )
    advance(connection, site, [fact], stamp(connection))
