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

from server import apart_cases, papers
from server.counts.compare import Line
from server.counts.plan import Sort
from server.ledger import read_fact
from server.replay import Case
from server.rules import Finding
from server.tables import documents
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock

RULE: Final = "pieces_missing"
KINDS: Final = ("receipt_result", "count_result", "transfer_missing")


def refold(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Make the cases of one receipt, count or transfer anew; `at` is the stamp of this transaction."""
    apart_cases.store(connection, site, RULE, number, _opened(connection, site, number), at)


def numbers(connection: sa.Connection, site: str) -> list[str]:
    """Everything that may have such cases."""
    query = sa.select(documents.c.number).where(documents.c.site == site, documents.c.kind.in_(KINDS))
    return sorted({number.rpartition("/")[0] for number in connection.execute(query).scalars()})


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
