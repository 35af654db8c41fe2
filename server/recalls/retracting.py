"""A word of a recall's account that was a mistake is taken back: the account, and the stock, are as without it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server import papers
from server.database import stamp
from server.rebuild import rebuild
from server.recalls.account import Entry, Progress
from server.recalls.asked import RecallError
from server.recalls.customers import with_holders
from server.recalls.outcomes import RETRACTED, Outcome
from server.recalls.reach import Where

REASON_MAX: Final = 200


def retract_answer(
    connection: sa.Connection,
    found: Progress,
    *,
    site: str,
    order: str,
    reason: str,
    operator: str | None,
    now_ms: int,
) -> int:
    """Take back what a customer was said to have answered; returns about how many units and pieces that was.

    Raises:
        RecallError: they have answered nothing, or no reason is given.
    """
    entries = [entry for entry, holder in with_holders(connection, site, found) if holder == order]
    if not any(entry.outcome for entry in entries):
        raise RecallError(f"Nothing is written down of {order:.60} in recall {found.standing.number}.")
    return _retract(connection, found, entries, site=site, reason=reason, operator=operator, now_ms=now_ms)


def retract(
    connection: sa.Connection,
    found: Progress,
    *,
    site: str,
    subjects: Iterable[str],
    reason: str,
    operator: str | None,
    now_ms: int,
) -> int:
    """Take back what was said to have been done with units that are here, or with all pieces of a lot or product.

    They are in stock again where they were; returns how many they are.

    Raises:
        RecallError: nothing is written down of them, or no reason is given.
    """
    wanted = set(subjects)
    entries = [e for e in found.entries if e.thing.subject in wanted and e.thing.where is not Where.CUSTOMER]
    if not any(entry.outcome for entry in entries):
        raise RecallError(f"Nothing is written down of that in recall {found.standing.number}.")
    return _retract(connection, found, entries, site=site, reason=reason, operator=operator, now_ms=now_ms)


def _retract(
    connection: sa.Connection,
    found: Progress,
    entries: Iterable[Entry],
    *,
    site: str,
    reason: str,
    operator: str | None,
    now_ms: int,
) -> int:
    if not reason.strip():
        raise RecallError("Say why it is taken back.")
    said: list[tuple[Entry, Outcome]] = [(entry, entry.outcome) for entry in entries if entry.outcome is not None]
    rows = {
        (word.event, entry.thing.subject): {
            "subject": entry.thing.subject,
            "attributes": {"voids": word.event, "reason": reason.strip()[:REASON_MAX]},
            "stated": entry.thing.where is not Where.CUSTOMER,
        }
        for entry, word in said
    }
    papers.write(
        connection,
        site=site,
        kind=RETRACTED,
        number=found.standing.number,
        action="retract_account",
        rows=list(rows.values()),
        operator=operator,
        now_ms=now_ms,
        reason=reason.strip()[:REASON_MAX],
    )
    rebuild(connection, site, {str(row["subject"]) for row in rows.values() if row["stated"]}, stamp(connection))
    return sum(entry.thing.quantity for entry, _ in said)
