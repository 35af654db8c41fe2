"""What a person decides about a case, or says of it: one fact in the ledger each, and the unit folded anew.

A decision names the evidence that the person saw. Where others were faster, or a later scan has changed what the case
rests on, it is refused with who did what and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from server import case_list, ledger, piece_cases
from server.case import case_name
from server.case_list import CaseLine
from server.counts import exceptions, late
from server.counts.closing import close_count
from server.counts.plan import CountError
from server.database import lock, stamp
from server.effects import take_effect
from server.identifiers import names_of
from server.orders import surplus
from server.roles import Task, may
from server.rules import rules
from server.tables import events, people
from sync.actions import ACTIONS, CLAIMS, RESOLUTIONS
from sync.event import TEXT_MAX
from sync.history import Fact

REASON_MAX: Final = 400
"""Characters of a note or a reason; the event's own bound is `TEXT_MAX`."""
TAKE_OVER: Final = "take_over"


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
    role: str | None = None,
) -> Fact:
    """Decide an open case, on the evidence that the person saw.

    Args:
        role: of the person, up to whose limit a count is closed with a late scan; None for who is at the server itself.

    Raises:
        LookupError: there is no such case.
        DecisionError: it is closed already, or rests on other evidence by now; or its count cannot be closed again.
    """
    fact = put_down(
        connection,
        site=site,
        unit=unit,
        rule=rule,
        episode=episode,
        resolution=resolution,
        evidence=evidence,
        operator=operator,
        now_ms=now_ms,
        role=role,
    )
    if resolution == TAKE_OVER:
        case = _case(connection, site, unit, rule, episode)
        take_over(connection, [case], site=site, operator=operator, now_ms=now_ms, role=role)
    return fact


def put_down(
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
    role: str | None = None,
) -> Fact:
    """Record a decision; see `settle`. What a late scan is taken over into is still to be made (`take_over`)."""
    if resolution not in RESOLUTIONS:
        raise DecisionError(f"{resolution!r} is no decision: it is one of {', '.join(RESOLUTIONS)}.")
    lock(connection, site, [unit])  # two people may decide at once: the second sees what the first did
    case = _case(connection, site, unit, rule, episode)
    _check_fits(case, resolution, role)
    if case.status != "open":
        raise DecisionError(f"The case was {case.status} already{_by_whom(case)}")
    if case.evidence != evidence:
        raise DecisionError(
            "A later scan has changed what the case rests on: look again before you decide."
            + _what_came(connection, site, unit)
        )
    return _record(
        connection,
        case,
        site,
        operator,
        now_ms,
        action="settle",
        reason=resolution,
        evidence=evidence,
        **held(connection, case, resolution),
    )


def _check_fits(case: CaseLine, resolution: str, role: str | None) -> None:
    apart = case.rule == late.RULE
    if case.rule == piece_cases.RULE and resolution not in rules()[case.rule].decisions:
        raise DecisionError("Of pieces that are missing a case can only be dismissed: what was counted stands already.")
    if case.rule == surplus.RULE and resolution not in rules()[case.rule].decisions:
        raise DecisionError("What an order has beyond its lines is put away by a scan, or the case is dismissed.")
    if apart and resolution not in rules()[case.rule].decisions:
        raise DecisionError("A late scan is taken over into the next version of its count, or dismissed.")
    if resolution == TAKE_OVER and not apart:
        raise DecisionError("Only a scan that came late for a closed count can be taken over.")
    if resolution == TAKE_OVER and role is not None and not may(role, Task.COUNT):
        raise DecisionError("Whoever takes a late scan over closes the count again, which your role does not include.")


def take_over(
    connection: sa.Connection, late: Sequence[CaseLine], *, site: str, operator: str, now_ms: int, role: str | None
) -> None:
    """Close counts again with these late scans of theirs, and with no others.

    Above the person's limit the new version waits for approval, and the cases stay open until then.

    Raises:
        DecisionError: a count cannot be closed now.
    """
    marks: dict[str, set[str]] = {}
    for case in late:
        marks.setdefault(str(case.document), set()).update(exceptions.marks_of(case.evidence))
    for number, only in sorted(marks.items()):
        try:
            close_count(connection, site=site, number=number, operator=operator, now_ms=now_ms, role=role, only=only)
        except CountError as error:
            raise DecisionError(str(error)) from None


def note(
    connection: sa.Connection, *, site: str, unit: str, rule: str, episode: str, text: str, operator: str, now_ms: int
) -> Fact:
    """Write something about a case, for whoever looks at it next. It stays for ever: no customer's name belongs in it.

    Raises:
        LookupError: there is no such case.
        DecisionError: the text is empty, too long, or cannot be printed.
    """
    case = _case(connection, site, unit, rule, episode)
    return _record(connection, case, site, operator, now_ms, action="note", reason=worded(text))


def assign(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    rule: str,
    episode: str,
    person: str | None,
    operator: str,
    now_ms: int,
) -> Fact:
    """Say who is to settle an open case; None: whoever comes first.

    Raises:
        LookupError: there is no such case.
        DecisionError: it is closed, or nobody of that name may sign in.
    """
    lock(connection, site, [unit])
    case = _case(connection, site, unit, rule, episode)
    if case.status != "open":
        raise DecisionError("The case is closed: there is nothing left to settle.")
    name = (person or "").strip() or None
    if name is not None:
        t = people.c
        query = sa.select(t.name).where(t.site == site, t.active, sa.func.lower(t.name) == name.lower())
        known = connection.execute(query).scalar()
        if known is None:
            raise DecisionError(f"Nobody here is called {name!r:.80}.")
        name = str(known)
    return _record(connection, case, site, operator, now_ms, action="assign", reason=name)


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
    if case.rule == late.RULE and case.resolution != "dismiss":
        raise DecisionError("A version that holds this scan is closed and never changes: undo the scan instead.")
    if closed_by is not None and case.closed_by != closed_by:
        raise DecisionError(f"The case was {case.status} anew{_by_whom(case)} Look again before you open it.")
    settled = case.closed_by if case.status == "settled" else None
    return _record(connection, case, site, operator, now_ms, action="reopen", reason=worded(reason), voids=settled)


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


def _record(
    connection: sa.Connection, case: CaseLine, site: str, operator: str, now_ms: int, *, action: str, **fields: Any
) -> Fact:
    fact = ledger.record(
        connection,
        site=site,
        action=action,
        operator=operator,
        now_ms=now_ms,
        subject=case.unit,
        document=case_name(case.rule, case.episode),
        **fields,
    )
    take_effect(connection, site, [fact], now_ms, stamp(connection))
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
    what = ACTIONS[found["action"]].word
    who = f" by {found['operator']}" if found["operator"] else ""
    return f" What arrived last is {what!r}{who} of {_moment(found['event_ms'])}, at {_moment(found['received_ms'])}."


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%-d %b %Y, %H:%M} UTC"
