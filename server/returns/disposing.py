"""What becomes of a return, said at the console or by API: each decision is an event that names who took it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.database import lock, stamp
from server.effects import take_effect
from server.identifiers import owners
from server.ledger import record
from server.returns.facts import Judged, judge
from server.roles import Task, may
from sync.because import REJECT, Because, Outcome
from sync.returning import may_be_released
from sync.unit import Status, UnitState

DECISIONS: Final = {
    "restock": "Release it for sale",
    "refurbish": "Have it put right first",
    "return_to_vendor": "Send it to its supplier",
    "reject_return": "Send it back to the customer",
    "scrap": "Scrap it",
    "clear": "It was held back in error: examine it again",
}
"""What can be decided, with words for it."""
OF_THE_OTHER: Final = {
    "reject_return": "Send the one that was brought back to whoever sent it",
    "scrap": "Destroy the one that was brought, or hand it to the police",
    "clear": "There is no second one, or it is dealt with: let ours go again",
}
"""The same where what was brought is not the one of the records: that one stays where it is, and as it is."""
OTHERS: Final = frozenset({Because.TWIN_IN_STOCK, Because.GONE_BEFORE, Because.NEVER_RECEIVED})
"""Doubts which say that what was brought is another one than that of the records."""
NEVER: Final = frozenset(
    {
        Because.RECALLED,
        Because.STOLEN,
        Because.NUMBERS_DISAGREE,
        Because.NUMBER_OF_ANOTHER,
        Because.TWIN_IN_STOCK,
        Because.TWIN_RETURNED,
        Because.GONE_BEFORE,
        Because.FOREIGN_SEAL,
        Because.HELD,
        Because.NUMBER_MISSING,
        Because.NUMBER_NOT_ON_RECORD,
        *REJECT,
    }
)
"""With any of these nobody releases it: they have to be cleared up first."""
GOES_TO_NOBODY: Final = {
    Because.STOLEN: "It is reported as stolen: it goes to the police, and to nobody else while that report stands.",
    Because.RECALLED: "A recall stops it: while that stands it goes to no customer.",
}
"""What keeps a thing from whoever sent it, whoever decides, with words for it."""
REASON_MAX: Final = 200


class DispositionError(ValueError):
    """It cannot be decided so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One decision, and why it is not open; `why_not` is empty where it is."""

    action: str
    text: str
    why_not: str = ""


def choices(judged: Judged, role: str) -> list[Choice]:
    """Every decision about this return, and which of them are open to someone of this role."""
    other = OF_THE_OTHER if judged.state.status is not Status.RETURNED else {}
    return [
        Choice(action=name, text=other.get(name, text), why_not=why_not(judged, name, role))
        for name, text in DECISIONS.items()
    ]


def why_not(judged: Judged, action: str, role: str) -> str:
    """Why this decision cannot be taken, in a sentence; empty where it can."""
    state, found = judged.state, judged.verdict
    if action == "clear":
        held = state.held is not None or state.doubts
        return _needs(role, Task.SETTLE) if held else "Nothing holds it back."
    kept = [words for why, words in GOES_TO_NOBODY.items() if why in found.because]
    if action == "reject_return" and kept:
        return kept[0]
    if state.status is not Status.RETURNED:
        return _of_the_other(state, action, role)
    if action == "restock":
        hindered = sorted(set(found.because) & NEVER)
        if hindered or not may_be_released(state):
            return "It cannot be released before what speaks against it is cleared up, and its own number is read."
        return "" if found.outcome is Outcome.RESTOCK else _needs(role, Task.SETTLE)
    if action in ("scrap", "return_to_vendor") or (action == "refurbish" and state.held is not None):
        return _needs(role, Task.SETTLE)
    return _needs(role, Task.RETURN)


def _of_the_other(state: UnitState, action: str, role: str) -> str:
    """Why this cannot be decided about what was brought and is not the one of the records; empty where it can."""
    if state.status is not Status.SEEN and not OTHERS & set(state.doubts):
        return "It is not among the returns."
    if action not in OF_THE_OTHER:
        return "What was brought can be sent back or destroyed; it cannot become one of ours."
    return _needs(role, Task.RETURN if (state.status, action) == (Status.SEEN, "reject_return") else Task.SETTLE)


def _needs(role: str, task: Task) -> str:
    return "" if may(role, task) else "That is for quality or a supervisor to say."


def dispose(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    action: str,
    reason: str,
    operator: str | None,
    role: str,
    now_ms: int,
) -> None:
    """Decide what becomes of a return.

    Raises:
        LookupError: nothing is known of it.
        DispositionError: there is no such decision, it is not open, or no reason is given.
    """
    lock(connection, site, {unit, owners(connection, site, [unit]).get(unit, unit)})
    found = judge(connection, site, [unit], now_ms)
    [(own, judged)] = found.items()
    if not judged.trail:
        raise LookupError(f"Nothing is known of {unit}.")
    if action not in DECISIONS:
        raise DispositionError(f"There is no decision {action!r:.40}: it is one of {', '.join(DECISIONS)}.")
    if not reason.strip():
        raise DispositionError("Say why: whoever asks later will want to know.")
    problem = why_not(judged, action, role)
    if problem:
        raise DispositionError(problem)
    fact = record(
        connection,
        site=site,
        action=action,
        operator=operator,
        now_ms=max(now_ms, judged.state.last_ms + 1),
        subject=own,
        location=judged.location if action in ("restock", "refurbish") else None,
        document=judged.facts.document,
        reason=reason.strip()[:REASON_MAX],
    )
    take_effect(connection, site, [fact], now_ms, stamp(connection))
