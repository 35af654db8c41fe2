"""Cases that no unit's history holds, made anew for one number at a time: as stored, and with what people decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from server import case_rows
from server.case import Case, case_name, is_case
from server.database import KEYS, SITE
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import cases, events
from server.undone import read_undone
from sync.event import format_name
from sync.history import Fact

DECIDING: Final = ("settle", "reopen", "assign")
"""What a person says of a case, and what it is decided by."""


def store(connection: sa.Connection, site: str, rule: str, number: str, found: dict[str, Case], at: int) -> None:
    """Write these cases of a number, one a subject, with what people decided about them; others of it are taken out."""
    t = cases.c
    before: dict[str, case_rows.Cases] = {}
    query = sa.select(cases).where(t.site == site, t.rule == rule, t.document == number)
    for row in connection.execute(query).mappings():
        before.setdefault(row["unit"], {})[row["rule"], row["episode"]] = case_rows.case_of(row)
    decided = _decide(connection, site, found)
    after = {subject: {(case.rule, case.episode): case} for subject, case in decided.items()}
    case_rows.write(connection, site, before, after, at)


_SUBJECTS: Final = sa.select(cases.c.unit).where(
    cases.c.site == SITE, cases.c.rule == sa.bindparam("rule"), cases.c.document == sa.bindparam("number")
)

_ANY: Final = sa.select(cases.c.document).where(cases.c.site == SITE, cases.c.rule == sa.bindparam("rule")).limit(1)
_TOLD: Final = (
    sa.select(cases.c.document)
    .where(cases.c.site == SITE, cases.c.rule == sa.bindparam("rule"), cases.c.document.in_(KEYS))
    .distinct()
)


def is_any_told(connection: sa.Connection, site: str, rule: str) -> bool:
    """Whether any case by this rule is stored at the site; where none is, later facts make none anew."""
    return connection.execute(_ANY, {"site": site, "rule": rule}).first() is not None


def told(connection: sa.Connection, site: str, rule: str, numbers: Iterable[str]) -> set[str]:
    """Those of these numbers of which a case is stored."""
    found: set[str] = set()
    for keys in in_chunks(numbers):
        found.update(connection.execute(_TOLD, {"site": site, "rule": rule, "keys": keys}).scalars())
    return found


def subjects(connection: sa.Connection, site: str, rule: str, number: str) -> set[str]:
    """What the stored cases of a number are about."""
    return set(connection.execute(_SUBJECTS, {"site": site, "rule": rule, "number": number}).scalars())


def decided(connection: sa.Connection, site: str, rule: str, facts: Iterable[Fact]) -> set[str]:
    """The numbers of which these facts decide a case by this rule."""
    said = {(f.event.subject, f.event.document) for f in facts if f.event.action in DECIDING}
    t = cases.c
    found: set[str] = set()
    for keys in in_chunks(subject for subject, document in said if subject and is_case(document, rule)):
        query = sa.select(t.unit, t.episode, t.document).where(t.site == site, t.rule == rule, t.unit.in_(keys))
        rows = connection.execute(query)
        found.update(number for unit, episode, number in rows if (unit, case_name(rule, episode)) in said)
    return found


def _decide(connection: sa.Connection, site: str, opened: dict[str, Case]) -> dict[str, Case]:
    """The cases with what people decided about them, as far as it rests on what the last version says."""
    t = events.c
    found = dict(opened)
    by_name = {case_name(case.rule, case.episode): case.episode for case in found.values()}
    said: list[Fact] = []
    for chunk in in_chunks(by_name):
        query = sa.select(events).where(t.site == site, t.document.in_(chunk), t.action.in_(DECIDING))
        said += [fact_of(row) for row in connection.execute(query.where(t.outcome.in_(FOLDED))).mappings()]
    undone = read_undone(connection, site, [format_name(fact.name) for fact in said])
    for fact in sorted(said, key=lambda fact: fact.order):
        subject, name, word = str(fact.event.subject), format_name(fact.name), fact.event.reason
        case = found.get(subject)
        if case is None or by_name.get(str(fact.event.document)) != case.episode or name in undone:
            continue
        if fact.event.action == "assign":
            found[subject] = replace(case, assigned=word) if case.status == "open" else case
        elif fact.event.action == "reopen":
            evidence = f"{case.evidence.partition('~')[0]}~{name}"
            found[subject] = replace(
                case, status="open", evidence=evidence, resolution=None, closed_by=None, closed_ms=None
            )
        elif fact.event.evidence == case.evidence and (case.closed_ms is None or fact.event_ms <= case.closed_ms):
            found[subject] = replace(case, status="settled", resolution=word, closed_by=name, closed_ms=fact.event_ms)
    return found
