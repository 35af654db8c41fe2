"""The exceptions of closed counts as cases: each late scan is one, taken over or dismissed by itself.

A scan that arrives too late for a closed version opens a case of what was scanned. It closes when a later version
takes it over, or when somebody says that the version is right without it. Made anew for a count at a time, whenever a
fact arrives that may be late for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from server import apart_cases, case_rows, papers
from server.case import Case, case_name, episode_in, opened_by
from server.counts import late, plan
from server.counts.concerned import concerned
from server.counts.late import RULE
from server.database import lock
from server.identifiers import owners
from server.ledger import FOLDED, fact_of, in_chunks
from server.rules import Finding
from server.tables import cases, document_rows, documents, events
from server.undone import read_undone
from sync.actions import ACTIONS
from sync.event import format_name, parse_name
from sync.history import Fact

Marks = frozenset[str]


def refold_after(connection: sa.Connection, site: str, facts: Sequence[Fact], at: int) -> None:
    """Make the exceptions anew of those closed counts for which these facts may be late, or which they decide.

    No count is closed any more before this transaction ends (`meanwhile.look`).
    """
    for number in sorted(concerned(connection, site, facts) | apart_cases.decided(connection, site, RULE, facts)):
        refold(connection, site, number, at)


def refold(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Make the exceptions of one count anew; `at` is the stamp of this transaction."""
    hold(connection, site, number)
    t = cases.c
    before: dict[str, case_rows.Cases] = {}
    query = sa.select(cases).where(t.site == site, t.rule == RULE, t.document == number)
    for row in connection.execute(query).mappings():
        before.setdefault(row["unit"], {})[row["rule"], row["episode"]] = case_rows.case_of(row)
    case_rows.write(connection, site, before, _fold(connection, site, number), at)


def hold(connection: sa.Connection, site: str, number: str) -> None:
    """Let nobody else make the exceptions of a count anew before this transaction ends.

    Not by its number alone, which a closing holds while it waits for others: who brings late scans is among them.
    """
    lock(connection, site, [f"{RULE} {number}"])


def subjects(connection: sa.Connection, site: str, number: str) -> set[str]:
    """What the stored exceptions of a count are about."""
    t = cases.c
    query = sa.select(t.unit).where(t.site == site, t.rule == RULE, t.document == number)
    return set(connection.execute(query).scalars())


def dismissed(connection: sa.Connection, site: str, number: str) -> Marks:
    """Marks of the late scans of a count that somebody dismissed: no later version takes them over."""
    t = cases.c
    query = sa.select(t.evidence).where(
        t.site == site, t.rule == RULE, t.document == number, t.status == "settled", t.resolution == "dismiss"
    )
    return frozenset(mark for said in connection.execute(query).scalars() for mark in marks_of(said))


def waiting(connection: sa.Connection, site: str, number: str) -> list[Fact]:
    """The late scans of a count (`late.late_scans`) as they are stored: open, or dismissed."""
    t = cases.c
    query = sa.select(t.episode, t.evidence).where(t.site == site, t.rule == RULE, t.document == number)
    stands = (t.status == "open") | ((t.status == "settled") & (t.resolution == "dismiss"))
    late = {opened_by(episode): marks_of(said) for episode, said in connection.execute(query.where(stands))}
    return [fact for fact in _by_name(connection, late) if papers.mark(fact) in late[format_name(fact.name)]]


def marks_of(evidence: str) -> Marks:
    """The marks of the scans that an exception is about: two that bear one name are one exception."""
    return frozenset(evidence.partition("~")[0].split("+"))


def _fold(connection: sa.Connection, site: str, number: str) -> dict[str, case_rows.Cases]:
    version = papers.versions(connection, site, "count_result", number)
    if not version:
        return {}
    late_now = late.late_scans(connection, site=site, number=number)
    waits = {papers.mark(fact) for fact in late_now}
    found: dict[str, case_rows.Cases] = {}
    for each in range(2, version + 1):
        closing, head = _closing(connection, site, f"{number}/{each}")
        named = _by_name(connection, head["attributes"]["late"])
        taken = (fact for fact in named if papers.mark(fact) not in waits)  # another that bears the name came since
        for unit, case in _opened(connection, site, number, taken):
            closed = replace(case, status="explained", closed_by=closing.event, closed_ms=closing.event_ms)
            found.setdefault(unit, {})[case.rule, case.episode] = closed
    for unit, case in _opened(connection, site, number, late_now):
        found.setdefault(unit, {})[case.rule, case.episode] = case
    still = {format_name(fact.name) for fact in late_now}
    _decide(connection, site, found, still)
    return found


def _closing(connection: sa.Connection, site: str, number: str) -> tuple[Any, sa.RowMapping]:
    """Which event froze a version, and the first row of its paper."""
    d = documents.c
    query = sa.select(d.event, d.event_ms, d.digest).where(d.site == site, d.kind == "count_result", d.number == number)
    closing = connection.execute(query).one()
    head = sa.select(document_rows).where(document_rows.c.document == closing.digest, document_rows.c.row == 1)
    return closing, connection.execute(head).mappings().one()


def _opened(connection: sa.Connection, site: str, number: str, facts: Iterable[Fact]) -> list[tuple[str, Case]]:
    """An open case of each of these scans, with the unit or bin that it is about."""
    given = list(facts)
    marks: dict[str, set[str]] = {}
    for fact in given:
        marks.setdefault(format_name(fact.name), set()).add(papers.mark(fact))
    about = _about(connection, site, number, given)
    made = []
    for fact in given:
        name, word = format_name(fact.name), ACTIONS[fact.event.action].text.partition(":")[0]
        case = Case(
            rule=RULE,
            episode=episode_in(name, number),
            opened_ms=fact.event_ms,
            document=number,
            finding=Finding(
                detail=f"{word}: it came after {number} was closed.",
                seen=fact.event.location or fact.event.container,
            ),
            evidence="+".join(sorted(marks[name])),
            operator=fact.event.operator,
            device_no=fact.name[0],
        )
        made.append((about[name], case))
    return made


def _about(connection: sa.Connection, site: str, number: str, facts: Iterable[Fact]) -> dict[str, str]:
    """What each of these scans is about: its unit, its bin, or that of the scan which it undoes."""
    found: dict[str, str] = {}
    undoing: dict[str, str] = {}
    for fact in facts:
        subject = fact.event.subject or fact.event.location
        if subject is not None:
            found[format_name(fact.name)] = subject
        elif fact.event.voids is not None:
            undoing[format_name(fact.name)] = fact.event.voids
    t = events.c
    for chunk in in_chunks(undoing.values()):
        key = sa.tuple_(t.device_no, t.epoch, t.seq).in_([parse_name(name) for name in chunk])
        rows = connection.execute(sa.select(t.device_no, t.epoch, t.seq, t.subject, t.location).where(key))
        of = {format_name((d, e, s)): subject or location for d, e, s, subject, location in rows}
        found |= {name: of[target] for name, target in undoing.items() if of.get(target)}
    bare = undoing.keys() - found.keys()
    if bare:
        found |= dict.fromkeys(bare, plan.read(connection, site, number).bins[0])
    owned = owners(connection, site, set(found.values()))
    return {name: owned.get(subject, subject) for name, subject in found.items()}


def _by_name(connection: sa.Connection, names: Iterable[str]) -> list[Fact]:
    """The scans of these names, undone since or not."""
    t = events.c
    found: list[Fact] = []
    for chunk in in_chunks(names):
        key = sa.tuple_(t.device_no, t.epoch, t.seq).in_([parse_name(name) for name in chunk])
        query = sa.select(events).where(key, t.outcome.in_(FOLDED))
        found += [fact_of(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda fact: fact.order)


def _decide(connection: sa.Connection, site: str, found: Mapping[str, case_rows.Cases], still: set[str]) -> None:
    """Put down what people decided about these exceptions, as far as it stands."""
    t = events.c
    every = [(unit, key) for unit, own in found.items() for key in own]
    every.sort(key=lambda named: found[named[0]][named[1]].status == "open")  # of two that bear one name, what is open
    by_case = {case_name(*key): (unit, key) for unit, key in every}
    said: list[Fact] = []
    for chunk in in_chunks(by_case):
        query = sa.select(events).where(t.site == site, t.document.in_(chunk), t.action.in_(apart_cases.DECIDING))
        said += [fact_of(row) for row in connection.execute(query.where(t.outcome.in_(FOLDED))).mappings()]
    undone = read_undone(connection, site, [format_name(fact.name) for fact in said])
    for fact in sorted(said, key=lambda fact: fact.order):
        name, word = format_name(fact.name), fact.event.reason
        unit, key = by_case[str(fact.event.document)]
        case = found[unit][key]
        if fact.event.action == "assign":
            found[unit][key] = replace(case, assigned=word) if case.status == "open" else case
        elif fact.event.action == "reopen":
            found[unit][key] = replace(case, evidence=f"{case.evidence.partition('~')[0]}~{name}")
        elif name not in undone and (word == "dismiss") == (opened_by(case.episode) in still):
            # what was to be taken over waits for approval as long as no version holds it
            settled = replace(case, status="settled", resolution=word)
            found[unit][key] = replace(settled, closed_by=name, closed_ms=fact.event_ms)
