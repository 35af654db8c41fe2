"""What a person decides about a case, or says of it: one fact in the ledger each, and the unit folded anew.

A decision names the evidence that the person saw. Where others were faster, or a later scan has changed what the case
rests on, it is refused with who did what and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import case_list, ledger
from server.case_list import CaseLine
from server.database import stamp, transact
from server.identifiers import names_of
from server.rebuild import advance, lock
from server.replay import case_name
from server.tables import events
from sync.actions import ACTIONS, CLAIMS, RESOLUTIONS
from sync.event import TEXT_MAX
from sync.history import Fact

REASON_MAX: Final = 400
"""Characters of a note or a reason; the event's own bound is `TEXT_MAX`."""
AT_ONCE: Final = 50
"""Decisions that one transaction takes, so that a long list holds up no handheld."""


class DecisionError(ValueError):
    """The decision cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One case as a person saw it."""

    unit: str
    rule: str
    episode: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A case of a list that was not decided, and why."""

    choice: Choice
    reason: str


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
) -> Fact:
    """Decide an open case, on the evidence that the person saw.

    Raises:
        LookupError: there is no such case.
        DecisionError: it is closed already, or rests on other evidence by now.
    """
    if resolution not in RESOLUTIONS:
        raise DecisionError(f"{resolution!r} is no decision: it is one of {', '.join(RESOLUTIONS)}.")
    lock(connection, site, [unit])  # two people may decide at once: the second sees what the first did
    case = _case(connection, site, unit, rule, episode)
    if case.status != "open":
        raise DecisionError(f"The case was {case.status} already{_by_whom(case)}")
    if case.evidence != evidence:
        raise DecisionError(
            "A later scan has changed what the case rests on: look again before you decide."
            + _what_came(connection, site, unit)
        )
    return _record(
        connection,
        site,
        operator,
        now_ms,
        action="settle",
        subject=unit,
        document=case_name(rule, episode),
        reason=resolution,
        evidence=evidence,
        **held(connection, case, resolution),
    )


def settle_many(
    connection: sa.Connection,
    choices: Sequence[Choice],
    *,
    site: str,
    resolution: str,
    operator: str,
    now_ms: int,
) -> tuple[list[Choice], list[Skipped]]:
    """Decide at most `AT_ONCE` cases alike, each by an event of its own; those that cannot be are skipped and told."""
    decided: list[Choice] = []
    skipped: list[Skipped] = []
    lock(connection, site, [choice.unit for choice in choices])
    for choice in choices:
        asked = {name: getattr(choice, name) for name in Choice.__slots__}
        try:
            settle(connection, site=site, resolution=resolution, operator=operator, now_ms=now_ms, **asked)
        except LookupError:
            skipped.append(Skipped(choice=choice, reason="The case is gone: a later scan explains it."))
        except DecisionError as error:
            skipped.append(Skipped(choice=choice, reason=str(error)))
        else:
            decided.append(choice)
    return decided, skipped


def settle_all(
    choices: Sequence[Choice], *, site: str, resolution: str, operator: str, now_ms: int
) -> tuple[list[Choice], list[Skipped]]:
    """Decide any number of cases alike, some in each transaction; see `settle_many`."""
    decided: list[Choice] = []
    skipped: list[Skipped] = []
    ordered = sorted(choices, key=lambda choice: (choice.unit, choice.rule, choice.episode))
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        done, left = transact(partial(_settle_some, some, site, resolution, operator, now_ms))
        decided += done
        skipped += left
    return decided, skipped


def _settle_some(
    some: Sequence[Choice], site: str, resolution: str, operator: str, now_ms: int, connection: sa.Connection
) -> tuple[list[Choice], list[Skipped]]:
    return settle_many(connection, some, site=site, resolution=resolution, operator=operator, now_ms=now_ms)


def note(
    connection: sa.Connection, *, site: str, unit: str, rule: str, episode: str, text: str, operator: str, now_ms: int
) -> Fact:
    """Write something about a case, for whoever looks at it next. It stays for ever: no customer's name belongs in it.

    Raises:
        LookupError: there is no such case.
        DecisionError: the text is empty, too long, or cannot be printed.
    """
    _case(connection, site, unit, rule, episode)
    document, reason = case_name(rule, episode), worded(text)
    return _record(connection, site, operator, now_ms, action="note", subject=unit, document=document, reason=reason)


def reopen(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    rule: str,
    episode: str,
    reason: str,
    operator: str,
    now_ms: int,
    closed_by: str | None = None,
) -> Fact:
    """Have a closed case decided anew; what it was settled with is taken back.

    Args:
        closed_by: the event that had closed it when the person looked; None where they did not say.

    Raises:
        LookupError: there is no such case.
        DecisionError: it is open, or was closed by something else since; or the reason will not do.
    """
    lock(connection, site, [unit])
    case = _case(connection, site, unit, rule, episode)
    if case.status == "open":
        raise DecisionError("The case is open already: it can be decided now.")
    if closed_by is not None and case.closed_by != closed_by:
        raise DecisionError(f"The case was {case.status} anew{_by_whom(case)} Look again before you open it.")
    settled = case.closed_by if case.status == "settled" else None
    return _record(
        connection,
        site,
        operator,
        now_ms,
        action="reopen",
        subject=unit,
        document=case_name(rule, episode),
        reason=worded(reason),
        voids=settled,
    )


def worded(text: str) -> str:
    """A note or a reason as an event can hold it: in one line.

    Raises:
        DecisionError: it is empty, too long, or cannot be printed.
    """
    line = " ".join(text.split())
    if not line:
        raise DecisionError("Write some words: others have to understand it later.")
    if len(line) > REASON_MAX:
        raise DecisionError(f"That has {len(line)} characters; up to {REASON_MAX} are kept.")
    if not line.isprintable():
        raise DecisionError("It holds a character that cannot be printed.")
    return line[:TEXT_MAX]


def held(connection: sa.Connection, case: CaseLine, resolution: str) -> dict[str, Any]:
    """What a decision between two claims says beside its word: the scan that holds, and where that puts the unit.

    Raises:
        DecisionError: the case is not about two scans.
    """
    if resolution not in CLAIMS:
        return {}
    holds = case.against if resolution == "claim_first" else case.episode
    fact = ledger.read_fact(connection, holds) if holds and case.against and "/" not in case.against else None
    if fact is None:
        raise DecisionError("This case is not about two scans, so that neither can hold.")
    return {"about": holds, "location": fact.event.location, "container": fact.event.container}


def _record(connection: sa.Connection, site: str, operator: str, now_ms: int, *, action: str, **fields: Any) -> Fact:
    fact = ledger.record(connection, site=site, action=action, operator=operator, now_ms=now_ms, **fields)
    advance(connection, site, [fact], stamp(connection))
    return fact


def _case(connection: sa.Connection, site: str, unit: str, rule: str, episode: str) -> CaseLine:
    case = case_list.read_case(connection, site, unit, rule, episode)
    if case is None:
        raise LookupError(f"There is no case {case_name(rule, episode)!r} of this unit (any more).")
    return case


def _by_whom(case: CaseLine) -> str:
    who = f" by {case.closed_operator}" if case.closed_operator else ""
    when = f" on {_moment(case.closed_ms)}" if case.closed_ms else ""
    what = f", as {case.resolution.replace('_', ' ')!r}" if case.resolution else ""
    return f"{who}{when}{what}."


def _what_came(connection: sa.Connection, site: str, unit: str) -> str:
    """The fact about a unit that arrived last, in a sentence: what changed since a person looked."""
    names = [unit, *names_of(connection, site, [unit]).get(unit, ())]
    row = connection.execute(
        sa.select(events)
        .where(events.c.site == site, events.c.subject.in_(names), events.c.outcome.in_(ledger.FOLDED))
        .order_by(events.c.received_ms.desc(), events.c.event_ms.desc())
        .limit(1)
    ).mappings()
    found = row.one_or_none()
    if found is None:
        return ""
    what = ACTIONS[found["action"]].text.partition(":")[0]
    who = f" by {found['operator']}" if found["operator"] else ""
    return f" What arrived last is {what!r}{who} of {_moment(found['event_ms'])}, at {_moment(found['received_ms'])}."


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%-d %b %Y, %H:%M} UTC"
