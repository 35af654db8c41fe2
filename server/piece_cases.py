"""Cases about pieces: fewer came, were counted or arrived than were announced, on record or handed over.

No unit's history holds it: the frozen version of a receipt or count says it, or what another site told of a transfer.
Made anew for one number at a time. A later version that lacks nothing any more closes the case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server import case_rows, papers
from server.counts.compare import Line
from server.counts.plan import Sort
from server.ledger import FOLDED, fact_of, in_chunks, read_fact
from server.replay import Case, case_name
from server.rules import Finding
from server.tables import cases, documents, events
from server.undone import read_undone
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock

RULE: Final = "pieces_missing"
KINDS: Final = ("receipt_result", "count_result", "transfer_missing")
_DECIDING: Final = ("settle", "reopen", "assign")


def refold(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Make the cases of one receipt, count or transfer anew; `at` is the stamp of this transaction."""
    t = cases.c
    before: dict[str, case_rows.Cases] = {}
    query = sa.select(cases).where(t.site == site, t.rule == RULE, t.document == number)
    for row in connection.execute(query).mappings():
        before.setdefault(row["unit"], {})[row["rule"], row["episode"]] = case_rows.case_of(row)
    found = _opened(connection, site, number)
    _decide(connection, site, found)
    after = {subject: {(case.rule, case.episode): case} for subject, case in found.items()}
    case_rows.write(connection, site, before, after, at)


def numbers(connection: sa.Connection, site: str) -> list[str]:
    """Everything that may have such cases."""
    query = sa.select(documents.c.number).where(documents.c.site == site, documents.c.kind.in_(KINDS))
    return sorted({number.rpartition("/")[0] for number in connection.execute(query).scalars()})


def subjects(connection: sa.Connection, site: str, number: str) -> set[str]:
    """What the stored cases of a number are about."""
    t = cases.c
    query = sa.select(t.unit).where(t.site == site, t.rule == RULE, t.document == number)
    return set(connection.execute(query).scalars())


def _opened(connection: sa.Connection, site: str, number: str) -> dict[str, Case]:
    """By product or lot: a case since the first version that lacks some, as the last says it."""
    found: dict[str, Case] = {}
    for paper in _versions(connection, site, number):
        told = read_fact(connection, paper.event)
        if told is None:
            raise LookupError(f"The event {paper.event} of {paper.number} is not here.")
        lacking = _lacking(paper.kind, number, papers.rows_in(connection, paper.digest))
        for subject, finding in lacking.items():
            found[subject] = _case(found.get(subject), subject, number, finding, told)
        for subject in found.keys() - lacking.keys():
            if found[subject].status == "open":
                name = format_name(told.name)
                found[subject] = replace(found[subject], status="explained", closed_by=name, closed_ms=told.event_ms)
    return found


def _versions(connection: sa.Connection, site: str, number: str) -> list[Any]:
    d = documents.c
    query = sa.select(d.kind, d.number, d.digest, d.event).where(
        d.site == site, d.kind.in_(KINDS), d.number.startswith(f"{number}/", autoescape=True), d.event.isnot(None)
    )
    own = [row for row in connection.execute(query) if row.number.rpartition("/")[0] == number]
    return sorted(own, key=lambda row: int(row.number.rpartition("/")[2]))


def _case(before: Case | None, subject: str, number: str, finding: Finding, told: Fact) -> Case:
    evidence = hashlib.sha256(f"{number}\n{subject}\n{finding!r}".encode()).hexdigest()[:32]
    if before is not None:
        return replace(before, finding=finding, evidence=evidence, status="open", closed_by=None, closed_ms=None)
    return Case(
        rule=RULE,
        episode=format_name(told.name),
        opened_ms=told.event_ms,
        document=number,
        finding=finding,
        evidence=evidence,
        operator=told.event.operator,
        device_no=told.name[0],
    )


def _lacking(kind: str, number: str, said: Sequence[sa.RowMapping]) -> dict[str, Finding]:
    """What a version lacks of each product or lot; pieces that moved while they were counted lack nothing."""
    if kind == "transfer_missing":
        left = {row["subject"]: row["quantity"] for row in said if is_stock(row["subject"]) and row["quantity"]}
        words = f"Handed over under {number}, and the other site closed its receipt with "
        return {subject: Finding(detail=f"{words}{few} fewer.") for subject, few in left.items()}
    if kind == "count_result" and (said[0]["attributes"] or {}).get("sort") == Sort.TAKE_ON:
        return {}
    short: dict[str, list[sa.RowMapping]] = {}
    for row in said[1:]:
        line = row["attributes"]
        if is_stock(row["subject"]) and line["kind"] != Line.IN_MOTION and line["quantity"] < line["expected_quantity"]:
            short.setdefault(row["subject"], []).append(row)
    return {subject: _finding(kind, number, lines) for subject, lines in short.items()}


def _finding(kind: str, number: str, rows: list[sa.RowMapping]) -> Finding:
    expected = sum(row["attributes"]["expected_quantity"] for row in rows)
    got = sum(row["attributes"]["quantity"] for row in rows)
    if kind == "receipt_result":
        return Finding(detail=f"{number} announced {expected}, and {got} came.")
    where = "" if len(rows) == 1 else f" in {len(rows)} bins"
    return Finding(detail=f"{number} found {got} of {expected}{where}.", expected=rows[0]["location"])


def _decide(connection: sa.Connection, site: str, found: dict[str, Case]) -> None:
    """Put down what people decided about these cases, as far as it rests on what the last version says."""
    t = events.c
    by_name = {case_name(case.rule, case.episode): case.episode for case in found.values()}
    said: list[Fact] = []
    for chunk in in_chunks(by_name):
        query = sa.select(events).where(t.site == site, t.document.in_(chunk), t.action.in_(_DECIDING))
        said += [fact_of(row) for row in connection.execute(query.where(t.outcome.in_(FOLDED))).mappings()]
    undone = read_undone(connection, [format_name(fact.name) for fact in said])
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
